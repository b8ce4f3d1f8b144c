"""A jurisdiction: what its law asks of a site about each purpose, as dated values with their sources.

A row says what a source says, and never that a site is lawful. Where a point is unsure the stricter reading stands, and is
named in :attr:`Rule.stricter`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictBool, field_validator, model_validator

from consentkit.core.form import Form, LinkAddress, Name, Seconds, Text
from consentkit.core.regime import STRICTNESS, Regime
from consentkit.core.value import Value

Code = Annotated[
    str,
    Form(r"[A-Z]{2}(-[A-Z0-9]{1,3})?|world", 'a code such as "FR", "US-CA" or "world"'),
]
"""ISO 3166-1 of a country, ISO 3166-2 of a part of one, ``EU``, or ``world`` for all others."""
Category = Literal["functional", "analytics", "marketing"]
"""The kinds of purposes that laws tell apart; what is necessary is exempt everywhere."""


class Fact(StrEnum):
    """What a service must truly do before an exemption of a row may be used for it. A site states these."""

    OWN_MEASUREMENT = "own-measurement"
    """It measures this site, for its publisher alone."""
    ANONYMOUS_OUTPUT = "anonymous-output"
    """Its results name nobody."""
    NO_CROSS_SITE = "no-cross-site"
    """It follows nobody from site to site."""
    NO_COMBINING = "no-combining"
    """Its data is combined with no other."""
    NO_REUSE = "no-reuse"
    """Its vendor uses the data for nothing of its own and hands it to nobody."""
    IP_CUT = "ip-cut"
    """The address is cut: the fourth octet of IPv4 is masked."""
    MINOR_IMPACT = "minor-impact"
    """It touches privacy not at all or little."""
    INFORMED = "informed"
    """Visitors are told clearly of it, and what for."""
    OBJECTION = "objection"
    """Visitors can object simply and for free."""
    CHOSEN_BY_VISITOR = "chosen-by-visitor"
    """It keeps what the visitor set, not what was inferred."""
    NO_PASSIVE_SIGNALS = "no-passive-signals"
    """It reads nothing that a device sends by itself (PECR Sch. A1 ¶5, checked 2026-11)."""


class Binding(StrEnum):
    """How a signal of the browser binds a site."""

    YES = "yes"
    CONDITIONAL = "conditional"
    PERMISSIVE = "permissive"
    NO = "no"


class Shown(StrEnum):
    """What a page must show besides the question."""

    OPT_OUT_LINK = "opt-out-link"
    """A lasting link to an opt-out, on every page, after a choice too."""
    SIGNAL_STATUS = "signal-status"
    """Whether the browser's signal was honored."""
    CLOSE = "close"
    """A close button as prominent as accepting; closing grants nothing."""
    PARTNERS = "partners"
    """The number of partners on the first layer."""
    UNMISSABLE = "unmissable"
    """More than a bar at the bottom."""


class Reject(StrEnum):
    """Where refusing stands."""

    EQUAL = "equal"
    """Beside accepting on the first layer, as easy."""
    RECOMMENDED = "recommended"
    """There by guidance."""
    OPT_OUT = "opt-out"
    """A control to opt out instead."""


class Reference(Value):
    """Where a rule stands."""

    act: Name
    """The act with its article, or the guidance with its paragraph."""
    link: LinkAddress | None = None
    """Where it can be read."""
    read: Literal["official", "secondary", "memory"] = "secondary"
    """What was read: the official text, another's account of it, or nothing (check the article)."""


class Rule(Value):
    """What holds in a jurisdiction for some time."""

    valid_from: datetime.date | None = None
    """First day. Absent: it held before our rows begin."""
    valid_until: datetime.date | None = None
    """Last day. Absent: until further notice."""
    functional: Regime
    """The regime of what a site offers for comfort."""
    analytics: Regime
    """The regime of measuring."""
    marketing: Regime
    """The regime of advertising."""
    exemptions: Mapping[Category, tuple[Fact, ...]] = {}
    """Categories of which a service is exempt, if all of these facts hold for it."""
    implied: tuple[Category, ...] = ()
    """Categories that the sentence of assumed consent may cover."""
    reject: Reject = Reject.EQUAL
    """Where refusing must stand."""
    ask_again: Seconds
    """How long a refusal rests before the visitor is asked again."""
    rests_through_changes: StrictBool = False
    """Whether a refusal rests although the policy changes (Cal. Civ. Code 1798.135, checked 2026-11)."""
    lifetime: Seconds
    """The longest life of a choice."""
    gpc: Binding = Binding.NO
    """How Global Privacy Control binds."""
    dnt: Binding = Binding.NO
    """How Do Not Track binds."""
    shows: tuple[Shown, ...] = ()
    """What must be shown besides the question."""
    preticked: tuple[Category, ...] = ()
    """Categories whose switches may be on at first display."""
    proof: Text | None = None
    """The duty to prove a choice, where there is one."""
    age: int | None = Field(default=None, ge=0, le=25)
    """Years. Under it nobody consents alone. Absent: no age is named."""
    notes: Text | None = None
    """What else an engineer should know."""
    sources: Annotated[tuple[Reference, ...], Field(min_length=1)]
    """Where it stands."""
    checked: datetime.date
    """When the sources were read."""
    confidence: Literal["high", "medium", "low"]
    """How sure the row is."""
    stricter: tuple[str, ...] = ()
    """Names of fields where the sources are silent or unsure and the stricter reading stands."""

    @model_validator(mode="after")
    def _in_order(self) -> Rule:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("valid_until on or after valid_from")
        return self

    @field_validator("stricter")
    @classmethod
    def _fields(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(names) - set(cls.model_fields)
        if unknown:
            raise ValueError(f"names of a rule's keys, not {', '.join(sorted(unknown))}")
        return names

    def regime(self, category: Category) -> Regime:
        """The regime of a category, before any exemption."""
        return {"functional": self.functional, "analytics": self.analytics, "marketing": self.marketing}[
            category
        ]

    def holds(self, day: datetime.date) -> bool:
        """Whether it holds on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    @property
    def strictness(self) -> tuple[int, ...]:
        """Sorts rules, the strictest first: by what is asked first, then by how."""
        order = (self.marketing, self.analytics, self.functional)
        return (
            *(STRICTNESS[regime] for regime in order),
            len(self.implied),
            len(self.exemptions),
            list(Reject).index(self.reject),
            self.lifetime,
            not self.rests_through_changes,
            -len(self.shows),
            -(self.age or 0),
        )


class Jurisdiction(Value):
    """A country, a part of one, or a group of them, and its rules over time."""

    code: Code
    """Its code."""
    name: Name
    """Its name in English."""
    within: Code | None = None
    """The larger one that it is part of: ``EU`` for FR, ``US`` for US-CA, ``world`` for most."""
    covers: tuple[Code, ...] = ()
    """Codes of territories where its law holds."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    """Its rules, in the order of time."""
    children: StrictBool = False
    """Whether consent cannot cure its rules for minors."""

    @model_validator(mode="after")
    def _one_after_another(self) -> Jurisdiction:
        for earlier, later in zip(self.rules, self.rules[1:], strict=False):
            if earlier.valid_until is None or later.valid_from is None:
                raise ValueError(
                    f"{self.code}: an end for each rule but the last, and a beginning for each but the first"
                )
            if later.valid_from != earlier.valid_until + datetime.timedelta(days=1):
                raise ValueError(f"{self.code}: each rule from the day after the one before it")
        if self.rules[0].valid_from is not None or self.rules[-1].valid_until is not None:
            raise ValueError(f"{self.code}: a first rule without beginning and a last one without end")
        return self

    def on(self, day: datetime.date) -> Rule:
        """The rule that holds on a day: there is always one."""
        return next(rule for rule in self.rules if rule.holds(day))


def strictest_of(rules: Iterable[Rule]) -> Rule:
    """The strictest of some rules. :raises ValueError: there is none."""
    return min(rules, key=lambda rule: rule.strictness)
