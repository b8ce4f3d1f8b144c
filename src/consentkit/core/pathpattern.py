"""Patterns of paths, as rules by page use them."""

from __future__ import annotations


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path is one that a pattern means: ``*`` stands for anything, slashes too, all else for itself.

    Each piece between stars is looked for once, leftmost, from where the last one ended: linear in the path's length.
    """
    first, *pieces = pattern.split("*")
    if not pieces:
        return path == first
    *middle, last = pieces
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return len(path) - at >= len(last) and path.endswith(last)
