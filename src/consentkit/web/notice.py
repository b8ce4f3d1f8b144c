"""The notice: what a visitor is served and asked, as bytes.

A :class:`NoticeBook` draws everything that a policy can show. A page's piece is drawn once for each state that can be seen
(language, consent, way of delivery) and kept as a :class:`Stencil`: bytes with holes for what differs from page to page. So
a page costs a look-up and a join.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from consentkit.core.consent import Consent
from consentkit.core.policy import Policy
from consentkit.languages.lookup import LONGEST_FIELD, accepted, look_up
from consentkit.web import client, look
from consentkit.web.document import Documents
from consentkit.web.head import Head
from consentkit.web.hint import Hints
from consentkit.web.shown import lasting_of
from consentkit.web.signal import standing
from consentkit.web.stencil import Stencil, attribute, hole, plain_json

LONGEST_NEXT = 2000
"""Characters. A longer ``next`` is left out, so that a refusal stays below the limit of a request's body."""
MOST_SERVICES = 64
"""Services named in a page's own state."""
REMEMBERED = 1024
"""Stencils kept: one for each state that visitors are in. Beyond it all are dropped and drawn again."""
_PACKAGE = Path(__file__).parents[1]
TEMPLATES = next(
    (folder for folder in (_PACKAGE / "templates", _PACKAGE.parents[1] / "templates") if folder.is_dir()),
    _PACKAGE / "templates",
)
"""Our templates: inside the package in a wheel, at the top of the repository in a checkout."""
_LAYOUT = re.compile(r"\n\s*(?=<|$)")


@dataclass(frozen=True, slots=True)
class View:
    """What differs from page to page.

    :param prefix: where our paths begin, ``root_path`` included: an absolute path, or a whole address where the page has
        a ``<base>`` of another origin.
    :param next: path and query of the page; empty for none.
    :param nonce: the nonce of the page's CSP, where it has one.
    :param style_nonce: the one for styles, where it is another; ``None``: the same.
    :param inline: whether an inline ``<style>`` applies here: with a nonce, or under no CSP at all.
    :param view: a random text of this page view, sent back with a decision so that a double click is one event.
    :param language: the notice's language.
    :param rule: what the policy says for this page.
    :param posted: the page was born of a POST and is never reloaded.
    :param broken: the connection cannot keep our cookie: a short line says so, and nothing is asked.
    :param narrowed: the page's CSP was narrowed, so that a grant needs a new page.
    :param hint: name of the hint cookie; empty where none can be kept.
    :param shared: the page is the same for all, and kept in shared caches.
    :param script: whether an inline script runs here early enough: with a nonce or under no CSP, in a page whose charset its
        header field tells.
    """

    prefix: str = "/_consent"
    next: str = ""
    nonce: str | None = None
    style_nonce: str | None = None
    inline: bool = False
    view: str = ""
    language: str = "en"
    rule: Literal["never", "inline", "default"] = "default"
    posted: bool = False
    broken: bool = False
    narrowed: bool = False
    hint: str = ""
    shared: bool = False
    script: bool = False


class Drawn(NamedTuple):
    """The pieces of all pages that are alike.

    :param head: what stands first in ``<head>``.
    :param body: what stands in ``<body>``, with holes for ``next``, ``query`` and ``view``.
    """

    head: bytes
    body: Stencil


class NoticeBook(Documents):
    """Everything that a policy can show to a visitor: its documents, and the pieces of pages.

    :param policy: what is asked, by whom, in which words.
    :param templates: folders of a site's own templates; one found there by name replaces ours.
    :raises PolicyError: ``policy.texts`` names a text that does not exist.
    """

    def __init__(self, policy: Policy, *, templates: Sequence[Path] = ()) -> None:
        super().__init__(policy)
        self.hints = Hints(policy)
        self._head = Head(policy, self.hints)
        self.environment = _environment(tuple(templates))
        self._banner = self.environment.get_template("notice/notice.html")
        self._languages: dict[tuple[str, str, str], str] = {}
        self._stencils: dict[tuple[object, ...], Stencil] = {}

    def language(self, page: str | None, accept_language: str | None, content_language: str = "") -> str:
        """The language to show: the page's own, else the browser's first that we have, else the policy's.

        :param page: the page's ``lang``.
        :param accept_language: value of the request's ``Accept-Language``.
        :param content_language: value of the response's ``Content-Language``, which counts after the page's ``lang``.
        """
        key = (
            (page or "")[:64],
            (content_language or "")[:LONGEST_FIELD],
            (accept_language or "")[: LONGEST_FIELD + 1],
        )
        found = self._languages.get(key)
        if found is None:
            told, wish = (key[0], *key[1].split(",")), accepted(key[2])
            found = look_up(told, self.words) or look_up(wish.tags, self.words, wish.refuses)
            if len(self._languages) >= REMEMBERED:
                self._languages.clear()
            found = self._languages[key] = found or self.policy.language
        return found

    def head(self, consent: Consent, view: View) -> bytes:
        """What belongs into ``<head>``, before all else: the page's first script, ASCII only."""
        stencil = self._head.stencil(
            consent,
            cookie=view.hint,
            inline=view.script,
            nonce=view.nonce is not None,
            posted=view.posted,
            shared=view.shared,
        )
        return stencil.fill({"prefix": _prefix(view.prefix), "nonce": attribute(view.nonce or "")})

    def body(self, consent: Consent, view: View) -> bytes:
        """What belongs into ``<body>``: the host element with its shadow root, ASCII only."""
        following, query = way_back(view.next)
        values = {"next": following, "query": query, "view": attribute(view.view)}
        return self._outline(consent, view).fill(values)

    def drawn(self, consent: Consent, view: View) -> Drawn:
        """Both pieces, but for what differs between pages that are else alike."""
        return Drawn(self.head(consent, view), self._outline(consent, view))

    def _outline(self, consent: Consent, view: View) -> Stencil:
        following = bool(way_back(view.next)[0])
        key = (
            view.language,
            view.inline,
            view.nonce is None,
            following,
            view.rule,
            view.posted,
            view.broken,
            view.narrowed,
            view.shared,
            consent.ask,
            consent.signal,
            consent.conflict,
            consent.new,
            consent.outcome,
            consent.allowed,
        )
        stencil = self._stencils.get(key)
        if stencil is None:
            stencil = self._draw(consent, view, following)
            if len(self._stencils) >= REMEMBERED:
                self._stencils.clear()
            self._stencils[key] = stencil
        return stencil.partly(
            {
                "prefix": _prefix(view.prefix),
                "nonce": attribute(view.nonce or ""),
                "style": attribute(view.style_nonce or view.nonce or ""),
            }
        )

    def _draw(self, consent: Consent, view: View, following: bool) -> Stencil:
        asks = consent.ask and view.rule != "never" and not view.broken
        says = view.broken and view.rule != "never" and bool(self.policy.askable)
        lasting = lasting_of(self.policy, consent, shared=view.shared)
        sheet = look.sheet(self.policy, view.rule, asks=asks, foot=lasting is not None)
        html = self._banner.render(
            words=self.words[view.language],
            languages=self.words,
            policy=self.policy,
            notice=self.notice(view.language),
            banner=self.banner(view.language) if asks else None,
            new=self._new(consent, view.language),
            lasting=lasting,
            layout=look.layout(self.policy, view.rule),
            signal=client.on_demand("signal"),
            said=self.words[view.language]("unkept") if says else "",
            consent=consent,
            state=_state_in_page(self.policy, consent),
            view=view,
            style=Markup(sheet.body.decode()),  # noqa: S704 - our own file, and a theme's values
            sheet=sheet,
            script=client.first(),
            hole={
                "prefix": hole("prefix"),
                "next": hole("next") if following else "",
                "query": Markup("&amp;next=") + hole("query") if following else "",
                "nonce": hole("nonce") if view.nonce is not None else "",
                "style": hole("style") if view.nonce is not None else "",
                "view": hole("view"),
            },
        )
        return Stencil.of(_LAYOUT.sub("", html))

    def _new(self, consent: Consent, language: str) -> str:
        """The line that names what a visitor has not answered beside what they have; empty for nothing."""
        policy = self.policy
        names = [
            *(self.purpose(name, language)["title"] for name in policy.askable if name in consent.new),
            *(each.title or each.vendor for name, each in policy.services.items() if name in consent.new),
        ]
        words = self.words[language]
        return words("new-since", names=words.listed(names)) if names else ""


def _state_in_page(policy: Policy, consent: Consent) -> Markup:
    """The state as a page carries it: with very many services they stay out, and the script asks for them."""
    shown = state(policy, consent)
    if len(shown["services"]) > MOST_SERVICES:
        del shown["services"]
    return Markup(plain_json(shown))  # noqa: S704 - ids of a closed alphabet


def state(policy: Policy, consent: Consent) -> dict[str, Any]:
    """The part of a consent that the browser's side works with."""
    signal = standing(policy, consent)
    return {
        "decided": consent.decided,
        "outcome": consent.outcome,
        "granted": sorted(consent.granted),
        "services": dict(consent.services),
        **({"signal": signal} if signal else {}),
    }


@lru_cache(64)
def _prefix(prefix: str) -> bytes:
    return attribute(prefix)


@lru_cache(1024)
def way_back(address: str) -> tuple[bytes, bytes]:
    """``next`` as an attribute and as part of a query; empty where it is too long to be sent back."""
    if len(address) > LONGEST_NEXT:
        return b"", b""
    return attribute(address), quote(address, safe="/", errors="replace").encode()


@lru_cache(8)
def _environment(folders: tuple[Path, ...]) -> Environment:
    loaders = [FileSystemLoader(folder) for folder in (*folders, TEMPLATES)]
    return Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
