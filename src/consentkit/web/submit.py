"""The POST: read, judge where it comes from, decide, record, answer.

Two promises shape it. A grant counts only when it is recorded: no commit, no cookie. A refusal always takes effect: whatever
the store or the limits say, its cookie goes out with the answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from consentkit.audit.batch import Recorded
from consentkit.audit.errors import AuditError
from consentkit.audit.event import Document, Event, now, uuid7
from consentkit.audit.later import VIEW_BYTES
from consentkit.audit.log import AuditLog
from consentkit.core.consent import Consent
from consentkit.core.cookie import Read
from consentkit.core.decision import Decision, Outcome, Refused, closing_part, decide, opens
from consentkit.web.answer import Answer, Header, Receive
from consentkit.web.browser import cookies_of_others, keyed, state_before, visitor_id
from consentkit.web.document import Notice
from consentkit.web.form import FORM, JSON, Bad, Submission, media_type, parse, read_body
from consentkit.web.gatehouse import Gate
from consentkit.web.hint import hint_cookie, hint_name, lasts
from consentkit.web.limit import RateLimit
from consentkit.web.notice import NoticeBook, View
from consentkit.web.origin import Origin, from_frame, next_of_referer, origin_of, safe_next
from consentkit.web.outgoing import expired, storage
from consentkit.web.pages import PRIVATE, Pages, as_json
from consentkit.web.pending import Grants
from consentkit.web.record import Records
from consentkit.web.request import Visit
from consentkit.web.setcookie import clearing, decision_cookie
from consentkit.web.shown import law_of
from consentkit.web.transport import Keeping, Peer
from consentkit.web.viewword import made_at

logger = logging.getLogger(__name__)

DOUBLE_CLICK = 10.0
"""Seconds within which the same act from the same page view is the same click."""
SOON = 50_000
"""Microseconds of waiting up to which a grant does not ask whether another worker has taken a later choice meanwhile."""
RETRY_AFTER = 5
"""Seconds after which a grant that could not be recorded may be tried again."""
PROBLEM_PAGES = frozenset({400, 403, 409, 415, 429, 503})
"""Statuses that a visitor of our form can meet, each with a page of its own."""
STALE_COPIES: Header = (b"clear-site-data", b'"prefetchCache", "prerenderCache"')


@dataclass(frozen=True, slots=True)
class Act:
    """A submission with all that is known about it.

    :param opens: whether it lets anything run that may not run now.
    """

    visit: Visit
    peer: Peer
    keeping: Keeping
    before: Read
    consent: Consent
    sent: Submission
    outcome: Outcome
    opens: bool
    documents: tuple[Document, ...]
    notice: str
    language: str | None
    view: View

    @property
    def previous(self) -> Decision | None:
        """The decision that held until now: not one that has ended."""
        return self.consent.decision

    @property
    def back(self) -> str:
        """The path to return to: ``next``, else the page it came from, else the home page."""
        root = str(self.visit.scope.get("root_path", ""))
        referer = self.visit.fields.get(b"referer", b"").decode("latin-1")
        return safe_next(self.sent.next) or next_of_referer(referer, self.peer) or f"{root}/"

    def borne_by(self, outcome: Outcome) -> str | None:
        """The visitor id that its event bears; a withdrawal's is the last with the old one."""
        return outcome.decision.visitor or (self.previous.visitor if self.previous else None)


class Decisions:
    """Takes decisions and answers them."""

    def __init__(self, gate: Gate, pages: Pages, audit: AuditLog, limit: RateLimit, grants: Grants) -> None:
        self._gate = gate
        self._policy = policy = gate.book.policy
        self._book = gate.book
        self._pages = pages
        self._audit = audit
        self._limit = limit
        self._records = Records(policy, pages, audit)
        self._grants = grants
        self._policy_document = Document("policy", policy.version, policy.document)

    async def answer(self, visit: Visit, receive: Receive, view: View) -> Answer | None:
        """Answer one POST; ``None`` when the client went away before it was whole."""
        kind = media_type(visit.fields)
        wants_json = kind == JSON
        if kind not in (FORM, JSON):
            return self._refuse(415, "expected a form or JSON", view, wants_json)
        if visit.keeping is Keeping.IMPOSSIBLE:
            return self._refuse(503, "this site is not set up to keep choices", view, wants_json)
        body = await read_body(receive)
        if body is None:
            return None
        sent = body if isinstance(body, Bad) else parse(body, kind)
        if isinstance(sent, Bad):
            return self._refuse(sent.status, sent.reason, view, wants_json)
        act = await self._act(visit, sent, view)
        if isinstance(act, Bad):
            return self._refuse(act.status, act.reason, view, wants_json)
        within = self._limit.takes(act.peer.client)
        if not act.opens:
            return await self._close(act, within=within)
        if within:
            return await self._open(act)
        return self._refuse(429, "too many choices at once", act.view, wants_json)

    async def _act(self, visit: Visit, sent: Submission, view: View) -> Act | Bad:
        peer = visit.resolver.transport.peer(visit.scope)
        origin = origin_of(visit.fields, peer)
        if origin is Origin.FOREIGN:
            return Bad(403, "this choice was not made on this site")
        known, asked = await self._served(sent.notice)
        previous = visit.consent.decision
        outcome = decide(
            self._policy,
            sent.choice,
            now=int(time.time()),
            visitor=(previous.visitor if previous else None) or visitor_id(sent.view, peer, visit, previous),
            signalled=visit.consent.gpc,
            asked=asked,
            before=previous,
        )
        if isinstance(outcome, Refused):
            return Bad(400, outcome.reason)
        opening = opens(self._policy, outcome, previous)
        if opening:
            fault = _grant_fault(origin, visit, sent, known=known is not None or asked is not None)
            if fault is not None:
                return fault
        documents: tuple[Document, ...] = (self._policy_document,)
        if known is not None:
            documents += (Document("notice", known.hash, known.document),)
        return Act(
            visit=visit,
            peer=peer,
            keeping=visit.keeping,
            before=visit.read,
            consent=visit.consent,
            sent=sent,
            outcome=outcome,
            opens=opening,
            documents=documents,
            notice=sent.notice if known or asked is not None else "",
            language=known.language if known else None,
            # Answered in the language that asked.
            view=replace(view, language=known.language) if known else view,
        )

    async def _served(self, notice: str) -> tuple[Notice | None, frozenset[str] | None]:
        """The notice that a form was served with, where it can be drawn today, and what it asked; that is ``None`` where it is
        all of today's policy, or nobody knows.
        """
        if not notice:
            return None, None
        own = await _known(self._book, notice)
        if own is not None:
            return own, None
        strictest = await _known(self._gate.strictest.book, notice)
        if strictest is not None:
            return strictest, _asked_by(strictest.document)
        return None, await self._asked_then(notice)

    async def _asked_then(self, notice: str) -> frozenset[str] | None:
        """What a notice asked that was served under an older policy and is kept with a decision; ``None`` if unknown."""
        try:
            document = await self._audit.document("notice", notice)
        except AuditError:
            return None
        if document is None:
            return None
        ticked = json.loads(document).get("law", {}).get("preticked", ())
        # Of a page from where switches may be on beforehand: a yes that nobody gave is none here.
        return _asked_by(document) if set(ticked) <= set(law_of(self._policy)["preticked"]) else None

    async def _open(self, act: Act) -> Answer:
        event = self._event(act, act.outcome)
        with self._grants.waiting(_asker(act)) as grant:
            try:
                recorded = await self._record(act, event)
            except AuditError as error:
                logger.warning("a grant could not be recorded and was answered 503: %s", type(error).__name__)
                return await self._unrecorded(act)
            followed = await self._followed(act, event, recorded)
        if grant.overtaken or followed:
            if recorded.fresh:  # else the click that wrote it, and may have been told so, judges for itself
                await self._audit.supersede(event, recorded)
            return self._refuse(409, "a later choice holds", act.view, act.sent.wants_json)
        return await self._done(act, act.outcome, recorded.id)

    async def _followed(self, act: Act, event: Event, recorded: Recorded) -> bool:
        """Whether another worker has taken a later choice from the same page while this one waited; also if nobody can tell.

        Not asked where the wait was short: answers so close to one another arrive in any order, whatever we do.
        """
        if not act.sent.view or now() - event.time < SOON:
            return False
        try:
            return await self._audit.followed(_view_key(act), event.time, by_other_than=recorded.id)
        except AuditError:
            return True

    async def _record(self, act: Act, event: Event) -> Recorded:
        recorded = await self._audit.record(event, documents=act.documents, once=_once(act))
        if not recorded.fresh and _age(recorded.id) > DOUBLE_CLICK:
            recorded = await self._audit.record(event, documents=act.documents)
        return recorded

    async def _unrecorded(self, act: Act) -> Answer:
        """Nothing opens without a record; what the same choice closes is closed all the same."""
        part = closing_part(self._policy, act.outcome, act.previous)
        cookies: tuple[Header, ...] = ()
        if part is not None:
            await self._audit.record_refusal(
                self._event(act, part), documents=act.documents, once=_once(act, "closing")
            )
            cookies = self._cookies(act, part.decision, self._after(act, part.decision))
        return self._refuse(503, "your choice could not be recorded", act.view, act.sent.wants_json, cookies)

    async def _close(self, act: Act, *, within: bool) -> Answer:
        self._grants.overtake(_asker(act))
        if not within:
            self._gate.tally.limited += 1
            return await self._done(act, act.outcome, None)
        try:
            recorded = await self._record_refusal(act)
        except AuditError as error:
            logger.error("a refusal took effect without a record: %s", type(error).__name__)  # noqa: TRY400 - nothing personal
            recorded = None
        return await self._done(act, act.outcome, recorded.id if recorded else None)

    async def _record_refusal(self, act: Act) -> Recorded | None:
        event = self._event(act, act.outcome)
        recorded = await self._audit.record_refusal(event, documents=act.documents, once=_once(act))
        if recorded is not None and not recorded.fresh and _age(recorded.id) > DOUBLE_CLICK:
            recorded = await self._audit.record_refusal(
                event, documents=act.documents, once=_once(act, event.id)
            )
        return recorded

    def _event(self, act: Act, outcome: Outcome) -> Event:
        return Event(
            id=uuid7(),
            time=now(),
            site=self._policy.site.address,
            act=outcome.act.value,
            policy=self._policy.version,
            notice=act.notice,
            how=act.sent.how,
            visitor=act.borne_by(outcome),
            granted=outcome.granted,
            denied=outcome.denied,
            services_granted=outcome.services_granted,
            services_denied=outcome.services_denied,
            regimes=tuple((name, self._policy.regimes[name].value) for name in self._policy.askable),
            jurisdiction=act.consent.jurisdiction,
            signal=act.consent.signal,
            language=act.language,
            decided_after_ms=act.sent.shown_ms,
        )

    def _cookies(self, act: Act, decision: Decision, after: Consent) -> tuple[Header, ...]:
        name = act.visit.resolver.transport.name(act.keeping)
        if name is None:
            return ()
        value = act.visit.resolver.codec.dump(decision)
        strays = clearing(name, act.keeping, act.peer, act.back) if act.before.strays else []
        hint, hint_lasts = self._book.hints.value(after), lasts(self._policy, decision, int(time.time()))
        ours = (
            *strays,
            decision_cookie(name, value, act.keeping, self._policy.cookie_lifetime),
            hint_cookie(hint_name(name), hint, act.keeping, hint_lasts),
        )
        return (*ours, *expired(self._gate, act.visit, after, beside=ours))

    def _after(self, act: Act, decision: Decision) -> Consent:
        """The consent that holds once a decision does."""
        resolver = act.visit.resolver
        signals = resolver.signals(act.visit.scope, act.visit.fields, act.keeping)
        return resolver.consent(signals, Read(decision))

    async def _done(self, act: Act, outcome: Outcome, event: str | None) -> Answer:
        consent = self._after(act, outcome.decision)
        headers = (STALE_COPIES, *self._cookies(act, outcome.decision, consent))
        if not act.sent.wants_json:
            if event is not None and act.sent.receipt:
                visitor = act.borne_by(outcome)
                shown = await self._records.at_once(act.view, act.back, event, visitor, headers)
                if shown is not None:
                    return shown
            return Answer(303, b"", "", ((b"location", act.back.encode("ascii")), *PRIVATE, *headers))
        state = self._pages.state_of(consent, self._book.notice(act.view.language))
        stored = storage(self._gate, consent)
        return as_json(200, {"event": event, "state": state}, headers, storage=stored)

    def _refuse(
        self, status: int, reason: str, view: View, wants_json: bool, cookies: Sequence[Header] = ()
    ) -> Answer:
        """Say why nothing opened, as data or as a page."""
        retry_after = RETRY_AFTER if status in (429, 503) and not view.broken else None
        if not wants_json and status not in PROBLEM_PAGES:
            return Answer(status, f"{reason}\n".encode(), headers=PRIVATE)
        if not wants_json:
            page = self._pages.problem(status, view, retry_after)
            return replace(page, headers=(*page.headers, *cookies))
        retry = ((b"retry-after", b"%d" % retry_after),) if retry_after else ()
        current = self._book.notice(view.language).hash
        return as_json(status, {"error": reason, "notice": current}, (*retry, *cookies))


async def _known(book: NoticeBook, notice: str) -> Notice | None:
    """The notice with a hash; looked for beside the other requests where every language may have to be drawn."""
    return book.known(notice) if book.tells(notice) else await asyncio.to_thread(book.known, notice)


def _asked_by(document: bytes) -> frozenset[str]:
    """What a notice put to its visitors."""
    return frozenset(json.loads(document).get("asked", ()))


def _grant_fault(origin: Origin, visit: Visit, sent: Submission, *, known: bool) -> Bad | None:
    """Why a choice that opens something cannot be taken, where one that only closes could."""
    if origin is Origin.UNKNOWN:
        return Bad(403, "the browser does not say where this choice was made")
    if from_frame(visit.fields):
        return Bad(403, "a choice made inside another page opens nothing")
    if not sent.notice:
        return Bad(400, "a grant names the notice that was shown")
    return None if known else Bad(409, "the notice has changed")


def _asker(act: Act) -> str:
    """Whose choices must not overtake one another: the page view's, or, where a client names none, this browser's."""
    fields = act.visit.fields
    browser = (
        act.peer.client,
        *(fields.get(name, b"").decode("latin-1") for name in (b"user-agent", b"cookie")),
    )
    return act.sent.view or "\n".join(browser)


def _view_key(act: Act) -> bytes:
    """How the keys of all acts from one page view begin: by it, a process finds what another one has taken."""
    at = made_at(act.sent.view)
    return at + keyed(act.visit, "view", _asker(act))[: VIEW_BYTES - len(at)]


def _once(act: Act, *more: str) -> bytes | None:
    """A key that two clicks on one button share, and no two acts else; it cannot be turned back into what it is of.

    The second click may bring the cookie that answered the first: that one stands for nothing here. Any other decision
    before tells acts apart: accept, withdraw and accept again on one page are three.
    """
    if not act.sent.view:
        return None
    choice, before = act.sent.choice, act.previous
    answers = [*sorted(choice.purposes), *(f"{name}={yes}" for name, yes in sorted(choice.services.items()))]
    repeated = before is not None and _repeats(before, act.outcome.decision)
    state = state_before(act.visit, None if repeated else before)
    others = cookies_of_others(act.visit)
    view = act.sent.view
    key = keyed(act.visit, "once", view, act.peer.client, choice.act, ",".join(answers), state, others, *more)
    return _view_key(act) + key[:16]


def _repeats(before: Decision, new: Decision) -> bool:
    """Whether a decision says again what the one just before it said."""
    same = (before.purposes, before.services, before.asked) == (new.purposes, new.services, new.asked)
    return same and 0 <= new.at - before.at <= DOUBLE_CLICK


def _age(event: str) -> float:
    """Seconds since an event, by the time in its id (RFC 9562 section 5.7)."""
    return time.time() - int(event.replace("-", "")[:12], 16) / 1000
