"""Take the pictures of the gallery: what visitors see, in Chromium, through the middleware, on this machine alone.

``python docs/gallery.py`` takes them all anew into ``docs/gallery``. The page about them is written by ``docs/generate.py``,
which needs no browser.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consentkit.core.policy import Policy

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

FOLDER = Path(__file__).with_name("gallery")
WINDOWS = {1280: 720, 360: 640}
"""Height by width, in CSS pixels."""
SHOWN = {1280: (960, 540), 360: (324, 576)}
"""Size of the picture of such a window."""
QUALITY = 0.72
"""Of WebP, from 0 to 1."""
OWN = {
    "paper": "#fdf6e9",
    "ink": "#2d2013",
    "soft": "#6a5847",
    "line": "#d9c8ac",
    "fill": "#7c2d12",
    "on": "#fff",
    "round": "1.4em",
    "font": "Georgia, serif",
}
"""The theme of a site."""
THEMES = {"light": "the light colours", "dark": "the dark colours", "own": "a site's own theme"}
LANGUAGES = {"en": ("ltr", "English"), "ar": ("rtl", "Arabic")}
WORDS = {
    "en": (
        "The Wrenmouth Lantern",
        "The harbour light is back",
        "After eleven weeks of repair the old lamp on the north pier was lit again on Friday evening, a little after six.",
        "The keeper, who had slept badly all autumn, said that the sea looked the same and that he did not.",
    ),
    "ar": (
        "فانوس رينماوث",
        "ضوء الميناء يعود",
        "بعد أحد عشر أسبوعًا من الإصلاح أُضيء المصباح القديم على الرصيف الشمالي مساء الجمعة، بعد السادسة بقليل.",
        "قال الحارس، الذي نام قليلًا طوال الخريف، إن البحر بقي كما هو، وإنه هو الذي تغيّر.",
    ),
}
STYLE = """:root { color-scheme: light dark; font: 18px/1.6 system-ui, sans-serif }
body { margin: 0; background: Canvas; color: CanvasText }
header { padding: 1rem 6vw; border-bottom: 3px solid; font: 700 1.4rem Georgia, serif }
main { padding: 1rem 6vw; max-width: 46rem } h1 { font: 700 2rem/1.2 Georgia, serif }"""


@dataclass(frozen=True)
class Shot:
    """One picture.

    :param section: heading of the page that it stands under.
    :param name: of its file, without what follows from the rest.
    :param says: what it shows.
    :param policy: what the sample policy states otherwise.
    :param place: where the visitor is, if the policy asks.
    :param path: what is visited: the second layer, or the page.
    :param acts: what is pressed before the picture: ``reject``, then ``preferences`` for the second layer in a dialog.
    :param signal: whether the browser sends Global Privacy Control.
    """

    section: str
    name: str
    says: str
    policy: Mapping[str, Any]
    theme: str = "light"
    language: str = "en"
    width: int = 1280
    place: str | None = None
    path: str = "/"
    acts: tuple[str, ...] = ()
    signal: bool = False

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.name}-{self.theme}-{self.language}-{self.width}.webp"

    @property
    def told(self) -> str:
        """What stands there for who does not see it."""
        language = LANGUAGES[self.language][1]
        return f"{self.says}, in {THEMES[self.theme]}, {language}, {self.width} pixels wide"

    @property
    def stated(self) -> Mapping[str, Any]:
        """What its policy states besides the sample's."""
        return {**self.policy, **({"theme": OWN} if self.theme == "own" else {})}


INTRO = {
    "A bar": 'At the lower edge, or the upper one with `position = "top"`. The page behind stays in use.',
    "A box": "In a corner; on a phone it takes the width. The page behind stays in use.",
    "A modal": "In the middle, before the page. The privacy statement and the imprint stay free of it.",
    "In the flow": 'Where a rule says `notice = "inline"` for a page: part of its text, over nothing.',
    "The second layer": "Each category and each service by itself: a page, and from the control after a choice a dialog.",
    "What a law makes visible": "Assumed consent where a row knows it, the lasting link, and a signal that was honored.",
}
INLINE = {"pages": [{"match": "/*", "notice": "inline"}]}
LAYOUTS: dict[str, tuple[str, str, Mapping[str, Any]]] = {
    "A bar": ("bar", "A bar at the lower edge", {}),
    "A box": ("box", "A box in the corner", {"layout": "box"}),
    "A modal": ("modal", "A modal in the middle", {"layout": "modal"}),
    "In the flow": ("inline", "A notice in the flow of its page", INLINE),
}
CALIFORNIA = {"jurisdictions": ["US-CA"], "layout": "box"}


def shots() -> Iterator[Shot]:
    """All pictures, in the order of the page."""
    looks = [(theme, language, width) for theme in THEMES for width in WINDOWS for language in LANGUAGES]
    for section, (name, says, policy) in LAYOUTS.items():
        for look in looks:
            yield Shot(section, name, says, policy, *look)
        if name == "bar":
            yield Shot(section, "bar-top", "A bar at the upper edge", {"position": "top"})
    section, dialog = "The second layer", "The preferences in a dialog"
    for look in looks:
        yield Shot(section, "second", "The preferences as a page", {}, *look, path="/_consent/")
    for width in WINDOWS:
        yield Shot(section, "dialog", dialog, {}, width=width, acts=("reject", "preferences"))
    section, classic = "What a law makes visible", {"regime": "notice"}
    for width in WINDOWS:
        yield Shot(section, "assumed", "The classic sentence, with a way out beside it", classic, width=width)
    for width in WINDOWS:
        says = "The lasting link after a choice"
        yield Shot(section, "link", says, CALIFORNIA, width=width, place="US-CA", acts=("reject",))
    for width in WINDOWS:
        says = "The word that an opt-out request was honored"
        yield Shot(section, "signal", says, CALIFORNIA, width=width, place="US-CA", signal=True)


HEAD = """\
<!-- Written by docs/generate.py: change docs/gallery.py instead. -->
# The gallery

What visitors see, taken in Chromium from a small site behind the middleware: each layout in the light colours, the dark ones
and [a site's own](how-to/theme.md), from left to right and from right to left, on a desk and on a phone.
`make gallery` takes the pictures anew.
"""


def page() -> str:
    """The page that shows them."""
    parts = [HEAD]
    for section, found in groupby(shots(), key=lambda shot: shot.section):
        parts.append(f"## {section}\n\n{INTRO[section]}\n")
        # Those of phones that differ in the language alone stand side by side.
        for _, alike in groupby(found, key=lambda shot: (shot.name, shot.theme, shot.width)):
            parts.append("\n".join(map(_picture, alike)) + "\n")
    return "\n".join(parts)


def _picture(shot: Shot) -> str:
    width, height = SHOWN[shot.width]
    return f"![{shot.told}](gallery/{shot.file}){{ loading=lazy width={width} height={height} }}"


def _policy(shot: Shot) -> Policy:
    return Policy.model_validate(
        {
            "site": {"name": WORDS["en"][0], "address": "http://127.0.0.1"},
            "controller": {"name": "Lantern Press, Wrenmouth", "contact": "privacy@lantern.example"},
            "privacy_url": "/privacy",
            "imprint_url": "/imprint",
            "services": {
                "figures": {"title": "Reader figures", "vendor": "Tally Ltd", "purposes": ["analytics"]},
                "films": {"title": "Films", "vendor": "Film House", "purposes": ["marketing"], "sells": True},
            },
            **shot.stated,
        }
    )


async def _site(scope: Any, receive: Any, send: Any) -> None:
    """The page of a newspaper in the language that its address names."""
    language = scope["path"].strip("/") if scope["path"].strip("/") in LANGUAGES else "en"
    name, title, *text = WORDS[language]
    paragraphs = "".join(f"<p>{each}</p>" for each in text * 2)
    body = (
        f'<!doctype html><html lang="{language}" dir="{LANGUAGES[language][0]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><header>{name}</header><main><h1>{title}</h1>{paragraphs}</main></body></html>"
    ).encode()
    head = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


PACK = """async ([png, width, height, quality]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  const drawn = canvas.getContext('2d');
  drawn.imageSmoothingQuality = 'high';
  drawn.drawImage(image, 0, 0, width, height);
  drawn.strokeStyle = '#8a8f98';
  drawn.strokeRect(0.5, 0.5, width - 1, height - 1);
  return canvas.toDataURL('image/webp', quality).split(',')[1];
}"""
"""A picture in the size that it is shown in, as WebP: the browser knows how."""


AFTER = {"reject": "#consentkit[data-consent=refused]", "preferences": "dialog[open] form"}
"""What is there once an action has been taken."""


async def _take(browser: Browser, shot: Shot, origin: str) -> bytes:
    context = await browser.new_context(
        viewport={"width": shot.width, "height": WINDOWS[shot.width]},
        color_scheme="dark" if shot.theme == "dark" else "light",
        reduced_motion="reduce",
        extra_http_headers={"Sec-GPC": "1"} if shot.signal else {},
    )
    try:
        if shot.signal:
            await context.add_init_script(
                "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
            )
        tab = await context.new_page()
        address = f"{origin}{shot.path}" if shot.path != "/" else f"{origin}/{shot.language}"
        await tab.goto(f"{address}?lang={shot.language}", wait_until="networkidle")
        for act in shot.acts:
            await tab.locator(f"#consentkit-{act}").click()
            await tab.locator(AFTER[act]).wait_for(state="attached")
            await tab.wait_for_load_state("networkidle")
        await tab.wait_for_timeout(300)
        return await _packed(tab, await tab.screenshot(), SHOWN[shot.width])
    finally:
        await context.close()


async def _packed(tab: Page, png: bytes, size: tuple[int, int]) -> bytes:
    blank = await tab.context.new_page()
    told = [base64.b64encode(png).decode(), *size, QUALITY]
    return base64.b64decode(await blank.evaluate(PACK, told))


async def take(wanted: str) -> int:
    """Take the pictures whose name holds a word; their bytes together."""
    from consentkit.audit.log import AuditLog
    from consentkit.scan.browse import chromium
    from consentkit.scan.serve import serving
    from consentkit.web.middleware import ConsentMiddleware

    found = [shot for shot in shots() if wanted in shot.file]
    taken = 0
    with tempfile.TemporaryDirectory() as kept:
        log = AuditLog(f"sqlite:///{kept}/log.db", timeout=20.0)
        apps = [
            ConsentMiddleware(
                _site,
                policy=_policy(shot),
                secret_key=secrets.token_urlsafe(48),
                audit=log,
                jurisdiction=shot.place,
                grants_per_second=None,
            )
            for shot in found
        ]
        with serving(apps, log) as origins:
            async with chromium(alone=True) as browser:
                for shot, origin in zip(found, origins, strict=True):
                    picture = await _take(browser, shot, origin)
                    (FOLDER / shot.file).write_bytes(picture)
                    taken += len(picture)
    return taken


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    print(f"{asyncio.run(take(sys.argv[1] if len(sys.argv) > 1 else '')):,} bytes")
