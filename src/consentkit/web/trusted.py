"""Whose word about a request is believed: the addresses of the proxies that a site names, and nobody else's."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from consentkit.core.errors import ConfigurationError
from consentkit.web.answer import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SOCKET = "unix"
"""Stands for a peer without an address: what comes over a Unix socket."""


class Trusted:
    """Some addresses and networks.

    :param proxies: as a site writes them; ``unix`` stands for a peer without an address.
    :param setting: the setting's name, for the error.
    :raises ConfigurationError: for one that is neither an address nor a network.
    """

    def __init__(self, proxies: Sequence[str], setting: str = "trusted_proxies") -> None:
        if isinstance(proxies, str):
            raise ConfigurationError(
                f"{setting}: found the text {proxies!r}; expected a list of IP addresses or networks"
            )
        self._socket = SOCKET in proxies
        self._networks = tuple(_network(proxy, setting) for proxy in proxies if proxy != SOCKET)

    def __bool__(self) -> bool:
        return self._socket or bool(self._networks)

    def __contains__(self, address: str) -> bool:
        """Whether an address is one of them; an empty one is that of a Unix socket."""
        if not address:
            return self._socket
        if not self._networks:
            return False
        try:
            parsed = unmapped(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks if network.version == parsed.version)

    def visitor(self, scope: Scope) -> str:
        """The visitor's address: the peer's own, or, from one of these, the nearest in ``X-Forwarded-For`` that none of these
        wrote. What stands left of it is the client's own claim. Empty where unknown; at most 64 characters, not checked.
        """
        address = peer(scope)
        if address in self:
            for value in reversed(forwarded(scope, b"x-forwarded-for")):
                if value not in self:
                    return value[:64]
        return address


def peer(scope: Scope) -> str:
    """The address of whoever is at the other end of the connection; empty where there is none."""
    client = scope.get("client")
    return str(client[0] or "") if client else ""


def forwarded(scope: Scope, wanted: bytes) -> list[str]:
    """The values of a field that proxies lengthen, in order, over all its lines."""
    return [
        part.strip()
        for name, value in scope["headers"]
        if name == wanted
        for part in value.decode("latin-1").split(",")
        if part.strip()
    ]


def unmapped(address: str) -> Address:
    """An address, taken out of the ``::ffff:…`` by which a server that listens on both versions tells of an IPv4 one.

    :raises ValueError: it is none.
    """
    parsed = ipaddress.ip_address(address)
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _network(proxy: str, setting: str) -> Network:
    try:
        return ipaddress.ip_network(proxy, strict=False)
    except ValueError:
        raise ConfigurationError(f"{setting}: found {proxy!r}; expected an IP address or a network") from None
