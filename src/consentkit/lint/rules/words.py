"""Rules on what the notice says: who asks, what for, that one may change one's mind; and nothing that steers."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas
from consentkit.jurisdictions.apply import forbidden
from consentkit.lint.europe import in_europe
from consentkit.lint.phrases import is_just, knows, said
from consentkit.lint.rule import Found, Severity, rule
from consentkit.lint.rules.places import own_texts, seen
from consentkit.lint.site import Site

BY_WORDS = (
    "Judged by lists of phrases in English, French and Arabic: it knows no rewording, and no other language."
)
CLASSIC = ("opt-in", "details")
SOURCES = 6
"""Rows whose source a line of text names."""


@rule(
    "R12",
    "notice-forbidden",
    does='Looks for words of assumed consent ("by using this site", "we assume") where a yes must be asked for, and, as a '
    'warning, for regime = "notice" that becomes a question there by forbidden_notice = "opt-in".',
    why="Such words tell the visitor that they have agreed already, where the law says that they have not.",
    example='texts.en.opt-in = "By using this site you agree to cookies."',
    sources=(
        "The row of the jurisdiction: see its page",
        "EDPB Guidelines 05/2020 on consent",
        "GDPR rec. 32",
    ),
    kept='regime = "notice" is refused at the start where a row does not know it. ' + BY_WORDS,
)
def notice_forbidden(site: Site) -> Iterator[Found]:
    for layer in site.named("first"):
        text = layer.banner.text if layer.banner else ""
        phrase = said("assumed", text, layer.language)
        if phrase and layer.policy.strictest_regime is Regime.OPT_IN:
            yield seen(layer, f'"{phrase}"', "words that ask", *CLASSIC)
    if site.policy.forbidden_notice == "opt-in":
        yield from _asked_instead(site)


def _asked_instead(site: Site) -> Iterator[Found]:
    rows = {row.code: row.on(site.day) for row in atlas().among(site.policy.jurisdictions)}
    acts: dict[str, dict[str, str]] = {}
    for purpose, code, row in forbidden(site.policy, rows):
        acts.setdefault(purpose, {})[code] = row.sources[0].act
    for purpose, by_code in acts.items():
        path = ("purposes", purpose, "regime") if site.policy.purposes[purpose].regime else ("regime",)
        named = [f"{code}: {act}" for code, act in list(by_code.items())[:SOURCES]]
        more = [f"and {len(by_code) - SOURCES} more"] if len(by_code) > SOURCES else []
        expected = f"a question, which is what these visitors get ({'; '.join([*named, *more])})"
        yield Found(path, f'"notice" for {purpose}', expected, tuple(by_code), Severity.WARNING)


@rule(
    "R14",
    "wall",
    does='Looks for words that make the page depend on a yes ("accept to continue reading"). With `--render` the page is '
    "scrolled and used after a refusal.",
    why="A yes that is the price of the page is not free.",
    example='texts.en.opt-in = "You must accept cookies to continue reading."',
    sources=(
        "GDPR art. 7(4)",
        "EDPB Guidelines 05/2020 on consent",
        "Garante 231/2021",
        "APD, on cookie walls",
    ),
    kept="Our notice opens the page after a refusal as after a grant. With a paid way beside it EDPB Opinion 08/2024 sees it "
    "case by case: consentkit does not know of prices. " + BY_WORDS,
)
def wall(site: Site) -> Iterator[Found]:
    for layer in site.named("first"):
        text = layer.banner.text if layer.banner else ""
        if phrase := said("wall", text, layer.language):
            yield seen(layer, f'"{phrase}"', "a page that can be read without a yes", *CLASSIC)


@rule(
    "R17",
    "withdraw-untold",
    does="Looks for a first layer that does not say that one can change one's mind.",
    why="That a yes can be taken back must be told before it is given.",
    example='texts.en.details = "For: {purposes}. Partners: {partners}. Responsible: {controller}."',
    sources=("GDPR art. 7(3)", "VG Hannover 10 A 5385/22"),
    kept="Our own words say it. " + BY_WORDS,
)
def withdraw_untold(site: Site) -> Iterator[Found]:
    for layer in site.named("first"):
        text = layer.banner.text if layer.banner else ""
        if knows(layer.language) and not said("withdrawal", text, layer.language):
            yield seen(
                layer,
                "no word on changing one's mind",
                '"You can change your mind at any time."',
                *CLASSIC[::-1],
            )


@rule(
    "R18",
    "controller-missing",
    does="Looks for a first layer that does not name who is responsible.",
    why="Nobody can agree to something with a stranger.",
    example='texts.en.details = "For: {purposes}. Partners: {partners}. You can change your mind at any time."',
    sources=("GDPR art. 13(1)(a)", "GDPR rec. 42"),
    kept="Our own words name the controller; the site's own can leave it out.",
)
def controller_missing(site: Site) -> Iterator[Found]:
    for layer in site.named("first"):
        if layer.banner and _plain(layer.policy.controller.name) not in layer.banner.text:
            yield seen(layer, "no name of the controller", "{controller} in the text", "details")


@rule(
    "R19",
    "purposes-missing",
    does="Looks for a first layer that does not name each purpose that is asked.",
    why="A yes to nothing in particular is none.",
    example='texts.en.details = "Partners: {partners}. Responsible: {controller}. You can change your mind at any time."',
    sources=("GDPR rec. 42", "Garante 231/2021 §7.2"),
    kept="Our own words name them; the site's own can leave them out.",
)
def purposes_missing(site: Site) -> Iterator[Found]:
    books = {house.codes: house.book for house in site.houses}
    for layer in site.named("first"):
        titles = [books[layer.codes].purpose(name, layer.language)["title"] for name in layer.policy.askable]
        if layer.banner and not all(_plain(title) in layer.banner.text for title in titles):
            yield seen(layer, "not every purpose named", "{purposes} in the text", "details")


def _plain(text: str) -> str:
    return " ".join(text.split())


@rule(
    "R20",
    "bundled",
    does="Looks for a second layer with no switch of its own for each purpose, and for a yes that stands for terms of use too.",
    why="Who wants one thing must not have to take another with it.",
    example='texts.en.opt-in-accept = "Accept cookies and our terms of use"',
    sources=("GDPR rec. 43", "GDPR art. 7(2)", "Vietnam, Law 91/2025 art. 9"),
    kept="Our second layer has a switch for each purpose. " + BY_WORDS,
)
def bundled(site: Site) -> Iterator[Found]:
    for layer in site.named("second"):
        switches = {each["value"] for each in layer.page.all() if each["name"] == "purpose"}
        if not switches.issuperset(layer.policy.askable):
            yield seen(layer, "no switch for each purpose", "one for each")
    for layer in site.named("first", "second"):
        for each in layer.controls("accept"):
            if phrase := said("bundled", each.text, layer.language):
                names = ("opt-in-accept", "opt-out-accept", "notice-accept", "accept-all")
                yield seen(layer, f'"{phrase}" in the yes', "a yes to cookies alone", *names)


@rule(
    "R21",
    "vague-purpose",
    does='Looks for purposes whose title or description says nothing: "improve your experience", "other purposes".',
    why="What is not said cannot be agreed to.",
    example='purposes.analytics.description.en = "To improve your experience."',
    sources=("EDPB Guidelines 03/2022 v2.0, Annex I: ambiguous wording", "VG Hannover 10 A 5385/22"),
    severity=Severity.WARNING,
    instead={"DE": Severity.ERROR},
    kept=BY_WORDS,
)
def vague_purpose(site: Site) -> Iterator[Found]:
    codes = tuple(code for house in site.houses for code in house.codes)
    for path, language, text in own_texts(site.policy):
        named = path[0] == "purposes" or str(path[-1]).startswith("purpose-")
        if named and (phrase := said("vague", text, language)):
            yield Found(path, f'"{phrase}"', "what is done with the data, for whom", codes)


@rule(
    "R29",
    "language-break",
    does="Looks for purposes whose title or description is missing in a language that the site itself writes in. With "
    "`--render`, also for a notice marked as another language than its page.",
    why="Half a notice in another language is half a notice.",
    example="texts.fr and purposes.ads.title.en, but no purposes.ads.title.fr",
    sources=("EDPB Guidelines 03/2022 v2.0, Annex I: language discontinuity", "ÚOOÚ, on cookie notices"),
    severity=Severity.WARNING,
    kept="Our own words are whole in each of our languages.",
)
def language_break(site: Site) -> Iterator[Found]:
    for name, purpose in site.policy.purposes.items():
        for part in ("title", "description"):
            stated = getattr(purpose, part)
            for language in sorted(site.languages - set(stated)) if stated else ():
                path = ("purposes", name, part)
                yield Found(path, f"no {language}", "every language that the site writes in")


@rule(
    "R30",
    "confusing-toggle",
    does='Looks for double negatives ("Do not refuse"), and for switches that say no more than "On" or "Yes".',
    why="Who must think what a switch means gets it wrong.",
    example='texts.en.service-allowed = "On"',
    sources=("11 CCR 7004(a)(3)(A)-(B)",),
    severity=Severity.WARNING,
    kept=BY_WORDS,
)
def confusing_toggle(site: Site) -> Iterator[Found]:
    for path, language, text in own_texts(site.policy):
        bare = path[-1] == "service-allowed" and is_just("bare", text, language)
        if bare or said("confusing", text, language):
            yield Found(path, f'"{text}"', "what happens, said without a not")


@rule(
    "R31",
    "emotional",
    does="Looks for guilt, rewards, haste and jokes in the notice.",
    why="They make refusing feel wrong instead of letting one choose.",
    example='texts.en.opt-in-reject = "No, I don\'t care about journalism"',
    sources=("EDPB Guidelines 03/2022 v2.0, Annex I: emotional steering; look over there",),
    severity=Severity.WARNING,
    kept=BY_WORDS,
)
def emotional(site: Site) -> Iterator[Found]:
    for path, language, text in own_texts(site.policy):
        if path[0] == "texts" and (phrase := said("emotional", text, language)):
            yield Found(path, f'"{phrase}"', "plain words")


@rule(
    "R33",
    "legitimate-interest",
    does="Looks for legitimate interest as the reason to reach into a device, in the notice's words and in the reasons of "
    "overrides, in Europe.",
    why="The directive knows no such reason: consent, or strict necessity.",
    example='overrides.FR = { analytics = "opt-out", reason = "Legitimate interest in measuring." }',
    sources=("EDPB Cookie Banner Taskforce, report of 17 January 2023", "Directive 2002/58/EC art. 5(3)"),
    kept=BY_WORDS,
)
def legitimate_interest(site: Site) -> Iterator[Found]:
    europe = tuple(code for house in site.houses for code in house.codes if in_europe(code))
    if europe or not site.policy.jurisdictions:
        for path, language, text in own_texts(site.policy):
            if phrase := said("interest", text, language):
                yield Found(path, f'"{phrase}"', "consent, or what is strictly necessary", europe)
    for code, override in site.policy.overrides.items():
        if in_europe(code) and said("interest", override.reason, "en"):
            path = ("overrides", code, "reason")
            yield Found(path, '"legitimate interest"', "consent, or what is strictly necessary", (code,))


@rule(
    "R42",
    "translation-unreviewed",
    does="Looks for notices in a language whose words no speaker has read yet, where the site makes that language its own.",
    why="A wrong word in a notice is a wrong question.",
    example='language = "xx", which src/consentkit/languages/index.toml does not call reviewed',
    sources=("GDPR art. 7(2): clear and plain language", "GDPR art. 12(1)"),
    severity=Severity.WARNING,
    kept="The languages that come with consentkit say of themselves whether they are reviewed.",
)
def translation_unreviewed(site: Site) -> Iterator[Found]:
    named = site.policy.languages
    for language in sorted((site.languages | {*named}) & site.unreviewed):
        path: tuple[str | int, ...] = ("texts", language) if language in site.policy.texts else ("language",)
        if language in named:
            path = ("languages", named.index(language))
        yield Found(path, f'"{language}"', "words that somebody who speaks it has read")
