"""Two versions of a policy, and what changed between them, as values and in words. Pure.

Works on the stored documents as they are: a version that an older consentkit wrote need not be one that this one reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from consentkit.core.duration import DAY

LONGEST_VALUE = 200
"""Characters; a longer value is shortened."""
_TIMES = frozenset({"lifetime", "retention"})
_FIRST = ("title", "vendor", "purposes", "regime")
_NOTHING: tuple[Any, ...] = (None, "", [], {}, False)
_THINGS = {"services": "service", "purposes": "purpose"}


class Difference(NamedTuple):
    """One thing that changed.

    :param thing: ``service`` or ``purpose``; empty for all else.
    :param name: its id; empty where all of them stand in another order, ``before`` and ``after`` then.
    :param path: which value of it, its keys joined by dots; empty where the whole thing is new or gone.
    :param before: ``None`` where there was none.
    :param after: ``None`` where there is none any more.
    """

    thing: str
    name: str
    path: str
    before: Any
    after: Any

    @property
    def added(self) -> list[Any]:
        """What a list has more than before; nothing where it is none."""
        return _only(self.after, self.before)

    @property
    def removed(self) -> list[Any]:
        """What a list has no longer; nothing where it is none."""
        return _only(self.before, self.after)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each thing that changed: services and purposes first, then all else by name."""
    for each in differences(before, after):
        yield from _sentences(each)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Each thing that changed: services and purposes first, then all else by name."""
    for table, thing in _THINGS.items():
        yield from _things(thing, _table(before.get(table)), _table(after.get(table)))
    rest = [{name: value for name, value in each.items() if name not in _THINGS} for each in (before, after)]
    yield from _values("", "", "", *rest)


def _things(thing: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(after.keys() - before.keys()):
        yield Difference(thing, name, "", None, _table(after[name]))
    for name in sorted(before.keys() - after.keys()):
        yield Difference(thing, name, "", _table(before[name]), None)
    kept = [name for name in after if name in before]
    for name in kept:
        yield from _values(thing, name, "", _table(before[name]), _table(after[name]))
    if kept != [name for name in before if name in after]:
        yield Difference(thing, "", "", [*before], [*after])


def _values(thing: str, name: str, path: str, before: Any, after: Any) -> Iterator[Difference]:
    sides = (before, after)
    if any(isinstance(side, Mapping) for side in sides) and all(
        side is None or isinstance(side, Mapping) for side in sides
    ):
        one, other = map(_table, sides)
        for key in sorted({*one, *other}):
            yield from _values(thing, name, f"{path}.{key}".lstrip("."), one.get(key), other.get(key))
    elif before != after:
        yield Difference(thing, name, path, before, after)


def _sentences(each: Difference) -> Iterator[str]:
    thing, name, path, before, after = each
    if thing and not name:
        yield f"the {thing}s stand in another order: {', '.join(after)}"
    elif thing and not path:
        yield (
            f"{thing} {name} is gone: {_told(before)}"
            if after is None
            else f"{thing} {name} is new: {_told(after)}"
        )
    else:
        front = f"{thing} {name}: " if thing else ""
        yield from (f"{front}{text}" for text in _value(each, path, before, after))


def _value(each: Difference, path: str, before: Any, after: Any) -> Iterator[str]:
    if not (each.added or each.removed):
        yield f"{path}: was {_shown(path, before)}, is now {_shown(path, after)}"
        return
    if each.added:
        yield f"{path}: added {', '.join(_shown(path, one) for one in each.added)}"
    if each.removed:
        yield f"{path}: removed {', '.join(_shown(path, one) for one in each.removed)}"


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
