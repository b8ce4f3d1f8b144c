"""What stands in the place of content that waits for permission: a small document inside the very same frame.

A gated ``<iframe>`` keeps its box and gains a ``srcdoc``: no layout moves, the page's styles do not reach in, nothing of the
vendor's is fetched, and its two forms work by keyboard and without JavaScript. What is no frame, and the places that a
script would fill (a captcha), get a frame of ours beside or inside them, marked ``data-ck-place``, which goes when its names
are granted.

A frame under the page's Content-Security-Policy: a local document is not subject to ``frame-src`` and inherits the rest. Our
sheet may be kept out then; presentational attributes keep it readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from consentkit.core.service import Service
from consentkit.web import client
from consentkit.web.gate.placeholder import Draw, Wanted
from consentkit.web.notice import NoticeBook
from consentkit.web.stencil import to_ascii

LONGEST_ADDRESS = 2_000
"""Characters of an address that "once" is offered for: the form must stay far below the limit of a request's body."""
REMEMBERED = 512
"""Placeholders kept for each language and consent; most pages show the same few."""
FORMS = frozenset({"captcha", "form"})
"""Kinds without which something on the page cannot be sent."""


class Placeholders:
    """Draws placeholders.

    :param services: every service that may be gated, by id, those of the policy and of the catalogue.
    :param prefix: where our paths begin, ``root_path`` included.
    :param narrowed: whether pages have their Content-Security-Policy narrowed: "once" then opens a page of its own.
    """

    def __init__(
        self, book: NoticeBook, services: Mapping[str, Service], prefix: str, *, narrowed: bool
    ) -> None:
        self._book = book
        self._services = services
        self._prefix = prefix
        self._narrowed = narrowed
        self._template = book.environment.get_template("visitor/placeholder.html")

    def draw(self, language: str, *, linked: bool) -> Draw:
        """What draws placeholders in a language of ours.

        :param linked: "once" is a link to the content itself. A page whose policy says which frames it may have need not allow
            a page of ours in one.
        """
        return lru_cache(REMEMBERED)(partial(self._srcdoc, language, linked))

    def _srcdoc(self, language: str, linked: bool, wanted: Wanted) -> bytes:
        """`` srcdoc="…"``, ASCII, to stand among the attributes of a frame."""
        document = self.document(language, wanted, linked=linked).replace("\n", "")
        escaped = document.replace("&", "&amp;").replace('"', "&quot;")
        return b' srcdoc="' + escaped.encode("ascii") + b'"'

    def document(self, language: str, wanted: Wanted, *, linked: bool = False) -> str:
        """The placeholder as a document."""
        policy, words = self._book.policy, self._book.words[language]
        name = wanted.names[0].removeprefix("!")
        service = self._services.get(name)
        askable = len(wanted.names) == 1 and name in policy.services and name in policy.fingerprints
        html = self._template.render(
            words=words,
            name=name,
            reason=_reason(wanted, service, askable=askable),
            shown=self._shown(wanted, service, language),
            prefix=self._prefix,
            sheet=client.sheet("placeholder"),
            poster=wanted.poster,
            address=wanted.address if len(wanted.address) <= LONGEST_ADDRESS else "",
            sandbox=wanted.sandbox,
            askable=askable,
            narrowed=self._narrowed,
            linked=linked,
            notice=self._book.notice(language).hash,
        )
        return to_ascii(html).decode("ascii")

    def _shown(self, wanted: Wanted, service: Service | None, language: str) -> dict[str, Any]:
        if wanted.host:
            return {"title": wanted.host, "vendor": wanted.host, "purposes": "", "privacy_url": None}
        if service is None:
            title = self._book.purpose(wanted.names[0], language)["title"]
            return {"title": title, "vendor": "", "purposes": title, "privacy_url": None}
        titles = [self._book.purpose(purpose, language)["title"] for purpose in service.purposes]
        return {
            "title": service.title or service.vendor,
            "vendor": service.vendor,
            "purposes": self._book.words[language].listed(titles),
            "privacy_url": service.privacy_url,
        }


def _reason(wanted: Wanted, service: Service | None, *, askable: bool) -> str:
    """Which sentence tells why something is not there."""
    if wanted.names[0].startswith("!"):
        return "shut"
    if service is None:
        return "purpose"
    return "form" if service.kind in FORMS and askable else "waits"
