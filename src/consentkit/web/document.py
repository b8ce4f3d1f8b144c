"""What a visitor is asked, as a document with a hash, in each language.

A decision names the document that stood before whoever made it. Each is drawn when its language is first wanted, from the
policy and the words alone.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import rfc8785

from consentkit.core.jurisdiction import Shown
from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.languages.lookup import look_up
from consentkit.web.shown import law_of, layout_of, shows
from consentkit.web.words import words_of

BUTTONS = {
    Regime.OPT_IN: ("reject", "accept", "more"),
    Regime.OPT_OUT: ("accept", "reject", "more"),
    Regime.NOTICE: ("accept", "reject", "more"),
}
"""What the banner offers under the strictest regime, in the order shown."""


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


class Documents:
    """All that a policy asks, in each of its languages.

    :raises PolicyError: ``policy.texts`` names a text that does not exist, or a language is named that has no words.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.words = words_of(policy)
        self._notices: dict[str, Notice] = {}
        self._by_hash: dict[str, str] = {}
        self._searching = threading.Lock()

    def notice(self, language: str) -> Notice:
        """What is shown in a language of ours. :raises KeyError: it is none."""
        found = self._notices.get(language)
        if found is None:
            found = self._notices[language] = self._drawn(language)
            self._by_hash[found.hash] = language
        return found

    def tells(self, hash: str) -> bool:  # noqa: A002
        """Whether :meth:`known` has its answer at once."""
        return hash in self._by_hash or len(self._by_hash) == len(self.words)

    def known(self, hash: str) -> Notice | None:  # noqa: A002 - the word of the design
        """The notice with this hash, in whichever language, if the current policy can show it.

        The first hash that is of none drawn before has all others drawn: some milliseconds for each language, once.
        """
        if not self.tells(hash):
            self._search(hash)
        language = self._by_hash.get(hash)
        return None if language is None else self.notice(language)

    def _search(self, hash: str) -> None:  # noqa: A002
        """Know the hashes of all languages, or of as many as it takes; of those drawn for it, nothing else is kept."""
        with self._searching:
            known = set(self._by_hash.copy().values())
            for language in self.words:
                if hash in self._by_hash:
                    return
                if language not in known:
                    self._by_hash[self._drawn(language).hash] = language

    def banner(self, language: str) -> dict[str, Any]:
        """The first layer's words and buttons."""
        words, regime = self.words[language], self.policy.strictest_regime
        names = [self.purpose(name, language)["title"] for name in self.policy.askable]
        return {
            "regime": str(regime),
            "text": words(str(regime), site=self.policy.site.name) if regime.asked else "",
            "details": words(
                "details",
                purposes=words.listed(names),
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

    def _drawn(self, language: str) -> Notice:
        document = rfc8785.dumps(self._document(language))
        return Notice(hashlib.sha256(document).hexdigest(), language, document)

    @cached_property
    def _same_in_all(self) -> Mapping[str, Any]:
        """What a notice's document says in every language alike."""
        policy = self.policy
        return {
            **policy.model_dump(
                mode="json", include={"site", "controller", "privacy_url", "imprint_url", "services"}
            ),
            "kind": "notice",
            "law": law_of(policy),
            "asked": sorted(policy.questions.marks),
            "layout": layout_of(policy),
            "position": policy.position,
        }

    def _document(self, language: str) -> dict[str, Any]:
        policy, words = self.policy, self.words[language]
        return {
            **self._same_in_all,
            "language": language,
            "direction": words.direction,
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


def _in_language(texts: Mapping[str, str], *languages: str) -> str:
    found = look_up(languages, texts)
    return texts[found] if found else next(iter(texts.values()), "")
