"""The errors of consentkit, each carrying what its reader needs next.

::

    ConsentkitError
    ├── ConfigurationError      the site's own settings are wrong; the start stops
    │   ├── PolicyError         one or more Problems in a policy file, each with its place
    │   └── SecretKeyError      a secret key is missing, too short or a sample
    └── (audit.errors.AuditError, for the log)

No error holds a secret or anything personal: a wrong key is described by its length, never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ConsentkitError(Exception):
    """Base of every error that consentkit raises on purpose."""


class ConfigurationError(ConsentkitError):
    """The site's own settings are wrong. Raised at start, never while a page is served."""


def printable(text: str) -> str:
    """A text whose every character shows: control and formatting characters become escapes such as ``\\x1b``.

    What comes from a file may reach a terminal or a log, where an escape sequence would be obeyed instead of read.
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a policy.

    :param key: dotted path of the key, e.g. ``services.youtube.purposes.0``; empty for the file as a whole.
    :param found: what stands there, shortened, as the author wrote it.
    :param expected: what would have been right, in words.
    :param nearest: the nearest right name, where one is near.
    :param file: path of the file as it was given, or ``None`` for a policy built in code.
    :param line: line in that file, counted from 1, or ``None`` where unknown.
    :param column: column in that line, counted from 1, or ``None`` where the whole line is meant.
    :param path: the key's parts, for who wants to find it; a name may hold a dot itself.
    """

    key: str
    found: str
    expected: str
    nearest: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: tuple[str | int, ...] = ()

    @classmethod
    def at(cls, path: Sequence[str | int], found: str, expected: str, nearest: str | None = None) -> Problem:
        """A problem with the value of a key, its file and line not yet known."""
        return cls(".".join(map(str, path)), found, expected, nearest, path=tuple(path))

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        hint = f" Did you mean {self.nearest}?" if self.nearest else ""
        text = f"found {self.found}; expected {self.expected}.{hint}"
        return printable(": ".join(part for part in (place, self.key, text) if part))


class PolicyError(ConfigurationError):
    """A policy cannot be used.

    :param problems: everything wrong with it, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SecretKeyError(ConfigurationError):
    """A secret key is missing, shorter than 32 bytes, or one that stands in public examples."""
