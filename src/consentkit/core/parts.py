"""The parts of a policy that are no services: who asks, what for, by which rules on which pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from consentkit.core.form import TURNING, Form, Language, Name, Text, UrlPath
from consentkit.core.jurisdiction import Category
from consentkit.core.regime import Regime
from consentkit.core.value import Value

NECESSARY = "necessary"
MARKETING = "marketing"
CATEGORIES: Mapping[str, Category] = {
    "functional": "functional",
    "analytics": "analytics",
    MARKETING: "marketing",
}


class Site(Value):
    """A site, as its visitors and their browsers know it."""

    name: Name
    """The name visitors know the site by."""
    address: Annotated[
        str,
        Form(
            r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?",
            'an origin in lower case such as "https://news.example": scheme and host, no path',
        ),
    ]
    """Its origin, e.g. `https://news.example`: scheme and host, no path."""


class Controller(Value):
    """Who is responsible for the site's use of data."""

    name: Name
    """Full name of the company or person (GDPR art. 13(1)(a), checked 2026-11)."""
    contact: Name
    """Where to write: an e-mail address, a telephone number or a web address."""
    address: Annotated[
        str,
        Form(
            rf"[^\x00-\x08\x0b-\x1f{TURNING}]{{0,500}}",
            "text, at most 500 characters, no control characters but tab and line feed",
        ),
    ] = ""
    """Postal address, where it should be shown."""


class Purpose(Value):
    """A category of use that a visitor may grant."""

    regime: Regime | None = None
    """Its own regime: `opt-in`, `opt-out`, `notice` or `exempt`. Absent: the policy's."""
    category: Category | None = None
    """What laws take it for: `functional`, `analytics` or `marketing`. Absent: its own name where that is one of these, else
    `marketing`, which laws are strictest about."""
    title: Mapping[Language, Text] = {}
    """Its name by language, where the built-in one does not fit."""
    description: Mapping[Language, Text] = {}
    """What it means for the visitor, by language."""


NoticeRule = Literal["never", "inline", "default"]


class Override(Value):
    """What a site applies in a jurisdiction instead of its rule, on its own responsibility."""

    functional: Regime | None = None
    """The regime of functional purposes there."""
    analytics: Regime | None = None
    """The regime of measuring there."""
    marketing: Regime | None = None
    """The regime of advertising there."""
    reason: Name
    """Why. It is part of the policy that the log keeps, and told at each start."""


class PageRule(Value):
    """What holds for some pages of the site. Gating stays on everywhere."""

    match: UrlPath
    """Path of the pages; `*` stands for anything, slashes too."""
    notice: NoticeRule
    """`never`: no banner covers the page; `inline`: in the flow of the page; `default`: as everywhere."""


def category_of(name: str, purpose: Purpose) -> Category:
    """What laws take a purpose for."""
    return purpose.category or CATEGORIES.get(name, "marketing")
