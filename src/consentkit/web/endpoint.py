"""What lies below the prefix: a path and a method to an answer."""

from __future__ import annotations

from urllib.parse import parse_qs

from consentkit.audit.errors import AuditError
from consentkit.audit.log import AuditLog
from consentkit.web.answer import Answer, Receive, Send
from consentkit.web.gatehouse import Gate
from consentkit.web.notice import View
from consentkit.web.once import Once
from consentkit.web.origin import next_of_referer, safe_next
from consentkit.web.outgoing import expired, storage
from consentkit.web.pages import Pages
from consentkit.web.record import Records
from consentkit.web.request import Visit, text
from consentkit.web.signal import SAID
from consentkit.web.submit import Decisions
from consentkit.web.transport import Keeping
from consentkit.web.viewword import new_word

READING = ("GET", "HEAD")


class Endpoint:
    """Our own pages."""

    def __init__(self, gate: Gate, pages: Pages, decisions: Decisions, audit: AuditLog) -> None:
        self._gate = gate
        self._book = gate.book
        self._pages = pages
        self._decisions = decisions
        self._audit = audit
        self._once = Once(gate.book, gate.index, gate.count)
        self._records = Records(pages.policy, pages, audit)
        self._trying = False

    async def __call__(self, visit: Visit, rest: str, receive: Receive, send: Send) -> None:
        """Answer a request below the prefix.

        :param rest: the path behind the prefix; empty or ``/`` for the preferences.
        """
        method = visit.scope["method"]
        if rest in ("", "/") and method == "POST":
            answer = await self._decisions.answer(visit, receive, self._view(visit))
        elif rest == "/once" and method == "POST":
            answer = await self._once.answer(visit, receive, self._view(visit))
        elif method in READING and rest == "/health":
            answer = self._pages.health(await self._health())
        elif method in READING and rest == "/record":
            answer = await self._records.answer(visit, self._view(visit))
        elif method in READING and rest != "/once":
            answer = self._read(visit, rest)
        else:
            allowed = (
                b"GET, HEAD, POST" if rest in ("", "/") else b"POST" if rest == "/once" else b"GET, HEAD"
            )
            answer = Answer(405, b"method not allowed\n", headers=((b"allow", allowed),))
        if answer is not None:
            await answer.send(visit.scope, send)

    def _read(self, visit: Visit, rest: str) -> Answer:
        if rest in ("", "/"):
            return self._pages.preferences(visit.consent, self._view(visit))
        if rest == "/state":
            return self._state(visit)
        if rest == "/declaration":
            return self._pages.declaration(self._view(visit))
        if rest.startswith("/static/"):
            found = self._pages.static(rest.removeprefix("/static/"), text(visit.fields, b"accept-encoding"))
            if found is not None:
                return found
        return Answer(404, b"not found\n", headers=((b"x-robots-tag", b"noindex"),))

    def _state(self, visit: Visit) -> Answer:
        query = parse_qs(visit.scope.get("query_string", b"").decode("latin-1"))
        for name in SAID.keys() & query.get("signal", ()):
            visit = visit.under(SAID[name])
        consent, notice = visit.consent, self._book.notice(self._view(visit).language)
        ours = visit.reading.renewal
        gone = expired(self._gate, visit, consent, beside=ours)
        return self._pages.state(consent, notice, storage(self._gate, consent), (*ours, *gone))

    async def _health(self) -> dict[str, object]:
        """What probes are told: ``ok`` while grants can be recorded."""
        if self._audit.health()["store"] == "failing":
            await self._try_again()
        log, tally = self._audit.health(), self._gate.tally
        return {
            "ok": log["store"] != "failing",
            "log": log,
            "pages": tally.pages,
            "gated": tally.gated,
            "faults": tally.faults,
            "limited": tally.limited,
        }

    async def _try_again(self) -> None:
        """Open a store that failed: a worker that gets no visitors because its probe failed would never come back else."""
        if not self._trying:
            self._trying = True
            try:
                await self._audit.start()
            except AuditError:
                pass  # the log has said so itself
            finally:
                self._trying = False

    def _view(self, visit: Visit) -> View:
        """How one of our own pages is to be drawn for this request."""
        scope = visit.scope
        root = scope.get("root_path", "")
        asked = scope.get("query_string")
        query = parse_qs(asked.decode("latin-1")) if asked else {}
        peer = visit.resolver.transport.peer(scope)
        referer = visit.fields.get(b"referer", b"").decode("latin-1")
        back = safe_next(query.get("next", [""])[0]) or next_of_referer(referer, peer) or ""
        wanted = query.get("lang", [None])[0]
        accepted = visit.fields.get(b"accept-language", b"").decode("latin-1")
        own = f"{root}{self._gate.prefix}"
        return View(
            prefix=own,
            next="" if back.startswith(own) else back,
            nonce=None,
            inline=False,
            view=new_word(),
            language=self._book.language(wanted, accepted),
            rule="default",
            posted=False,
            broken=visit.keeping is Keeping.IMPOSSIBLE,
        )
