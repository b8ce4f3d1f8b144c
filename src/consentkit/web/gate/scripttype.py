"""Whether a script element runs, as browsers judge its type.

Data blocks (``ld+json``, ``importmap``, ``speculationrules``, templates of any kind) do not, and are nobody's business here.
What a library runs in a worker does.

Source: HTML, "prepare the script element", steps 8 to 13; the MIME types are those of the MIME Sniffing Standard, section
4.6 (checked 2026-11).
"""

from __future__ import annotations

from typing import Final

from consentkit.html.tag import Tag

JAVASCRIPT: Final = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "text/x-javascript",
    }
)
WORKERS: Final = frozenset({"text/partytown", "text/partytown-x"})
"""Types under which a library runs a script in a worker."""
_BLANKS: Final = "\t\n\f\r "


def runs(tag: Tag) -> bool:
    """Whether a script element of this opener runs, or may: of several types, a browser takes the first and its preload
    scanner the last.
    """
    types = [each.text for each in tag.attributes if each.name == b"type"]
    if types:
        return any(_is_code(kind) for kind in types)
    languages = [each.text for each in tag.attributes if each.name == b"language"]
    return not languages or not languages[0] or f"text/{languages[0].lower()}" in JAVASCRIPT


def _is_code(kind: str) -> bool:
    bare = kind.strip(_BLANKS).lower()
    return bare in JAVASCRIPT or bare in WORKERS or bare == "module" or not kind
