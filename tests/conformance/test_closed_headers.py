"""Cases 26 and 27: pages that carry no notice, XHTML and AMP, go out with the policy that holds before any choice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.asgi import HTML, KEY, OURS, POLICY, get, serving

from consentkit.core.policy import Policy
from consentkit.testing import decision_cookie
from consentkit.web.gate.candidate import is_amp

CSP = b"content-security-policy"
XHTML = [
    (b"content-type", b"Application/XHTML+xml; charset=utf-8"),
    (b"cache-control", b"public, max-age=600"),
    (b"etag", b'"1"'),
]
PAGE = b'<html xmlns="http://www.w3.org/1999/xhtml"><body><script src="https://counter.example/c.js"></script></body></html>'
AMP = b'<!doctype html><html \xe2\x9a\xa1 lang="en"><head></head><body><p>Hello</p></body></html>'


def policy_with(csp: str) -> Policy:
    return Policy.model_validate({**POLICY, "csp": csp})


def granted(policy: Policy) -> list[tuple[bytes, bytes]]:
    name, value = decision_cookie(policy, KEY, granted=["analytics", "marketing"])
    return [(b"cookie", f"{name}={value}".encode())]


async def test_26b_xhtml_keeps_every_byte_and_every_other_field(wrap):
    policy = policy_with("enforce")

    reply = await get(wrap(serving(PAGE, headers=XHTML), policy=policy), headers=granted(policy))

    assert reply.body == PAGE
    assert reply.headers[: len(XHTML)] == XHTML
    (built,) = reply.every(CSP)
    assert b"counter.example" not in built


async def test_26c_xhtml_is_sent_to_everybody_alike(wrap):
    policy = policy_with("enforce")
    app = wrap(serving(PAGE, headers=XHTML), policy=policy)

    assert (await get(app)).headers == (await get(app, headers=granted(policy))).headers


async def test_26d_the_policy_of_xhtml_itself_is_narrowed(wrap):
    own = (CSP, b"script-src 'self' counter.example player.example")

    reply = await get(wrap(serving(PAGE, headers=[*XHTML, own]), policy=policy_with("enforce")))

    assert reply.every(CSP) == [b"script-src 'self'"]


async def test_26e_without_the_policys_word_xhtml_is_left_alone(wrap):
    reply = await get(wrap(serving(PAGE, headers=XHTML), policy=policy_with("off")))

    assert reply.headers == XHTML


@pytest.mark.parametrize("chunks", [(AMP,), (AMP[:40], AMP[40:])], ids=["whole", "streamed"])
async def test_27b_amp_carries_no_notice_and_the_closed_policy_with_its_own_scripts(wrap, chunks):
    policy = policy_with("enforce")

    reply = await get(wrap(serving(*chunks), policy=policy), headers=granted(policy))

    assert OURS not in reply.body
    (built,) = reply.every(CSP)
    assert b"cdn.ampproject.org" in built.split()
    assert b"counter.example" not in built


async def test_27c_what_is_denied_in_amp_is_gated_all_the_same(wrap):
    page = AMP.replace(b"<p>", b'<script data-category="analytics" src="https://x.example/a.js"></script><p>')

    reply = await get(wrap(serving(page), policy=policy_with("off")))

    assert b'data-ck="analytics"' in reply.body
    assert reply.every(CSP) == []


@pytest.mark.parametrize(
    ("start", "amp"),
    [
        (b"<html amp>", True),
        (b"\xef\xbb\xbf<!DOCTYPE html>\n<!-- x -->\n<HTML lang=en AMP class='a b'>", True),
        (b"<html \xe2\x9a\xa1>", True),
        (b"<html \xe2\x9a\xa1\xef\xb8\x8f4ads>", True),
        (b"<html amp4email data-x>", True),
        (b'<html amp="">', True),
        (b"<html>", False),
        (b'<html class="no amp here">', False),
        (b"<html amplified>", False),
        (b"<html data-amp>", False),
        (b"<!-- <html amp> --><html>", False),
        (b"<p>text <html amp>", False),
        (b"<html lang=en", False),
        (b"", False),
    ],
)
def test_27d_a_page_is_amp_by_its_first_tag_alone(start, amp):
    assert is_amp(start) is amp


@pytest.mark.parametrize(
    "unit", [b"<!--", b"<html ", b"<html a", b" ", b"<!doctype", b"<!---->", b"\xe2\x9a\xa1 a="]
)
def test_27e_any_start_is_read_to_its_end(unit):
    start = b"<html " + unit * 2000

    assert not is_amp(start) or unit.startswith(b"\xe2")
    assert not is_amp(unit * 2000)


async def test_a_plain_page_is_no_amp_and_gets_its_notice(wrap: Any):
    reply = await get(wrap(serving(b"<!doctype html><html lang=en><body><p>x</body></html>", headers=HTML)))

    assert OURS in reply.body
