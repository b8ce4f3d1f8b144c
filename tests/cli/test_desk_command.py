from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from tests.audit.conftest import build_event
from tests.cli.conftest import Cli

from consentkit.audit.batch import seal
from consentkit.audit.store import Store
from consentkit.desk.passes import Kind, Passes

POLICY = """
[site]
name = "The Paper"
address = "https://paper.example"
[controller]
name = "Paper Ltd"
contact = "privacy@paper.example"
"""
LOG = "https://paper.example"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A log with an event."""
    url = f"sqlite:///{tmp_path / 'consent.db'}"
    store = Store(url, LOG, 5.0)
    store.append([seal(build_event(), None, b"s" * 32)])
    store.close()
    return url


def test_a_link_is_printed_that_opens_a_session_of_its_role(cli: Cli, url: str) -> None:
    done = cli("desk", "link", "--role", "officer", "--at", "https://paper.example/desk/")

    found = re.fullmatch(r"https://paper\.example/desk/sign-in\?link=([\w-]{43})\n", done.out)
    assert done.code == 0
    assert found
    opened = Passes(url, LOG).exchange(found[1])
    assert opened
    assert opened[1] == "officer"


def test_a_token_is_printed_once_and_works(cli: Cli, url: str) -> None:
    token = cli("desk", "token", "--days", "2").out.strip()

    assert Passes(url, LOG).role_of(Kind.TOKEN, token) == "viewer"
    assert token not in cli("desk", "sessions").out


def test_who_may_come_in_is_listed_and_revoked(cli: Cli, url: str) -> None:
    assert "Nobody" in cli("desk", "sessions").out
    token = cli("desk", "token").out.strip()
    cli("desk", "link")
    name, kind, role = cli("desk", "sessions").out.splitlines()[0].split()[:3]

    done = cli("desk", "revoke", name)

    assert (kind, role) == ("token", "viewer")
    assert (done.code, done.out) == (0, "ended: 1\n")
    assert Passes(url, LOG).role_of(Kind.TOKEN, token) is None
    assert cli("desk", "revoke", "--all").out == "ended: 1\n"
    assert cli("desk", "revoke", name).code == 1


@pytest.mark.parametrize("arguments", [[], ["abc"], ["a" * 64, "--all"]])
def test_nothing_is_revoked_by_accident(cli: Cli, url: str, arguments: list[str]) -> None:
    cli("desk", "token")

    assert cli("desk", "revoke", *arguments).code == 2
    assert len(Passes(url, LOG).open_ones()) == 1


def test_a_wrong_role_is_a_message(cli: Cli, url: str) -> None:
    done = cli("desk", "link", "--role", "admin")

    assert done.code == 2
    assert "viewer" in done.err


def test_without_a_log_there_is_a_message_and_no_file(cli: Cli, tmp_path: Path) -> None:
    done = cli("desk", "link")

    assert done.code == 2
    assert "no log at this URL" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_log_without_events_is_named(cli: Cli, tmp_path: Path) -> None:
    cli("db", "upgrade")

    assert "--log" in cli("desk", "link").err
    assert cli("desk", "link", "--log", LOG).code == 0


def test_a_missing_policy_is_a_message(cli: Cli) -> None:
    done = cli("desk")

    assert done.code == 2
    assert "consent.toml" in done.err


def test_it_is_served_on_this_machine_and_its_link_signs_in(tmp_path: Path) -> None:
    (tmp_path / "consent.toml").write_text(POLICY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-c", "from consentkit.cli import run; raise SystemExit(run())"]
    server = subprocess.Popen(
        [*command, "desk", "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout
        server.stdout.readline()
        address = server.stdout.readline().strip()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        _wait(f"http://127.0.0.1:{port}/sign-in")
        link = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["link"][0]
        opener.open(f"http://127.0.0.1:{port}/sign-in", urllib.parse.urlencode({"link": link}).encode())

        page = opener.open(f"http://127.0.0.1:{port}/integrity").read()

        assert b"Officer" in page
    finally:
        server.terminate()
        out, _ = server.communicate(timeout=20)
    assert link not in out


def _wait(address: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.URLError:
            assert time.monotonic() < end
            time.sleep(0.1)
        else:
            return
