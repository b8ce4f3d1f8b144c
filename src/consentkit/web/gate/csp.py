"""What a page's Content-Security-Policy lets our own bytes do.

Only read here: our script and style take the nonces that the page already has, and where there is none they come as files of
the page's own origin. Nothing is widened, and ``unsafe-inline`` is never added (CSP level 3; checked 2026-11).

A policy in a ``<meta>`` element is not seen. Where it shuts out an inline style, the notice stands without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from consentkit.web.answer import Header

SCRIPT = (b"script-src-elem", b"script-src", b"default-src")
STYLE = (b"style-src-elem", b"style-src", b"default-src")
_NONCE = re.compile(rb"'nonce-([A-Za-z0-9+/_=-]{1,256})'", re.IGNORECASE)
_STRICT = re.compile(rb"'(?:nonce-|sha(?:256|384|512)-|strict-dynamic)", re.IGNORECASE)

Directives = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Inline:
    """How our script and style may stand in a page.

    :param nonce: what our script carries; ``None`` where the page has none.
    :param allowed: whether an inline style of ours applies, with its nonce; else it comes as a file.
    :param style_nonce: what our style carries, inline or as a file.
    :param script: whether an inline script of ours runs, with its nonce; else it comes as a file.
    """

    nonce: str | None = None
    allowed: bool = True
    style_nonce: str | None = None
    script: bool = True


FREE = Inline()


def inline(headers: Iterable[Header]) -> Inline:
    """What the enforced policies of a response allow us; all of them must agree."""
    policies = [_parse(policy) for policy in _enforced(headers)]
    if not policies:
        return FREE
    scripts = [found for policy in policies if (found := _effective(policy, SCRIPT)) is not None]
    styles = [found for policy in policies if (found := _effective(policy, STYLE)) is not None]
    script, style = _shared_nonce(scripts), _shared_nonce(styles)
    allowed = all(_runs(sources, style) for sources in styles)
    runs = all(_runs(sources, script or style) for sources in scripts)
    return Inline(_text(script or style), allowed, _text(style or script), runs)


def _enforced(headers: Iterable[Header]) -> Iterable[bytes]:
    for name, value in headers:
        if name.lower() == b"content-security-policy":
            yield from value.split(b",")


def _parse(policy: bytes) -> Directives:
    found: Directives = {}
    for part in policy.split(b";"):
        name, _, sources = part.strip().partition(b" ")
        if name:
            found.setdefault(name.lower(), sources)  # the first of a name counts (CSP 3 section 2.2.1)
    return found


def _effective(policy: Directives, names: tuple[bytes, ...]) -> bytes | None:
    return next((policy[name] for name in names if name in policy), None)


def _shared_nonce(directives: list[bytes]) -> bytes | None:
    """A nonce that every one of these directives names that names any: the others may let in files of the page's origin."""
    named = [nonces for sources in directives if (nonces := set(_NONCE.findall(sources)))]
    return min(set.intersection(*named), default=None) if named else None


def _text(nonce: bytes | None) -> str | None:
    return nonce.decode("ascii") if nonce else None


def _runs(sources: bytes, nonce: bytes | None) -> bool:
    if nonce is not None and nonce in _NONCE.findall(sources):
        return True
    return b"'unsafe-inline'" in sources.lower() and _STRICT.search(sources) is None
