"""The desk inside a site that asks for consent: its pages are none of the site's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from tests.asgi import KEY, OURS, PAGE, get, serving

from consentkit.audit.log import AuditLog
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


def test_without_its_packages_it_says_how_to_get_them() -> None:
    script = "import sys; sys.modules['starlette'] = None; from consentkit import ComplianceDesk"

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert 'pip install "consentkit[desk]"' in ended.stderr


def test_links_and_tokens_need_no_server() -> None:
    script = "import sys, consentkit.cli.desk; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert not {"starlette", "uvicorn"} & set(loaded.split())
