"""How browsers judge a request by a policy, written down once more for tests (CSP level 3 sections 6.7 and 6.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

CHAINS: Mapping[str, tuple[str, ...]] = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "style": ("style-src-elem", "style-src", "default-src"),
    "image": ("img-src", "default-src"),
    "frame": ("frame-src", "child-src", "default-src"),
    "worker": ("worker-src", "child-src", "script-src", "default-src"),
    "connect": ("connect-src", "default-src"),
}
"""Which directive governs a request, the first that a policy has (CSP level 3 section 6.8.3)."""
SELF = "https://paper.example"
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def allowed(field: str, kind: str, url: str) -> bool:
    """Whether all policies of a field let a request through."""
    return all(_allows(policy, kind, url) for policy in field.split(","))


def _allows(policy: str, kind: str, url: str) -> bool:
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            directives.setdefault(words[0].lower(), words[1:])
    sources = next((directives[name] for name in CHAINS[kind] if name in directives), None)
    if sources is None:
        return True
    if kind == "script" and "'strict-dynamic'" in sources:
        return False
    return any(_matches(source, url) for source in sources)


def _matches(source: str, url: str) -> bool:
    at = urlsplit(url)
    if source == "*":
        return at.scheme in PORTS
    if source.lower() == "'self'":
        return f"{at.scheme}://{at.netloc}" == SELF
    if re.fullmatch(r"[a-z]+:", source.lower()):
        return _scheme(source[:-1].lower(), at.scheme)
    found = re.fullmatch(
        r"(?:([a-z]+)://)?(\*|(?:\*\.)?[a-z0-9.-]+)(?::(\d+|\*))?(/.*)?", source, re.IGNORECASE
    )
    if found is None or not at.hostname:
        return False
    scheme, host, port, path = found.groups()
    if not _scheme((scheme or "https").lower(), at.scheme):
        return False
    host = host.lower()
    if not (host == "*" or at.hostname == host or (host.startswith("*.") and at.hostname.endswith(host[1:]))):
        return False
    at_port = at.port or PORTS[at.scheme]
    if port != "*" and at_port != (int(port) if port else PORTS[at.scheme]):
        return False
    if not path:
        return True
    asked = unquote(at.path)
    return asked.startswith(unquote(path)) if path.endswith("/") else asked == unquote(path)


def _scheme(named: str, asked: str) -> bool:
    upgrades = {"http": {"http", "https"}, "ws": {"ws", "wss", "http", "https"}, "wss": {"wss", "https"}}
    return asked in upgrades.get(named, {named}) or (named in ("http", "https") and asked == "wss")
