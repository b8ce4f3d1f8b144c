"""A place from header fields that a proxy or a CDN sets, believed from the peers that a site names."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from consentkit.core.errors import ConfigurationError
from consentkit.web.answer import Scope
from consentkit.web.trusted import SOCKET, Trusted, peer
from consentkit.web.where.code import place
from consentkit.web.where.resolver import Where, safely

logger = logging.getLogger(__name__)

EVERY_PEER = ("0.0.0.0/0", "::/0", SOCKET)
"""Whoever connects: for an app that nobody but the CDN or its own proxy can reach."""
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 section 5.1."""

Read = Callable[[str, str], str | None]
"""From the values of the two fields to a code."""


def header(name: str, *, region: str | None = None, trusted: Sequence[str]) -> Where:
    """A place from a field that holds a country, and perhaps another that holds the part of it.

    :param name: the field with the country, two letters.
    :param region: the field with its part: ``CA``, ``US-CA`` or ``USCA``. It may be missing from a request.
    :param trusted: addresses or networks of the direct peers that are believed; ``unix`` stands for a Unix socket. From
        elsewhere the place is unknown.
    :raises ConfigurationError: for a name that no field can have, and for peers that are none.
    """
    return fields(name, region, trusted, place)


def fields(name: str, region: str | None, trusted: Sequence[str], read: Read) -> Where:
    """A place from what one reads in one or two fields of trusted peers. A repeated field says nothing."""
    return safely(_Fields(name, region, trusted, read))


class _Fields:
    def __init__(self, name: str, region: str | None, trusted: Sequence[str], read: Read) -> None:
        self._name = name
        self._country = _spelled(name)
        self._part = _spelled(region) if region is not None else None
        self._trusted = Trusted(trusted, "trusted")
        if not self._trusted:
            raise ConfigurationError(
                f"trusted: found nothing; expected the addresses from which {name} is believed, or where.EVERY_PEER"
            )
        self._read = read
        self._warned = False

    def __call__(self, scope: Scope) -> str | None:
        countries = [value for name, value in scope["headers"] if name == self._country]
        if len(countries) != 1:
            return None
        if peer(scope) not in self._trusted:
            self._warn()
            return None
        parts = [value for name, value in scope["headers"] if name == self._part]
        if len(parts) > 1:
            return None
        return self._read(countries[0].decode("latin-1"), parts[0].decode("latin-1") if parts else "")

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "%s came from an address that is not trusted to say it, so the place is unknown. Either a stranger forges it, "
                "or the proxy's address is missing in trusted=[…], or the server put the visitor's address in its place. "
                "This is said once",
                self._name,
            )


def _spelled(name: str) -> bytes:
    if NAME.fullmatch(name) is None:
        raise ConfigurationError(f"where.header: found {name!r}; expected the name of a header field")
    return name.lower().encode("ascii")
