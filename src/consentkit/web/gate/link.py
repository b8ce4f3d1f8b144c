"""``Link`` header fields and early hints, without the addresses that may not be fetched.

One field holds several entries, ``<address>; rel=preload; title="a, b"``, separated by commas that stand neither in an
address nor in quotes (RFC 8288 section 3, checked 2026-11). An entry goes where its relation makes a browser fetch or
connect and its address is denied. What stays keeps every byte; a field of which nothing is left goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

FETCHING = frozenset(
    {
        "preload",
        "modulepreload",
        "preconnect",
        "dns-prefetch",
        "prefetch",
        "prerender",
        "stylesheet",
        "icon",
        "apple-touch-icon",
        "compression-dictionary",
        "manifest",
        "expect",
    }
)
"""Relations by which a browser fetches or connects (HTML section 4.6.8, Fetch, RFC 9842; checked 2026-11)."""
LONGEST_HOST = 1024
"""Letters of a host beyond which nobody can look it up: its end alone is judged, and remembered."""
# What no closing sign follows runs to the end: one entry, judged as one.
_ENTRY = re.compile(rb"""(?:[^,<"]+|<[^>]*>?|"(?:[^"\\]|\\.)*"?)+""", re.DOTALL)
_ADDRESS = re.compile(rb"<([^>]*)")
_REL = re.compile(rb""";\s*rel\*?\s*=\s*(?:"([^"]*)|([^\s;,"]+))""", re.IGNORECASE)
_IGNORED = re.compile(r"[\t\r\n]")


def allowed_links(value: bytes, denied: Callable[[str], bool]) -> bytes | None:
    """A field's value without the entries whose address is denied.

    :param denied: whether an address, absolute or relative, may not be fetched.
    :returns: the value, or ``None`` where no entry is left.
    """
    entries: list[bytes] = _ENTRY.findall(value)
    kept = [entry for entry in entries if not (_fetches(entry) and denied(_address(entry)))]
    if len(kept) == len(entries):
        return value
    if kept and kept[0] is not entries[0]:
        kept[0] = kept[0].lstrip(b" \t")
    return b",".join(kept) or None


def host_and_path(link: str, page: str) -> tuple[str, str]:
    """Where an address of a ``Link`` field leads: host in lower case, with a port where it is not the scheme's own, and path.

    :param page: the address of the page that it is relative to.
    :returns: two empty texts for what leads to no host.
    """
    try:
        found = urlsplit(urljoin(page, _IGNORED.sub("", link).replace("\\", "/")))
        host, port = found.hostname or "", found.port
    except ValueError:
        return "", ""
    usual = {"http": 80, "https": 443}.get(found.scheme)
    name = host.rstrip(".")[-LONGEST_HOST:]
    return name + (f":{port}" if port not in (None, usual) else ""), found.path or "/"


def _fetches(entry: bytes) -> bool:
    relations = (quoted or plain for quoted, plain in _REL.findall(entry))
    return any(word in FETCHING for each in relations for word in each.decode("latin-1").lower().split())


def _address(entry: bytes) -> str:
    match = _ADDRESS.search(entry)
    return match[1].decode("latin-1").strip() if match else ""
