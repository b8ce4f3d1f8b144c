"""Grants that wait for their commit, so that a refusal which comes meanwhile is not overtaken by one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Grant:
    """A grant on its way.

    :param overtaken: set when the same asker refuses before the grant is recorded.
    """

    overtaken: bool = False


class Grants:
    """The grants of this process that wait, by who asks: a page view, or a browser."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Grant]] = {}

    @contextmanager
    def waiting(self, asker: str) -> Iterator[Grant]:
        """Register a grant while it is being recorded."""
        grant = Grant()
        grants = self._waiting.setdefault(asker, [])
        grants.append(grant)
        try:
            yield grant
        finally:
            grants.remove(grant)
            if not grants:
                self._waiting.pop(asker, None)

    def overtake(self, asker: str) -> None:
        """A refusal came: every grant of this asker that still waits opens nothing."""
        for grant in self._waiting.get(asker, ()):
            grant.overtaken = True
