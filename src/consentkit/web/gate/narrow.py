"""A Content-Security-Policy made narrower: sources go, or give way to narrower ones; nothing is ever opened.

The rules (CSP level 3, sections 2.3 and 6.7; checked 2026-11):

- Only directives that say what may be fetched are touched. ``form-action``, ``frame-ancestors``, ``base-uri``, ``sandbox``,
  reporting and Trusted Types stay byte for byte, and so does what no browser knows.
- Within a directive, keywords, nonces and hashes stay. What becomes of a source that names hosts, the caller says.
- A directive of which nothing is left says ``'none'``. It never disappears: what falls back to ``default-src`` when it is
  absent would be widened.
- A comma ends a policy, several policies all hold, and each is narrowed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

FETCHES = frozenset(
    {
        b"default-src",
        b"child-src",
        b"connect-src",
        b"fenced-frame-src",
        b"font-src",
        b"frame-src",
        b"img-src",
        b"manifest-src",
        b"media-src",
        b"object-src",
        b"prefetch-src",
        b"script-src",
        b"script-src-attr",
        b"script-src-elem",
        b"style-src",
        b"style-src-attr",
        b"style-src-elem",
        b"worker-src",
    }
)
"""Directives that hold a list of sources to fetch from."""
SPEAKS_OF_SCRIPTS = frozenset({b"default-src", b"script-src", b"script-src-elem"})
NONE = b"'none'"
STRICT_DYNAMIC = b"'strict-dynamic'"
BLANKS = b"\t\n\x0c\r "
_DIRECTIVE = re.compile(rb"([\t\n\x0c\r ]*)([^\t\n\x0c\r ]+)(.*)", re.DOTALL)

LONGEST = 16_384
"""Bytes of one field that are judged source by source, some 1 ms each. Of a longer one all sources that name hosts go: it
is longer than what servers and proxies let pass."""

Left = Callable[[bytes, bytes], Sequence[bytes]]
"""Asked with a directive's lower-case name and one of its sources that is no keyword; what is left of it: itself, others
that lie within it, or nothing."""


def narrow(value: bytes, left: Left) -> bytes:
    """The value of one header field, narrowed; the very same bytes where all stays."""
    if len(value) > LONGEST:
        left = _nothing
    return b",".join(
        b";".join(_directive(part, left) for part in policy.split(b";")) for policy in value.split(b",")
    )


def speaks_of_scripts(value: bytes) -> bool:
    """Whether one of the field's policies limits where scripts come from."""
    return any(name in SPEAKS_OF_SCRIPTS for name, _ in _directives(value))


def strict_dynamic(value: bytes) -> bool:
    """Whether a policy lets each script that may run load any other: host sources then mean nothing for scripts."""
    return any(
        name in SPEAKS_OF_SCRIPTS and STRICT_DYNAMIC in sources.lower()
        for name, sources in _directives(value)
    )


def _nothing(_directive: bytes, _source: bytes) -> Sequence[bytes]:
    return ()


def _directive(part: bytes, left: Left) -> bytes:
    match = _DIRECTIVE.fullmatch(part)
    if match is None:
        return part
    name = match[2].lower()
    if name not in FETCHES:
        return part
    sources = match[3].split()
    kept = [each for source in sources for each in ([source] if source[:1] == b"'" else left(name, source))]
    if kept == sources:
        return part
    return match[1] + match[2] + b" " + b" ".join(dict.fromkeys(kept or [NONE]))


def _directives(value: bytes) -> list[tuple[bytes, bytes]]:
    found = (_DIRECTIVE.fullmatch(part) for policy in value.split(b",") for part in policy.split(b";"))
    return [(match[2].lower(), match[3]) for match in found if match]
