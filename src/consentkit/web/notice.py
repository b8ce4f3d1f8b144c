"""The notice: what a visitor is served and asked, as bytes and as a document with a hash.

A :class:`NoticeBook` draws everything that a policy can show. A page's piece is drawn once for each state that can be seen
(language, consent, way of delivery) and kept as a :class:`Stencil`: bytes with holes for what differs from page to page. So
a page costs a look-up and a join.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import rfc8785
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from consentkit.core.consent import Consent
from consentkit.core.jurisdiction import Shown
from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.web import client, look
from consentkit.web.head import Head
from consentkit.web.hint import Hints
from consentkit.web.shown import lasting_of, law_of, layout_of, shows
from consentkit.web.signal import standing
from consentkit.web.stencil import Stencil, attribute, hole, plain_json
from consentkit.web.words import accepted, look_up, words_of

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
BUTTONS = {
    Regime.OPT_IN: ("reject", "accept", "more"),
    Regime.OPT_OUT: ("accept", "reject", "more"),
    Regime.NOTICE: ("accept", "reject", "more"),
}
"""What the banner offers under the strictest regime, in the order shown."""
_LAYOUT = re.compile(r"\n\s*(?=<|$)")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown in one language.

    :param hash: SHA-256 of ``document``, 64 hexadecimal digits: a decision names it.
    :param language: tag of its language.
    :param document: canonical JSON (RFC 8785) of all that is shown: both layers, their words, order and look.
    """

    hash: str
    language: str
    document: bytes


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


class NoticeBook:
    """Everything that a policy can show to a visitor.

    :param policy: what is asked, by whom, in which words.
    :param templates: folders of a site's own templates; one found there by name replaces ours.
    :raises PolicyError: ``policy.texts`` names a text that does not exist.
    """

    def __init__(self, policy: Policy, *, templates: Sequence[Path] = ()) -> None:
        self.policy = policy
        self.words = words_of(policy)
        self.hints = Hints(policy)
        self._head = Head(policy, self.hints)
        self.environment = _environment(tuple(templates))
        self._banner = self.environment.get_template("notice/notice.html")
        self._languages: dict[tuple[str, str], str] = {}
        self._stencils: dict[tuple[object, ...], Stencil] = {}

    def language(self, page_lang: str | None, accept_language: str | None) -> str:
        """The language to show: the page's own, else the browser's first that we have, else the policy's.

        :param page_lang: the page's ``lang``.
        :param accept_language: value of the request's ``Accept-Language``.
        """
        key = ((page_lang or "")[:64], (accept_language or "")[:256])
        found = self._languages.get(key)
        if found is None:
            wanted = [key[0], *accepted(key[1])]
            found = look_up(wanted, self.words) or self.policy.language
            if len(self._languages) >= REMEMBERED:
                self._languages.clear()
            self._languages[key] = found
        return found

    def notice(self, language: str) -> Notice:
        """What is shown in a language of ours. :raises KeyError: it is none."""
        return self._notices[language]

    def known(self, hash: str) -> Notice | None:  # noqa: A002 - the word of the design
        """The notice with this hash, in whichever language, if the current policy can show it."""
        return self._by_hash.get(hash)

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
        return self.words[language]("new-since", names=", ".join(names)) if names else ""

    def banner(self, language: str) -> dict[str, Any]:
        """The first layer's words and buttons."""
        words, regime = self.words[language], self.policy.strictest_regime
        names = [self.purpose(name, language)["title"] for name in self.policy.askable]
        return {
            "regime": str(regime),
            "text": words(str(regime), site=self.policy.site.name) if regime.asked else "",
            "details": words(
                "details",
                purposes=", ".join(names),
                partners=len(self.policy.receivers),
                controller=self.policy.controller.name,
            ),
            "buttons": [{"id": name, "text": words(f"{regime}-{name}")} for name in BUTTONS.get(regime, ())],
            "close": {"label": words("close-refuse"), "text": words("closing")}
            if shows(self.policy, Shown.CLOSE)
            else None,
        }

    def purpose(self, name: str, language: str) -> dict[str, str]:
        """A purpose's title and description in a language, from the policy, else ours, else its id."""
        own, words = self.policy.purposes.get(name), self.words[language]
        title = own and _in_language(own.title, language, self.policy.language)
        text = own and _in_language(own.description, language, self.policy.language)
        return {
            "id": name,
            "title": title or words.get(f"purpose-{name}") or name.replace("-", " ").capitalize(),
            "text": text or words.get(f"purpose-{name}-text"),
        }

    @cached_property
    def _notices(self) -> Mapping[str, Notice]:
        found = {}
        for language in self.words:
            document = rfc8785.dumps(self._document(language))
            found[language] = Notice(hashlib.sha256(document).hexdigest(), language, document)
        return found

    @cached_property
    def _by_hash(self) -> Mapping[str, Notice]:
        return {notice.hash: notice for notice in self._notices.values()}

    def _document(self, language: str) -> dict[str, Any]:
        policy, words = self.policy, self.words[language]
        dump = policy.model_dump(
            mode="json", include={"site", "controller", "privacy_url", "imprint_url", "services"}
        )
        return {
            **dump,
            "kind": "notice",
            "law": law_of(policy),
            "asked": sorted(policy.questions.marks),
            "language": language,
            "direction": words.direction,
            "layout": layout_of(policy),
            "position": policy.position,
            "banner": self.banner(language),
            "purposes": [
                {**self.purpose(name, language), "regime": str(policy.regimes[name])}
                for name in self.purposes
            ],
            "words": {
                name: text
                for name, text in words.messages.items()
                if not name.startswith(("problem-", "record-"))
            },
        }

    @property
    def purposes(self) -> tuple[str, ...]:
        """Ids of all purposes in the order shown, ``necessary`` first."""
        return (NECESSARY, *(name for name in self.policy.purposes if name != NECESSARY))


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


def _in_language(texts: Mapping[str, str], *languages: str) -> str:
    found = look_up(languages, texts)
    return texts[found] if found else next(iter(texts.values()), "")


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
