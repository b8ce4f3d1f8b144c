"""The public list of services and cookies in Chromium: what is blocked is listed, also what sets no cookie (K77)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import uvicorn
from playwright.async_api import Browser
from tests.asgi import KEY, POLICY, serving

from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.policyfile.use import resolved
from consentkit.web.middleware import ConsentMiddleware

from .conftest import ARTEFACTS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FONTS: dict[str, Any] = {"use": ["google-fonts", "google-analytics", "hotjar", "youtube"]}
NO_COOKIES = {
    "en": "Sets no cookies; receives your IP address.",
    "fr": "Ne dépose aucun cookie\u202f; reçoit votre adresse IP.",
    "ar": "لا يضع أي ملف تعريف ارتباط؛ ويتلقى عنوان IP الخاص بك.",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("declaration")
    app = ConsentMiddleware(
        serving(b"<!doctype html><p>Hello"),
        policy=Policy.model_validate(resolved({**POLICY, **FONTS}, catalogue())),
        secret_key=KEY,
        audit=f"sqlite:///{folder / 'consent.db'}",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_k77_a_service_without_cookies_is_declared_as_what_receives_the_address(
    chromium: Browser, address: str, width: int, scheme: Literal["light", "dark"], language: str
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab = await context.new_page()

    await tab.goto(f"{address}/_consent/declaration?lang={language}")
    fonts = tab.locator("section.service", has=tab.locator("h3", has_text="Google Fonts"))
    told = await fonts.inner_text()
    link = await fonts.locator("dd a").get_attribute("href")
    direction = await tab.get_attribute("html", "dir")
    fits = await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ARTEFACTS.mkdir(exist_ok=True)
    await tab.screenshot(path=ARTEFACTS / f"declaration-{language}-{width}-{scheme}.png", full_page=True)
    await context.close()

    assert NO_COOKIES[language] in told
    assert "Google LLC" in told
    assert link == "https://policies.google.com/privacy"
    assert direction == ("rtl" if language == "ar" else "ltr")
    assert fits


async def test_each_service_has_an_address_of_its_own_in_the_visitors_language(
    chromium: Browser, address: str
) -> None:
    context = await chromium.new_context(viewport={"width": 1280, "height": 400}, locale="fr-FR")
    tab = await context.new_page()

    await tab.goto(f"{address}/_consent/declaration#youtube")
    language = await tab.get_attribute("html", "lang")
    meant = await tab.locator("section:target").inner_text()
    top = await tab.evaluate("document.querySelector(':target').getBoundingClientRect().top")
    ids = await tab.locator("section.service").evaluate_all("all => all.map(each => each.id)")
    links = await tab.locator("section.service h3 a").evaluate_all("all => all.map(each => each.hash)")
    await context.close()

    assert language == "fr"
    assert "YouTube" in meant
    assert 0 <= top < 100
    assert {"google-fonts", "google-analytics", "hotjar", "youtube", "counter", "player"} <= set(ids)
    assert links == [f"#{each}" for each in ids]


async def test_it_prints_black_on_white_with_addresses_and_without_controls(
    chromium: Browser, address: str
) -> None:
    context = await chromium.new_context(color_scheme="dark")
    tab = await context.new_page()
    await tab.goto(f"{address}/_consent/declaration")

    await tab.emulate_media(media="print", color_scheme="dark")
    shown = await tab.locator("nav, .button, button").evaluate_all(
        "all => all.filter(each => each.offsetParent).length"
    )
    colors = await tab.evaluate(
        "[getComputedStyle(document.querySelector('h2')).color, getComputedStyle(document.body).backgroundColor]"
    )
    link = await tab.evaluate("getComputedStyle(document.querySelector('dd a'), '::after').content")
    pdf = await tab.pdf()
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "declaration.pdf").write_bytes(pdf)
    await context.close()

    assert shown == 0
    assert colors == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert "https://" in link
    assert pdf.startswith(b"%PDF")
