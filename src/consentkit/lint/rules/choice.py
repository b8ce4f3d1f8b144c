"""Rules on the buttons: refusing beside accepting, as easy, as large, in the same order, and nothing taken for a yes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consentkit.lint.colour import ENOUGH, contrast, parse
from consentkit.lint.markup import Element
from consentkit.lint.phrases import said
from consentkit.lint.rule import Found, Severity, rule
from consentkit.lint.rules.places import seen
from consentkit.lint.site import Layer, Site

ASKING = ("first", "second")
OURS = "Our own templates hold to it; a template of the site's own can break it."
_SMALLER = re.compile(r"(?:^|;)\s*(?:font(?:-size|-weight)?|width|max-width|height|padding|scale|zoom)\s*:")
_WORD = re.compile(r"[^\W\d_]{2}")
_PAINT = re.compile(r"(?:^|;)\s*(?:background(?:-color)?|border(?:-color)?|opacity)\s*:")


def _pairs(site: Site) -> Iterator[tuple[Layer, Element, Element]]:
    """Accept and reject of each layer that has both."""
    for layer in site.named(*ASKING):
        for accept in layer.controls("accept")[:1]:
            rejects = [each for each in layer.controls("reject") if each["id"] != "consentkit-close"]
            beside = [each for each in rejects if each.parent is accept.parent] or rejects
            if beside:
                yield layer, accept, beside[0]


@rule(
    "R01",
    "reject-absent",
    does="Looks for a layer of the notice that has a button to accept and none to reject.",
    why="Who can say yes at once and no only elsewhere does not choose freely.",
    example='A template of the first layer with "Accept" and "Preferences" alone.',
    sources=(
        "EDPB Cookie Banner Taskforce, report of 17 January 2023, ¶8",
        "CNIL 2020-092 §34",
        "AEPD, guide on cookies, July 2023",
        "VG Hannover 10 A 5385/22",
        "11 CCR 7004(a)(2)(C)",
    ),
    kept=OURS,
)
def reject_absent(site: Site) -> Iterator[Found]:
    for layer in site.named(*ASKING):
        if layer.controls("accept") and not layer.controls("reject"):
            yield seen(layer, "accept without reject", "a button to reject beside it")


@rule(
    "R02",
    "reject-in-prose",
    does="Looks for a refusal that is a link in running text, or stands outside the notice's frame. With `--render` it is "
    "seen where it is painted.",
    why="A refusal that does not look like a choice is not seen as one.",
    example='"You may <a>go on without accepting</a>" in the text, while accepting is a button.',
    sources=("EDPB Cookie Banner Taskforce, report of 17 January 2023, ¶14",),
    kept=OURS,
)
def reject_in_prose(site: Site) -> Iterator[Found]:
    for layer, accept, reject in _pairs(site):
        outside = layer.name == "first" and not any(each is reject for each in _below(layer.banner))
        link = reject.tag == "a" and accept.tag != "a"
        if outside or link or (_in_prose(reject) and not _in_prose(accept)):
            found = "refusing as a link, in running text or outside the frame"
            yield seen(layer, found, "a button beside the one to accept")


def _in_prose(element: Element) -> bool:
    beside = element.parent.content if element.parent is not None else ()
    return any(isinstance(each, str) and _WORD.search(each) for each in beside)


def _below(element: Element | None) -> Iterator[Element]:
    return element.all() if element is not None else iter(())


@rule(
    "R03",
    "reject-longer",
    does="Looks for a refusal that takes more than accepting: folded away, hidden, disabled, or behind a field that must be "
    "filled in. With `--render` presses, scrolls and fields are counted.",
    why="Each further step makes some give up.",
    example="The button to reject inside <details>, the one to accept before it.",
    sources=("11 CCR 7004(a)(2)", "EDPB Guidelines 03/2022 v2.0, Annex I: longer than necessary"),
    kept=OURS,
)
def reject_longer(site: Site) -> Iterator[Found]:
    for layer, accept, reject in _pairs(site):
        if _steps(reject, layer) > _steps(accept, layer):
            yield seen(layer, "more steps to refuse than to accept", "as many steps")


def _steps(control: Element, layer: Layer) -> int:
    fields = sum(each.has("required") for each in layer.page.all())
    return (
        control.folds
        + control.has("disabled")
        + (0 if control.has("formnovalidate") else fields)
        + control.has("data-confirm")
    )


@rule(
    "R04",
    "reject-smaller",
    does="Looks for a refusal in a smaller size, font size or weight than accepting. With `--render` both are "
    "measured.",
    why="Size tells which answer is wanted.",
    example='A button to reject with style="font-size: 0.7em".',
    sources=("CNIL 2020-092 §34", "AEPD, guide on cookies, July 2023"),
    severity=Severity.WARNING,
    instead=dict.fromkeys(("FR", "ES", "IT"), Severity.ERROR),
    kept=OURS,
)
def reject_smaller(site: Site) -> Iterator[Found]:
    for layer, accept, reject in _pairs(site):
        styled = _SMALLER.search(reject["style"]) and reject["style"] != accept["style"]
        if styled or ("small" in _classes(reject) and "small" not in _classes(accept)):
            yield seen(layer, "a size of its own for reject", "the size and weight of accept")


def _classes(element: Element) -> list[str]:
    return element["class"].split()


@rule(
    "R05",
    "reject-unreadable",
    does=f"Looks for a refusal whose text has a contrast below {ENOUGH}:1 to its ground, where the button itself states "
    "both colours. With `--render` what is painted is measured.",
    why="What cannot be read cannot be chosen.",
    example='style="color: #aaa; background: #fff".',
    sources=(
        "EDPB Cookie Banner Taskforce, report of 17 January 2023, ¶18",
        "WCAG 2.2, success criterion 1.4.3",
    ),
    kept=OURS,
)
def reject_unreadable(site: Site) -> Iterator[Found]:
    for layer, _, reject in _pairs(site):
        stated = _declared(reject["style"])
        ink = parse(stated.get("color", ""))
        ground = parse(stated.get("background", stated.get("background-color", "")))
        if ink and ground and contrast(ink, ground) < ENOUGH:
            yield seen(layer, f"a contrast of {contrast(ink, ground):.1f}:1", f"at least {ENOUGH}:1")


def _declared(style: str) -> dict[str, str]:
    """The values that an inline style states, by property."""
    parts = (each.partition(":") for each in style.lower().split(";"))
    return {name.strip(): value.strip() for name, _, value in parts}


@rule(
    "R06",
    "colour-nudge",
    does="Looks for a button to accept that is filled beside one to reject that is not. With "
    "`--render` what is painted is compared.",
    why="The eye goes to the filled one.",
    example='The button to reject with class="plain", the one to accept without.',
    sources=(
        "EDPB Cookie Banner Taskforce, report of 17 January 2023, ¶17 (case by case)",
        "EDPB Guidelines 03/2022 v2.0, Annex I: hidden in plain sight",
    ),
    severity=Severity.WARNING,
    instead={"FR": Severity.ERROR, "ES": Severity.ERROR},
    kept=OURS,
)
def colour_nudge(site: Site) -> Iterator[Found]:
    for layer, accept, reject in _pairs(site):
        plain = "plain" in _classes(reject) and "plain" not in _classes(accept)
        painted = [_PAINT.search(each["style"]) and each["style"] for each in (accept, reject)]
        if plain or painted[0] != painted[1]:
            yield seen(layer, "another ground for reject than for accept", "the same colours for both")


@rule(
    "R07",
    "order-flips",
    does="Looks for buttons whose order differs between the two layers; with `--render`, also between a "
    "wide and a narrow window.",
    why="Who has learned where the no stands presses the yes.",
    example='"Reject, Accept" on the first layer, "Accept, Reject" on the second.',
    sources=("11 CCR 7004(a)(3)(C)", "EDPB Guidelines 03/2022 v2.0, Annex I: inconsistent interface"),
    severity=Severity.WARNING,
    kept=OURS,
)
def order_flips(site: Site) -> Iterator[Found]:
    first: dict[tuple[tuple[str, ...], str], bool] = {}
    for layer, accept, reject in _pairs(site):
        order = [each for each in layer.page.all() if each is accept or each is reject]
        refuses_first = order[0] is reject
        key = (layer.codes, layer.language)
        if layer.name == "first":
            first[key] = refuses_first
        elif first.get(key, refuses_first) is not refuses_first:
            yield seen(layer, "another order of accept and reject", "the order of the first layer")


@rule(
    "R08",
    "preticked",
    does="Looks for the switch of an optional purpose or service that is on when the second layer is first shown.",
    why="A box that somebody else ticked is no act of the visitor.",
    example="A template of the preferences whose switches are all checked.",
    sources=(
        "CJEU C-673/17 Planet49, 1 October 2019",
        "GDPR rec. 32",
        "EDPB Cookie Banner Taskforce, report of 17 January 2023, ¶10",
        "Garante 231/2021",
    ),
    kept="Our own page has nothing on that the jurisdiction does not allow to be on; a template of the site's own can "
    "break it.",
)
def preticked(site: Site) -> Iterator[Found]:
    for layer in site.named("second"):
        regimes = layer.policy.regimes
        for each in layer.page.all():
            purpose = each["value"] if each["name"] == "purpose" and each.has("checked") else ""
            if purpose in regimes and not regimes[purpose].open_by_default:
                yield seen(
                    layer, f"the switch of {purpose} on at first display", "off until the visitor says so"
                )
            if each.tag == "option" and each.has("selected") and each["value"] in layer.policy.services:
                yield seen(
                    layer, f"{each['value']} allowed at first display", "no answer before the visitor's"
                )


@rule(
    "R09",
    "implied-accept",
    does="Looks for something in the notice that acts by itself: handlers of scrolling, loading or time, a script of the "
    "site's own, a page that reloads itself.",
    why="Scrolling, going on or waiting is no consent.",
    example='<section id="consentkit-banner" onscroll="…">',
    sources=(
        "EDPB Guidelines 05/2020 on consent",
        "Garante 231/2021",
        "KVKK, guide on cookies, 7",
        "NPC Circular 2023-04 s.10(A)",
    ),
    kept="The server records a yes only from a form that was sent with it; a script or handler in a template can send one.",
)
def implied_accept(site: Site) -> Iterator[Found]:
    for layer in site.named(*ASKING):
        for each in layer.page.all():
            handler = next((name for name in each.attributes if name.startswith("on")), None)
            script = each.tag == "script" and "".join(map(str, each.content)).strip()
            refresh = each.tag == "meta" and each["http-equiv"].lower() == "refresh"
            if handler or script or refresh:
                yield seen(
                    layer,
                    f"{handler or each.tag} that acts by itself",
                    "nothing but buttons that are pressed",
                )


@rule(
    "R10",
    "close-is-accept",
    does='Looks for a control that closes the notice and grants: "Accept & close", or an × that accepts.',
    why="Who closes something wants it gone; that is no yes.",
    example='texts.en.opt-in-accept = "Accept & close ×"',
    sources=("VG Hannover 10 A 5385/22", "Garante 231/2021"),
    kept="Our × refuses; the site's own words or templates can break it.",
)
def close_is_accept(site: Site) -> Iterator[Found]:
    for layer in site.named(*ASKING):
        for each in layer.controls("accept"):
            words = f"{each.text} {each['aria-label']} {each['title']}"
            if said("close", words, layer.language):
                names = ("opt-in-accept", "opt-out-accept", "notice-accept", "accept-all")
                yield seen(
                    layer, f'"{each.text}" that accepts', "a yes that is called so, and no closing", *names
                )


@rule(
    "R11",
    "close-missing",
    does="Looks for a first layer without a close button where the jurisdiction wants one.",
    why="Closing must be there, as prominent as accepting, and must leave everything off.",
    example="A template of the first layer for Italian visitors without ×.",
    sources=("Garante 231/2021",),
    kept="Our notice has an × where the row asks for one; a template of the site's own can drop it.",
)
def close_missing(site: Site) -> Iterator[Found]:
    for layer in site.named("first"):
        terms = layer.policy.terms
        wanted = terms is not None and "close" in terms.rule.shows
        if wanted and not any(_closes(each, layer.language) for each in layer.page.all()):
            yield seen(layer, "no button to close", "an × inside the notice that refuses")


def _closes(element: Element, language: str) -> bool:
    if element.tag not in ("button", "a") or element["value"] == "accept":
        return False
    words = f"{element.text} {element['aria-label']} {element['title']}"
    return said("close", words, language) is not None
