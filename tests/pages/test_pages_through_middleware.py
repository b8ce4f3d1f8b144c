"""Real pages through the whole middleware: no exception, the same bytes but ours, one notice where there is a document."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.asgi import without_head

from consentkit import ConsentMiddleware, Policy

pytestmark = pytest.mark.pages

POLICY = Policy.model_validate(
    {
        "site": {"name": "Real", "address": "http://localhost"},
        "unlisted": "allow",
        "controller": {"name": "Real Ltd", "contact": "real@localhost.example"},
    }
)
NOTICE = re.compile(rb'<span id="consentkit".*?</template>.*?</span>', re.DOTALL)
BYTEWISE_LIMIT = 130_000
"""Bytes of a page that goes through one by one; the rest of a longer one follows in pieces, to keep the run short."""


def pieces(page: bytes, size: int) -> Iterator[bytes]:
    """A page in pieces of a size."""
    if size == 1 and len(page) > BYTEWISE_LIMIT:
        yield from (page[at : at + 1] for at in range(BYTEWISE_LIMIT))
        yield from (page[at : at + 977] for at in range(BYTEWISE_LIMIT, len(page), 977))
    else:
        yield from (page[at : at + size] for at in range(0, len(page), size))


async def served(page: bytes, size: int, folder: Path) -> bytes:
    """What a visitor gets of a page that the app sends in pieces."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        )
        for piece in pieces(page, size):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def nothing() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    out: list[bytes] = []

    async def collect(message: Any) -> None:
        out.append(bytes(message.get("body", b"")))

    key = secrets.token_urlsafe(48)
    guarded = ConsentMiddleware(app, policy=POLICY, secret_key=key, audit=f"sqlite:///{folder}/log.db")
    headers = [(b"host", b"localhost"), (b"sec-fetch-dest", b"document")]
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "path": "/", "root_path": "", "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await guarded(scope, nothing, collect)
    health = guarded._laws.strictest.gate.tally.faults
    assert health == 0
    return b"".join(out)


async def test_a_real_page_keeps_its_bytes_and_gets_one_notice_in_pieces_of_any_size(
    real_page: Path, tmp_path: Path
) -> None:
    page = real_page.read_bytes()
    results = [await served(page, size, tmp_path) for size in (1, 1024, len(page))]

    stripped = [NOTICE.sub(b"", without_head(result)) for result in results]
    notices = [NOTICE.search(result) for result in results]

    assert stripped == [page, page, page]
    places = {notice.start() if notice else None for notice in notices}
    assert len(places) == 1
    assert all(len(NOTICE.findall(result)) == int(b"<html" in page.lower()) for result in results)
