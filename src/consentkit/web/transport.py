"""Over what a request came: scheme, host and client, as far as they can be believed.

Our cookie is called ``__Host-…`` and is ``Secure`` over https. Over plain http it has no prefix and is set only on a loopback
host, where there is no wire to listen on. A site behind a TLS proxy that the server does not trust looks like plain http:
there a cookie would be lost or unsafe, so none is set, one ERROR says what to change, and the page says so too.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from consentkit.web.answer import Scope
from consentkit.web.trusted import Trusted, forwarded, peer

logger = logging.getLogger(__name__)


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
        self._trusted = Trusted(trusted_proxies)
        self._plain = cookie.encode("ascii")
        self._names = {
            Keeping.SECURE: b"__Host-" + cookie.encode("ascii"),
            Keeping.PLAIN: self._plain,
        }
        self._warned = False

    def peer(self, scope: Scope) -> Peer:
        """Scheme, host and client of a request."""
        scheme = "https" if scope.get("scheme") == "https" else "http"
        if peer(scope) in self._trusted:
            last = forwarded(scope, b"x-forwarded-proto")[-1:]
            scheme = last[0].lower() if last and last[0].lower() in ("http", "https") else scheme
        if self._https is not None:
            scheme = "https" if self._https else "http"
        return Peer(scheme, _host(scope), self._trusted.visitor(scope))

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


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value.decode("latin-1")).lower()
    return ""
