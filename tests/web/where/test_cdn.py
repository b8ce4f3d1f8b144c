"""The header fields of known CDNs."""

from __future__ import annotations

import pytest
from tests.asgi import http

from consentkit.web import where
from consentkit.web.where.cdn import edgescape

PEER = ("198.51.100.9", 443)
US = "georegion=246,country_code=US,region_code=CA,city=SANJOSE,areacode=408+669,lat=37.3394,long=-121.8950"


@pytest.mark.parametrize(
    ("resolver", "country", "part"),
    [
        (where.cloudflare, b"cf-ipcountry", b"cf-region-code"),
        (where.cloudfront, b"cloudfront-viewer-country", b"cloudfront-viewer-country-region"),
        (where.vercel, b"x-vercel-ip-country", b"x-vercel-ip-country-region"),
        (where.google, b"x-appengine-country", b"x-appengine-region"),
    ],
    ids=["cloudflare", "cloudfront", "vercel", "google"],
)
def test_a_cdn_is_read_in_its_own_fields_from_its_own_addresses(resolver, country, part):
    asked = resolver(["198.51.100.9"])

    assert asked(http(headers=[(country, b"US"), (part, b"ca")], client=PEER)) == "US-CA"
    assert asked(http(headers=[(country, b"NO")], client=PEER)) == "NO"
    assert asked(http(headers=[(country, b"NO")], client=("203.0.113.9", 1))) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (US, "US-CA"),
        ("country_code=FR, region_code=75", "FR"),
        ("georegion=1,country_code=reserved,region_code=reserved", None),
        ("country_code=US,region_code=", "US"),
        ("country_code=,region_code=CA", None),
        ("country_code=FR,country_code=US", None),
        ("country_code=US,region_code=CA,region_code=NY", None),
        ("country_code", None),
        ("country_code==US", None),
        ("xcountry_code=US", None),
        ("", None),
    ],
)
def test_edgescape_names_a_place_once_or_none(value, code):
    assert edgescape(value) == code


def test_edgescape_is_read_from_its_own_addresses():
    asked = where.akamai(["198.51.100.9"])
    fields = [(b"x-akamai-edgescape", US.encode())]

    assert asked(http(headers=fields, client=PEER)) == "US-CA"
    assert asked(http(headers=fields * 2, client=PEER)) is None
    assert asked(http(headers=fields, client=("203.0.113.9", 1))) is None
