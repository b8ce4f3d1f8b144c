"""Trouble reports about the gate, through the whole middleware."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.asgi import HTML, OURS, POLICY, get, serving

from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.policyfile.use import resolved

CAPTCHAS = {
    "recaptcha": (
        '<script src="https://www.google.com/recaptcha/api.js" async defer></script>',
        '<div class="g-recaptcha" data-sitekey="K"></div>',
    ),
    "recaptcha, on its button": (
        '<script src="https://www.recaptcha.net/recaptcha/api.js"></script>',
        '<button class="g-recaptcha" data-sitekey="K" data-callback="send">Send</button>',
    ),
    "hcaptcha": (
        '<script src="https://js.hcaptcha.com/1/api.js" async defer></script>',
        '<div class="h-captcha" data-sitekey="K"></div>',
    ),
    "turnstile": (
        '<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>',
        '<div class="cf-turnstile" data-sitekey="K"></div>',
    ),
    "friendly-captcha": (
        '<script src="https://global.frcapi.com/api/v2/captcha/agent"></script>',
        '<div class="frc-captcha" data-sitekey="K"></div>',
    ),
    "yandex-smartcaptcha": (
        '<script src="https://smartcaptcha.yandexcloud.net/captcha.js" defer></script>',
        '<div id="c" class="smart-captcha" data-sitekey="K"></div>',
    ),
}
"""Shapes of what vendors tell sites to write; the class names are the catalogue's, the rest was not looked up again."""
DRAWN_BY_CALL = {
    "geetest": "https://static.geetest.com/v4/gt4.js",
    "tencent-captcha": "https://turing.captcha.qcloud.com/TCaptcha.js",
    "arkose": "https://client-api.arkoselabs.com/v2/01234567/api.js",
}
"""Those that a script of the page draws wherever it likes: the site names the place."""
OF_THE_WHOLE_SITE = {"datadome", "perimeterx"}
"""Those that stand before a site, not in a form."""
FRAMESET = (
    b'<html><head><title>t</title></head><frameset cols="50%,50%"><frame src="/a">'
    b'<frame src="https://www.youtube.com/embed/AAA"></frameset></html>'
)


def of(**changes: Any) -> Policy:
    """The sample policy with services of the catalogue."""
    return Policy.model_validate(resolved({**POLICY, **changes}, catalogue()))


def page(*parts: str) -> bytes:
    return f'<!doctype html><html lang="en"><body>{"".join(parts)}</body></html>'.encode()


@pytest.mark.parametrize("case", CAPTCHAS)
async def test_k09_a_captcha_that_is_denied_says_so_at_its_place(wrap, case):
    name = case.partition(",")[0]
    script, place = CAPTCHAS[case]
    site = wrap(serving(page(f"<form>{place}</form>{script}"), headers=HTML), policy=of(use=[name]))

    body = (await get(site)).body.decode()

    assert body.count(f'<iframe data-ck-place="{name}"') == 1
    assert "This form cannot be sent without a check by" in body
    assert f'data-ck="{name}"' in body


@pytest.mark.parametrize("case", CAPTCHAS)
async def test_k09_a_captcha_that_the_policy_does_not_name_runs(wrap, case):
    parts = "".join(CAPTCHAS[case])
    site = wrap(serving(page(parts), headers=HTML))

    body = (await get(site)).body.decode()

    assert parts in body


@pytest.mark.parametrize("name", DRAWN_BY_CALL)
async def test_k09_the_place_of_a_captcha_drawn_by_a_call_is_named_by_the_site(wrap, name):
    policy = of(use=[name], services={name: {"widgets": ["my-check"]}})
    parts = f'<form><div class="my-check"></div></form><script src="{DRAWN_BY_CALL[name]}"></script>'

    body = (await get(wrap(serving(page(parts), headers=HTML), policy=policy))).body.decode()

    assert body.count(f'<iframe data-ck-place="{name}"') == 1


def test_k09_every_captcha_of_the_catalogue_is_thought_of() -> None:
    known = {name for name, entry in catalogue().entries.items() if entry.kind == "captcha"}
    with_place = {name for name in known if catalogue().entries[name].widgets}

    assert with_place == {case.partition(",")[0] for case in CAPTCHAS}
    assert known - with_place == {*DRAWN_BY_CALL, *OF_THE_WHOLE_SITE}


async def test_k19_a_frameset_gets_no_notice_and_its_third_party_frame_is_gated(wrap):
    reply = await get(wrap(serving(FRAMESET, headers=HTML)))

    assert OURS not in reply.body
    assert b'data-ck-src="https://www.youtube.com/embed/AAA"' in reply.body
    shut = re.search(rb'<frame data-ck="[^"]+" data-ck-src="https://www.youtube.com/embed/AAA">', reply.body)
    assert shut is not None
    given_back = reply.body.replace(shut[0], b'<frame src="https://www.youtube.com/embed/AAA">')
    assert given_back.endswith(FRAMESET[FRAMESET.index(b"<title>") :])


async def test_k77_what_is_blocked_is_listed_told_and_marked_also_without_cookies(wrap, caplog):
    fonts = '<link rel="stylesheet" href="https://fonts.googleapis.com/css2?family=A">'
    film = '<script src="https://static.hotjar.com/c/hotjar-1.js"></script>'
    site = wrap(serving(page(fonts, film), headers=HTML), policy=of(use=["google-fonts"]))
    caplog.set_level("INFO")

    body = (await get(site)).body
    for _ in range(11):
        await get(site)
    pages = [(await get(site, f"/_consent{path}")).body for path in ("/declaration", "/")]

    assert b'data-ck="google-fonts"' in body
    assert re.search(rb'<script[^>]* data-ck="!hotjar"', body) is not None
    for each in pages:
        assert b"Google Fonts" in each
        assert b"Sets no cookies; receives your IP address." in each
    told = [record for record in caplog.records if "held back" in record.message]
    assert [(each.levelname, each.message.partition(". ")[0]) for each in told] == [
        (level, f"{service} was held back on the rule {rule}; times so far: {times}")
        for times in (1, 10)
        for level, service, rule in (
            ("INFO", "google-fonts", "fonts.googleapis.com"),
            ("WARNING", "hotjar", "*.hotjar.com"),
        )
    ]
    assert "Name it under use = […]" in told[1].message
