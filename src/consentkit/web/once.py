"""``POST {prefix}/once``: loads the content of one placeholder this one time. Nothing is stored, nothing is logged.

The answer is a page that leads on to the content, inside the frame that the form stood in. Not a redirect: a site's
``form-action 'self'`` also stops a form's redirect to another host, and a video player wants to know the page it plays on.

Content that the page keeps in a sandbox stays in it: the answer holds a frame of its own then.

It leads to nowhere but an address that belongs to the very service named, and to that for a form of this site alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from consentkit.catalogue.index import Index
from consentkit.web.answer import Answer, Receive
from consentkit.web.form import FORM, MOST_FIELDS, Bad, media_type, read_body
from consentkit.web.gate.address import located
from consentkit.web.notice import NoticeBook, View
from consentkit.web.origin import Origin, origin_of
from consentkit.web.pages import PRIVATE
from consentkit.web.placeholder import LONGEST_ADDRESS
from consentkit.web.request import Visit
from consentkit.web.stencil import to_ascii

LEADING_ON = (
    *PRIVATE,
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; frame-src http: https:; frame-ancestors 'self'; base-uri 'none'",
    ),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)


class _Content(NamedTuple):
    """What a form asks for: a service's address, and the sandbox that the page keeps it in."""

    service: str
    address: str
    rule: str
    sandbox: str | None


class Once:
    """Answers the form of a placeholder.

    :param count: takes counts by kind, service and rule.
    """

    def __init__(
        self, book: NoticeBook, index: Index, count: Callable[[Mapping[tuple[str, str, str], int]], None]
    ) -> None:
        self._book = book
        self._index = index
        self._count = count

    async def answer(self, visit: Visit, receive: Receive, view: View) -> Answer | None:
        """Answer one POST; ``None`` when the client went away before it was whole."""
        if media_type(visit.fields) != FORM:
            return _refuse(Bad(415, "expected a form"))
        if origin_of(visit.fields, visit.resolver.transport.peer(visit.scope)) is not Origin.SAME:
            return _refuse(Bad(403, "this form is not of this site"))
        body = await read_body(receive)
        if body is None:
            return None
        found = body if isinstance(body, Bad) else self._content(body)
        if isinstance(found, Bad):
            return _refuse(found)
        self._count({("once", found.service, found.rule): 1})
        return self._lead(found, view)

    def _content(self, body: bytes) -> _Content | Bad:
        """What a form asks for, or why not."""
        try:
            sent = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        except ValueError:
            return Bad(400, "a form that cannot be read")
        name, address = sent.get("service", ""), sent.get("address", "")
        if name not in self._book.policy.fingerprints:
            return Bad(400, "a service that this site does not ask about")
        if not address.isascii() or not address.isprintable() or len(address) > LONGEST_ADDRESS:
            return Bad(400, "not an address that can be loaded")
        found = located(address)
        if found is None or not address.startswith(("http://", "https://", "//")) or "\\" in address:
            return Bad(400, "not an address that can be loaded")
        rules = [owner.rule for owner in self._index.owners(found.host, found.path) if owner.service == name]
        if not rules:
            return Bad(400, "not an address of this service")
        return _Content(name, address, rules[0], sent.get("sandbox"))

    def _lead(self, content: _Content, view: View) -> Answer:
        service = self._book.policy.services[content.service]
        html = self._book.environment.get_template("visitor/once.html").render(
            words=self._book.words[view.language],
            address=content.address,
            sandbox=content.sandbox,
            title=service.title or service.vendor,
        )
        return Answer(200, to_ascii(html), "text/html; charset=utf-8", LEADING_ON)


def _refuse(bad: Bad) -> Answer:
    return Answer(bad.status, f"{bad.reason}\n".encode(), headers=PRIVATE)
