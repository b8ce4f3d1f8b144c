"""Start and stop: a wrong configuration stops the start with its message; what was decided is written before the end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from tests.asgi import (
    KEY,
    PAGE,
    PATIENCE,
    POLICY,
    Reply,
    drive,
    get,
    http,
    post,
    receiver,
    recorder,
    serving,
)

from consentkit.audit.log import AuditLog
from consentkit.core.errors import ConfigurationError, ConsentkitError, SecretKeyError
from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware

STARTUP, SHUTDOWN = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}


async def living(scope: Any, receive: Any, send: Any) -> None:
    """An app that takes part in the lifespan."""
    if scope["type"] != "lifespan":
        return await serving(PAGE)(scope, receive, send)
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return None


async def page(request: Any) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def failed_start(app: Any) -> Any:
    """The message with which an app refuses to start; it ends with the same error."""
    reply = Reply()
    with pytest.raises(ConsentkitError) as caught:
        async with asyncio.timeout(PATIENCE):
            await app({"type": "lifespan"}, receiver([STARTUP]), recorder(reply))
    (message,) = reply.messages
    assert message == {"type": "lifespan.startup.failed", "message": str(caught.value)}
    return message["message"]


LARGE = Policy.model_validate(
    {**POLICY, "services": {f"s{n}": {"vendor": "V", "purposes": ["analytics"]} for n in range(120)}}
)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a short key": ({"secret_key": "short"}, "5 bytes"),
    "no key": ({"secret_key": []}, "CONSENTKIT_SECRET_KEY"),
    "a missing policy": ({"policy": "nowhere.toml"}, "nowhere.toml"),
    "a log that is no URL": ({"audit": "mysql://x"}, "mysql"),
    "a prefix that ends in a slash": ({"prefix": "/c/"}, "/c/"),
    "a prefix of a quote": ({"prefix": '/c"d'}, "prefix"),
    "a cookie with a prefix": ({"cookie": "__Host-mine"}, "__Host-"),
    "a proxy that is none": ({"trusted_proxies": ["proxy"]}, "proxy"),
    "a path to exclude that is none": ({"exclude": ["admin/*"]}, "admin/"),
    "a delivery that is none": ({"delivery": "public"}, "'public'"),
    "a policy whose answers fit into no cookie": ({"policy": LARGE}, "at most 1,024 bytes"),
    "a text for a list of paths": ({"exclude": "/admin/*"}, "a list of paths"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_configuration_fails_the_start_with_a_message(wrap, name):
    keywords, message = WRONG[name]

    assert message in await failed_start(wrap(living, **keywords))


@pytest.mark.parametrize(
    "text", ["{% if %}", "{% extends 'nowhere.html' %}", "{{ unheard_of }}", "{{ words('unheard-of') }}"]
)
async def test_a_template_that_cannot_be_read_fails_the_start(wrap, tmp_path, text):
    (tmp_path / "notice").mkdir()
    (tmp_path / "notice/notice.html").write_text(text)

    assert "templates" in await failed_start(wrap(living, templates=[tmp_path]))


async def test_without_lifespan_every_request_fails_with_the_same_message(wrap):
    app = wrap(serving(PAGE), secret_key="short")
    depths = []
    for _ in range(3):
        with pytest.raises(SecretKeyError) as caught:
            await get(app)
        depths.append(len(caught.traceback))

    assert len(set(depths)) == 1


@pytest.mark.parametrize(
    "routes",
    [
        [Route("/_consent", page)],
        [Route("/_consent/export", page)],
        [Mount("/_consent", routes=[Route("/", page)])],
    ],
    ids=["the prefix itself", "below it", "mounted there"],
)
async def test_a_route_of_the_apps_own_below_our_prefix_stops_the_start(policy, audit, routes):
    around = Middleware(ConsentMiddleware, policy=policy, secret_key=KEY, audit=audit)
    app = Starlette(routes=routes, middleware=[around])

    message = await failed_start(app)

    assert "/_consent" in message
    assert "prefix=" in message


async def test_without_lifespan_it_fails_the_very_first_request(wrap):
    app = wrap(Starlette(routes=[Route("/_consent/x", page), Route("/", page)]))

    with pytest.raises(ConfigurationError, match="/_consent/x"):
        await get(app)


async def test_a_route_that_only_begins_like_our_prefix_is_the_apps_own(wrap):
    app = wrap(Starlette(routes=[Route("/_consents", page)]))

    assert (await get(app, "/_consents")).status == 200


async def test_shutdown_commits_what_waits(wrap, audit, logged):
    app = wrap(living)
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    reply = Reply()
    life = asyncio.create_task(app({"type": "lifespan"}, inbox.get, recorder(reply)))
    await inbox.put(STARTUP)
    while not reply.messages:
        await asyncio.sleep(0.01)
    answers = [asyncio.create_task(post(app, {"action": "reject"})) for _ in range(200)]
    await asyncio.sleep(0)
    await inbox.put(SHUTDOWN)
    await life

    assert {(await answer).status for answer in answers} == {303}
    assert len(logged()) == 200


async def test_an_app_without_lifespan_raises_as_it_would_without_us(wrap):
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http", "http alone"
        await serving(PAGE)(scope, receive, send)

    with pytest.raises(AssertionError, match="http alone"):
        await wrap(app)({"type": "lifespan"}, receiver([STARTUP]), recorder(Reply()))
    assert (await drive(wrap(app), http())).status == 200


def test_starlettes_client_raises_the_error_instead_of_waiting_for_ever(wrap):
    with pytest.raises(SecretKeyError, match="5 bytes"), TestClient(wrap(living, secret_key="short")):
        pass


MISCONFIGURED = """
    from consentkit import ConsentMiddleware

    async def inner(scope, receive, send):
        raise NotImplementedError

    app = ConsentMiddleware(inner, policy="nowhere.toml", secret_key="short")
"""


def serve(folder: Path, source: str, *command: str) -> subprocess.CompletedProcess[str]:
    (folder / "site_app.py").write_text(textwrap.dedent(source))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", *command, "site_app:app"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("lifespan", ["auto", "on"])
def test_uvicorn_exits_with_3_and_our_message(tmp_path, lifespan):
    done = serve(tmp_path, MISCONFIGURED, "uvicorn", "--port", "0", "--lifespan", lifespan)

    assert done.returncode == 3
    assert "nowhere.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_hypercorn_does_not_start_and_says_our_message(tmp_path):
    done = serve(tmp_path, MISCONFIGURED, "hypercorn", "--bind", "127.0.0.1:0")

    assert "startup. 'nowhere.toml: found no such file" in done.stderr
    assert "Running on" not in done.stderr


def test_a_process_that_ends_without_lifespan_drains_by_itself(tmp_path):
    """Two hundred refusals are on their way when the loop ends; none is lost."""
    source = """
        import asyncio
        import atexit
        import sqlite3
        from consentkit.audit.log import AuditLog
        from consentkit.web.middleware import ConsentMiddleware
        from consentkit.core.policy import Policy
        from tests.asgi import KEY, PAGE, POLICY, post, serving

        async def main():
            log = AuditLog("sqlite:///consent.db", timeout=5)
            app = ConsentMiddleware(serving(PAGE), policy=Policy.model_validate(POLICY), secret_key=KEY, audit=log,
                                    grants_per_second=None)
            await log.start()
            other = sqlite3.connect("consent.db", isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            atexit.register(other.close)  # after the log's own, so that it runs first
            tasks = [asyncio.ensure_future(post(app, {"action": "reject"})) for _ in range(200)]
            await asyncio.sleep(1)

        asyncio.run(main())
    """
    (tmp_path / "main.py").write_text(textwrap.dedent(source))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    from consentkit.audit.reader import Reader

    assert done.returncode == 0, done.stderr
    assert Reader(f"sqlite:///{tmp_path / 'consent.db'}").size() == 200


def test_making_a_log_or_a_middleware_touches_no_file(tmp_path, policy):
    ConsentMiddleware(
        serving(PAGE), policy=policy, secret_key=KEY, audit=AuditLog(f"sqlite:///{tmp_path / 'x.db'}")
    )

    assert list(tmp_path.iterdir()) == []


def test_key_and_log_come_from_the_environment_where_the_keyword_is_absent(tmp_path, policy, monkeypatch):
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", f"{KEY}\nm3Vb9-Zx7Qw1_Er5Ty8Ui2Op6As4Df0Gh")
    monkeypatch.setenv("CONSENTKIT_AUDIT", f"sqlite:///{tmp_path / 'elsewhere.db'}")

    app = ConsentMiddleware(serving(PAGE), policy=policy)

    assert app.fault is None
    assert app.audit.url.endswith("elsewhere.db")
    monkeypatch.delenv("CONSENTKIT_SECRET_KEY")
    assert isinstance(ConsentMiddleware(serving(PAGE), policy=policy).fault, SecretKeyError)
