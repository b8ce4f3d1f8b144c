"""A page that holds the tags of a policy's services, as sites write them, and something to read."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from consentkit.catalogue.known import Catalogue
from consentkit.core.addresspattern import addresses_of
from consentkit.core.policy import Policy
from consentkit.core.service import Service
from consentkit.web.answer import Answer, Header, Receive, Scope, Send

EACH = 3
"""Addresses of one service."""
MOST = 200
"""Tags of one page."""
BODY = """<main><h1>A page</h1><p><a href="#a">A link</a></p><div style="height: 3000px"></div>
<p><a id="probe" href="#b">Another link</a></p><div style="height: 3000px"></div></main>"""


class Shop:
    """An app whose every address is that page; the first part of the path is its language.

    :param policy: whose services.
    """

    def __init__(self, policy: Policy, known: Catalogue) -> None:
        self._tags = "".join(list(_tags(policy, known))[:MOST])
        self._cookies: tuple[Header, ...] = tuple(
            (b"set-cookie", f"{cookie.name}=1; Path=/".encode())
            for service in policy.services.values()
            for cookie in service.cookies
            if cookie.name and cookie.party == "first"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        language = escape(scope["path"].split("/")[1] or "en")
        head = f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>-</title>{self._tags}</head>'
        body = f"{head}<body>{BODY}</body></html>".encode()
        await Answer(200, body, "text/html; charset=utf-8", self._cookies).send(scope, send)


def _tags(policy: Policy, known: Catalogue) -> Iterator[str]:
    for name, service in policy.services.items():
        entry = known.entries.get(name)
        for address in [*(entry.examples if entry else _examples(service))][:EACH]:
            yield f'<script src="{escape(address)}"></script><img src="{escape(address)}" alt="">'
        for loader in service.loaders[:EACH]:
            yield f"<script>{loader.example}</script>"


def _examples(service: Service) -> Iterator[str]:
    for address in addresses_of(service):
        plain = address.removeprefix("*.").partition("*")[0]
        yield plain if plain.startswith("/") else f"https://{plain}"
