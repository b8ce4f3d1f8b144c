"""What Pydantic found wrong, in plain words: found, expected, and the nearest right name."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date, time
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from consentkit.core.errors import Problem, printable
from consentkit.core.regime import Regime
from consentkit.core.toml.places import KeyPath

SHORT = 60
"""Characters of a value that are shown."""
KINDS = {
    "string_type": "text in quotes",
    "bool_type": "true or false, without quotes",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "tuple_type": "a list in square brackets",
    "too_short": "a list with at least one value",
    "greater_than": "a length of time above zero",
    "less_than_equal": "a length of time of at most 100 years",
    "int_type": 'a length of time such as "180d"',
    "date_type": "a date such as 2026-11-25",
    "date_parsing": "a date such as 2026-11-25",
    "date_from_datetime_parsing": "a date such as 2026-11-25",
    "date_from_datetime_inexact": "a date such as 2026-11-25",
}
"""Expected, by Pydantic's type of error, where that says all."""


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Each thing that is wrong with a part of a whole; what is wrong between parts is for who knows them to say.

    :param model: what the whole was to be, for the words on keys.
    """
    details = error.errors(include_url=False)
    within = {detail["loc"][:-1] for detail in details if detail["loc"]}
    for detail in details:
        left_short_by_bad_items = detail["type"] == "too_short" and detail["loc"] in within
        if detail["loc"] and not left_short_by_bad_items:
            yield _problem(detail, model)


def _problem(detail: ErrorDetails, whole: type[BaseModel]) -> Problem:
    path = detail["loc"]
    if path[-1] == "[key]":
        return Problem.at(path[:-1], f"the name {shown(path[-2])}", _expected(detail))
    if detail["type"] == "extra_forbidden":
        return _unknown_key(path, whole)
    if detail["type"] == "missing":
        model = _model_at(path[:-1], whole)
        description = model.model_fields[str(path[-1])].description if model else None
        return Problem.at(path, "nothing", f"a value: {_first_sentence(description)}")
    return Problem.at(path, shown(detail["input"]), _expected(detail), _nearest_choice(detail))


def _unknown_key(path: KeyPath, whole: type[BaseModel]) -> Problem:
    model = _model_at(path[:-1], whole)
    known = list(model.model_fields) if model else []
    nearest = _nearest(str(path[-1]), known)
    return Problem.at(path, "a key that nobody reads", f"one of {', '.join(known)}", nearest)


def _expected(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if detail["type"] in ("enum", "literal_error"):
        return "one of " + ", ".join(f'"{choice}"' for choice in _choices(detail))
    return KINDS.get(detail["type"], detail["msg"])


def _choices(detail: ErrorDetails) -> list[str]:
    text = detail.get("ctx", {}).get("expected", "")
    choices = [part.strip(" '") for part in text.replace(" or ", ", ").split(",")]
    whole_policy = detail["loc"] == ("regime",)
    return [choice for choice in choices if not (whole_policy and choice == Regime.EXEMPT)]


def _nearest_choice(detail: ErrorDetails) -> str | None:
    if detail["type"] not in ("enum", "literal_error") or not isinstance(detail["input"], str):
        return None
    found = _nearest(detail["input"], _choices(detail))
    return found and f'"{found}"'


def _nearest(name: str, known: list[str]) -> str | None:
    lowered = name.lower().replace(" ", "-")
    return next(iter(get_close_matches(lowered, known, 1)), None)


def shown(value: Any) -> str:
    """A value as an author would write it in TOML, shortened."""
    match value:
        case bool():
            return str(value).lower()
        case int() if value.bit_length() > 64:
            return f"a number of {value.bit_length()} bits"
        case str():
            text = printable(value).replace('"', '\\"')
            return f'"{text[:SHORT]}…"' if len(text) > SHORT else f'"{text}"'
        case Mapping():
            return "a table"
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case date() | time():
            return f"the date or time {value.isoformat()}"
        case _:
            return printable(str(value))[:SHORT]


def _model_at(path: KeyPath, whole: type[BaseModel]) -> type[BaseModel] | None:
    """The model whose keys stand at a path."""
    kind: Any = whole
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
        else:
            kind = get_args(kind)[-1 if get_origin(kind) is not tuple else 0]
        kind = _bare(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _bare(kind: Any) -> Any:
    """A type without ``Annotated`` and ``| None``."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return _bare(next(arg for arg in get_args(kind) if arg is not type(None)))
    return kind


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".").replace("`", '"')
