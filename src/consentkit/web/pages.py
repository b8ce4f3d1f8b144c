"""The visitor's pages below the prefix, and our static files: values in, an Answer out.

Every page works without JavaScript, under a CSP of its own that allows nothing from elsewhere, and stays out of search
results and caches.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from consentkit.core.consent import Consent
from consentkit.core.jurisdiction import Shown
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.core.service import Cookie, Service
from consentkit.web import client, head, look
from consentkit.web.answer import Answer, Header
from consentkit.web.document import Notice
from consentkit.web.notice import NoticeBook, View, state
from consentkit.web.shown import honored, shows, switched_on
from consentkit.web.stencil import to_ascii

OWN_CSP = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PAGE_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", OWN_CSP),
    (b"x-robots-tag", b"noindex"),
    (b"cache-control", b"no-store"),
    # Not no-referrer: under it a form of the same origin sends "Origin: null", and a grant could come from anywhere.
    (b"referrer-policy", b"same-origin"),
)
UNTOLD: tuple[Header, ...] = ((b"referrer-policy", b"no-referrer"),)
"""For a page whose links hold the id of a refusal. It has no form, which under this would not say where it stands."""
PRIVATE: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex"))
FOREVER: tuple[Header, ...] = (
    (b"cache-control", b"public, max-age=31536000, immutable"),
    # A module in a sandboxed frame is fetched from an opaque origin.
    (b"access-control-allow-origin", b"*"),
    (b"vary", b"Accept-Encoding"),
)
HTML = "text/html; charset=utf-8"
PAGE = "page"
SIDES = ("granted", "denied")
_WILD = re.compile(r"(?:\[[^\]]*\]|\([^)]*\)|\\[dDwWsS]|(?<!\\)\.)(?:[*+?]|\{[^}]*\})?")


class Pages:
    """The answers to the GETs below the prefix.

    :param book: what the visitor is shown.
    """

    def __init__(self, policy: Policy, book: NoticeBook) -> None:
        self.policy = policy
        self.book = book
        self._page = look.page(policy)
        self._assets = {
            asset.name: asset
            for asset in (
                client.first(),
                *map(client.on_demand, client.ON_DEMAND),
                *head.assets(),
                *look.sheets(policy),
                client.sheet("placeholder"),
            )
        }

    def preferences(self, consent: Consent, view: View, status: str = "") -> Answer:
        """The second layer as a page: each purpose, each service, and the four acts.

        :param status: name of a text to show at the top, e.g. ``saved``; empty for none.
        """
        return self._html(
            200,
            "visitor/preferences.html",
            view,
            consent=consent,
            notice=self.book.notice(view.language),
            purposes=[self._purpose(name, consent, view.language) for name in self.book.purposes],
            honored=honored(self.policy, consent),
            link=shows(self.policy, Shown.OPT_OUT_LINK),
            status=status,
        )

    def declaration(self, view: View) -> Answer:
        """The cookies and services, from the policy."""
        purposes = [self._purpose(name, None, view.language) for name in self.book.purposes]
        return self._html(200, "visitor/declaration.html", view, purposes=purposes)

    def record(
        self,
        view: View,
        entries: Sequence[Mapping[str, Any]] | None,
        headers: tuple[Header, ...] = (),
        *,
        at_once: bool = False,
    ) -> Answer:
        """The visitor's own choices, each with its receipt.

        :param entries: ``event``, ``act``, ``time``, ``granted``, ``denied``, ``seq`` and ``proven`` of each, newest first;
            ``None`` where they cannot be read now, which is answered 503. With ``file``, the receipt itself as an address.
        :param at_once: they are the answer to a choice made just now.
        """
        shown = entries and [
            {
                **entry,
                "when": self.book.words[view.language].moment(datetime.datetime.fromisoformat(entry["time"])),
                **{
                    side: [self.book.purpose(name, view.language)["title"] for name in entry[side]]
                    for side in SIDES
                },
            }
            for entry in entries
        ]
        headers = (*UNTOLD, *headers)
        status = 503 if entries is None else 200
        return self._html(status, "visitor/record.html", view, headers, entries=shown, at_once=at_once)

    def problem(self, status: int, view: View, retry_after: int | None = None) -> Answer:
        """What went wrong with a form, and what to do, without JavaScript.

        :param status: 400, 403, 409, 415, 429 or 503; a 503 where no cookie can be kept says that, and not to try again.
        :param retry_after: seconds, for the ``Retry-After`` field (RFC 9110 section 10.2.3).
        """
        again = retry_after is not None and not view.broken
        headers = ((b"retry-after", str(retry_after).encode()),) if again else ()
        return self._html(status, "visitor/problem.html", view, headers, status=status)

    def state(
        self, consent: Consent, notice: Notice, storage: str = "[]", headers: Sequence[Header] = ()
    ) -> Answer:
        """The consent as JSON.

        :param storage: keys that services which may not run keep in the browser, as JSON.
        :param headers: further header fields.
        """
        return as_json(200, self.state_of(consent, notice), tuple(headers), storage=storage)

    def state_of(self, consent: Consent, notice: Notice) -> dict[str, Any]:
        """What ``/state`` tells, as a value; a decision's answer carries it too."""
        return {
            **state(self.policy, consent),
            "regimes": {name: str(regime) for name, regime in consent.regimes.items()},
            "jurisdiction": consent.jurisdiction,
            "notice": notice.hash,
            "policy": self.policy.version,
        }

    def health(self, report: Mapping[str, Any]) -> Answer:
        """For probes: 200 where ``report["ok"]`` is true or absent, else 503."""
        return as_json(200 if report.get("ok", True) else 503, report)

    def static(self, name: str, accept_encoding: str = "") -> Answer | None:
        """One of our files by its hashed name, compressed where the browser takes it; ``None`` for no such file."""
        asset = self._assets.get(name)
        if asset is None:
            return None
        body, encoding = asset.encoded(accept_encoding)
        extra = ((b"content-encoding", encoding.encode()),) if encoding else ()
        return Answer(200, body, asset.content_type, (*FOREVER, *extra))

    def _html(
        self, answer_status: int, template: str, view: View, headers: tuple[Header, ...] = (), **values: Any
    ) -> Answer:
        html = self.book.environment.get_template(template).render(
            words=self.book.words[view.language],
            languages=self.book.words.offered.values(),
            policy=self.policy,
            view=view,
            sheet=self._page,
            lifetime=self.book.words[view.language].duration(self.policy.cookie_lifetime),
            **values,
        )
        told = {name for name, _ in headers}
        usual = (field for field in PAGE_HEADERS if field[0] not in told)
        return Answer(answer_status, to_ascii(html), HTML, (*usual, *headers))

    def _purpose(self, name: str, consent: Consent | None, language: str) -> dict[str, Any]:
        services = [key for key, service in self.policy.services.items() if service.purposes[0] == name]
        return {
            **self.book.purpose(name, language),
            "asked": name in self.policy.askable,
            "on": consent is None or switched_on(self.policy, consent, name),
            "new": consent is not None and name in consent.new,
            "services": [
                self._service(key, self.policy.services[key], consent, language) for key in services
            ],
        }

    def _service(self, name: str, service: Service, consent: Consent | None, language: str) -> dict[str, Any]:
        decision = consent.decision if consent else None
        exception = decision.services.get(self.policy.marks[name]) if decision else None
        new = consent is not None and name in consent.new
        if new and exception is None and consent and consent.granted.issuperset(service.purposes):
            exception = False  # shut although its purposes are open: it stays so unless somebody says else
        exempt = self.policy.exempted.get(name)
        return {
            "id": name,
            "title": service.title or service.vendor,
            "vendor": service.vendor,
            "privacy_url": service.privacy_url,
            "recipients": service.recipients,
            "sells": service.sells,
            "asked": name in self.policy.fingerprints,
            "exception": exception,
            "new": new,
            "exempt": exempt is not None,
            "objection": exempt is Regime.OPT_OUT,
            "facts": service.facts if exempt is not None else (),
            "purposes": [self.book.purpose(purpose, language)["title"] for purpose in service.purposes],
            "cookies": [self._cookie(cookie, language) for cookie in service.cookies],
            "storage": [readable(key) for key in service.storage],
        }

    def _cookie(self, cookie: Cookie, language: str) -> dict[str, str]:
        words = self.book.words[language]
        lifetime = words("session") if cookie.lifetime is None else words.duration(cookie.lifetime)
        return {"name": cookie.name or readable(cookie.pattern or ""), "lifetime": lifetime}


def as_json(
    status: int, value: Mapping[str, Any], headers: tuple[Header, ...] = (), **written: str
) -> Answer:
    """A JSON answer that no cache keeps.

    :param written: further members, as JSON already.
    """
    members = [
        json.dumps(value, separators=(",", ":"))[1:-1],
        *(f'"{name}":{text}' for name, text in written.items()),
    ]
    body = f"{{{','.join(filter(None, members))}}}"
    return Answer(status, body.encode(), "application/json", (*PRIVATE, *headers))


def readable(pattern: str) -> str:
    """A cookie's pattern as people write it: ``^_ga_[A-Z0-9]+$`` as ``_ga_*``."""
    text = _WILD.sub("*", pattern.removeprefix("^").removesuffix("$"))
    return re.sub(r"\\(.)", r"\1", re.sub(r"\*+", "*", text))
