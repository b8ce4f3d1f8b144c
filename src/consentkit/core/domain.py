"""Domains: what of a host name can be registered, which is what browsers call the same site.

The rules are those of the public suffix list (https://publicsuffix.org/list/, algorithm checked 2026-11), its private
section included, as browsers apply it to cookies: ``a.github.io`` and ``b.github.io`` are two sites. A top-level domain that
the list does not know is a suffix by itself. The list is read once, on the first question (some 30 ms).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_PORT = re.compile(r":[0-9]*$")
_ADDRESS = re.compile(r"\[.*\]|(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_REMEMBERED = 4096
"""Hosts for which the answer is kept."""
_LONGEST_NAME, _LONGEST_LABEL = 1024, 63
"""Characters beyond which nobody can look a name up, before and after they are composed (RFC 1035 section 2.3.4: 255 bytes,
63 a label). Composing and punycode take quadratic time: 30 s for one host of 64 KB."""


def ascii_host(host: str) -> str:
    """A host as browsers send it: lower case, without port and final dot, other letters than ASCII as ``xn--…``.

    As UTS 46 has it, for names that may be registered (non-transitional: ``ß`` stays itself); what may not is left to fail.
    """
    bare = _PORT.sub("", host)
    if not bare.isascii() and len(bare) <= _LONGEST_NAME:
        whole = unicodedata.normalize("NFKC", bare.lower()).replace("\u3002", ".")
        bare = ".".join(_ascii_label(label) for label in whole.split("."))
    return bare.lower().removesuffix(".")


def registrable(host: str) -> str | None:
    """The part of a host that someone registered: ``bbc.co.uk`` of ``www.bbc.co.uk``.

    :param host: with or without a port, in any spelling.
    :returns: ``None`` for an IP address, for a single name such as ``localhost``, for a public suffix itself, and for what is
        too long to be looked up.
    """
    return _registrable(host) if len(host) <= _LONGEST_NAME else None


@lru_cache(_REMEMBERED)
def _registrable(host: str) -> str | None:
    bare = ascii_host(host)
    return None if _ADDRESS.fullmatch(bare) else _list().privatesuffix(bare)


def is_public_suffix(host: str) -> bool:
    """Whether the list has this host as one below which anybody may register: ``co.uk``, ``github.io``.

    A single name that the list does not have is none: inside a company it is a machine.
    """
    bare = ascii_host(host)
    return not _ADDRESS.fullmatch(bare) and _list().publicsuffix(bare, "." in bare) == bare


def parents(host: str) -> tuple[str, ...]:
    """The values of ``Domain`` that a cookie of this host may have: itself first, its registrable domain last.

    Empty where a browser takes no ``Domain``: for an IP address, a single name, a public suffix (RFC 6265bis section 5.7,
    checked 2026-11).
    """
    last = registrable(host)
    if last is None:
        return ()
    labels = ascii_host(host).split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels) - last.count(".")))


def _ascii_label(label: str) -> str:
    if label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


@cache
def _list() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
