"""Rules on the browser's signals, and on what the policy makes of the jurisdictions that it names."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.core.consent import Signals, resolve
from consentkit.core.jurisdiction import Binding, Shown, strictest_of
from consentkit.core.parts import NECESSARY, category_of
from consentkit.core.regime import Regime
from consentkit.lint.rule import Found, Severity, rule
from consentkit.lint.rules.places import seen
from consentkit.lint.site import NOON, House, Site


@rule(
    "R35",
    "gpc-ignored",
    does="Tries whether Global Privacy Control closes marketing and what sells before the first tag, in the United States.",
    why="There the signal is an opt-out, by law in many states.",
    example='gpc = "where-bound" with jurisdictions = ["world", "US-VA"]; or an override that makes marketing exempt there',
    sources=("11 CCR 7025(c)(1)", "The statutes of CO, CT, DE, MT, MN, NH, NJ, OR: see their rows"),
    kept='With gpc = "everywhere" it is honored in each row. Where a state knows no duty, ignoring it is a warning.',
)
def gpc_ignored(site: Site) -> Iterator[Found]:
    for house in site.houses:
        codes = tuple(code for code in house.codes if code == "US" or code.startswith("US-"))
        terms = house.policy.terms
        if not codes or terms is None:
            continue
        consent = resolve(house.policy, Signals(gpc=True), None, NOON)
        left = sorted(name for name in _sold(house) if name in consent.granted)
        if left:
            weight = (
                Severity.ERROR if terms.rule.gpc in (Binding.YES, Binding.CONDITIONAL) else Severity.WARNING
            )
            key = ("gpc",) if house.policy.gpc != "everywhere" else ("overrides",)
            yield Found(key, f"{', '.join(left)} open under the signal", "closed", codes, weight)


def _sold(house: House) -> set[str]:
    policy = house.policy
    marketing = {name for name, each in policy.purposes.items() if category_of(name, each) == "marketing"}
    sold = {each for service in policy.services.values() if service.sells for each in service.purposes}
    return (marketing | sold) - {NECESSARY}


@rule(
    "R36",
    "gpc-silent",
    does="Looks for a page under the signal that does not show that the signal was honored, where the law wants it shown; "
    "with `--render`, not so that it can be seen.",
    why="Visitors must be able to see that it worked.",
    example="A template without the status line.",
    sources=("11 CCR 7025(c)(6), as of 2026",),
    kept="Our own pages show the line; a template of the site's own can drop it.",
)
def gpc_silent(site: Site) -> Iterator[Found]:
    books = {house.codes: house.book for house in site.houses}
    for layer in site.named("signalled"):
        terms = layer.policy.terms
        wanted = terms is not None and Shown.SIGNAL_STATUS in terms.rule.shows
        consent = resolve(layer.policy, Signals(gpc=True), None, NOON)
        words = books[layer.codes].words[layer.language]
        if wanted and consent.signal and layer.policy.selling and words("gpc") not in layer.page.text:
            yield seen(layer, "no word on the signal", "that it was honored", "gpc")


@rule(
    "R43",
    "no-opt-in-row",
    does="Looks for a list of jurisdictions none of which asks for a yes.",
    why="Visitors from elsewhere, and those whom nobody can place, are asked under the strictest of the list. Where that is "
    "lax, so is what holds for somebody from Paris.",
    example='jurisdictions = ["US"]',
    sources=("GDPR art. 3(2): the law may reach a site wherever it is", "Directive 2002/58/EC art. 5(3)"),
    severity=Severity.WARNING,
)
def no_opt_in_row(site: Site) -> Iterator[Found]:
    rules = [house.policy.terms.rule for house in site.houses if house.policy.terms]
    if rules and strictest_of(rules).marketing is not Regime.OPT_IN:
        named = ", ".join(site.policy.jurisdictions)
        expected = '"world" or "EU" among them, for visitors from elsewhere'
        yield Found(("jurisdictions",), f"{named} alone", expected)


@rule(
    "R44",
    "overridden",
    does="Lists where the site applies something else than the row of a jurisdiction, with its reason.",
    why="It is on the site's own responsibility, and easily forgotten.",
    example='overrides.MA = { analytics = "notice", reason = "Legitimate interest, assessed on 2026-11-25." }',
    sources=("GDPR art. 5(2): accountability",),
    severity=Severity.NOTE,
)
def overridden(site: Site) -> Iterator[Found]:
    for code, override in site.policy.overrides.items():
        stated = [
            f"{name} {regime}"
            for name in ("functional", "analytics", "marketing")
            if (regime := getattr(override, name)) is not None
        ]
        expected = f"the row of {code}, were it not for: {override.reason}"
        yield Found(("overrides", code), ", ".join(stated) or "nothing", expected, (code,))
