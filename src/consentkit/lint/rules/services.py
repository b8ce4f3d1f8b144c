"""Rules on the tools: what they are called necessary for, what they claim, for how long, and to whom data goes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consentkit.catalogue.entry import FREE_KINDS
from consentkit.core.addresspattern import addresses_of
from consentkit.core.duration import DAY, parse_duration
from consentkit.core.parts import NECESSARY, category_of
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.core.service import Cookie, Service
from consentkit.core.terms import missing
from consentkit.lint.europe import in_europe
from consentkit.lint.phrases import is_just, said
from consentkit.lint.rule import Found, Severity, rule
from consentkit.lint.rules.places import own_texts, seen
from consentkit.lint.site import House, Site

LONGEST_EXEMPT = parse_duration("13mo")
"""Seconds for which an exempt tracker may live (CNIL, consolidated 16 January 2026, §50; checked 2026-11)."""
_AMERICAN = re.compile(r"\b(?:Inc|LLC|Corp|Corporation|Incorporated)\b\.?")
_IN_EUROPE = re.compile(r"\bEEA\b|\bIreland\b|\bEurope\b|\bEU\b")


@rule(
    "R22",
    "lifetime-missing",
    does="Looks for cookies whose lifetime is not told: left out of the second layer, or out of the policy where the catalogue "
    "knows that the cookie outlives the browser.",
    why="How long a cookie lives is part of what one agrees to.",
    example='services.stats.cookies = [{ name = "_ga" }], told as "until the browser closes"',
    sources=("CJEU C-673/17 Planet49, 1 October 2019, ¶81",),
    kept="Our second layer tells each lifetime; the policy or a template of the site's own can leave it out.",
)
def lifetime_missing(site: Site) -> Iterator[Found]:
    for name, service in site.policy.services.items():
        for index, cookie in enumerate(service.cookies):
            if cookie.lifetime is None and _outlives(cookie, site):
                path = ("services", name, "cookies", index)
                yield Found(path, f"{cookie.name or cookie.pattern} without a lifetime", "how long it lives")
    for layer in site.named("second"):
        told = layer.page.text
        for service in layer.policy.services.values():
            if not all(_told(cookie, told) for cookie in service.cookies):
                yield seen(layer, "a cookie that is not told", "each cookie with its lifetime")
                break


def _outlives(cookie: Cookie, site: Site) -> bool:
    if cookie.name is None:
        return False
    known = [
        each for entry in site.known.entries.values() for each in entry.cookies if each.name == cookie.name
    ]
    return bool(known) and all(each.lifetime is not None for each in known)


def _told(cookie: Cookie, text: str) -> bool:
    return cookie.name is None or cookie.name in text


@rule(
    "R23",
    "recipients-missing",
    does='Looks for a vendor or recipient without a name ("our partners"), a second layer that leaves one out, and a first '
    "layer without the number of them all.",
    why="Who receives the data is part of what one agrees to.",
    example='services.stats.vendor = "Our partners"',
    sources=(
        "CJEU C-673/17 Planet49, 1 October 2019, ¶81",
        "GDPR art. 13(1)(e)",
        "VG Hannover 10 A 5385/22 (the number, on the first layer)",
    ),
    kept="Our own layers tell both; the site's own words and templates can leave them out.",
)
def recipients_missing(site: Site) -> Iterator[Found]:
    for path, company in _companies(site.policy):
        if is_just("nobody", company, "en") or is_just("nobody", company, site.policy.language):
            yield Found(path, f'"{company}"', "the name of the company")
    for layer in site.named("second"):
        named = layer.page.text
        if not all(" ".join(company.split()) in named for _, company in _companies(layer.policy)):
            yield seen(layer, "a company that is not named", "the name of each vendor and recipient")
    for layer in site.named("first"):
        asked = layer.policy.receivers
        # In the digits of the notice's language: \d and int() know them all.
        told = re.findall(r"\d+", layer.banner.text) if layer.banner else ()
        if asked and layer.banner and len(asked) not in map(int, told):
            found = seen(layer, "no number of partners", "{partners} in the text", "details")
            weight = Severity.ERROR if "DE" in layer.codes else Severity.WARNING
            yield Found(found.path, found.found, found.expected, found.codes, weight)


def _companies(policy: Policy) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Who receives data, each where the policy says so."""
    for name, service in policy.services.items():
        yield ("services", name, "vendor"), service.vendor
        for index, company in enumerate(service.recipients):
            yield ("services", name, "recipients", index), company


@rule(
    "R25",
    "exempt-too-long",
    does="Looks for a service that runs as exempt and keeps a cookie for more than 13 months.",
    why="The exemption ends there: what lives longer must be asked for.",
    example='An exempt service with cookies = [{ name = "_m", lifetime = "399d" }]',
    sources=("CNIL, consolidated 16 January 2026, §50",),
    instead={"ES": Severity.WARNING},
    kept="That its data is kept for no more than 25 months, and that a visit does not prolong the cookie, no policy says.",
)
def exempt_too_long(site: Site) -> Iterator[Found]:
    for house in site.houses:
        codes = tuple(code for code in house.codes if code in ("FR", "ES"))
        for name, service in house.policy.services.items() if codes else ():
            for index, cookie in enumerate(service.cookies):
                if _runs_exempt(house.policy, name, service) and (cookie.lifetime or 0) > LONGEST_EXEMPT:
                    path = ("services", name, "cookies", index, "lifetime")
                    days = f"{(cookie.lifetime or 0) / DAY:g} days"
                    yield Found(path, days, f"at most {LONGEST_EXEMPT // DAY} days while it is exempt", codes)


def _runs_exempt(policy: Policy, name: str, service: Service) -> bool:
    by_purpose = bool(service.facts) and all(not policy.regimes[each].asked for each in service.purposes)
    return policy.exempted.get(name) is Regime.EXEMPT or (by_purpose and service.purposes != (NECESSARY,))


@rule(
    "R28",
    "transfer-untold",
    does="Looks for a vendor whose name is that of a company of the United States, where European visitors are told nothing of "
    "data that leaves.",
    why="That data goes to a third country must be told.",
    example='services.stats.vendor = "Stats Inc." and no word on the United States',
    sources=("GDPR art. 13(1)(f)", "VG Hannover 10 A 5385/22"),
    severity=Severity.WARNING,
    kept='Vendors are known by the form of their name ("Inc.", "LLC", "Corp.") and by nothing else. A word on it in a '
    "purpose's description or in the texts is enough for this rule.",
)
def transfer_untold(site: Site) -> Iterator[Found]:
    europe = tuple(code for house in site.houses for code in house.codes if in_europe(code))
    told = any(said("transfer", text, language) for _, language, text in own_texts(site.policy))
    if told or not europe:
        return
    for name, service in site.policy.services.items():
        if _AMERICAN.search(service.vendor) and not _IN_EUROPE.search(service.vendor):
            yield Found(
                ("services", name, "vendor"), f'"{service.vendor}"', "a word on where the data goes", europe
            )


@rule(
    "R32",
    "false-necessary",
    does="Looks for a service that the policy calls necessary and the catalogue knows for measuring or advertising.",
    why="What is called necessary is never asked about. That it is, the site would have to show.",
    example='services.google-analytics.purposes = ["necessary"]',
    sources=("Directive 2002/58/EC art. 5(3)", "GDPR art. 7(1): the burden is the controller's"),
)
def false_necessary(site: Site) -> Iterator[Found]:
    for name, service in site.policy.services.items():
        if set(service.purposes) != {NECESSARY}:
            continue
        known = sorted({each for entry in _entries(site, name, service) for each in entry.purposes})
        other = [each for each in known if each in ("analytics", "marketing")]
        if other and NECESSARY not in known:
            yield Found(
                ("services", name, "purposes"), '"necessary"', f"{', '.join(other)}, as it is known for"
            )


def _entries(site: Site, name: str, service: Service) -> list[Service]:
    entries = site.known.entries
    if name in entries:
        return [entries[name]]
    own = set(addresses_of(service))
    return [entry for entry in entries.values() if own & set(addresses_of(entry))] if own else []


@rule(
    "R38",
    "child",
    does="Looks for a site whose name, address or words say that it is for children, and a service of marketing, or of a third "
    "party's measuring, that it may run.",
    why="A child's yes does not count alone, and some laws forbid it whatever anybody says.",
    example='site.name = "News for kids" with an advertising service',
    sources=(
        "COPPA, 16 CFR 312",
        "DPDP Act 9(3)",
        "GDPR art. 8",
        "The laws of Maryland, Connecticut and Oregon on minors",
    ),
    kept="A policy does not say whom a site is for: the words of its name are all that is looked at.",
)
def child(site: Site) -> Iterator[Found]:
    policy = site.policy
    phrase = said("child", f"{policy.site.name} {policy.site.address}", "en") or said(
        "child", policy.site.name, policy.language
    )
    for name, service in policy.services.items() if phrase else ():
        categories = {
            category_of(each, policy.purposes[each]) for each in service.purposes if each != NECESSARY
        }
        third = any(not address.startswith("/") for address in addresses_of(service))
        if "marketing" in categories or ("analytics" in categories and third):
            yield Found(
                ("services", name), f'a site for "{phrase}" with {", ".join(sorted(categories))}', "neither"
            )


@rule(
    "R39",
    "exempt-unproven",
    does="Looks for an exemption without its facts: a purpose that the site calls exempt, or a service that states some of the "
    "facts that a jurisdiction wants and not all.",
    why="An exemption holds for tools that do what it says, and the site must be able to show that they do.",
    example='purposes.analytics.regime = "exempt"',
    sources=("CNIL, consolidated 16 January 2026, §50", "Garante 231/2021", "PECR Sch. A1 ¶5"),
    kept="A service that states some facts and not all is asked about, so nothing runs that should not: then it is a warning.",
)
def exempt_unproven(site: Site) -> Iterator[Found]:
    for name, purpose in site.policy.purposes.items():
        if name != NECESSARY and purpose.regime is Regime.EXEMPT and not _proven(site, name):
            yield Found(
                ("purposes", name, "regime"), '"exempt"', "services that state the facts of an exemption"
            )
    for house in site.houses:
        for name, service in house.policy.services.items():
            missing = _missing(house, service)
            if missing:
                found = f"{len(service.facts)} facts and not {', '.join(missing)}"
                expected = "all facts of the exemption, or none"
                yield Found(("services", name, "facts"), found, expected, house.codes, Severity.WARNING)


def _proven(site: Site, purpose: str) -> bool:
    services = [each for each in site.policy.services.values() if purpose in each.purposes]
    category = category_of(purpose, site.policy.purposes[purpose])
    rules = [house.policy.terms.rule for house in site.houses if house.policy.terms]
    return bool(rules) and all(
        not rule.regime(category).asked
        or (
            category in rule.exemptions
            and all(missing(rule.exemptions[category], each) == [] for each in services)
        )
        for rule in rules
    )


def _missing(house: House, service: Service) -> list[str]:
    terms = house.policy.terms
    if terms is None or not service.facts:
        return []
    purposes = [each for each in service.purposes if each != NECESSARY]
    categories = {category_of(each, house.policy.purposes[each]) for each in purposes}
    exemptions = terms.rule.exemptions
    wanted = {fact for each in categories if each in exemptions for fact in exemptions[each]}
    relevant = wanted & set(service.facts)
    return missing(wanted, service) if relevant else []


@rule(
    "R45",
    "unlisted-seen",
    does="Looks, with `--audit`, for services that pages asked for in the last 30 days and the policy does not name.",
    why='No notice speaks of them: they are shut for good, or, under unlisted = "allow" and while only observing, run unasked.',
    example="A page with a tag of hotjar, which the policy does not name",
    sources=("Directive 2002/58/EC art. 5(3)", "CJEU C-673/17 Planet49, 1 October 2019, ¶81"),
    severity=Severity.WARNING,
    kept="Seen is what the server gated or, with observe=True, would have gated; what scripts add later it does not see.",
)
def unlisted_seen(site: Site) -> Iterator[Found]:
    entries = site.known.entries
    for name, times in sorted(site.seen.items()):
        if name in entries and name not in site.policy.services and entries[name].kind not in FREE_KINDS:
            found = f"{name}, seen {times:,} times, and not named"
            yield Found(("use",), found, f'use = ["{name}"], or a page without it')
