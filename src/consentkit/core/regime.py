"""Regimes: what a law asks for one purpose, strictest first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Regime(StrEnum):
    """How a purpose behaves before the visitor has chosen.

    The order of the members is the order of strictness; :func:`strictest` relies on it.
    """

    OPT_IN = "opt-in"
    """Closed until granted."""
    OPT_OUT = "opt-out"
    """Open until refused."""
    NOTICE = "notice"
    """Open, with the assumed-consent sentence and an opt-out in the same view."""
    EXEMPT = "exempt"
    """Open and not asked."""

    @property
    def open_by_default(self) -> bool:
        """Whether a purpose under this regime is open before any choice."""
        return self is not Regime.OPT_IN

    @property
    def asked(self) -> bool:
        """Whether the notice puts a purpose under this regime to the visitor."""
        return self is not Regime.EXEMPT


STRICTNESS = {regime: rank for rank, regime in enumerate(Regime)}


def strictest(regimes: Iterable[Regime]) -> Regime:
    """The strictest of some regimes; ``exempt`` where there is none."""
    return min(regimes, key=STRICTNESS.__getitem__, default=Regime.EXEMPT)
