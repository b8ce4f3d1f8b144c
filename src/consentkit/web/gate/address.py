"""Where an address leads, read as a browser reads it.

The grammar is that of the URL Standard (sections 4.4 and 5, checked 2026-11), as far as host and path go: blanks and controls
around it, tabs and line ends inside it, any number of slashes of either kind, user names, percent signs and other spellings
in a host, dot segments.

In doubt an address leads elsewhere: ``https:x`` without slashes, which a page of the same scheme takes for its own path, is
read as the host ``x``.

Known limit: what is relative to the page's own path, which the rules do not know, is read as relative to ``/``.
An IPv4 address is taken as it is written: ``0x7f.1`` is not known as ``127.0.0.1``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from consentkit.core.domain import ascii_host

_AROUND: Final = "".join(map(chr, range(0x21)))
_INSIDE: Final = {ord(each): None for each in "\t\n\r"}
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_SPECIAL: Final = frozenset({"http", "https", "ws", "wss", "ftp"})
_SLASHES: Final = re.compile(r"[/\\]*")
_AUTHORITY: Final = re.compile(r"[^/\\?#]*")
_QUERY: Final = re.compile(r"[?#]")
_PORT: Final = re.compile(r":([0-9]*)$")
_USUAL_PORTS: Final = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
_UNSEEN: Final = dict.fromkeys(
    (0xAD, 0x34F, 0x200B, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10), *range(0x180B, 0x1810))
)
"""Characters that a host is rid of (UTS 46, status ignored; checked 2026-11)."""
_LONGEST: Final = 2048
"""Characters of a host as it is written, and of a base's folder, beyond which no server is asked for it."""
_DOTTED: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?=/|$)", re.IGNORECASE)
_CANDIDATE: Final = re.compile(r"[^\s,][^\s]*")


@dataclass(frozen=True, slots=True)
class Located:
    """Where an address leads.

    :param scheme: in lower case; empty: that of the page.
    :param host: in lower case, with its port where that is not the scheme's own.
    :param path: from its slash on, with its query.
    """

    scheme: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Base:
    """What relative addresses are relative to.

    :param host: in lower case, with its port where that is not the scheme's own.
    :param folder: its path up to the last slash.
    """

    host: str
    folder: str = "/"


def located(text: str, base: Base | None = None) -> Located | None:
    """Where an address leads; ``None`` where no server is asked for it (``data:``, ``javascript:`` and the like).

    :param text: the address with character references resolved.
    :param base: without one, a relative address leads nowhere.
    """
    text = text.strip(_AROUND)
    if not text.isprintable():
        text = text.translate(_INSIDE)
    scheme, rest = "", text
    found = _SCHEME.match(text)
    if found is not None:
        scheme, rest = found[1].lower(), text[found.end() :]
        if scheme not in _SPECIAL:
            return None
    elif text[:2].replace("\\", "/") != "//":
        return _relative(text, base)
    start = _SLASHES.match(rest)
    rest = rest[start.end() :] if start else rest
    authority = _AUTHORITY.match(rest)
    named = authority[0] if authority else ""
    host = _host(named.rpartition("@")[2], scheme)
    return Located(scheme, host, _path(rest[len(named) :])) if host else None


def relative_to(href: str, base: Base) -> Base:
    """The base that a ``<base href>`` makes; the one before where it leads nowhere."""
    found = located(href, base)
    if found is None:
        return base
    return Base(found.host, (_bare(found.path).rpartition("/")[0] + "/")[:_LONGEST])


def candidates(srcset: str) -> list[str]:
    """The addresses in a ``srcset``, where a comma may follow a descriptor without a blank.

    Descriptors, and what stands behind a comma in an address, pass for relative ones: at worst too much is judged.
    """
    found: list[str] = []
    for word in _CANDIDATE.findall(srcset):
        found.append(word.rstrip(","))
        behind = word.partition(",")[2].strip(",")
        if behind:
            found.append(behind)
    return found


def _relative(text: str, base: Base | None) -> Located | None:
    if base is None:
        return None
    if text[:1] in ("/", "\\"):
        return Located("", base.host, _path(text))
    return Located("", base.host, _path(base.folder + text))


def _host(written: str, scheme: str) -> str:
    """The host, in lower case. Of one that nobody can look up, its end alone, so that what is remembered stays small."""
    if len(written) > _LONGEST:
        return _read_host(written, scheme)[-_LONGEST:]
    return _known_host(written, scheme)


def _read_host(written: str, scheme: str) -> str:
    port = _PORT.search(written) if not written.endswith("]") else None
    name = written[: port.start()] if port else written
    name = ascii_host(unquote(name).translate(_UNSEEN))
    number = port[1].lstrip("0") if port else ""
    usual = number in ("", _USUAL_PORTS.get(scheme, "443"))
    return name if usual or not name else f"{name}:{number}"


_known_host = lru_cache(4096)(_read_host)


def _bare(path: str) -> str:
    query = _QUERY.search(path)
    return path[: query.start()] if query else path


def _path(written: str) -> str:
    bare = _bare(written)
    path = "/" + bare.replace("\\", "/").removeprefix("/")
    if ("/." in path or "/%" in path) and _DOTTED.search(path):
        path = _without_dots(path)
    return path + written[len(bare) :]


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path[1:].split("/"):
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    return "/" + "/".join(kept)
