"""The words of the notice and of the visitor's pages, by language.

The built-in ones stand in :mod:`consentkit.languages`; a policy's ``texts`` replace any of them by name. A language that we do
not have may be brought along by a policy, whole. A text is data: ``{site}`` and its like are filled in, anything else in braces
stays as it is, and no text is ever HTML.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy
from consentkit.languages import Language, languages, messages, spoken

ISOLATED = "\u2068{}\u2069"
"""A text whose direction is its own and changes nothing around it (Unicode Bidirectional Algorithm 6.3, checked 2026-11)."""
OTHER_WAY = {"ltr": frozenset({"R", "AL"}), "rtl": frozenset({"L"})}
"""Classes of characters that run against a direction."""
_HOLE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Words:
    """All texts in one language.

    :param language: tag (BCP 47), e.g. ``fr``.
    :param name: the language's name in itself.
    :param direction: ``ltr`` or ``rtl``.
    :param messages: text by name.
    :param comma: what stands between the names of a list.
    """

    language: str
    name: str
    direction: str
    messages: Mapping[str, str]
    comma: str = ", "

    def __call__(self, name: str, /, **values: object) -> str:
        """The text of that name, with its holes filled: numbers in the language's digits, names of the other direction
        isolated.

        :raises KeyError: there is no such text; a fault of the template.
        """
        return _HOLE.sub(
            lambda hole: self._filled(values[hole[1]]) if hole[1] in values else hole[0], self.messages[name]
        )

    def get(self, name: str) -> str:
        """The text of that name, or an empty one."""
        return self.messages.get(name, "")

    def number(self, value: int) -> str:
        """A whole number."""
        return spoken.number(value, self.language)

    def duration(self, seconds: int) -> str:
        """A length of time, such as ``13 months``."""
        return spoken.duration(seconds, self.language)

    def moment(self, when: datetime.datetime) -> str:
        """A day and a time of day, in UTC."""
        return spoken.moment(when, self.language)

    def listed(self, names: Iterable[str]) -> str:
        """Names in a row, each isolated where it runs the other way."""
        return self.comma.join(map(self._isolated, names))

    def _filled(self, value: object) -> str:
        return self.number(value) if isinstance(value, int) else self._isolated(str(value))

    def _isolated(self, text: str) -> str:
        if ISOLATED[0] in text or not self._runs_against(text):
            return text
        return ISOLATED.format(text)

    def _runs_against(self, text: str) -> bool:
        if self.direction == "ltr" and text.isascii():
            return False
        return any(unicodedata.bidirectional(char) in OTHER_WAY[self.direction] for char in text)


class Vocabulary(Mapping[str, Words]):
    """The words of each language that a policy's notice is offered in, read when first asked for.

    :param policy: names the languages, and replaces words.
    """

    def __init__(self, policy: Policy) -> None:
        own = {tag: spoken.language_of(tag) for tag in policy.texts}
        all_of_them = {**own, **languages("notice")}
        self.offered: Mapping[str, Language] = {
            tag: all_of_them[tag] for tag in (policy.languages or all_of_them)
        }
        """The languages, by tag."""
        self._texts = policy.texts
        self._words: dict[str, Words] = {}

    def __getitem__(self, tag: str) -> Words:
        found = self._words.get(tag)
        if found is None:
            language = self.offered[tag]
            ours = messages("notice", tag) if tag in languages("notice") else {}
            own = self._texts.get(tag)
            texts = {**ours, **own} if own else ours
            found = Words(tag, language.name, language.direction, texts, language.comma)
            self._words[tag] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.offered)

    def __len__(self) -> int:
        return len(self.offered)

    def __contains__(self, tag: object) -> bool:
        return tag in self.offered


def words_of(policy: Policy) -> Vocabulary:
    """The words for every language that a notice of this policy can be drawn in.

    :raises PolicyError: ``texts`` names a message that does not exist, or brings a new language without all of them; or a
        language is named that there are no words of.
    """
    problems = [problem for tag, texts in policy.texts.items() for problem in _problems(tag, texts)]
    problems += _strangers(policy)
    if problems:
        raise PolicyError(problems)
    return Vocabulary(policy)


def _strangers(policy: Policy) -> Iterator[Problem]:
    """Languages that are named and not had."""
    had = sorted({*languages("notice"), *policy.texts})
    for place, tag in enumerate(policy.languages):
        if tag not in had:
            yield _unknown(("languages", place), tag, had, f"or its words in texts.{tag}")
    offered = policy.languages or had
    if policy.language not in offered:
        or_else = "as languages says" if policy.languages else f"or its words in texts.{policy.language}"
        yield _unknown(("language",), policy.language, offered, or_else)
    for tag in policy.texts:
        if tag not in offered:
            yield _unknown(("texts", tag), tag, offered, "as languages says")


def _unknown(path: tuple[str | int, ...], tag: str, known: Iterable[str], or_else: str) -> Problem:
    near = get_close_matches(tag, known, 1)
    return Problem.at(path, tag, f"one of {', '.join(known)}, {or_else}", near[0] if near else None)


def _problems(tag: str, texts: Mapping[str, str]) -> Iterable[Problem]:
    names = messages("notice", "en")
    for name in texts:
        if name not in names:
            near = get_close_matches(name, names, 1)
            yield Problem(f"texts.{tag}.{name}", name, "the name of a text", near[0] if near else None)
    missing = sorted(names.keys() - texts.keys())
    if tag not in languages("notice") and missing:
        yield Problem(
            f"texts.{tag}", f"no {missing[0]!r}", f"all {len(names)} texts of a language we do not have"
        )
