"""Two versions of a policy, and what changed between them, in words. Pure.

Works on the stored documents as they are: a version that an older consentkit wrote need not be one that this one reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from consentkit.core.duration import DAY

LONGEST_VALUE = 200
"""Characters; a longer value is shortened."""
_TIMES = frozenset({"lifetime", "retention"})
_FIRST = ("title", "vendor", "purposes", "regime")
_NOTHING: tuple[Any, ...] = (None, "", [], {}, False)
_THINGS = {"services": "service", "purposes": "purpose"}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each thing that changed: services and purposes first, then all else by name."""
    for table, thing in _THINGS.items():
        yield from _things(thing, _table(before.get(table)), _table(after.get(table)))
    rest = [{name: value for name, value in each.items() if name not in _THINGS} for each in (before, after)]
    yield from _values("", *rest)


def _things(thing: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(after.keys() - before.keys()):
        yield f"{thing} {name} is new: {_told(after[name])}"
    for name in sorted(before.keys() - after.keys()):
        yield f"{thing} {name} is gone: {_told(before[name])}"
    kept = [name for name in after if name in before]
    for name in kept:
        for text in _values("", _table(before[name]), _table(after[name])):
            yield f"{thing} {name}: {text}"
    if kept != [name for name in before if name in after]:
        yield f"the {thing}s stand in another order: {', '.join(after)}"


def _values(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _values(f"{path}.{name}".lstrip("."), before.get(name), after.get(name))
    elif before != after:
        yield from _value(path, before, after)


def _value(path: str, before: Any, after: Any) -> Iterator[str]:
    gone, new = _only(before, after), _only(after, before)
    if (
        isinstance(before, Sequence)
        and isinstance(after, Sequence)
        and not isinstance(before, str)
        and (gone or new)
    ):
        if new:
            yield f"{path}: added {', '.join(_shown(path, one) for one in new)}"
        if gone:
            yield f"{path}: removed {', '.join(_shown(path, one) for one in gone)}"
        return
    yield f"{path}: was {_shown(path, before)}, is now {_shown(path, after)}"


def _only(one: Any, other: Any) -> list[Any]:
    return (
        [each for each in one if each not in other]
        if isinstance(one, list) and isinstance(other, list)
        else []
    )


def _told(thing: Any) -> str:
    values = _table(thing)
    names = sorted(values, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    parts = [f"{name} {_shown(name, values[name])}" for name in names if values[name] not in _NOTHING]
    return "; ".join(parts) or "as it comes"


def _shown(path: str, value: Any) -> str:
    if value is None or value == "":
        return "not set"
    if path.rpartition(".")[2] in _TIMES and isinstance(value, int):
        return f"{value // DAY} days" if not value % DAY else f"{value} seconds"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown("", one) for one in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(name, one)}" for name, one in value.items() if one) or "nothing"
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
