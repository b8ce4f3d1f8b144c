"""The desk inside a site that asks for consent: its pages are none of the site's."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.asgi import KEY, OURS, PAGE, get, serving

from consentkit.audit.errors import LogLocationError
from consentkit.audit.log import AuditLog
from consentkit.audit.sample import append_sample
from consentkit.core.policy import Policy
from consentkit.desk.app import ComplianceDesk
from consentkit.web.middleware import ConsentMiddleware


def around(policy: Policy, audit: AuditLog, auth: Callable[[Any], Any]) -> ConsentMiddleware:
    desk = ComplianceDesk(policy, audit, auth)
    site = Starlette(routes=[Mount("/desk", app=desk), Mount("/", app=serving(PAGE))])
    return ConsentMiddleware(site, policy=policy, secret_key=KEY, audit=audit)


async def test_no_notice_is_put_into_it_and_its_csp_stays(policy: Policy, audit: AuditLog) -> None:
    app = around(policy, audit, lambda _scope: "officer")

    page, other = await get(app, "/desk/decisions"), await get(app, "/article")

    assert page.status == 200
    assert OURS not in page.body
    assert b"<script" not in page.body
    assert (page.one(b"content-security-policy") or b"").startswith(b"default-src 'none'; style-src 'self';")
    assert OURS in other.body


async def test_every_address_on_its_pages_is_below_its_mount(policy: Policy, audit: AuditLog) -> None:
    app = around(policy, audit, lambda _scope: "officer")

    for path in ("/desk/", "/desk/decisions", "/desk/integrity", "/desk/people"):
        page = (await get(app, path)).body
        for address in re.findall(rb' (?:href|src|action)="([^"#][^"]*)"', page):
            assert address.startswith(b"/desk"), (path, address)


async def test_the_hosts_sign_in_sees_the_whole_scope(policy: Policy, audit: AuditLog) -> None:
    seen: list[str] = []

    def auth(scope: Any) -> str:
        seen.append(scope["path"])
        return "viewer"

    await get(around(policy, audit, auth), "/desk/integrity")

    assert seen == ["/desk/integrity"]


@pytest.mark.parametrize(
    ("logs", "size"),
    [((), 0), (("",), 3), (("another name",), 3), (("", "https://paper.example"), 3)],
    ids=["none yet", "unnamed", "named", "several"],
)
async def test_a_url_stands_for_the_only_log_or_the_sites_own(
    policy: Policy, tmp_path: Path, logs: tuple[str, ...], size: int
) -> None:
    url = f"sqlite:///{tmp_path / 'consent.db'}"
    for name in logs:
        append_sample(url, name, 3, 1)

    told = json.loads(
        (await get(ComplianceDesk(policy, url, lambda _scope: "viewer"), "/api/integrity")).body
    )

    assert told["size"] == size


async def test_a_store_of_an_older_version_keeps_its_log(policy: Policy, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'consent.db'}"
    append_sample(url, "another name", 3, 1)
    with closing(sqlite3.connect(tmp_path / "consent.db")) as store, store:
        for table in ("desk_access", "verifications", "followers", "deliveries"):
            store.execute(f"DROP TABLE {table}")
        store.execute("DROP INDEX events_time")
        store.execute("UPDATE alembic_version SET version_num = '0002'")

    desk = ComplianceDesk(policy, url, lambda _scope: "viewer")

    assert json.loads((await get(desk, "/api/integrity")).body)["size"] == 3


def test_a_url_that_is_none_is_told_at_once(policy: Policy) -> None:
    with pytest.raises(LogLocationError):
        ComplianceDesk(policy, "mysql://localhost/consent")


def test_without_its_packages_it_says_how_to_get_them() -> None:
    script = "import sys; sys.modules['starlette'] = None; from consentkit import ComplianceDesk"

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert 'pip install "consentkit[desk]"' in ended.stderr


def test_links_and_tokens_need_no_server() -> None:
    script = "import sys, consentkit.cli.desk; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert not {"starlette", "uvicorn"} & set(loaded.split())
