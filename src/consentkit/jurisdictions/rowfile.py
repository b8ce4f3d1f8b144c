"""The file of one row into a :class:`Jurisdiction`, or what is wrong with it, each with its file and line.

What stands at the top of a file holds for each of its ``[[rules]]``; ``like`` takes all that neither says from the top of
another file. So what is wrong with a rule may stand in any of three places, and is told where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.jurisdiction import Jurisdiction, Rule
from consentkit.core.toml import located, parse
from consentkit.core.toml.problems import problems_of, shown

_KNOWN = frozenset({"like", *Jurisdiction.model_fields, *Rule.model_fields})


@dataclass(frozen=True)
class RowFile:
    """A file and what it states."""

    name: str
    text: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, text: str) -> RowFile:
        """A file by its text. :raises PolicyError: where it is not TOML."""
        return cls(name, text, parse(text, name))

    @property
    def code(self) -> str | None:
        """The code that it states, if that is a text."""
        code = self.data.get("code")
        return code if isinstance(code, str) else None

    @property
    def shared(self) -> dict[str, Any]:
        """What stands at its top and holds for each of its rules."""
        return {key: value for key, value in self.data.items() if key in Rule.model_fields}

    def broken(self, key: str, expected: str, found: str | None = None) -> PolicyError:
        """The error that a key of it is wrong."""
        problem = Problem.at((key,), shown(self.data.get(key)) if found is None else found, expected)
        return PolicyError(located([problem], self.text, self.name))

    def jurisdiction(self, others: Mapping[str | None, RowFile]) -> Jurisdiction:
        """Its row.

        :param others: all files by the code that each states.
        :raises PolicyError: with everything that is wrong with it.
        """
        base = self._base(others)
        try:
            return Jurisdiction.model_validate(self._whole(base))
        except ValidationError as error:
            found = [*_told(error)]
        # What stands at a top is wrong in each rule, and told once.
        raise PolicyError([*dict.fromkeys(each for problem in found for each in self._placed(problem, base))])

    def _base(self, others: Mapping[str | None, RowFile]) -> RowFile | None:
        like = self.data.get("like")
        if like is None:
            return None
        base = others.get(like) if isinstance(like, str) else None
        if base is None or base is self or "like" in base.data:
            raise self.broken("like", "the code of another row, which is like none itself")
        return base

    def _whole(self, base: RowFile | None) -> dict[str, Any]:
        shared = {**(base.shared if base else {}), **self.shared}
        own = {key: value for key, value in self.data.items() if key in Jurisdiction.model_fields}
        unknown = {key: value for key, value in self.data.items() if key not in _KNOWN}
        rules = self.data.get("rules", [{}])
        if isinstance(rules, list):
            rules = [{**shared, **rule} if isinstance(rule, dict) else rule for rule in rules]
        return {**own, **unknown, "rules": rules}

    def _placed(self, problem: Problem, base: RowFile | None) -> list[Problem]:
        """A problem where its value stands: in the rule, at the top, or in the file that this one is like."""
        match problem.path:
            case ("rules", int(index), str(key), *rest) if not self._in_rule(index, key):
                file = base if base is not None and key not in self.data and key in base.data else self
                moved = Problem.at((key, *rest), problem.found, problem.expected, problem.nearest)
                return located([moved], file.text, file.name)
        return located([problem], self.text, self.name)

    def _in_rule(self, index: int, key: str) -> bool:
        rules = self.data.get("rules")
        return isinstance(rules, list) and isinstance(rules[index], dict) and key in rules[index]


def _told(error: ValidationError) -> Iterator[Problem]:
    """Everything that is wrong, what is between the rules included."""
    found = [*problems_of(error, Jurisdiction)]
    within = any(problem.path[:1] == ("rules",) and len(problem.path) > 1 for problem in found)
    # Pydantic takes broken rules away and then finds too few of them.
    yield from (problem for problem in found if not (within and problem.path == ("rules",)))
    for detail in error.errors(include_url=False):
        if not detail["loc"]:
            yield Problem.at(("rules",), "rules that do not follow one another", str(detail["ctx"]["error"]))
