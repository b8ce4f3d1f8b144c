"""Where a visitor is decides the law, and what nobody knows is never "no notice"."""

from __future__ import annotations

import pytest
from tests.asgi import GATED, OURS, POLICY, get, serving

from consentkit import Policy
from consentkit.web import where

CDN, STRANGER = ("198.51.100.9", 1), ("203.0.113.9", 1)
PAGES = {
    language: f'<!doctype html><html lang="{language}"><head>'.encode()
    + GATED
    + b"</head><body></body></html>"
    for language in ("en", "de", "fr")
}
SHUT = b'type="text/plain" data-ck='


@pytest.fixture
def asked(wrap):
    policy = Policy.model_validate({**POLICY, "jurisdictions": ["FR", "US"]})

    async def ask(*fields, language="en", client=CDN):
        app = wrap(
            serving(PAGES[language]), policy=policy, jurisdiction=where.cloudflare([CDN[0]]), https=True
        )
        return await get(app, "/", fields, client=client)

    return ask


@pytest.mark.parametrize(
    ("country", "shut"),
    [
        (b"FR", True),
        (b"fr", True),
        (b"US", False),
        (b"XX", True),
        (b"T1", True),
        (b"EU", True),
        (b"AP", True),
        (b"ZZ", True),
        (b"DEU", True),
        (b"de", True),
        (b"", True),
        (b"\xff", True),
    ],
)
async def test_a_country_has_its_law_and_what_is_none_the_strictest(asked, country, shut):
    reply = await asked((b"cf-ipcountry", country))

    assert (SHUT in reply.body) is shut
    assert OURS in reply.body


async def test_without_any_field_the_strictest_law_applies(asked):
    reply = await asked()

    assert SHUT in reply.body
    assert OURS in reply.body


async def test_a_strangers_field_changes_nothing(asked):
    forged = await asked((b"cf-ipcountry", b"US"), (b"cf-region-code", b"CA"), client=STRANGER)
    plain = await asked(client=STRANGER)

    # Each page has a word of its own, as long as any other.
    assert (len(forged.body), forged.status) == (len(plain.body), plain.status)
    assert SHUT in forged.body
    assert OURS in forged.body


@pytest.mark.parametrize(
    ("language", "country", "part", "shut"),
    [
        ("en", b"FR", b"", True),
        ("de", b"US", b"TX", False),
        ("fr", b"US", b"CA", False),
        ("en", b"XX", b"", True),
    ],
)
async def test_language_never_decides_the_law(asked, language, country, part, shut):
    reply = await asked(
        (b"cf-ipcountry", country),
        (b"cf-region-code", part),
        (b"accept-language", language.encode()),
        language=language,
    )

    assert (SHUT in reply.body) is shut
