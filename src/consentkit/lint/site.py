"""What is judged: a policy, as it applies in each jurisdiction, and all that it shows.

Where two jurisdictions come to the same for a site, they are drawn and judged once, under both names. What a site writes itself
is judged in its own languages, so these are drawn in each. Every other language has our own words in the same templates: those
that texts can be judged in, and the wordiest of each direction, are drawn once for each regime.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from consentkit.catalogue.load import Catalogue, catalogue
from consentkit.core.consent import Signals, resolve
from consentkit.core.decision import Act, Choice, Decision, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import applied
from consentkit.languages import languages
from consentkit.lint.markup import Element, read
from consentkit.lint.phrases import knows
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages
from consentkit.web.words import Words

NOON = 1_800_000_000
"""Seconds since 1970: the moment of every choice that is made for a drawing. Nothing depends on which."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing that a visitor sees.

    :param codes: the jurisdictions where it looks so; none: the policy tells none apart.
    :param policy: the policy as it applies there.
    :param language: its language.
    :param name: ``first``, ``second``, ``decided`` (a page after a refusal) or ``signalled`` (a page under an opt-out signal).
    :param page: its elements.
    :param html: the markup that was read.
    """

    codes: tuple[str, ...]
    policy: Policy
    language: str
    name: str
    page: Element
    html: str = ""

    def controls(self, action: str) -> list[Element]:
        """The elements that do one of the four acts at once."""
        return [
            each
            for each in self.page.all()
            if each.tag in ("button", "input", "a")
            and (each["value"] == action or each["id"] == f"consentkit-{action}")
        ]

    @property
    def banner(self) -> Element | None:
        """The frame of the first layer; ``None`` where nothing is asked."""
        return next((each for each in self.page.all() if each["id"] == "consentkit-banner"), None)


@dataclass(frozen=True)
class House:
    """The policy in some jurisdictions that come to the same.

    :param codes: which; none: the policy tells none apart.
    :param policy: the policy as it applies there.
    :param templates: folders of the site's own templates.
    """

    codes: tuple[str, ...]
    policy: Policy
    templates: tuple[Path, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a yes is asked for before anything opens."""
        return self.policy.strictest_regime is Regime.OPT_IN

    @cached_property
    def refused(self) -> Decision:
        """A refusal of everything."""
        outcome = decide(self.policy, Choice(Act.REJECT), now=NOON, visitor=None)
        assert isinstance(outcome, Outcome)  # noqa: S101 - a refusal names nothing that could be unknown
        return outcome.decision

    @cached_property
    def book(self) -> NoticeBook:
        """All that it can show."""
        return NoticeBook(self.policy, templates=self.templates)

    def layers(self, languages: Collection[str]) -> Iterator[Layer]:
        """All that it shows, in some languages."""
        new = resolve(self.policy, Signals(), None, NOON)
        signalled = resolve(self.policy, Signals(gpc=True), None, NOON)
        decided = resolve(self.policy, Signals(), self.refused, NOON)
        pages = Pages(self.policy, self.book)
        for language in languages:
            view = View(language=language, inline=True)
            drawn = {
                "first": self.book.body(new, view),
                "signalled": self.book.body(signalled, view),
                "decided": self.book.body(decided, view),
                "second": pages.preferences(new, view).body,
            }
            for name, html in drawn.items():
                text = html.decode()
                yield Layer(self.codes, self.policy, language, name, read(text), text)


@dataclass(frozen=True)
class Site:
    """All that is judged.

    :param policy: the policy as its file states it.
    :param day: the day whose law is meant.
    :param templates: folders of the site's own templates.
    :param known: the services that are known.
    :param seen: how often the server gated something of a service, or would have, by its id.
    """

    policy: Policy
    day: datetime.date
    templates: Sequence[Path] = ()
    known: Catalogue = field(default_factory=catalogue)
    seen: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def houses(self) -> tuple[House, ...]:
        """The policy in each of its jurisdictions; one of no code where it tells none apart."""
        found = applied(self.policy, atlas(), self.day)
        if found is None:
            return (House((), self.policy, tuple(self.templates)),)
        alike: dict[object, list[tuple[str, Policy]]] = {}
        for code, terms in found.rows.items():
            here = self.policy.under(terms)
            rule = terms.rule
            key = (
                tuple(here.regimes.items()),
                tuple(here.exempted.items()),
                (rule.shows, rule.preticked, rule.gpc, rule.implied, rule.exemptions.items().__repr__()),
                (here.lives, rule.lifetime, rule.ask_again, rule.rests_through_changes, rule.stricter),
            )
            alike.setdefault(key, []).append((code, here))
        return tuple(
            House(tuple(code for code, _ in each), each[0][1], tuple(self.templates))
            for each in alike.values()
        )

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All that visitors see."""
        ours = self.houses[0].book.words
        own = [tag for tag in ours if tag in self.languages]
        some = [tag for tag in ours if tag in self.languages or knows(tag) or tag in self.looked_at]
        firsts = {house.policy.strictest_regime: house.codes for house in reversed(self.houses)}
        return tuple(
            layer
            for house in self.houses
            for layer in house.layers(some if house.codes in firsts.values() else own)
        )

    @cached_property
    def looked_at(self) -> tuple[str, ...]:
        """The languages that a browser is shown: the site's own, and the wordiest of each direction of ours."""
        ours = self.houses[0].book.words
        wordiest = {
            words.direction: tag for tag, words in sorted(ours.items(), key=lambda each: _length(each[1]))
        }
        return tuple(tag for tag in ours if tag in self.languages or tag in wordiest.values())

    def named(self, *names: str) -> Iterator[Layer]:
        """The layers of some names that hold a question; every one of ``decided`` and ``signalled``."""
        for layer in self.layers:
            asks = layer.name != "first" or layer.banner is not None
            if layer.name in names and asks and layer.policy.askable:
                yield layer

    @cached_property
    def unreviewed(self) -> frozenset[str]:
        """Languages of ours whose words no speaker has read yet, as their files say."""
        return frozenset(tag for tag, each in languages("notice").items() if "notice" not in each.reviewed)

    @property
    def languages(self) -> frozenset[str]:
        """The languages that the site itself writes in."""
        policy = self.policy
        written = {tag for each in policy.purposes.values() for tag in (*each.title, *each.description)}
        return frozenset({policy.language, *policy.texts, *written})


def _length(words: Words) -> int:
    return sum(map(len, words.messages.values()))
