"""Over what a request came: scheme, host and client, as far as they can be believed.

Our cookie is called ``__Host-…`` and is ``Secure`` over https. Over plain http it has no prefix and is set only on a loopback
host, where there is no wire to listen on. A site behind a TLS proxy that the server does not trust looks like plain http:
there a cookie would be lost or unsafe, so none is set, one ERROR says what to change, and the page says so too.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from consentkit.core.errors import ConfigurationError
from consentkit.web.answer import Scope

logger = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Keeping(Enum):
    """How a cookie of ours can be kept on this connection."""

    SECURE = "secure"
    PLAIN = "plain"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Peer:
    """What a request came over.

    :param scheme: ``http`` or ``https``, as the visitor's browser sees it.
    :param host: the ``Host`` field, lower case, with its port.
    :param client: the visitor's address, or empty where unknown. Kept in memory only.
    """

    scheme: str
    host: str
    client: str

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser writes them in ``Origin``."""
        return f"{self.scheme}://{self.host}"


class Transport:
    """Reads the connection of each request.

    :param https: ``True`` or ``False`` where the site knows better than the scope; ``None``: as the scope says.
    :param trusted_proxies: addresses or networks whose ``X-Forwarded-*`` fields are believed.
    :param cookie: the cookie's name without a prefix.
    :raises ConfigurationError: for a proxy that is neither an address nor a network.
    """

    def __init__(self, https: bool | None, trusted_proxies: Sequence[str], cookie: str) -> None:
        self._https = https
        self._trusted = tuple(_network(proxy) for proxy in trusted_proxies)
        self._plain = cookie.encode("ascii")
        self._names = {
            Keeping.SECURE: b"__Host-" + cookie.encode("ascii"),
            Keeping.PLAIN: self._plain,
        }
        self._warned = False

    def peer(self, scope: Scope) -> Peer:
        """Scheme, host and client of a request."""
        client = scope.get("client")
        address = str(client[0]) if client else ""
        scheme = "https" if scope.get("scheme") == "https" else "http"
        if self._trusted and self._trusts(address):
            scheme = _forwarded(scope, b"x-forwarded-proto", self._last) or scheme
            address = _forwarded(scope, b"x-forwarded-for", self._untrusted) or address
        if self._https is not None:
            scheme = "https" if self._https else "http"
        return Peer(scheme, _host(scope), address)

    def keeping(self, scope: Scope) -> Keeping:
        """How our cookie can be kept on this connection. Warns once where it cannot."""
        peer = self.peer(scope)
        if peer.scheme == "https":
            return Keeping.SECURE
        if self._https is False or loopback(peer.host):
            return Keeping.PLAIN
        self._warn(scope)
        return Keeping.IMPOSSIBLE

    @property
    def simple(self) -> bool:
        """Whether a connection is known by its scheme and ``Host`` alone: no proxy's fields are believed."""
        return not self._trusted

    def carried(self, cookie: bytes) -> tuple[bytes, ...]:
        """Every cookie that could be ours in one ``Cookie`` field, under either name, as it came."""
        ours = self._plain
        return tuple([pair for pair in cookie.split(b";") if ours in pair]) if ours in cookie else ()

    def name(self, keeping: Keeping) -> bytes | None:
        """Our cookie's name on such a connection."""
        return self._names.get(keeping)

    def _warn(self, scope: Scope) -> None:
        if self._warned:
            return
        self._warned = True
        proxied = any(name == b"x-forwarded-proto" for name, _ in scope["headers"])
        cure = (
            "the proxy in front says X-Forwarded-Proto, but nobody trusts it: pass trusted_proxies=[…] to ConsentMiddleware, "
            "or start uvicorn with --proxy-headers --forwarded-allow-ips=<the proxy's address>"
            if proxied
            else "serve the site over https, or pass https=True behind a proxy that ends TLS; https=False allows plain http"
        )
        logger.error(
            "plain http on a host that is not this machine: no choice can be kept, so all is closed; %s", cure
        )

    def _trusts(self, address: str) -> bool:
        try:
            parsed = unmapped(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted if network.version == parsed.version)

    @staticmethod
    def _last(values: list[str]) -> str | None:
        return values[-1].lower() if values[-1].lower() in ("http", "https") else None

    def _untrusted(self, values: list[str]) -> str | None:
        """The nearest address that no proxy of ours wrote: what stands left of it is the client's own claim."""
        for value in reversed(values):
            if not self._trusts(value):
                return value[:64]
        return None


def unmapped(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, taken out of the ``::ffff:…`` by which a server that listens on both versions tells of an IPv4 one.

    :raises ValueError: it is none.
    """
    parsed = ipaddress.ip_address(address)
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


@lru_cache(maxsize=256)
def loopback(host: str) -> bool:
    """Whether a host is this very machine: ``localhost``, a name below it, or a loopback address (RFC 6761 section 6.3)."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _forwarded(scope: Scope, wanted: bytes, choose: Callable[[list[str]], str | None]) -> str | None:
    values = [
        part.strip()
        for name, value in scope["headers"]
        if name == wanted
        for part in value.decode("latin-1").split(",")
        if part.strip()
    ]
    return choose(values) if values else None


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value.decode("latin-1")).lower()
    return ""


def _network(proxy: str) -> Network:
    try:
        return ipaddress.ip_network(proxy, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"trusted_proxies: found {proxy!r}; expected an IP address or a network"
        ) from None
