"""A policy file into a :class:`Policy`, or everything that is wrong with it, each with its place.

The file is TOML 1.0 in UTF-8. Nothing is guessed: an unknown key is refused with the nearest right name, since a misspelt
``lifetime`` that is silently ignored is a promise that nobody keeps.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy, disagreements
from consentkit.policyfile.places import line_of, places
from consentkit.policyfile.problems import problems_of

__all__ = ["load", "load_text"]

_AT = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def load(path: str | Path) -> Policy:
    """The policy that a file states.

    :raises PolicyError: where the file cannot be read or used, with everything that is wrong.
    """
    file = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = f"the byte 0x{error.object[error.start]:02x}"
        raise PolicyError([Problem("", found, "text in UTF-8", file=file, line=line)]) from None
    except FileNotFoundError:
        expected = "a policy file (consentkit init writes one)"
        raise PolicyError([Problem("", "no such file", expected, file=file)]) from None
    except OSError as error:
        found = (error.strerror or "an error while reading").lower()
        raise PolicyError([Problem("", found, "a file that can be read", file=file)]) from None
    return load_text(text, file)


def load_text(text: str, file: str | None = None) -> Policy:
    """The policy that a text in TOML states.

    :param file: the name to give in errors.
    :raises PolicyError: with everything that is wrong, in the order of the text.
    """
    data = _parse(text, file)
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        found = [*problems_of(error), *disagreements(data)]
    lines = places(text)
    placed = [replace(problem, file=file, line=line_of(lines, problem.path)) for problem in found]
    raise PolicyError(sorted(placed, key=lambda problem: problem.line or 0))


def _parse(text: str, file: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = _syntax_problem(str(error), text)
    except RecursionError:
        problem = Problem("", "values nested too deeply", "a policy")
    raise PolicyError([replace(problem, file=file)])


def _syntax_problem(message: str, text: str) -> Problem:
    match = _AT.search(message)
    words = message[: match.start()] if match else message
    found = f"text that is not TOML ({words[:1].lower()}{words[1:]})"
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = len(text.rstrip("\n").split("\n")), None
    return Problem("", found, "TOML 1.0 (https://toml.io)", line=line, column=column)
