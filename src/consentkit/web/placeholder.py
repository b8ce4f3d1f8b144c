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
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from consentkit.core.service import Service
from consentkit.web import client
from consentkit.web.notice import NoticeBook
from consentkit.web.stencil import to_ascii

LONGEST_ADDRESS = 2_000
"""Characters of an address that "once" is offered for: the form must stay far below the limit of a request's body."""
FORMS = frozenset({"captcha", "form"})
"""Kinds without which something on the page cannot be sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a placeholder stands.

    :param names: ids of the services that are waited for; one that is gated for good has ``!`` in front.
    :param language: tag of a language that the notice has.
    :param address: what "once" would load; empty where it is not offered.
    :param poster: a picture of the site's own, as a path; empty for none.
    :param widget: whether it is a place that a script would fill.
    """

    names: tuple[str, ...]
    language: str
    address: str = ""
    poster: str = ""
    widget: bool = False


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
        self.srcdoc = lru_cache(1024)(self._srcdoc)

    def language(self, page_lang: str | None) -> str:
        """The language for a page that says it is in ``page_lang``."""
        return self._book.language(page_lang, None)

    def _srcdoc(self, place: Place) -> bytes:
        """`` srcdoc="…"``, ASCII, to stand among the attributes of a frame."""
        document = self.document(place)
        escaped = document.replace("&", "&amp;").replace('"', "&quot;").replace("\n", "")
        return b' srcdoc="' + escaped.encode("ascii") + b'"'

    def document(self, place: Place) -> str:
        """The placeholder as a document."""
        words = self._book.words[place.language]
        name = place.names[0].removeprefix("!")
        service = self._services.get(name)
        policy = self._book.policy
        askable = len(place.names) == 1 and name in policy.fingerprints
        reason = "shut" if not askable and place.names[0].startswith("!") else "waits"
        if service is not None and service.kind in FORMS and askable:
            reason = "form"
        html = self._template.render(
            words=words,
            name=name,
            reason=reason,
            shown=self._shown(name, service, place.language),
            prefix=self._prefix,
            sheet=client.sheet("placeholder"),
            poster=place.poster,
            address=place.address if len(place.address) <= LONGEST_ADDRESS else "",
            askable=askable,
            narrowed=self._narrowed,
            notice=self._book.notice(place.language).hash,
        )
        return to_ascii(html).decode("ascii")

    def _shown(self, name: str, service: Service | None, language: str) -> dict[str, Any]:
        if service is None:
            return {"title": name, "vendor": name, "purposes": "", "privacy_url": None}
        titles = [self._book.purpose(purpose, language)["title"] for purpose in service.purposes]
        return {
            "title": service.title or service.vendor,
            "vendor": service.vendor,
            "purposes": ", ".join(titles),
            "privacy_url": service.privacy_url,
        }
