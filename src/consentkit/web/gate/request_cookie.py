"""The cookies of a request: which there are, and the field without some of them.

Names are read as frameworks read them: pairs between semicolons, blanks around a name taken off. So a cookie that is hidden
here is hidden from every parser that an app may have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


def names_in(values: Iterable[bytes]) -> dict[str, None]:
    """The names of all cookies of a request, each once, in their order.

    :param values: values of its ``Cookie`` fields (HTTP/2 sends several; RFC 9113 section 8.2.3).
    """
    found: dict[str, None] = {}
    for value in values:
        for pair in value.split(b";"):
            found[_name(pair)] = None
    return found


def without(value: bytes, hidden: Callable[[str], bool]) -> bytes | None:
    """A ``Cookie`` field without the pairs that are hidden; every other byte stays.

    :returns: the value, or ``None`` where no pair is left.
    """
    pairs = value.split(b";")
    kept = [pair for pair in pairs if not hidden(_name(pair))]
    if len(kept) == len(pairs):
        return value
    if kept and kept[0] is not pairs[0]:
        kept[0] = kept[0].lstrip(b" ")
    return b";".join(kept) or None


def _name(pair: bytes) -> str:
    # latin-1 and Unicode's idea of white space: what the most lenient parser of a framework takes off.
    return pair.partition(b"=")[0].decode("latin-1").strip()
