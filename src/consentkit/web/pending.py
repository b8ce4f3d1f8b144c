"""Grants that wait for their commit, so that a refusal which comes meanwhile is not overtaken by one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Grant:
    """A grant on its way.

    :param overtaken: set when the same page view refuses before the grant is recorded.
    """

    overtaken: bool = False


class Grants:
    """The grants of this process that wait, by page view."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Grant]] = {}

    @contextmanager
    def waiting(self, view: str) -> Iterator[Grant]:
        """Register a grant while it is being recorded."""
        grant = Grant()
        if not view:
            yield grant
            return
        grants = self._waiting.setdefault(view, [])
        grants.append(grant)
        try:
            yield grant
        finally:
            grants.remove(grant)
            if not grants:
                self._waiting.pop(view, None)

    def overtake(self, view: str) -> None:
        """A refusal came: every grant of this page view that still waits opens nothing."""
        for grant in self._waiting.get(view, ()):
            grant.overtaken = True
