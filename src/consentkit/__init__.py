"""Consent that the server enforces and can prove."""
