"""Rules on the way back and on what surrounds the notice: the lasting control, links, what is fetched, what is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from consentkit.core.jurisdiction import Shown
from consentkit.lint.markup import Element
from consentkit.lint.rule import Found, Severity, rule
from consentkit.lint.rules.places import seen
from consentkit.lint.site import Layer, Site

TEMPLATE = "Our own templates hold to it; a template of the site's own can break it."
_STYLED = re.compile(r"(?:url\(|@import)\s*+[\"']?(?:https?:)?//([^/\"'\s)]+)", re.I)
_FETCHES = ("src", "srcset", "data", "poster", "background")


@rule(
    "R13",
    "fires-early",
    does="Looks for something in the notice itself that is fetched from another host, before any choice. With `--render` a "
    "page with the tags of the policy's services is visited: requests, cookies and storage.",
    why="The notice must not do what it asks about.",
    example='A template with <img src="https://logos.example/n.png">',
    sources=("Directive 2002/58/EC art. 5(3)", "VG Hannover 10 A 5385/22"),
    kept="Ours fetches nothing from elsewhere. What pages of yours fetch, consentkit leaks shows.",
)
def fires_early(site: Site) -> Iterator[Found]:
    own = urlsplit(site.policy.site.address).netloc
    for layer in site.named("first", "second", "decided"):
        for each in layer.page.all():
            names = (*_FETCHES, *(("href",) if each.tag in ("link", "image", "use") else ()))
            hosts = {urlsplit(each[name].strip()).netloc for name in names} - {"", own}
            hosts |= _styled(each) - {own}
            if hosts:
                yield seen(layer, f"{each.tag} from {min(hosts)}", "nothing from elsewhere")


def _styled(element: Element) -> set[str]:
    """Hosts that its style fetches from."""
    sheet = "".join(map(str, element.content)) if element.tag == "style" else ""
    return set(_STYLED.findall(f"{element['style']} {sheet}"))


@rule(
    "R15",
    "withdraw-absent",
    does="Looks for a page that has no lasting link or icon to the preferences once a choice is made; with `--render`, none "
    "that can be seen and pressed.",
    why="A yes must be as easy to take back as it was to give.",
    example="A template that draws the control with the banner only.",
    sources=("GDPR art. 7(3)", "EDPB Cookie Banner Taskforce, report of 17 January 2023, ¶¶32-35"),
    kept=TEMPLATE,
)
def withdraw_absent(site: Site) -> Iterator[Found]:
    for layer in site.named("decided"):
        if not _lasting(layer):
            yield seen(layer, "no way back to the preferences", "a link or icon on every page")


def _lasting(layer: Layer) -> list[Element]:
    return [
        each
        for each in layer.page.all()
        if each.tag == "a" and each["id"] == "consentkit-preferences" and not each.has("hidden")
    ]


@rule(
    "R16",
    "withdraw-harder",
    does="Looks for a second layer that cannot withdraw at once: no button for it, one that is folded away, disabled, or "
    "behind a field. With `--render` presses and fields are counted: one press more than accepting is allowed, by which the "
    "preferences open.",
    why="It must be as easy as giving.",
    example="The button to withdraw inside <details>.",
    sources=("GDPR art. 7(3)",),
    kept=TEMPLATE,
)
def withdraw_harder(site: Site) -> Iterator[Found]:
    for layer in site.named("second"):
        buttons = layer.controls("withdraw")
        if not any(each.folds == 0 and not each.has("disabled") for each in buttons):
            yield seen(layer, "withdrawing not at hand", "a button for it, open to see", "withdraw")


@rule(
    "R34",
    "link-hidden",
    does="Looks for notices that do not link to the privacy statement, or to the list of cookies. With `--render` both must "
    "be reached.",
    why="Who wants to read before choosing must be able to.",
    example="A template whose second layer does not link to the declaration.",
    sources=("EDPB Guidelines 03/2022 v2.0, Annex I: dead end", "ÚOOÚ, on cookie notices"),
    kept="A modal notice of ours stands in the flow of the privacy statement and the imprint themselves.",
)
def link_hidden(site: Site) -> Iterator[Found]:
    address = site.policy.privacy_url
    for layer in site.named("first", "second"):
        links = [each["href"] for each in layer.page.all() if each.tag == "a"]
        if address and address not in links:
            yield seen(layer, "no link to the privacy statement", address)
        if layer.name == "second" and not any("/declaration" in each for each in links):
            yield seen(layer, "no link to the list of cookies", "a link to the declaration")


@rule(
    "R37",
    "optout-link-missing",
    does="Looks for pages without the lasting link to an opt-out, in words, where the law wants one beside the banner. With "
    "`--render` its words must be seen, and it is followed: to a page of the site's own, where one can opt out.",
    why="A banner that is gone after a click is no way to opt out later.",
    example="A template that draws the round control in place of the link.",
    sources=("Cal. Civ. Code 1798.135(a)", "11 CCR 7013", "11 CCR 7026(a)(4)"),
    severity=Severity.WARNING,
    instead={"US-CA": Severity.ERROR},
    kept="Our own pages show the link where the row asks for it; a template of the site's own can drop it.",
)
def optout_link_missing(site: Site) -> Iterator[Found]:
    for layer in site.named("decided"):
        terms = layer.policy.terms
        wanted = terms is not None and Shown.OPT_OUT_LINK in terms.rule.shows
        if wanted and not any(each.text for each in _lasting(layer)) and _lasting(layer):
            yield seen(layer, "no link in words to an opt-out", '"Your Privacy Choices"', "opt-out-link")


@rule(
    "R40",
    "bar-unseen",
    does="Looks for a bar at the bottom where the guidance wants more.",
    why="A strip that goes unnoticed asks nobody.",
    example='layout = "bar" and position = "bottom" with jurisdictions = ["NG"]',
    sources=("GAID of 19 September 2025, art. 7 (reported)",),
    severity=Severity.WARNING,
    kept="Where the policy does not name the country itself but all the world, it is a note.",
)
def bar_unseen(site: Site) -> Iterator[Found]:
    for house in site.houses:
        terms = house.policy.terms
        wanted = terms is not None and Shown.UNMISSABLE in terms.rule.shows
        if wanted and (house.policy.layout, house.policy.position) == ("bar", "bottom"):
            named = not set(house.codes).isdisjoint(site.policy.jurisdictions)
            weight = None if named else Severity.NOTE
            yield Found(("layout",), '"bar" at the bottom', '"box" or "modal"', house.codes, weight)


@rule(
    "R41",
    "proof-gap",
    does="Looks for a form that does not say which notice it was shown with, or in which language.",
    why="A yes to nobody knows which words proves nothing.",
    example='A template without <input name="notice">.',
    sources=("GDPR art. 7(1)", "CNIL 2020-092 §48"),
    kept="The log holds the notice's hash, and the notice holds text and language. A form without the hash is refused "
    "if it grants.",
)
def proof_gap(site: Site) -> Iterator[Found]:
    books = {house.codes: house.book for house in site.houses}
    for layer in site.named("first", "second"):
        notice = books[layer.codes].notice(layer.language)
        forms = [each for each in layer.page.all() if each["name"] == "notice"]
        if not any(each["value"] == notice.hash for each in forms):
            yield seen(layer, "a form without the hash of its notice", "a hidden field notice")
        languages = {each["lang"] for each in layer.page.all() if each.has("lang")}
        if notice.language not in languages:
            yield seen(layer, "no language", f'lang="{notice.language}"')
