"""The policy: a site's whole configuration, as frozen values.

A policy says who asks (site, controller), what is asked (purposes, services), under which regime, in which words, and for
how long an answer holds. It has two hashes: :attr:`Policy.version` of everything, and :attr:`Policy.asked` of what a
visitor is asked, so that a corrected typo never asks again and a new vendor always does.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from .duration import DAY, parse_duration
from .regime import Regime, strictest

NECESSARY = "necessary"
MARKETING = "marketing"
BROWSER_CAP = 400 * DAY
"""Seconds. Browsers reduce a longer cookie life (RFC 6265bis section 5.5, checked 2026-11)."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""A name for a purpose or service: lower-case letters, digits and hyphens, at most 40 characters."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Seconds = Annotated[int, BeforeValidator(parse_duration), Field(gt=0)]
"""A length of time. In a file ``"180d"``, ``"6mo"``, ``"2h"``, or a number of seconds."""
Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[0-9]{1,5})?$")]
"""A host name in lower case, ``*.`` in front for all hosts below it, a port where it is not the scheme's own."""
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s\\]*$")]
LinkAddress = Annotated[
    str, StringConstraints(pattern=r"^(https?://[^\s/\\]+(/[^\s\\]*)?|/([^\s/\\][^\s\\]*)?)$")
]
"""A link in the notice: ``http(s)`` or a path of the site. Nothing else, so no ``javascript:`` (and no ``//host``)."""


class Value(BaseModel):
    """Base of all parts of a policy: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Site(Value):
    """The site that asks."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The name visitors know the site by."""
    address: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/\\]+$")]
    """Its origin, e.g. ``https://news.example``: scheme and host, no path."""


class Controller(Value):
    """Who is responsible (GDPR art. 13(1)(a), checked 2026-11)."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Full name of the company or person."""
    contact: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    """Where to write: an e-mail address, a telephone number or a web address."""
    address: str = ""
    """Postal address, where it should be shown."""


class Cookie(Value):
    """One cookie of a service, or a family of them."""

    name: (
        Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$", max_length=256)] | None
    ) = None
    """The exact name. Either this or ``pattern``."""
    pattern: Annotated[str, StringConstraints(min_length=3, max_length=256)] | None = None
    """A regular expression that stands for the whole name: it begins with ``^`` and ends with ``$``."""
    lifetime: Seconds | None = None
    """How long it lives. ``None``: until the browser closes."""

    @model_validator(mode="after")
    def _one_form(self) -> Cookie:
        if (self.name is None) == (self.pattern is None):
            raise ValueError("either a name or a pattern")
        if self.pattern is not None:
            _check_pattern(self.pattern)
        return self


def _check_pattern(pattern: str) -> None:
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise ValueError("a pattern anchored by ^ and $, so that it stands for a whole name")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    if compiled.fullmatch(""):
        raise ValueError("a pattern that does not match the empty name")


class Purpose(Value):
    """A category of use that a visitor may grant."""

    regime: Regime | None = None
    """Its own regime. ``None``: the policy's."""
    title: Mapping[Language, str] = {}
    """Its name by language, where the built-in one does not fit."""
    description: Mapping[Language, str] = {}
    """What it means for the visitor, by language."""


class Service(Value):
    """One vendor's tool."""

    vendor: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """The company that receives the data."""
    purposes: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    """What it is used for. It runs when all of them are granted."""
    title: str = ""
    """The tool's name, where it differs from its id."""
    hosts: tuple[Host, ...] = ()
    """Hosts that belong to it."""
    paths: tuple[UrlPath, ...] = ()
    """Path prefixes on those hosts, where a host serves several services. Empty: every path."""
    cookies: tuple[Cookie, ...] = ()
    """The cookies it sets."""
    privacy_url: LinkAddress | None = None
    """The vendor's privacy statement."""
    sells: bool = False
    """Whether its use is a sale or sharing of personal data (Cal. Civ. Code 1798.140, checked 2026-11)."""


class PageRule(Value):
    """What holds for some pages of the site. Gating stays on everywhere."""

    match: UrlPath
    """Path of the pages; ``*`` stands for anything."""
    notice: Literal["never", "inline", "default"]
    """``never``: no banner covers the page; ``inline``: in the flow of the page; ``default``: as everywhere."""


def _default_purposes() -> Mapping[str, Purpose]:
    return {name: Purpose() for name in (NECESSARY, "functional", "analytics", MARKETING)}


class Policy(Value):
    """A site's whole configuration."""

    site: Site
    """The site that asks."""
    controller: Controller
    """Who is responsible."""
    regime: Regime | None = None
    """The regime of every purpose that does not state its own. Absent: ``opt-in``, the strictest."""
    reason: str = ""
    """Why the site sets a regime itself, for the record."""
    purposes: Annotated[Mapping[Identifier, Purpose], Field(default_factory=_default_purposes)]
    """What is asked, in the order in which the notice shows it. ``necessary`` is always there and always on."""
    services: Mapping[Identifier, Service] = {}
    """The tools that the site uses."""
    pages: tuple[PageRule, ...] = ()
    """Rules by page; the first that matches holds."""
    layout: Literal["bar", "box", "modal"] = "bar"
    """The shape of the banner."""
    position: Literal["top", "bottom"] = "bottom"
    """The edge at which it stands."""
    place: Literal["start", "end"] = "start"
    """Where in ``<body>`` it is written: ``end`` for pages that are hydrated as a whole document."""
    language: Language = "en"
    """The language used where the page and the browser name none that we have."""
    texts: Mapping[Language, Mapping[str, str]] = {}
    """Words of the notice that replace the built-in ones, by language and name."""
    privacy_url: LinkAddress | None = None
    """The site's privacy statement."""
    imprint_url: LinkAddress | None = None
    """The site's imprint."""
    lifetime: Seconds = 180 * DAY
    """How long an answer holds, a refusal as long as a grant. Browsers keep no cookie longer than 400 days."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Policy:
        for name, service in self.services.items():
            for purpose in service.purposes:
                if purpose not in self.purposes and purpose != NECESSARY:
                    raise ValueError(f"services.{name}.purposes: {purpose!r} is no purpose of this policy")
            if name in self.purposes:
                raise ValueError(f"services.{name}: a purpose has the same name")
        return self

    @cached_property
    def version(self) -> str:
        """Hash of the whole policy: its version (64 hexadecimal digits)."""
        return _digest(self.model_dump(mode="json"))

    @cached_property
    def document(self) -> bytes:
        """The canonical bytes that :attr:`version` is the hash of."""
        return _canonical(self.model_dump(mode="json"))

    @cached_property
    def asked(self) -> str:
        """Hash of what is asked: purposes, services, vendors; never their words or order."""
        return _digest(sorted(self.fingerprints.values()))

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """Six characters for each purpose and service that is asked: what a stored answer was an answer to.

        A purpose's covers its id; a service's covers its id, its vendor and its purposes. 36 bits: the chance that a new
        vendor passes for one already asked is below one in 10⁹ for 40 services.
        """
        marks = {name: _mark("purpose", name) for name in self.askable}
        for name, service in self.services.items():
            if any(purpose in self.askable for purpose in service.purposes):
                marks[name] = _mark("service", name, service.vendor, *sorted(service.purposes))
        return marks

    @cached_property
    def marks(self) -> Mapping[str, str]:
        """Six characters for each service id alone: a no to a service outlives a change of its vendor."""
        return {name: _mark("id", name) for name in self.services}

    @cached_property
    def askable(self) -> tuple[str, ...]:
        """Ids of the purposes that are put to the visitor, in the policy's order: neither ``necessary`` nor exempt."""
        return tuple(name for name, regime in self.regimes.items() if regime.asked)

    @cached_property
    def regimes(self) -> Mapping[str, Regime]:
        """The regime of every purpose, ``necessary`` included (always ``exempt``)."""
        default = self.regime or Regime.OPT_IN
        found = {name: purpose.regime or default for name, purpose in self.purposes.items()}
        return {**found, NECESSARY: Regime.EXEMPT}

    @cached_property
    def strictest_regime(self) -> Regime:
        """The strictest regime among the purposes that are asked."""
        return strictest(self.regimes.values())

    @cached_property
    def selling(self) -> frozenset[str]:
        """Purposes that an opt-out signal closes: ``marketing``, and those of services that sell or share."""
        sold = {p for service in self.services.values() if service.sells for p in service.purposes}
        return frozenset((sold | {MARKETING}) & set(self.askable))

    @cached_property
    def cookie_lifetime(self) -> int:
        """Seconds for which the decision cookie is kept: the policy's, at most 400 days."""
        return min(self.lifetime, BROWSER_CAP)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest(value: Any) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()


def _mark(*parts: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(_canonical(parts)).digest())[:6].decode()
