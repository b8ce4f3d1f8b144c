"""The languages of consentkit: which there are, and their words.

The words stand in ``TAG/DOMAIN.po`` (gettext), one file for each language and domain: ``notice`` for visitors, ``desk`` for
officers. A message's context (``msgctxt``) is the name by which code asks for it, its ``msgid`` the English text. A file is
read when its language is first wanted, in some two milliseconds, and kept: a site that speaks two languages pays for two.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

__all__ = ["FOLDER", "Direction", "Domain", "Language", "languages", "messages"]

FOLDER = Path(__file__).parent
Domain = Literal["notice", "desk"]
Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    :param tag: e.g. ``fr`` or ``zh-Hant`` (BCP 47).
    :param name: its name in itself.
    :param direction: the one that it is written in.
    :param digits: from zero to nine; empty for those of ASCII.
    :param comma: what stands between the names of a list.
    :param reviewed: the domains whose words a native speaker has read.
    """

    tag: str
    name: str
    direction: Direction
    reviewed: frozenset[Domain] = frozenset()
    digits: str = ""
    comma: str = ", "


@cache
def languages(domain: Domain) -> Mapping[str, Language]:
    """The languages that we have the words of a domain in, by tag; in the order of their names."""
    index = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
    return {
        tag: Language(tag, **{**entry, "reviewed": frozenset(entry["reviewed"])})
        for tag, entry in sorted(index.items(), key=lambda each: each[1]["name"].casefold())
        if (FOLDER / tag / f"{domain}.po").is_file()
    }


@cache
def messages(domain: Domain, tag: str) -> Mapping[str, str]:
    """The texts of a domain in a language, by name.

    :raises KeyError: we have no such words.
    """
    from babel.messages.pofile import read_po  # costs a start 7 ms that many commands do not need

    if tag not in languages(domain):
        raise KeyError(tag)
    with (FOLDER / tag / f"{domain}.po").open("rb") as file:
        return {each.context: str(each.string) for each in read_po(file) if each.context}
