"""Where a placeholder goes, as insertions: into a gated frame itself, beside an embed, inside an object, and at the places
that a script would fill.

Only what a person would see gets one: a frame of no size, or one that is hidden, stays empty.

A player is hidden behind one in front of it. Where only its ``<source>`` is shut out, the player's own tag has gone by: the
frame stands inside, and a script of ours moves it; without JavaScript that player stands empty.

Known limit: a size or a hiding that only a style sheet knows is not seen here; our script gives a player's frame the size
that the sheet says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from consentkit.html.rules import Insertion, Memo, Rules, Verdict
from consentkit.html.tag import Attribute, Tag
from consentkit.web.gate.address import located
from consentkit.web.gate.park import PREFIX
from consentkit.web.gate.rules import REPORTED, UNKNOWN, UNSURE, owners_of

PLACED: Final = "placeholder"
"""The label of what gained a placeholder and was not itself stilled."""
WIDGET_SIZE: Final = (304, 160)
"""Pixels of a placeholder where a script would draw something: as wide as a captcha."""
_FRAMED: Final = frozenset({b"iframe", b"embed", b"object"})
_PLAYERS: Final = frozenset({b"video", b"audio"})
_SOUND: Final = 96
"""Pixels: the bar of a sound is too low for words."""
_HOLDS: Final = frozenset({b"div", b"span", b"p", b"section"})
"""Elements whose content may begin with a frame of ours."""
_HIDING: Final = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|(?:^|[;\s])(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|$))"
)
_SIZE: Final = re.compile(r"\s*([0-9]{1,4})(?:px)?\s*")
_OWN_PICTURE: Final = re.compile(r"/(?![/\\])[!-~]{0,500}")
_FREEDOMS: Final = re.compile(r"[a-z\s-]{0,500}")


class Wanted(NamedTuple):
    """A placeholder to be drawn.

    :param names: what must be granted: services, or a purpose; with ``!`` in front what no grant opens.
    :param address: the address that "once" would load; empty where it is not offered.
    :param poster: a picture of the site's own; empty for none.
    :param host: whose it is where nobody knows more.
    :param sandbox: what the page's own sandbox leaves to the content; ``None``: it is in none.
    """

    names: tuple[str, ...]
    address: str = ""
    poster: str = ""
    host: str = ""
    sandbox: str | None = None


Draw = Callable[[Wanted], bytes]
"""Draws a placeholder as the attribute ``srcdoc``, with a blank in front."""


class PlacedRules:
    """Rules that put a placeholder where other rules still something that a person would see.

    :param rules: those others.
    :param draw: draws one.
    :param widgets: the service of each class name whose places wait for it; only of services that may not run.
    """

    def __init__(self, rules: Rules, draw: Draw, widgets: Mapping[str, str]) -> None:
        self._rules = rules
        self._draw = draw
        self._widgets = widgets
        self.names = rules.names
        self.marks = (*rules.marks, *(name.lower().encode() for name in widgets))
        self.memo: Memo | None = Memo()

    def judge(self, tag: Tag) -> Verdict:
        """As the others say, with a placeholder where there is room for one."""
        verdict = self._rules.judge(tag)
        if verdict.rules is not None:
            return Verdict(rules=PlacedRules(verdict.rules, self._draw, self._widgets))
        if not tag.complete:
            return verdict
        if tag.name in _FRAMED and _parked(verdict) and _seen(tag):
            return self._framed(tag, verdict)
        if (tag.name in _PLAYERS or tag.name == b"source") and _parked(verdict) and _plays(tag):
            return self._played(tag, verdict)
        return self._filled(tag, verdict) if self._widgets else verdict

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """As the others say."""
        return self._rules.judge_text(tag, text, complete)

    def _framed(self, tag: Tag, verdict: Verdict) -> Verdict:
        wanted = _wanted(verdict.label)
        if wanted is None:
            return verdict
        if tag.name == b"iframe":
            wanted = wanted._replace(
                address=_address(tag.get(b"src")) or _address(tag.get(b"data-src")),
                poster=_poster(tag.get(b"data-poster")),
                sandbox=_freedoms(tag.get(b"sandbox")),
            )
            ours = [Insertion(tag.name_end, self._draw(wanted))]
            # A sandbox is for the content that was shut out, and would stop our two forms.
            ours += [Insertion(each.name_start, PREFIX) for each in tag.attributes if each.name == b"sandbox"]
        else:
            width, height = _size(tag.get(b"width"), 300), _size(tag.get(b"height"), 150)
            ours = [Insertion(len(tag.raw), self._frame(wanted, width, height))]
            if tag.name == b"object":
                # Chromium shows what is inside an object only where it has no type either (seen 2026-11).
                ours += [
                    Insertion(each.name_start, PREFIX) for each in tag.attributes if each.name == b"type"
                ]
        return _with(verdict, ours)

    def _played(self, tag: Tag, verdict: Verdict) -> Verdict:
        wanted = _wanted(verdict.label)
        if wanted is None:
            return verdict
        wanted = wanted._replace(
            address=_address(tag.get(b"src")), poster=_poster(tag.get(b"data-poster") or tag.get(b"poster"))
        )
        width = _size(tag.get(b"width"), 300)
        height = _SOUND if tag.name == b"audio" else _size(tag.get(b"height"), 150)
        frame = self._frame(wanted, width, height, b" data-ck-player")
        if tag.name == b"source":
            return _with(verdict, [Insertion(len(tag.raw), frame)])
        return _with(verdict, [Insertion(0, frame), Insertion(tag.name_end, b" hidden")])

    def _filled(self, tag: Tag, verdict: Verdict) -> Verdict:
        kinds = tag.get(b"class")
        if kinds is None:
            return verdict
        service = next((self._widgets[each] for each in kinds.text.split() if each in self._widgets), None)
        if service is None:
            return verdict
        at = len(tag.raw) if tag.name in _HOLDS else 0
        return _with(verdict, [Insertion(at, self._frame(Wanted((service,)), *WIDGET_SIZE))])

    def _frame(self, wanted: Wanted, width: int, height: int, mark: bytes = b"") -> bytes:
        names = " ".join(wanted.names).encode("ascii", "replace")
        size = b' width="%d" height="%d"' % (width, height)
        return (
            b'<iframe data-ck-place="'
            + names
            + b'" title="'
            + names
            + b'"'
            + mark
            + size
            + self._draw(wanted)
            + b"></iframe>"
        )


def _parked(verdict: Verdict) -> bool:
    """Whether the content itself was shut out; a frame may be stilled for its style alone."""
    return any(insertion.text == PREFIX for insertion in verdict.insertions)


def _plays(tag: Tag) -> bool:
    """Whether a film or a sound of its own address was shut out, which a person would see."""
    if tag.get(b"src") is None or tag.get(b"srcset") is not None:  # with the latter it is a picture's
        return False
    return _seen(tag) and (tag.name != b"audio" or tag.get(b"controls") is not None)


def _with(verdict: Verdict, ours: list[Insertion]) -> Verdict:
    """A verdict with more insertions; at the same place ours stand behind what was there."""
    insertions = sorted((*verdict.insertions, *ours), key=lambda insertion: insertion.at)
    label = verdict.label or PLACED
    return Verdict(tuple(insertions), verdict.text_insertions, verdict.wants_text, label=label)


def _wanted(label: str) -> Wanted | None:
    """What must be granted; ``None`` where nothing was stilled, or nobody can say what."""
    owners = [owner for owner in owners_of(label) if owner.service != REPORTED and owner != UNSURE]
    names = [
        f"!{owner.service}" if not owner.listed else name
        for owner in owners
        for name in owner.service.split()
    ]
    host = next((owner.rule for owner in owners if owner.service == UNKNOWN), "")
    return Wanted(tuple(dict.fromkeys(names)), host=host) if names else None


def _address(attribute: Attribute | None) -> str:
    """An address as it could be loaded alone; empty for one that is relative, or that asks no server."""
    if attribute is None or attribute.cut:
        return ""
    text = attribute.text.strip()
    where = located(text)
    if where is None or not (text.isascii() and text.isprintable()):
        return ""
    return text if text.startswith(("http://", "https://", "//")) else ""


def _poster(attribute: Attribute | None) -> str:
    text = attribute.text.strip() if attribute else ""
    return text if _OWN_PICTURE.fullmatch(text) else ""


def _freedoms(attribute: Attribute | None) -> str | None:
    if attribute is None:
        return None
    text = attribute.text.lower()
    return " ".join(text.split()) if _FREEDOMS.fullmatch(text) else ""


def _seen(tag: Tag) -> bool:
    if tag.get(b"hidden") is not None:
        return False
    style = tag.get(b"style")
    if style is not None and _HIDING.search(style.text.lower()):
        return False
    return all(_size(tag.get(name), 300) > 1 for name in (b"width", b"height"))


def _size(attribute: Attribute | None, usual: int) -> int:
    found = _SIZE.fullmatch(attribute.text) if attribute else None
    return int(found[1]) if found else usual
