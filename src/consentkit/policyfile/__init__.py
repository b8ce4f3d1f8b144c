"""A policy file into a :class:`Policy`, or everything that is wrong with it, each with its place.

The file is TOML 1.0 in UTF-8. Nothing is guessed: an unknown key is refused with the nearest right name, since a misspelt
``lifetime`` that is silently ignored is a promise that nobody keeps.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consentkit.catalogue.load import Catalogue, catalogue
from consentkit.core import toml
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy, disagreements
from consentkit.core.size import check_size
from consentkit.core.toml import parse
from consentkit.core.toml.problems import problems_of
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import applied
from consentkit.policyfile.use import resolved, traced, unknown_names

__all__ = ["load", "load_text", "located", "read", "schema", "schema_text"]


def load(path: str | Path) -> Policy:
    """The policy that a file states.

    :raises PolicyError: where the file cannot be read or used, with everything that is wrong.
    """
    return load_text(read(path), str(path))


def read(path: str | Path) -> str:
    """The text of a policy file.

    :raises PolicyError: where there is none, or not in UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{error.object[error.start]:02x}"
        problem = Problem("", found, "text in UTF-8", line=line)
    except FileNotFoundError:
        problem = Problem("", "no such file", "a policy file (consentkit init writes one)")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a file name").lower()
        problem = Problem("", reason, "a file that can be read")
    raise PolicyError([replace(problem, file=str(path))])


def load_text(text: str, file: str | None = None, known: Catalogue | None = None) -> Policy:
    """The policy that a text in TOML states, what it takes from the catalogue included.

    :param file: the name to give in errors.
    :param known: the catalogue that ``use`` speaks of. Absent: the one that consentkit ships.
    :raises PolicyError: with everything that is wrong, in the order of the text.
    """
    stated = parse(text, file)
    known = catalogue() if known is None else known
    data = resolved(stated, known)
    try:
        policy = Policy.model_validate(data)
        check_size(policy)
        applied(policy, atlas(), datetime.datetime.now(datetime.UTC).date())
    except ValidationError as error:
        found = [*unknown_names(stated, known), *problems_of(error, Policy), *disagreements(data)]
    except PolicyError as error:
        found = [*error.problems]
    else:
        return policy
    raise PolicyError(toml.located(traced(_once(found), stated, known), text, file))


def located(problems: Iterable[Problem], text: str, file: str | None = None) -> list[Problem]:
    """Problems of a policy with the line of each in the text that it came from, in the order of the text.

    What comes from the catalogue has the line of its name in ``use``; what has a line already keeps it.
    """
    found = list(problems)
    if all(problem.line is not None for problem in found):
        return toml.located(found, text, file)
    return toml.located(traced(found, parse(text, file), catalogue()), text, file)


def _once(problems: Iterable[Problem]) -> Iterable[Problem]:
    """Of several problems with one key the first, which knows the most."""
    first: dict[object, Problem] = {}
    for problem in problems:
        first.setdefault(problem.path or problem.key, problem)
    return first.values()


def schema() -> dict[str, Any]:
    """The JSON Schema of a policy file (draft 2020-12), with the model's docstrings as descriptions."""
    whole = Policy.model_json_schema()
    whole["properties"]["use"]["items"] = {"enum": list(catalogue().entries)}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
