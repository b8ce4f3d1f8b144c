"""Both layers as Chromium paints them, in a wide and a narrow window. Nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from playwright.async_api import Browser, Page

from consentkit.lint.colour import parse
from consentkit.lint.painted import Button, Painted
from consentkit.lint.site import Layer
from consentkit.web import client
from consentkit.web.pages import PAGE

WINDOWS = (1280, 360)
"""CSS pixels: a desk and a small phone."""
HEIGHT = 900
PLACE = "http://127.0.0.1/"
"""Where the pages seem to lie. Nothing listens there: each request is answered or refused here."""
MEASURE = """() => {
  const root = document.getElementById('consentkit')?.shadowRoot;
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const all = action => [...(root ?? document).querySelectorAll(`button[value=${action}]:not(#consentkit-close)`)];
  const accept = all('accept')[0], rejects = all('reject');
  const reject = rejects.find(each => each.parentElement === accept?.parentElement) ?? rejects[0];
  const frame = root?.querySelector('#consentkit-banner') ?? reject?.closest('form');
  const inside = button => {
    const {left, right, top, bottom} = frame.getBoundingClientRect(), box = button.getBoundingClientRect();
    const bottommost = top + Math.max(bottom - top, frame.scrollHeight);
    return box.left >= left - 1 && box.right <= right + 1 && box.top >= top - 1 && box.bottom <= bottommost + 1;
  };
  const prose = button => [...button.parentNode.childNodes].some(each => each.nodeType === 3 && /\\p{L}{2}/u.test(each.data));
  return [accept, reject].map(button => {
    if (!button?.checkVisibility()) return null;
    const box = button.getBoundingClientRect(), style = getComputedStyle(button);
    return {left: box.left, top: box.top, width: box.width, height: box.height, font_size: parseFloat(style.fontSize),
      weight: parseInt(style.fontWeight), ink: style.color, ground: ground(button),
      framed: inside(button), prose: prose(button)};
  });
}"""


async def painted(
    browser: Browser, layers: Iterable[Layer], one_more: Callable[[], None] = lambda: None
) -> list[Painted]:
    """Layers as they are painted; those without both buttons are left out.

    :param one_more: told after each.
    """
    found = []
    page = await browser.new_page()
    try:
        for layer in layers:
            found += await _measured(page, layer)
            one_more()
    finally:
        await page.close()
    return found


def once(layers: Iterable[Layer]) -> list[Layer]:
    """The layers that ask; those that look the same as one, under all their codes."""
    alike: dict[str, Layer] = {}
    for layer in layers:
        if layer.name == "second" or (layer.name == "first" and layer.banner is not None):
            before = alike.get(layer.html)
            codes = (*before.codes, *layer.codes) if before else layer.codes
            alike[layer.html] = replace(layer, codes=codes)
    return list(alike.values())


async def _measured(page: Page, layer: Layer) -> list[Painted]:
    sheet = client.sheet(PAGE)
    body = layer.html if layer.name == "second" else _page(layer)

    async def answer(route: Any) -> None:
        address = route.request.url
        if address == PLACE:
            await route.fulfill(body=body, content_type="text/html; charset=utf-8")
        elif address.endswith(f"/static/{sheet.name}"):
            await route.fulfill(body=sheet.body, content_type=sheet.content_type)
        else:
            await route.abort()

    found = []
    await page.route("**/*", answer)
    try:
        await page.goto(PLACE)
        for window in WINDOWS:
            await page.set_viewport_size({"width": window, "height": HEIGHT})
            accept, reject = [_button(each) for each in await page.evaluate(MEASURE)]
            if accept and reject:
                found.append(Painted(layer, window, accept, reject))
    finally:
        await page.unroute("**/*", answer)
    return found


def _page(layer: Layer) -> str:
    return f'<!doctype html><html lang="{layer.language}"><meta charset="utf-8"><title>-</title><body>{layer.html}'


def _button(told: dict[str, Any] | None) -> Button | None:
    if told is None:
        return None
    ink, ground = parse(told["ink"]), parse(told["ground"])
    return Button(**{**told, "ink": ink, "ground": ground}) if ink and ground else None
