"""All rules, in the order of their ids."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from consentkit.lint.rule import Rule
from consentkit.lint.rules import choice, law, page, services, time, words

__all__ = ["RULES", "by_id"]


def _rules(*modules: ModuleType) -> Iterator[Rule]:
    for module in modules:
        yield from (each for each in vars(module).values() if isinstance(each, Rule))


RULES = tuple(sorted(_rules(choice, words, services, time, page, law), key=lambda each: each.id))
"""Each rule that there is."""
by_id = {each.id: each for each in RULES}
"""The same, by id."""
