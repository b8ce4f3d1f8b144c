"""First layers as Chromium paints them, in a wide and a narrow window. Nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from playwright.async_api import Page

from consentkit.lint.colour import parse
from consentkit.lint.painted import Button, Painted
from consentkit.lint.site import Layer
from consentkit.scan.browse import chromium

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
  return ['accept', 'reject'].map(name => {
    const button = root?.querySelector(`#consentkit-${name}`);
    if (!button) return null;
    const box = button.getBoundingClientRect(), style = getComputedStyle(button);
    return {left: box.left, top: box.top, width: box.width, height: box.height, font_size: parseFloat(style.fontSize),
      weight: parseInt(style.fontWeight), ink: style.color, ground: ground(button)};
  });
}"""


async def painted(layers: Iterable[Layer]) -> list[Painted]:
    """First layers as they are painted, those alike once; those without both buttons are left out.

    :raises NoBrowserError: there is no Chromium.
    """
    alike = {layer.html: layer for layer in layers if layer.name == "first" and layer.banner is not None}
    found = []
    async with chromium(alone=True) as browser:
        page = await browser.new_page()
        for layer in alike.values():
            for window in WINDOWS:
                await page.set_viewport_size({"width": window, "height": HEIGHT})
                found += await _measured(page, layer, window)
    return found


async def _measured(page: Page, layer: Layer, window: int) -> list[Painted]:
    body = f'<!doctype html><html lang="{layer.language}"><meta charset="utf-8"><title>-</title><body>{layer.html}'

    async def answer(route: Any) -> None:
        if route.request.url == PLACE:
            await route.fulfill(body=body, content_type="text/html; charset=utf-8")
        else:
            await route.abort()

    await page.route("**/*", answer)
    try:
        await page.goto(PLACE)
        accept, reject = [_button(each) for each in await page.evaluate(MEASURE)]
    finally:
        await page.unroute("**/*", answer)
    return [Painted(layer, window, accept, reject)] if accept and reject else []


def _button(told: dict[str, Any] | None) -> Button | None:
    if told is None:
        return None
    ink, ground = parse(told["ink"]), parse(told["ground"])
    return Button(**{**told, "ink": ink, "ground": ground}) if ink and ground else None
