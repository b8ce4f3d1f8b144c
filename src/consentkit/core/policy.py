"""The policy: a site's whole configuration, as frozen values.

A policy says who asks (site, controller), what is asked (purposes, services), under which regime, in which words, and for
how long an answer holds. It has two hashes: :attr:`Policy.version` of everything, and :attr:`Policy.asked` of what a
visitor is asked, so that a corrected typo never asks again and a new vendor always does.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    StrictBool,
    WithJsonSchema,
    model_validator,
)

from consentkit.core.addresscheck import bad_addresses
from consentkit.core.duration import DAY, parse_duration
from consentkit.core.errors import Problem
from consentkit.core.form import (
    Host,
    Identifier,
    Language,
    Line,
    LinkAddress,
    Seconds,
    Text,
)
from consentkit.core.jurisdiction import Code
from consentkit.core.parts import (
    MARKETING,
    NECESSARY,
    Controller,
    NoticeRule,
    Override,
    PageRule,
    Purpose,
    Site,
    category_of,
)
from consentkit.core.pathpattern import path_matches
from consentkit.core.plain import listed, table
from consentkit.core.questions import RECIPIENTS_TOLD, Questions, mark, questions
from consentkit.core.regime import Regime, strictest
from consentkit.core.service import Service
from consentkit.core.terms import Terms
from consentkit.core.theme import Theme, unreadable
from consentkit.core.value import Value

FIRST_STATEMENT = datetime.date(2026, 11, 25)
"""Since when consentkit abides by Global Privacy Control in each site's name."""
USUAL_LIFETIME = 180 * DAY
"""Seconds for which an answer holds where neither the policy nor a jurisdiction says: the strictest of the rows."""
BROWSER_CAP = 400 * DAY
"""Seconds. Browsers reduce a longer cookie life (RFC 6265bis section 5.5, checked 2026-11)."""


def _default_purposes() -> Mapping[str, Purpose]:
    return {name: Purpose() for name in (NECESSARY, "functional", "analytics", MARKETING)}


def _asks(regime: Regime) -> Regime:
    if not regime.asked:
        raise ValueError("opt-in, opt-out or notice; one purpose may be exempt, a whole policy never")
    return regime


class Policy(Value):
    """A site's whole configuration."""

    site: Site
    """The site that asks."""
    controller: Controller
    """Who is responsible."""
    regime: (
        Annotated[
            Regime,
            AfterValidator(_asks),
            WithJsonSchema({"type": "string", "enum": [regime.value for regime in Regime if regime.asked]}),
        ]
        | None
    ) = None
    """The regime of every purpose that does not state its own: `opt-in` (closed until granted), `opt-out` (open until
    refused) or `notice` (open, with the assumed-consent sentence). Absent: `opt-in`, the strictest."""
    reason: Line = ""
    """Why the site sets a regime itself, for the record. Wanted where `jurisdictions` are named too."""
    jurisdictions: tuple[Code, ...] = ()
    """Where visitors are told apart by their law: codes such as `FR` or `US-CA`; `EU`, `US` and `world` stand for all within
    them. Visitors from elsewhere, or from nobody knows where, are asked under the strictest of these. Absent: `opt-in` for
    all."""
    overrides: Mapping[Code, Override] = {}
    """What holds in a jurisdiction instead of its rule, with the reason."""
    forbidden_notice: Literal["refuse", "opt-in"] = "refuse"
    """What becomes of `regime = "notice"` where a jurisdiction does not know assumed consent: `refuse` stops the start with its
    source; `opt-in` asks there, with a warning."""
    gpc: Literal["everywhere", "where-bound"] = "everywhere"
    """Where Global Privacy Control is honored as a refusal of marketing, sale and sharing."""
    gpc_since: datetime.date | None = FIRST_STATEMENT
    """When the site said that it abides by Global Privacy Control: told at `/.well-known/gpc.json`, unless the app answers
    there itself."""
    do_not_track: Literal["refuse", "ignore"] = "ignore"
    """Whether `DNT: 1` counts as the same refusal."""
    purposes: Annotated[Mapping[Identifier, Purpose], Field(default_factory=_default_purposes)]
    """What is asked, in the order in which the notice shows it. `necessary` is always there and always on."""
    services: Mapping[Identifier, Service] = {}
    """The tools that the site uses."""
    use: tuple[Identifier, ...] = ()
    """Services taken from the catalogue, by id; a table `[services.<id>]` adds to one or changes it."""
    unlisted: Literal["gate", "allow"] = "gate"
    """What happens to services that the catalogue knows and this policy does not name: `gate` shuts them for good, since no
    notice speaks of them. Captcha, payment and CDN services are left alone either way."""
    unknown: Literal["allow", "gate", "report"] = "report"
    """What happens to third parties that nobody knows: `report` lets them pass, with one line in the log for each host."""
    unknown_cookies: Literal["allow", "drop"] = "allow"
    """What happens to a cookie of the app that no service owns. Session cookies of most apps are such: name them as cookies of
    a service of purpose `necessary` before dropping others."""
    hide_request_cookies: StrictBool = False
    """Whether cookies of services that may not run are kept from the app."""
    csp: Literal["off", "report", "enforce"] = "off"
    """Whether the Content-Security-Policy is narrowed to what is granted; `report` only tells the browser to report."""
    csp_sources: tuple[Host, ...] = ()
    """Hosts that the site needs for itself: a policy made by consentkit, where the app sends none, allows them besides the
    site's own and the services', and one of the app's keeps them where a service has no more than paths of them."""
    consent_mode: Literal["off", "basic", "advanced"] = "basic"
    """Google's Consent Mode, where a service reads it: `basic` gates the tags; `advanced` lets them run, told that nothing is
    granted. Advanced sends data about visitors who refused: whether that is lawful is disputed (see the docs)."""
    retention: Seconds | None = None
    """How long the personal part of a consent's proof is kept after that consent has ended. Absent: for good."""
    pages: tuple[PageRule, ...] = ()
    """Rules by page; the first that matches holds."""
    layout: Literal["bar", "box", "modal"] = "bar"
    """The shape of the banner."""
    position: Literal["top", "bottom"] = "bottom"
    """The edge at which it stands."""
    place: Literal["start", "end"] = "start"
    """Where in `<body>` it is written: `end` for pages that are hydrated as a whole document."""
    theme: Theme = Theme()
    """Its colours, corners and fonts."""
    language: Language = "en"
    """The language used where the page and the browser name none that we have."""
    languages: tuple[Language, ...] = ()
    """The languages that the notice is offered in. Absent: all that consentkit has, and those of `texts`."""
    texts: Mapping[Language, Mapping[str, Text]] = {}
    """Words of the notice that replace the built-in ones, by language and name."""
    privacy_url: LinkAddress | None = None
    """The site's privacy statement."""
    imprint_url: LinkAddress | None = None
    """The site's imprint."""
    lifetime: Seconds | None = None
    """How long an answer holds, a refusal at least as long as a grant. Absent: as long as the visitor's jurisdiction allows, or
    180 days where none is named. A longer one than the jurisdiction allows is cut. Browsers keep no cookie for more than 400
    days."""

    _terms: Terms | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _hangs_together(self) -> Policy:
        found = list(disagreements(self.model_dump(mode="json")))
        if found:
            raise ValueError("\n".join(map(str, found)))
        return self

    def notice_rule(self, path: str) -> NoticeRule:
        """How the notice stands on a page, by its path: the first rule that matches holds."""
        return next((rule.notice for rule in self.pages if path_matches(rule.match, path)), "default")

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
        """Hash of what is asked: purposes, services, vendors, recipients; never their words or order."""
        return _digest(sorted(self.questions.marks - {RECIPIENTS_TOLD}))

    @cached_property
    def questions(self) -> Questions:
        """What is put to the visitor."""
        return questions(self.askable, self._asked_services)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The mark of each purpose and service that is asked, by id."""
        return self.questions.fingerprints

    @cached_property
    def receivers(self) -> frozenset[str]:
        """The companies that receive data of what is asked, each once: vendors and recipients."""
        return frozenset(
            company for each in self._asked_services.values() for company in (each.vendor, *each.recipients)
        )

    @cached_property
    def _asked_services(self) -> Mapping[str, Service]:
        return {
            name: service
            for name, service in self.services.items()
            if self.exempted.get(name, Regime.OPT_IN).asked
            and not set(self.askable).isdisjoint(service.purposes)
        }

    @cached_property
    def marks(self) -> Mapping[str, str]:
        """Six characters for each service id alone: a no to a service outlives a change of its vendor."""
        return {name: mark("id", name) for name in self.services}

    @cached_property
    def askable(self) -> tuple[str, ...]:
        """Ids of the purposes that are put to the visitor, in the policy's order: neither ``necessary`` nor exempt."""
        return tuple(name for name, regime in self.regimes.items() if regime.asked)

    def under(self, terms: Terms) -> Policy:
        """The same policy, version and all, as it applies in one jurisdiction."""
        bound = self.model_copy()
        bound._terms = terms
        return bound

    @property
    def terms(self) -> Terms | None:
        """The jurisdiction that this policy is applied in; ``None``: none is told apart."""
        return self._terms

    @cached_property
    def regimes(self) -> Mapping[str, Regime]:
        """The regime of every purpose, ``necessary`` included (always ``exempt``)."""
        found = {name: self._regime(name, purpose) for name, purpose in self.purposes.items()}
        if NECESSARY not in found:
            found = {NECESSARY: Regime.EXEMPT, **found}
        return found | {NECESSARY: Regime.EXEMPT}

    def _regime(self, name: str, purpose: Purpose) -> Regime:
        own = purpose.regime or self.regime
        if self._terms is None:
            return own or Regime.OPT_IN
        services = [service for service in self.services.values() if name in service.purposes]
        return self._terms.regime(category_of(name, purpose), own, services)

    @cached_property
    def exempted(self) -> Mapping[str, Regime]:
        """Services that would be asked about and are exempt here by what they state of themselves, each with its own regime:
        ``exempt``, or ``opt-out`` where the law wants a simple objection. Where they are all of a purpose, it is not asked.
        """
        if self._terms is None:
            return {}
        found = {}
        for name, service in self.services.items():
            asked = {
                category_of(purpose, self.purposes.get(purpose, Purpose()))
                for purpose in service.purposes
                if self.regimes[purpose].asked or self._by_facts(purpose)
            }
            regime = self._terms.exemption(asked, service)
            if regime is not None:
                found[name] = regime
        return found

    def _by_facts(self, name: str) -> bool:
        """Whether a purpose is not asked for the facts of its services alone."""
        purpose = self.purposes.get(name)
        if purpose is None or self._terms is None or purpose.regime or self.regime or name == NECESSARY:
            return False
        return self._terms.asks(category_of(name, purpose))

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
    def grant_lifetime(self) -> int:
        """Seconds for which a grant holds: the policy's, no longer than the jurisdiction allows, at most 400 days."""
        longest = self._terms.rule.lifetime if self._terms else None
        wanted = self.lifetime or longest or USUAL_LIFETIME
        return min(wanted, longest or wanted, BROWSER_CAP)

    @cached_property
    def cookie_lifetime(self) -> int:
        """Seconds for which the decision cookie is kept: a refusal rests for as long as the jurisdiction asks."""
        rests = self._terms.rule.ask_again if self._terms else 0
        return min(max(self.grant_lifetime, rests), BROWSER_CAP)

    @cached_property
    def lives(self) -> tuple[int, ...]:
        """Seconds after a decision at which it comes to mean something else: a grant ends, a refusal has rested, all ends."""
        rests = (self._terms.rule.ask_again,) if self._terms else ()
        return tuple(sorted({self.grant_lifetime, *rests, self.cookie_lifetime}))

    @property
    def longest_lifetime(self) -> int:
        """Seconds for which a choice may be believed at most, wherever the visitor is."""
        return BROWSER_CAP if self.jurisdictions else self.cookie_lifetime


def disagreements(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Where the parts of a policy, each right by itself, do not hang together.

    :param data: the policy as plain data, as a file states it. Parts of a wrong type are passed over: they are reported
        where each part is judged, and must not hide what is wrong beside them.
    """
    purposes = table(data.get("purposes", _default_purposes()))
    services = table(data.get("services"))
    yield from _reasoned(data, purposes)
    regime = table(purposes.get(NECESSARY)).get("regime")
    if regime is not None and regime != Regime.EXEMPT:
        path = ("purposes", NECESSARY, "regime")
        yield Problem.at(path, f'"{regime}"', 'no regime, or "exempt": what is necessary is always on')
    yield from _proof_outlives(data)
    yield from unreadable(table(data.get("theme")))
    used = [name if isinstance(name, str) else "" for name in listed(data.get("use"))]
    for index, name in enumerate(used):
        if name and name not in services:
            expected = "a service of this policy (consentkit.policyfile takes it from the catalogue)"
            yield Problem.at(("use", index), f'"{name}"', expected)
    for name, service in services.items():
        at = ("services", name)
        if name in purposes or name == NECESSARY:
            yield Problem.at(at, "the name of a purpose", "a name that no purpose has")
        yield from _purposes_agree(at, table(service), purposes)
    yield from bad_addresses(services, own_host(table(data.get("site")).get("address")), frozenset(used))


def _reasoned(data: Mapping[str, Any], purposes: Mapping[str, Any]) -> Iterator[Problem]:
    """A regime of the site's own overrides every jurisdiction that the policy names: then the log must hold a reason."""
    if not data.get("jurisdictions") or data.get("reason"):
        return
    stated = [("regime",), *(("purposes", name, "regime") for name in purposes if name != NECESSARY)]
    for path in stated:
        own = data.get("regime") if len(path) == 1 else table(purposes[path[1]]).get("regime")
        if isinstance(own, str):
            yield Problem.at(path, f'"{own}" beside jurisdictions', "a reason beside it, for the record")


def _proof_outlives(data: Mapping[str, Any]) -> Iterator[Problem]:
    """The proof of a choice must be there for as long as it may be in use: a browser that restores an older cookie is
    believed until that one expires, whatever was chosen since.
    """
    stated = BROWSER_CAP if data.get("jurisdictions") else data.get("lifetime") or USUAL_LIFETIME
    keep, lifetime = _seconds(data.get("retention")), _seconds(stated)
    if keep is not None and lifetime is not None and keep < min(lifetime, BROWSER_CAP):
        found, expected = data["retention"], "no less than lifetime, for which a choice may be in use"
        yield Problem.at(("retention",), f'"{found}"' if isinstance(found, str) else str(found), expected)


def _seconds(value: Any) -> int | None:
    try:
        return parse_duration(value)
    except ValueError:
        return None


def _purposes_agree(
    at: tuple[str, ...], service: Mapping[str, Any], purposes: Mapping[str, Any]
) -> Iterator[Problem]:
    known = [*purposes, *({NECESSARY} - set(purposes))]
    for index, purpose in enumerate(listed(service.get("purposes"))):
        if isinstance(purpose, str) and purpose not in known:
            nearest = next(iter(get_close_matches(purpose, known, 1)), None)
            yield Problem.at(
                (*at, "purposes", index),
                f'"{purpose}"',
                f"a purpose of this policy: {', '.join(known)}",
                nearest,
            )


def own_host(address: Any) -> str:
    """Host of an origin, with its port unless it is the scheme's own; ``""`` of what is none."""
    scheme, _, host = address.partition("://") if isinstance(address, str) else ("", "", "")
    return host.removesuffix({"https": ":443", "http": ":80"}.get(scheme, ""))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest(value: Any) -> str:
    return hashlib.sha256(_canonical(value)).hexdigest()
