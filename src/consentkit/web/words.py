"""The words of the notice and of the visitor's pages, by language.

The built-in ones stand in ``languages/*.toml``; a policy's ``texts`` replace any of them by name. A language that we do not
have may be brought along by a policy, whole. A text is data: ``{site}`` and its like are filled in, anything else in braces
stays as it is, and no text is ever HTML.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy

FOLDER = Path(__file__).parent / "languages"
RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
"""Languages written from right to left (Unicode CLDR, characterOrder; checked 2026-11)."""
_HOLE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Words:
    """All texts in one language.

    :param language: tag (BCP 47), e.g. ``fr``.
    :param name: the language's name in itself.
    :param direction: ``ltr`` or ``rtl``.
    :param messages: text by name.
    """

    language: str
    name: str
    direction: str
    messages: Mapping[str, str]

    def __call__(self, name: str, /, **values: object) -> str:
        """The text of that name, with its holes filled.

        :raises KeyError: there is no such text; a fault of the template.
        """
        return _HOLE.sub(lambda hole: str(values.get(hole[1], hole[0])), self.messages[name])

    def get(self, name: str) -> str:
        """The text of that name, or an empty one."""
        return self.messages.get(name, "")


@cache
def built_in() -> Mapping[str, Words]:
    """The words that come with consentkit, by language."""
    found = {}
    for file in sorted(FOLDER.glob("*.toml")):
        table = tomllib.loads(file.read_text("utf-8"))
        found[file.stem] = Words(file.stem, table["name"], table["direction"], table["messages"])
    return found


def words_of(policy: Policy) -> Mapping[str, Words]:
    """The words for every language that a notice of this policy can be drawn in.

    :raises PolicyError: ``texts`` names a message that does not exist, or brings a new language without all of them.
    """
    ours = built_in()
    problems = [problem for tag, texts in policy.texts.items() for problem in _problems(tag, texts)]
    if policy.language not in ours and policy.language not in policy.texts:
        known = sorted({*ours, *policy.texts})
        near = get_close_matches(policy.language, known, 1)
        expected = f"one of {', '.join(known)}, or its words in texts.{policy.language}"
        problems.append(Problem("language", policy.language, expected, near[0] if near else None))
    if problems:
        raise PolicyError(problems)
    added = {tag: Words(tag, tag, _direction(tag), {}) for tag in policy.texts if tag not in ours}
    return {
        tag: Words(tag, words.name, words.direction, {**words.messages, **policy.texts.get(tag, {})})
        for tag, words in {**ours, **added}.items()
    }


def _problems(tag: str, texts: Mapping[str, str]) -> Iterable[Problem]:
    names = built_in()["en"].messages
    for name in texts:
        if name not in names:
            near = get_close_matches(name, names, 1)
            yield Problem(f"texts.{tag}.{name}", name, "the name of a text", near[0] if near else None)
    missing = sorted(names.keys() - texts.keys())
    if tag not in built_in() and missing:
        yield Problem(
            f"texts.{tag}", f"no {missing[0]!r}", f"all {len(names)} texts of a language we do not have"
        )


def _direction(tag: str) -> str:
    return "rtl" if tag.split("-", maxsplit=1)[0] in RIGHT_TO_LEFT else "ltr"


def look_up(wanted: Iterable[str], available: Mapping[str, object]) -> str | None:
    """The first available language for a list of wanted ones, each shortened from its end until it fits.

    Source: RFC 4647 section 3.4 (lookup), checked 2026-11.
    """
    known = {tag.lower(): tag for tag in available}
    for tag in wanted:
        parts = tag.strip().lower().replace("_", "-").split("-")
        while parts:
            found = known.get("-".join(parts))
            if found:
                return found
            parts = parts[:-2] if len(parts) > 1 and len(parts[-2]) == 1 else parts[:-1]
    return None


def accepted(header: str) -> list[str]:
    """Tags of an ``Accept-Language`` field, best first; those with ``q=0`` and ``*`` left out.

    Source: RFC 9110 section 12.5.4, checked 2026-11. At most 32 tags are read.
    """
    found = []
    for place, item in enumerate(header.split(",")[:32]):
        tag, _, quality = item.partition(";")
        weight = _quality(quality)
        if weight > 0 and tag.strip() not in ("", "*"):
            found.append((-weight, place, tag.strip()))
    return [tag for _, _, tag in sorted(found)]


def _quality(text: str) -> float:
    match = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", text, re.IGNORECASE)
    if match:
        return float(match[1])
    return 0.0 if text.strip() else 1.0
