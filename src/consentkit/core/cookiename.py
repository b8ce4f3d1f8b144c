"""Patterns of cookie names: a small part of regular expressions, the same in every engine.

A pattern decides which cookies a refusal deletes, so it must mean what its author reads: the whole name, never the empty
one, never a cookie of our own. What is left out (repeated groups, look-around, back references) is what makes a match slow
on purpose or different between engines.
"""

from __future__ import annotations

import re
import warnings

OWN = ("consentkit", "__Host-consentkit", "__Host-consentkit-hint")
"""Names of our own cookies: what holds a decision is never a service's."""
LONGEST = 256
"""Characters in a pattern."""

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def check_pattern(pattern: str) -> str:
    """The pattern as it is.

    :raises ValueError: where it is not one that may stand for cookie names; its text says what was expected.
    """
    if not pattern.isascii() or not pattern.isprintable() or len(pattern) > LONGEST:
        raise ValueError(f"a pattern of at most {LONGEST} printable ASCII characters")
    compiled = _compiled(pattern)
    pieces: list[str] = _PIECE.findall(pattern)
    if len(pieces) < 3 or pieces[0] != "^" or pieces[-1] != "$" or _alternates(pieces):
        raise ValueError("a pattern for the whole name: ^ first, $ last, alternatives in brackets")
    if "^" in pieces[1:] or "$" in pieces[:-1] or not _simple(pieces):
        raise ValueError("a pattern without repeated groups, look-around or back references")
    if compiled.fullmatch(""):
        raise ValueError("a pattern that does not match the empty name")
    if any(compiled.fullmatch(own) for own in OWN):
        raise ValueError("a pattern that does not match consentkit's own cookie")
    return pattern


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns where a pattern will one day mean something else
            return re.compile(pattern)
    except (re.error, OverflowError, FutureWarning, DeprecationWarning) as error:
        raise ValueError(f"a regular expression ({error})") from None


def _alternates(pieces: list[str]) -> bool:
    """Whether alternatives stand outside every bracket: in ``^a|b$`` each has only one of the anchors."""
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            return True
    return False


def _simple(pieces: list[str]) -> bool:
    for before, piece, after in zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False):
        if before == ")" and piece in ("*", "+", "{"):
            return False
        if before == "(" and piece == "?" and after != ":":
            return False
        if len(piece) == 2 and piece[0] == "\\" and (piece[1].isdigit() or piece[1] in "ABZbB"):
            return False
    return True
