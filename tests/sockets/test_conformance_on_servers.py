"""The cases that a server's own framing decides, over real sockets: 17, 18, 19, 34 and the streaming of 33."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from tests.asgi import OURS, PAGE, without_ours

INERT = b'type="text/plain" data-ck='


def every(response: Any, name: bytes) -> list[bytes]:
    return [value for found, value in response.headers if found == name]


def test_17_under_a_root_path_our_addresses_work_and_the_cookie_is_the_hosts(rooted):
    # uvicorn adds the root path to what it gets; hypercorn and granian get it in the path.
    root = "" if rooted.name == "uvicorn" else "/site"
    _, page = rooted.ask(f"{root}/whole")
    state, _ = rooted.ask(f"{root}/_consent/state")
    refused, _ = rooted.ask(
        f"{root}/_consent/",
        method="POST",
        headers=(("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")),
        body=b"action=reject&next=/site/whole",
    )

    assert b'action="/site/_consent/"' in page
    assert b'name="next" value="/site/whole"' in page
    assert state.status_code == 200
    assert refused.status_code == 303
    assert every(refused, b"location") == [b"/site/whole"]
    assert b"; Path=/;" in every(refused, b"set-cookie")[0]


@pytest.mark.parametrize("path", ["/whole", "/cut", "/packed", "/data"])
def test_18_head_is_framed_as_http_asks(server, path):
    head, body = server.ask(path, method="HEAD")
    whole, _ = server.ask(path)

    assert body == b""
    assert head.status_code == 200
    for name in (b"content-type", b"cache-control", b"vary", b"content-encoding"):
        assert every(head, name) == every(whole, name)


@pytest.mark.parametrize(("path", "status"), [("/nothing", 204), ("/unchanged", 304)])
def test_19_a_status_without_content_has_none(server, path, status):
    response, body = server.ask(path)

    assert (response.status_code, body) == (status, b"")
    assert every(response, b"content-length") in ([], [b"0"])


@pytest.mark.parametrize("path", ["/whole", "/cut", "/packed"])
def test_34_lengths_match_and_the_page_is_gated(server, path):
    response, body = server.ask(path)

    assert response.status_code == 200
    assert body.count(OURS) == 1
    assert INERT in body
    assert without_ours(body) == PAGE
    assert every(response, b"content-length") in ([], [str(len(body)).encode()])
    # granian itself gives a length to a body that comes whole, in one message.
    counted = ("/whole", "/packed") if server.name == "granian" else ("/whole",)
    assert (path in counted) is (every(response, b"content-length") != [])


def test_33_a_page_that_never_ends_begins_and_its_app_learns_that_the_visitor_left(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        seen = b""
        while b"<p>Hello</p>" not in seen:
            seen += wire.recv(65536)

    assert OURS in seen
    assert server.ask("/data")[1] == b'{"a": 1}'


def test_5_repeated_cookies_reach_the_wire(server):
    response, _ = server.ask("/cookies")

    assert every(response, b"set-cookie") == [b"a=1", b"b=2"]


def test_a_decision_works_over_the_wire(server):
    fields = (("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin"))
    _, state = server.ask("/_consent/state")
    notice = state.partition(b'"notice":"')[2][:64].decode()
    response, _ = server.ask(
        "/_consent",
        method="POST",
        headers=fields,
        body=b'{"action": "accept", "notice": "%b"}' % notice.encode(),
    )
    cookie = every(response, b"set-cookie")[0].partition(b";")[0].decode()

    _, page = server.ask("/whole", headers=(("Cookie", cookie),))

    assert response.status_code == 200
    assert INERT not in page
    assert without_ours(page) == PAGE


@pytest.mark.parametrize("name", ["Sec-GPC", "sec-gpc", "SEC-GPC"])
def test_the_signal_counts_however_its_name_is_written(server, name: str) -> None:
    """K63 of the reports from the field: field names know no case (RFC 9110 section 5.1, checked 2026-11)."""
    sent, absent = (server.ask("/_consent/state", headers=((name, value),))[1] for value in ("1", "0"))

    assert json.loads(sent)["signal"] == "honored"
    assert "signal" not in json.loads(absent)
