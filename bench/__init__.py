"""Figures of consentkit, each beside its peer, as a ratio in one run."""
