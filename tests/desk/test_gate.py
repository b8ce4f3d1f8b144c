"""What the gate held back, at ``/gate``: from the pages that were served to the officer's eyes."""

from __future__ import annotations

import csv
import html
import io
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.asgi import HTML, KEY, POLICY, Reply, get, serving
from tests.desk.conftest import Person, signed_in

from consentkit.audit.log import AuditLog
from consentkit.audit.store import Store
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.passes import Passes
from consentkit.policyfile.use import resolved
from consentkit.web.middleware import ConsentMiddleware

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
TODAY = int(time.time()) // 86_400


@pytest.fixture
def policy() -> Policy:
    return of()


def of(**changes: Any) -> Policy:
    return Policy.model_validate(resolved({**POLICY, "use": ["google-fonts"], **changes}, catalogue()))


@pytest.fixture
def count(audit: AuditLog) -> Callable[..., None]:
    """Writes counts of a day into the log of the desk."""

    def put(counts: dict[tuple[str, str, str], int], day: int = TODAY) -> None:
        store = Store(audit.url, str(audit.log_id), 5.0)
        store.count(day, counts)
        store.close()

    return put


def text(reply: Reply) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reply.body.decode())).split())


def section(reply: Reply, heading: str) -> str:
    """What stands below a heading."""
    found = re.search(rf"<h2[^>]*>{heading}</h2>(.*?)</section>", reply.body.decode(), re.DOTALL)
    return "" if found is None else " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


async def test_k77_what_pages_lost_is_shown_how_often_and_on_whose_rule_also_without_cookies(
    policy: Policy, audit: AuditLog, passes: Passes
) -> None:
    fonts = '<link rel="stylesheet" href="https://fonts.googleapis.com/css2?family=A">'
    film = '<script src="https://static.hotjar.com/c/hotjar-1.js"></script>'
    site = ConsentMiddleware(
        serving(f"<!doctype html><title>A</title>{fonts}{film}<p>Hello".encode(), headers=HTML),
        policy=policy,
        secret_key=KEY,
        audit=AuditLog(audit.url, log_id=audit.log_id),
    )
    for _ in range(3):
        await get(site)
    await site.audit.close()
    viewer = await signed_in(ComplianceDesk(policy, audit, secret_key=KEY), passes, "viewer")

    reply = await viewer.get("/gate")

    rules = section(reply, "What was held back, and on whose rule")
    assert (
        "Google Fonts 3 in pages fonts.googleapis.com The policy names it; visitors had not granted functional"
        in rules
    )
    assert "Hotjar 3 in pages *.hotjar.com The catalogue knows it, the policy does not name it" in rules
    unnamed = section(reply, "Seen, and not named by the policy")
    assert 'Hotjar 3 Hotjar Ltd. (Contentsquare) analytics use = ["hotjar"]' in unnamed
    assert "shut for good" in unnamed
    assert "Fonts" not in unnamed
    silent = section(reply, "Services without cookies")
    assert re.search(
        r"Google Fonts Google LLC .* functional sets no cookies; receives the IP address 3", silent
    )


async def test_counts_are_summed_over_the_days_that_are_asked_for(
    viewer: Person, count: Callable[..., None]
) -> None:
    for days, n in ((0, 1), (1, 10), (40, 100)):
        count({("gate", "counter", "counter.example"): n}, TODAY - days)
    first = time.strftime("%Y-%m-%d", time.gmtime((TODAY - 60) * 86_400))

    month, all_of_it = await viewer.get("/gate"), await viewer.get(f"/gate?from={first}")

    assert "counter 11 in pages" in text(month)
    assert "counter 111 in pages" in text(all_of_it)
    assert month.body.count(b'role="img"') == 1


async def test_cookies_preloads_and_the_pages_own_marks_are_told_apart(
    viewer: Person, count: Callable[..., None]
) -> None:
    count(
        {
            ("cookie", "google-analytics", "_ga"): 1234,
            ("link", "google-fonts", "fonts.gstatic.com"): 2,
            ("gate", "analytics", "markup"): 3,
            ("cookie", "unknown", "unknown_cookies"): 4,
        }
    )

    reply = await viewer.get("/gate")

    rules = section(reply, "What was held back, and on whose rule")
    assert "Google Analytics 1,234 cookie _ga The catalogue knows it" in rules
    assert "Google Fonts 2 preload (Link) fonts.gstatic.com The policy names it" in rules
    assert "analytics 3 in pages markup The page itself said so" in rules
    assert section(reply, "Unknown cookies held back").startswith("4 ")


@pytest.mark.parametrize(
    ("treated", "says"),
    [
        ("report", "They pass, and are counted"),
        ("gate", "They are held back"),
        ("allow", "no longer counted"),
    ],
)
async def test_unknown_third_parties_are_told_with_what_becomes_of_them(
    audit: AuditLog, passes: Passes, count: Callable[..., None], treated: str, says: str
) -> None:
    count({("unknown", "reported", "widgets.example"): 5, ("unknown", "unknown", "shut.example"): 6})
    viewer = await signed_in(ComplianceDesk(of(unknown=treated), audit, secret_key=KEY), passes, "viewer")

    told = section(await viewer.get("/gate"), "Unknown third parties")

    assert says in told
    assert "shut.example 6 held back (in pages)" in told
    assert "widgets.example 5 passed, told of (in pages)" in told


async def test_what_passes_unasked_is_said_so(
    audit: AuditLog, passes: Passes, count: Callable[..., None]
) -> None:
    count({("gate", "hotjar", "*.hotjar.com"): 1})
    viewer = await signed_in(ComplianceDesk(of(unlisted="allow"), audit, secret_key=KEY), passes, "viewer")

    assert "they run unasked" in section(await viewer.get("/gate"), "Seen, and not named by the policy")


@pytest.mark.parametrize("name", ["recaptcha", "stripe"])
async def test_what_runs_without_being_named_is_not_held_against_the_site(
    viewer: Person, count: Callable[..., None], name: str
) -> None:
    assert name in catalogue().entries
    count({("gate", name, "x.example"): 1})

    assert "Every service that was seen is named." in text(await viewer.get("/gate"))


async def test_a_log_without_counts_says_so_and_still_lists_the_silent_services(viewer: Person) -> None:
    reply = await viewer.get("/gate")

    assert "Nothing was held back in this time." in text(reply)
    assert "Google Fonts" in section(reply, "Services without cookies")
    assert b"<svg" not in reply.body


async def test_text_of_others_stays_text_and_runs_in_no_spreadsheet(
    viewer: Person, count: Callable[..., None]
) -> None:
    for kind in ("gate", "cookie", "link", "unknown"):
        count(
            {
                (kind, HOSTILE, HOSTILE): 1,
                (kind, "=1+1", "=1+1"): 1,
                (kind, "unknown", HOSTILE): 1,
                (kind, "", ""): 1,
            }
        )

    reply, file = await viewer.get("/gate"), await viewer.get("/gate.csv")

    assert (reply.status, file.status) == (200, 200)
    assert b"<img" not in reply.body
    assert HOSTILE in text(reply)
    told = list(csv.reader(io.StringIO(file.body.decode("utf-8-sig"))))
    assert {row[2] for row in told[1:]} == {"", HOSTILE, "'=1+1", "unknown"}


async def test_a_page_lists_no_more_than_can_be_read_and_the_file_has_all(
    viewer: Person, count: Callable[..., None]
) -> None:
    count({("gate", "counter", f"a{n}.example"): 1 for n in range(300)})

    reply, file = await viewer.get("/gate"), await viewer.get("/gate.csv")

    assert reply.body.count(b"<code>a") == 200
    assert "The first 200 are shown" in text(reply)
    assert len(file.body.splitlines()) == 301


async def test_the_numbers_of_the_chart_come_as_a_file(viewer: Person, count: Callable[..., None]) -> None:
    count({("gate", "counter", "a.example"): 2, ("cookie", "counter", "_c"): 3, ("unknown", "", ""): 7})

    file = await viewer.get("/gate.csv?of=days")

    header, *days = csv.reader(io.StringIO(file.body.decode("utf-8-sig")))
    assert header == ["day", "counter", "total"]
    assert len(days) == 30
    assert days[-1][1:] == ["5", "5"]


@pytest.mark.parametrize("asked", ["from=2026-05-02&to=2026-05-01", "from=x", "to=9999-12-31"])
async def test_what_cannot_be_meant_is_a_clear_page(viewer: Person, asked: str) -> None:
    for path in ("/gate", "/gate.csv"):
        assert (await viewer.get(f"{path}?{asked}")).status == 400
