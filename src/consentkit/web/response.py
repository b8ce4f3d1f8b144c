"""One response on its way out: an object per response, a method per message type, unknown messages forwarded.

The start of an HTML response is held until the first piece of its body: by then it is known whether the whole body is there
(then ``Content-Length`` is exact) or a stream begins (then there is none). Nothing else is ever held but the rewriter's tail.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from functools import lru_cache

from consentkit.html.rewriter import Rewriter
from consentkit.web.answer import Header, Message, Send
from consentkit.web.encoding import Chain, Damaged, undoable
from consentkit.web.gate.candidate import (
    HEAD,
    Candidate,
    Touch,
    candidate,
    is_amp,
    is_html,
    is_xhtml,
    takes_notice,
)
from consentkit.web.gate.delivery import is_shared
from consentkit.web.gate.headers import clears_cookies, private, shared
from consentkit.web.gatehouse import Gate
from consentkit.web.outgoing import FILTERED, filtered, hinted, sealed, shut
from consentkit.web.pieces import Pieces
from consentkit.web.request import Visit

logger = logging.getLogger(__name__)

UTF16_MARKS = (b"\xfe\xff", b"\xff\xfe")
TELLING = frozenset(
    {
        b"content-type",
        b"content-range",
        b"content-disposition",
        b"content-encoding",
        b"content-language",
        b"content-security-policy",
    }
)
"""Fields of a response that decide on what is done to it; most pages have one of them."""
CLOSED_CSP = b"default-src 'self' data: blob: 'unsafe-inline'"
"""For an HTML body that cannot be read: the browser itself keeps third parties out."""

AMP_HOSTS = ("cdn.ampproject.org", "*.cdn.ampproject.org")
"""Where the scripts of every AMP page come from."""

ORDER = (
    "the app compresses HTML before it is gated: it is unpacked and sent as it is; add the compressing middleware "
    "after ConsentMiddleware, so that it stands outside"
)
CLEARED = (
    'a response of the app says Clear-Site-Data: "cookies": it also deletes the visitor\'s choice, so that the next page asks '
    "again and, under opt-out and notice, a refusal is lost. Passed on unchanged. To keep the choice, clear the app's own "
    'cookies by name, or send only "storage" and "cache"'
)


class Response:
    """One response, from its start to its last byte."""

    __slots__ = (
        "_active",
        "_amp",
        "_chain",
        "_gate",
        "_held",
        "_rewriter",
        "_send",
        "_unchanged",
        "_visit",
    )

    def __init__(self, gate: Gate, visit: Visit, send: Send, unchanged: Visit | None = None) -> None:
        """:param unchanged: whom the page was made for that a 304 of the app would speak of."""
        self._gate = gate
        self._visit = visit
        self._send = send
        self._unchanged = unchanged
        self._active = False  # whether a start was held, so that its body is ours to look at
        self._amp = False
        self._held: Message | None = None
        self._rewriter: Rewriter | None = None
        self._chain: Chain | None = None

    def send(self, message: Message) -> Awaitable[None]:
        """Take one message from the app. Not a coroutine of its own: what is only passed on costs one await, not two."""
        kind = message["type"]
        if kind == "http.response.start" and not self._visit.aside:
            passed = self._hold(message)
            if passed is None:
                return _nothing()
            message = passed
        elif self._active and kind == "http.response.body":
            return self._piece(message)
        elif kind == "http.response.early_hint":
            message = {**message, "links": hinted(self._gate, self._visit, message.get("links", ()))}
        return self._send(message)

    @property
    def waits(self) -> bool:
        """Whether a start is held that no body followed."""
        return self._held is not None

    async def finish(self) -> None:
        """The app returned: a start that was held leaves as the app made it, and nothing is invented."""
        if self._held is not None:
            held, self._held = self._held, None
            await self._send(held)

    def _hold(self, message: Message) -> Message | None:
        """The start to send now; ``None`` where it waits for its body. The app's own message and list are never changed."""
        headers = message.get("headers", ())
        if type(headers) is not list and not isinstance(headers, tuple):
            message = {**message, "headers": (headers := list(headers))}
        html = speaks = xhtml = False
        for name, value in headers:
            size = len(name)  # tells most fields apart without a copy of the name
            if size == 12:
                if name.lower() == b"content-type":
                    html = html or is_html(value)
                    xhtml = not html and is_xhtml(value)
            elif size in (4, 10):
                speaks = speaks or name.lower() in FILTERED
            elif size == 15 and name.lower() == b"clear-site-data" and clears_cookies(value):
                self._gate.warn_once("clear-site-data", CLEARED)
        if not (html or speaks or xhtml or message["status"] == 304):
            return message
        return self._changed(message, headers, html=html, speaks=speaks, xhtml=xhtml)

    def _changed(
        self, message: Message, headers: Sequence[Header], *, html: bool, speaks: bool, xhtml: bool
    ) -> Message | None:
        """A start that is not merely passed on."""
        unchanged = self._unchanged if message["status"] == 304 else None
        if unchanged is not None:
            self._visit = unchanged
        elif html and (self._gate.delivery != "private" or not self._gate.asks):
            self._deliver(message["status"], headers)
        if speaks:
            message = {**message, "headers": (headers := filtered(self._gate, self._visit, headers))}
        if xhtml:
            message = {**message, "headers": shut(self._gate, headers)}
        if not html and unchanged is None:
            return message
        self._held = message
        self._active = True
        return None

    def _deliver(self, status: int, headers: Sequence[Header]) -> None:
        """Answer for all instead of for this visitor, where the page is one for all: also where nobody is asked anything."""
        method = self._visit.scope["method"]
        if not self._gate.asks or is_shared(self._gate.delivery, method, status, headers):
            self._visit = self._visit.for_all()
            self._gate = self._gate.strictest

    async def _piece(self, message: Message) -> None:
        if self._held is not None:
            start, self._held = self._held, None
            if await self._begin(start, message):
                return
        await self._continue(message)

    async def _begin(self, start: Message, message: Message) -> bool:
        """Decide on the response by its start and first piece; whether this piece is dealt with."""
        headers: list[Header] = [(bytes(name), bytes(value)) for name, value in start.get("headers", ())]
        telling = [field for field in headers if field[0].lower() in TELLING]
        found = self._candidate(start["status"], telling)
        if found.touch is Touch.NOTHING or not self._readable(found, telling, message):
            closed = found.touch is not Touch.NOTHING
            await self._send(self._closed(start, headers) if closed else start)
            await self._send(message)
            return True
        if found.touch is Touch.HEADERS:
            await self._send(self._start(start, headers, None, decoded=bool(found.encoding)))
            await self._send(message)
            return True
        beginning = b"" if found.encoding else bytes(message.get("body", b"")[:HEAD])
        self._amp = is_amp(beginning)
        more = message.get("more_body", False)
        self._rewriter = self._make_rewriter(telling, beginning, more=more)
        if more:
            await self._send(self._start(start, headers, None, decoded=bool(found.encoding)))
            return False
        body = self._rewriter.whole(self._decoded(message, last=True))
        self._count(self._rewriter)
        self._rewriter = None
        await self._send(self._start(start, headers, len(body), decoded=bool(found.encoding)))
        await self._send({**message, "body": body})
        return True

    async def _continue(self, message: Message) -> None:
        rewriter = self._rewriter
        if rewriter is None:
            await self._send(message)
            return
        last = not message.get("more_body", False)
        out = rewriter.feed(self._decoded(message, last=last))
        if last:
            out += rewriter.close()
            self._count(rewriter)
            self._rewriter = None
        if out or last:
            await self._send({**message, "body": out})

    def _candidate(self, status: int, headers: list[Header]) -> Candidate:
        """What may be done to a response whose start was held: a page, or a 304 that speaks of one."""
        if status == 304 and self._unchanged is not None:
            return Candidate(Touch.HEADERS, "a page of ours that has not changed")
        return candidate(self._visit.scope["method"], status, headers)

    def _readable(self, found: Candidate, telling: list[Header], first: Message) -> bool:
        """Whether the page's tags can be read: not in UTF-16, and its content codings can be undone."""
        if two_bytes_a_character(telling, b"" if found.encoding else first.get("body", b"")):
            self._gate.warn_once("utf-16", "an HTML page in UTF-16 cannot be gated; sent closed")
            return False
        if found.encoding and not undoable(found.encoding):
            self._gate.warn_once(
                "coding", "an HTML page came in a content coding that was not offered; sent closed"
            )
            return False
        if found.encoding:
            self._gate.warn_once("order", ORDER)
            self._chain = Chain(found.encoding)
        return True

    def _decoded(self, message: Message, *, last: bool) -> bytes:
        body: bytes = message.get("body", b"")
        if self._chain is None:
            return body
        try:
            return self._chain.decode(bytes(body)) + (self._chain.flush() if last else b"")
        except Damaged:
            self._gate.warn_once(
                "damaged", "a compressed HTML page was damaged and ends where it could no longer be read"
            )
            return b""

    def _start(self, start: Message, headers: list[Header], length: int | None, *, decoded: bool) -> Message:
        gate, visit, asked = self._gate, self._visit, self._visit.asked
        state = gate.state(visit)
        if visit.shared:
            fresh = shared(headers, state=state, length=length, decoded=decoded)
        else:
            vary = (b"Cookie", *gate.signals, *asked.varies)
            fresh = private(headers, state=state, vary=vary, length=length, decoded=decoded)
        if self._amp:
            fresh = shut(gate, fresh, AMP_HOSTS)
        elif not visit.shared:
            if takes_notice(asked):
                fresh += visit.reading.renewal
            fresh = sealed(gate, visit, fresh)
        return {**start, "headers": fresh}

    def _closed(self, start: Message, headers: list[Header]) -> Message:
        """A page whose tags cannot be read: the browser itself keeps third parties out, whoever the visitor is."""
        state, length = self._gate.state(self._visit), _length(headers)
        if self._visit.shared:
            sealed = shared(headers, state=state, length=length)
        else:
            sealed = private(headers, state=state, vary=(b"Cookie",), length=length)
        if not self._gate.all_allowed(self._visit.consent):
            sealed.append((b"content-security-policy", CLOSED_CSP))
        return {**start, "headers": sealed}

    def _make_rewriter(self, telling: list[Header], beginning: bytes, *, more: bool) -> Rewriter:
        pieces = Pieces(self._gate, self._visit, telling)
        placement = None if self._amp else pieces.placement()
        return Rewriter(pieces.rules(beginning, more=more), placement, on_fault=self._gate.fault)

    def _count(self, rewriter: Rewriter) -> None:
        self._gate.gated(rewriter.counts)
        self._gate.tally.pages += rewriter.placed


def two_bytes_a_character(telling: list[Header], start: bytes) -> bool:
    """Whether a page is in UTF-16, by its byte order mark or its ``Content-Type`` (WHATWG Encoding 4.2; checked 2026-11)."""
    if bytes(start[:2]) in UTF16_MARKS:
        return True
    for name, value in telling:
        if name.lower() == b"content-type":
            return _says_two_bytes(value)
    return False


@lru_cache(maxsize=256)
def _says_two_bytes(content_type: bytes) -> bool:
    charset = content_type.lower().partition(b"charset=")[2].strip(b" \"'")
    return charset.startswith((b"utf-16", b"unicode", b"ucs-2", b"csunicode", b"iso-10646-ucs-2"))


async def _nothing() -> None:
    """What is awaited where nothing is sent."""


def _length(headers: list[Header]) -> int | None:
    return next(
        (int(value) for name, value in headers if name.lower() == b"content-length" and value.isdigit()), None
    )
