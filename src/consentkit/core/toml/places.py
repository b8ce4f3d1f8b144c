"""Where each key of a TOML text stands: its path, and the line on which it begins.

This is no TOML parser: it walks a text that ``tomllib`` has already read, so the text is known to be right, and only tells
keys from values, tables and comments. One pass, one regular expression for each kind of thing that may stand there
(TOML 1.0, checked 2026-11).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress

KeyPath = tuple[str | int, ...]
"""The parts of a key: names, and positions in arrays counted from 0."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")


def places(text: str) -> Mapping[KeyPath, int]:
    """The line of each key path in a TOML text, counted from 1.

    :param text: one that ``tomllib.loads`` takes.
    """
    return _Walk(text).lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of a key, or of the nearest table around it where the key itself is missing; ``None`` at the top."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


class _Walk:
    """One pass over a text. ``at`` only grows; ``lines`` fills."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._line, self._counted = 1, 0
        self._last: dict[KeyPath, int] = {}
        with suppress(
            RecursionError
        ):  # deeper than anyone writes: such a key gets the line of a table around it
            self._walk()

    def _walk(self) -> None:
        table: KeyPath = ()
        while self._peek():
            if self._take("["):
                table = self._header()
            else:
                self._pair(table)

    def _peek(self) -> str:
        self.at = _end(_BLANK, self.text, self.at)
        return self.text[self.at : self.at + 1]

    def _take(self, char: str) -> bool:
        found = self._peek() == char
        self.at += found
        return found

    def _note(self, path: KeyPath, at: int) -> None:
        """Remember where a path stands first. Lines are counted on from the last place, never from the start again."""
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        self.lines.setdefault(path, self._line)

    def _header(self) -> KeyPath:
        of_array = self.text.startswith("[", self.at)
        self.at += of_array
        start = self.at
        path: KeyPath = ()
        names = self._names()
        for depth, name in enumerate(names, 1):
            path = (*path, name)
            self._note(path, start)
            if of_array and depth == len(names):
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path = (*path, self._last[path])
                self._note(path, start)
        for _ in range(1 + of_array):
            self._take("]")
        return path

    def _names(self) -> list[str]:
        names = [self._name()]
        while self._take("."):
            names.append(self._name())
        return names

    def _name(self) -> str:
        start = self._start()
        if self.text[start] in "\"'":
            self.at = _end(_STRING, self.text, start)
            [value] = tomllib.loads(f"k = {self.text[start : self.at]}").values()
            return str(value)
        self.at = _end(_BARE_KEY, self.text, start)
        return self.text[start : self.at]

    def _start(self) -> int:
        self._peek()
        return self.at

    def _pair(self, table: KeyPath) -> None:
        start = self._start()
        path = table
        for name in self._names():
            path = (*path, name)
            self._note(path, start)
        self._take("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        char = self._peek()
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            while not self._take("}"):
                self._pair(path)
                self._take(",")
        else:
            self.at = _end(_STRING if char in ("'", '"') else _BARE_VALUE, self.text, self.at)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while not self._take("]"):
            self._note((*path, index), self._start())
            self._value((*path, index))
            self._take(",")
            index += 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None, "the text was read by tomllib before"  # noqa: S101 - a fault of ours, not of the file
    return match.end()
