"""``POST {prefix}/once``: loads the content of one placeholder this one time. Nothing is stored, nothing is logged.

The answer is a page that leads on to the content, inside the frame that the form stood in. Not a redirect: a site's
``form-action 'self'`` also stops a form's redirect to another host, and a video player wants to know the page it plays on.

It leads to nowhere but an address that belongs to the very service named, and to that for a form of this site alone.
"""

from __future__ import annotations

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
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'self'; base-uri 'none'"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)


class Once:
    """Answers the form of a placeholder."""

    def __init__(self, book: NoticeBook, index: Index) -> None:
        self._book = book
        self._index = index

    async def answer(self, visit: Visit, receive: Receive, view: View) -> Answer | None:
        """Answer one POST; ``None`` when the client went away before it was whole."""
        if media_type(visit.fields) != FORM:
            return _refuse(Bad(415, "expected a form"))
        if origin_of(visit.fields, visit.resolver.transport.peer(visit.scope)) is not Origin.SAME:
            return _refuse(Bad(403, "this form is not of this site"))
        body = await read_body(receive)
        if body is None:
            return None
        found = body if isinstance(body, Bad) else self._address(body)
        return _refuse(found) if isinstance(found, Bad) else self._lead(*found, view)

    def _address(self, body: bytes) -> tuple[str, str] | Bad:
        """The service and the address that a form names, or why not."""
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
        if name not in {owner.service for owner in self._index.owners(found.host, found.path)}:
            return Bad(400, "not an address of this service")
        return name, address

    def _lead(self, name: str, address: str, view: View) -> Answer:
        service = self._book.policy.services[name]
        html = self._book.environment.get_template("visitor/once.html").render(
            words=self._book.words[view.language], address=address, title=service.title or service.vendor
        )
        return Answer(200, to_ascii(html), "text/html; charset=utf-8", LEADING_ON)


def _refuse(bad: Bad) -> Answer:
    return Answer(bad.status, f"{bad.reason}\n".encode(), headers=PRIVATE)
