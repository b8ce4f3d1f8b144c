"""Resolvers, alone and one after another. A resolver says where a visitor is, or that it does not know.

Whatever goes wrong in one means that it does not know: the page is served, under the strictest law that the policy lists.
Language is never asked. It says what somebody reads, not where.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from consentkit.core.errors import ConfigurationError
from consentkit.web.answer import Scope
from consentkit.web.where.code import known

logger = logging.getLogger(__name__)

Where = Callable[[Scope], str | None]
"""From an ASGI scope to a code such as ``FR`` or ``US-CA``; ``None`` for unknown."""


class Safe:
    """A resolver that never raises and returns nothing but codes. Each kind of fault is logged once, without what was read.

    :param resolver: the one to ask.
    """

    def __init__(self, resolver: Callable[[Scope], object]) -> None:
        self._resolver = resolver
        self._told: set[str] = set()

    def __call__(self, scope: Scope) -> str | None:
        """Where the visitor is."""
        try:
            found = self._resolver(scope)
        except Exception as error:
            # Its text may hold an address.
            self._tell(f"{type(error).__name__} was raised")
            return None
        code = known(found)
        if code is None and found is not None:
            self._tell(f"a value of type {type(found).__name__} is no code of a place")
        return code

    def _tell(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            logger.error("where a visitor is could not be told: %s. This is said once", fault)


def safely(resolver: Callable[[Scope], object]) -> Where:
    """A resolver of a site's own as one that never raises and returns nothing but codes, in upper case."""
    return resolver if isinstance(resolver, Safe) else Safe(resolver)


def fixed(code: str) -> Where:
    """The same place for everybody.

    :param code: such as ``FR``, ``US-CA``, ``EU`` or ``world``.
    :raises ConfigurationError: it is no such code.
    """
    found = known(code)
    if found is None:
        raise ConfigurationError(
            f'where.fixed: found {code!r}; expected a code such as "FR", "US-CA" or "world"'
        )
    return lambda scope: found


def first(*resolvers: Callable[[Scope], object]) -> Where:
    """What the first of some resolvers says that knows.

    :raises ConfigurationError: there is none.
    """
    if not resolvers:
        raise ConfigurationError("where.first: found nothing; expected at least one resolver")
    asked = tuple(safely(resolver) for resolver in resolvers)

    def found(scope: Scope) -> str | None:
        for resolver in asked:
            code = resolver(scope)
            if code is not None:
                return code
        return None

    return found
