"""Texts in TOML into values, and what is wrong with them, each with its line. Pure: who reads the file stands above."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.toml.places import KeyPath, line_of, places

_AT = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse(text: str, file: str | None = None) -> dict[str, Any]:
    """The values that a text in TOML states.

    :param file: the name to give in errors.
    :raises PolicyError: where it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = _syntax_problem(str(error), text)
    except ValueError:
        problem = Problem("", "a number of thousands of digits", "a policy")
    except RecursionError:
        problem = Problem("", "values nested too deeply", "a policy")
    raise PolicyError([replace(problem, file=file)])


def located(problems: Iterable[Problem], text: str, file: str | None = None) -> list[Problem]:
    """Problems with the line of each in the text that it came from, in the order of the text.

    :param text: one that :func:`parse` takes, where a problem has no line yet.

    One that names its key without the parts is found by the dots; one that has a line already keeps it.
    """
    found = list(problems)
    lines = places(text) if any(problem.line is None for problem in found) else {}
    placed = [
        replace(problem, file=problem.file or file, line=problem.line or line_of(lines, path_of(problem)))
        for problem in found
    ]
    return sorted(placed, key=lambda problem: problem.line or 0)


def path_of(problem: Problem) -> KeyPath:
    """The parts of a problem's key."""
    return problem.path or tuple(problem.key.split("."))


def _syntax_problem(message: str, text: str) -> Problem:
    match = _AT.search(message)
    words = message[: match.start()] if match else message
    found = f"text that is not TOML ({words[:1].lower()}{words[1:]})"
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = len(text.rstrip("\n").split("\n")), None
    return Problem("", found, "TOML 1.0 (https://toml.io)", line=line, column=column)
