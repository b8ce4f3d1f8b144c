"""A page's Content-Security-Policy by consent: the app's own narrowed, or one built."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.asgi import HTML, KEY, PAGE, POLICY, get, serving

from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie

ENFORCED, REPORTED = b"content-security-policy", b"content-security-policy-report-only"
OWN = b"script-src 'self' counter.example player.example; img-src cdn.example"
CLOSED = b"script-src 'self'; img-src cdn.example"


def policy_with(csp: str = "enforce", **more: Any) -> Policy:
    return Policy.model_validate({**POLICY, "csp": csp, "unlisted": "gate", **more})


def under(*policies: bytes, name: bytes = ENFORCED) -> Any:
    return serving(PAGE, headers=[*HTML, *((name, value) for value in policies)])


async def fetch(wrap: Any, app: Any, policy: Policy, *granted: str) -> Any:
    name, value = decision_cookie(policy, KEY, granted=granted)
    return await get(wrap(app, policy=policy), headers=[(b"cookie", f"{name}={value}".encode())])


def hosts(reply: Any, name: bytes = ENFORCED) -> set[bytes]:
    """The sources of the one policy that was built."""
    (value,) = reply.every(name)
    assert value.startswith(b"default-src 'self' ")
    return set(value.split()[1:])


async def test_without_the_policys_word_no_field_is_touched(wrap):
    reply = await fetch(wrap, under(OWN), policy_with("off"))

    assert reply.every(ENFORCED) == [OWN]
    assert reply.every(REPORTED) == []


@pytest.mark.parametrize(
    ("granted", "sent"),
    [
        ((), CLOSED),
        (("analytics",), b"script-src 'self' counter.example; img-src cdn.example"),
        (("analytics", "marketing"), OWN),
    ],
)
async def test_the_apps_policy_is_narrowed_to_what_is_granted(wrap, granted, sent):
    reply = await fetch(wrap, under(OWN), policy_with(), *granted)

    assert reply.every(ENFORCED) == [sent]


async def test_each_of_several_fields_and_policies_is_narrowed_where_it_stands(wrap):
    app = serving(
        PAGE,
        headers=[
            (b"Content-Security-Policy", b"img-src counter.example, default-src counter.example"),
            *HTML,
            (REPORTED, b"script-src counter.example; report-uri /r"),
            (ENFORCED, b"frame-ancestors counter.example"),
        ],
    )

    reply = await fetch(wrap, app, policy_with())

    policies = [field for field in reply.headers if b"security-policy" in field[0].lower()]
    assert policies == [
        (b"Content-Security-Policy", b"img-src 'none', default-src 'none'"),
        (REPORTED, b"script-src 'none'; report-uri /r"),
        (ENFORCED, b"frame-ancestors counter.example"),
    ]


async def test_reporting_leaves_the_apps_fields_and_adds_what_would_be_sent(wrap):
    reply = await fetch(wrap, under(OWN), policy_with("report"))

    assert reply.every(ENFORCED) == [OWN]
    assert reply.every(REPORTED) == [CLOSED]


async def test_reporting_adds_nothing_where_nothing_would_change(wrap):
    reply = await fetch(wrap, under(OWN), policy_with("report"), "analytics", "marketing")

    assert reply.every(REPORTED) == []


@pytest.mark.parametrize("own", [[], [b"frame-ancestors 'self'; upgrade-insecure-requests"]])
async def test_where_no_policy_speaks_of_scripts_one_is_built_beside_it(wrap, own):
    policy = policy_with(csp_sources=["cdn.example", "*.img.example"])

    reply = await fetch(wrap, under(*own), policy, "analytics")

    assert reply.every(ENFORCED)[:-1] == own
    built = set(reply.every(ENFORCED)[-1].split())
    assert {
        b"'self'",
        b"cdn.example",
        b"*.img.example",
        b"counter.example",
        b"paper.example",
        b"*.paper.example",
    } <= built
    assert b"player.example" not in built


async def test_a_policy_that_is_built_to_report_enforces_nothing(wrap):
    reply = await fetch(wrap, under(), policy_with("report"))

    assert reply.every(ENFORCED) == []
    assert b"counter.example" not in hosts(reply, REPORTED)


async def test_the_sites_other_hosts_are_left_out_while_one_of_them_is_a_closed_services(wrap):
    services = {"own": {"vendor": "V", "purposes": ["analytics"], "addresses": ["m.paper.example"]}}
    policy = policy_with(services=services)

    closed, opened = await fetch(wrap, under(), policy), await fetch(wrap, under(), policy, "analytics")

    assert not {b"*.paper.example", b"m.paper.example"} & hosts(closed)
    assert {b"*.paper.example", b"m.paper.example"} <= hosts(opened)


async def test_a_host_of_every_country_is_let_in_under_com_and_the_sites_own(wrap):
    policy = policy_with(
        site={"name": "P", "address": "https://www.paper.co.uk"},
        services={"search": {"vendor": "S", "purposes": ["analytics"], "addresses": ["www.search.*/x"]}},
    )

    found = hosts(await fetch(wrap, under(), policy, "analytics"))

    assert {b"www.search.com", b"www.search.co.uk", b"*.paper.co.uk"} <= found


async def test_a_source_shared_with_a_granted_service_stays_and_a_wild_one_gives_way_to_its_hosts(wrap):
    services = {
        "maps": {"vendor": "S", "purposes": ["functional"], "addresses": ["www.shared.example/maps"]},
        "ads": {
            "vendor": "S",
            "purposes": ["marketing"],
            "addresses": ["www.shared.example/ads", "x.shared.example"],
        },
    }
    app = under(b"script-src www.shared.example www.shared.example/ads/, img-src https://*.shared.example")

    reply = await fetch(wrap, app, policy_with(services=services), "functional")

    assert reply.every(ENFORCED) == [b"script-src www.shared.example, img-src https://www.shared.example"]


@pytest.mark.parametrize("source", [b"https:", b"*", b"*.com"])
async def test_a_source_too_broad_to_narrow_stays_and_is_told_of(wrap, caplog, source):
    caplog.set_level(logging.WARNING, "consentkit.web.narrowing")

    reply = await fetch(wrap, under(b"img-src 'self' " + source), policy_with())

    assert reply.every(ENFORCED)[0] == b"img-src 'self' " + source
    assert f"{source.decode()} in img-src is too broad to be narrowed" in caplog.text


@pytest.mark.parametrize("csp", ["enforce", "report"])
async def test_a_host_that_the_site_needs_stays_where_a_closed_service_has_a_path_and_is_told_of_once(
    wrap, caplog, csp
):
    services = {"rapid": {"vendor": "V", "purposes": ["analytics"], "addresses": ["s.cdn.example/rapid/"]}}
    own = b"script-src 'self' s.cdn.example; img-src s.cdn.example"
    caplog.set_level(logging.WARNING, "consentkit.web.narrowing")
    site = wrap(under(own), policy=policy_with(csp, services=services, csp_sources=["s.cdn.example"]))

    replies = [await get(site), await get(site)]

    assert [reply.every(ENFORCED) for reply in replies] == [[own]] * 2
    assert [reply.every(REPORTED) for reply in replies] == [[]] * 2
    assert "s.cdn.example in script-src is too broad to be narrowed: it has paths of rapid," in caplog.text
    assert caplog.text.count("too broad") == 1


async def test_a_host_of_which_a_service_that_the_site_names_has_a_path_goes_with_it(wrap):
    services = {"rapid": {"vendor": "V", "purposes": ["analytics"], "addresses": ["s.cdn.example/rapid/"]}}
    app = under(b"script-src 'self' s.cdn.example; img-src *.cdn.example")

    closed = await fetch(wrap, app, policy_with(services=services))
    granted = await fetch(wrap, app, policy_with(services=services), "analytics")

    assert closed.every(ENFORCED) == [b"script-src 'self'; img-src 'none'"]
    assert granted.every(ENFORCED) == [b"script-src 'self' s.cdn.example; img-src *.cdn.example"]


async def test_a_host_of_which_an_unlisted_service_has_a_path_stays_and_a_trackers_own_goes(wrap):
    own = b"script-src s.yimg.com sp.analytics.yahoo.com s.yimg.com/wi/ytc.js s.yimg.com/wi/ s.yimg.com/cv/"

    reply = await fetch(wrap, under(own), policy_with())

    assert reply.every(ENFORCED) == [b"script-src s.yimg.com s.yimg.com/cv/"]


async def test_strict_dynamic_is_told_of_and_nonces_and_hashes_stay(wrap, caplog):
    own = b"script-src 'nonce-abc' 'sha256-x=' 'strict-dynamic' counter.example; require-trusted-types-for 'script'"
    caplog.set_level(logging.WARNING, "consentkit.web.narrowing")

    reply = await fetch(wrap, under(own), policy_with())

    assert reply.every(ENFORCED) == [
        b"script-src 'nonce-abc' 'sha256-x=' 'strict-dynamic'; require-trusted-types-for 'script'"
    ]
    assert "'strict-dynamic'" in caplog.text


async def test_a_policy_in_a_meta_element_keeps_every_byte(wrap):
    meta = b'<meta http-equiv=content-security-policy content="script-src counter.example">'
    page = PAGE.replace(b"<head>", b"<head>" + meta)

    reply = await fetch(wrap, serving(page, headers=HTML), policy_with())

    assert meta in reply.body


async def test_only_pages_are_narrowed(wrap):
    app = serving(b"{}", headers=[(b"content-type", b"application/json"), (ENFORCED, OWN)])

    reply = await fetch(wrap, app, policy_with())

    assert reply.every(ENFORCED) == [OWN]


@pytest.mark.parametrize(
    ("csp", "granted", "says"),
    [
        ("enforce", (), True),
        ("enforce", ("analytics", "marketing"), False),
        ("report", (), False),
        ("off", (), False),
    ],
)
@pytest.mark.parametrize("own", [(), (OWN,)], ids=["built", "own"])
async def test_a_page_whose_policy_a_grant_would_widen_says_so(wrap, csp, granted, says, own):
    reply = await fetch(wrap, under(*own), policy_with(csp), *granted)

    assert (b"data-narrowed" in reply.body) is says


async def test_a_page_that_a_grant_would_not_change_says_nothing(wrap):
    """What is narrowed for a service that no grant opens stays narrowed: a new page would be the same."""
    reply = await fetch(wrap, under(b"script-src 'self' www.googletagmanager.com"), policy_with())

    assert reply.every(ENFORCED) == [b"script-src 'self'"]
    assert b"data-narrowed" not in reply.body


async def test_64_kb_of_policy_are_read_to_their_end(wrap):
    own = b"script-src " + b"counter.example " * 4000

    reply = await fetch(wrap, under(own), policy_with())

    assert reply.every(ENFORCED) == [b"script-src 'none'"]


async def test_bytes_that_no_browser_reads_pass_without_a_fault(wrap):
    own = b"\xff\xfe script-src \x00; default-src \xff://x"

    reply = await fetch(wrap, under(own), policy_with())

    assert reply.every(ENFORCED) == [own]
