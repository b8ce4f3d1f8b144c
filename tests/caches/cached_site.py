"""The site that stands behind the cache: a public page, a private one, and a third party's tag on both."""

from __future__ import annotations

import os

from consentkit.core.policy import Policy
from consentkit.web import where
from consentkit.web.answer import Answer, Receive, Scope, Send
from consentkit.web.middleware import ConsentMiddleware

PAGE = (
    b"<!doctype html><html lang=en><head><title>x</title></head><body>"
    b'<script src="http://counter.localhost/c.js"></script><p>Hello'
)
PUBLIC = b"public, max-age=0, s-maxage=600"
asked: list[str] = []


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
        return
    asked.append(scope["path"])
    fields = (
        (b"cache-control", PUBLIC if scope["path"].startswith("/public") else b"max-age=600"),
        (b"etag", b'"v1"'),
        (b"x-asked", b"%d" % asked.count(scope["path"])),
    )
    unchanged = (b"if-none-match", b'"v1"') in scope["headers"]
    answer = (
        Answer(304, headers=fields) if unchanged else Answer(200, PAGE, "text/html; charset=utf-8", fields)
    )
    await answer.send(scope, send)


app = ConsentMiddleware(
    pages,
    policy=Policy.model_validate(
        {
            "site": {"name": "P", "address": "http://localhost"},
            "controller": {"name": "P Ltd", "contact": "p@paper.example"},
            "jurisdictions": ["EU", "US"],
            "services": {
                "counter": {"vendor": "C", "purposes": ["analytics"], "hosts": ["counter.localhost"]}
            },
        }
    ),
    secret_key=os.environ["CONSENTKIT_SECRET_KEY"],
    jurisdiction=where.header("X-Place", region="X-Region", trusted=["127.0.0.1"]),
    https=False,
    grants_per_second=None,
)
