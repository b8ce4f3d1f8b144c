"""What a page of the desk says of a policy: what changed, what that asked of visitors, which services it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consentkit.core.plain import listed, table
from consentkit.desk.asks import Asks, Codes
from consentkit.desk.changed import cookie_name, explains, sentences, shown
from consentkit.desk.versions import Change
from consentkit.web.pages import readable
from consentkit.web.words import Words

NAMED = 12
"""Jurisdictions that a sentence names; of more it tells the number."""


def changes(words: Words, found: Change | None) -> list[dict[str, str]]:
    """Each sentence on what changed, with what of it is asked of visitors."""
    if found is None:
        return []
    told: dict[str, str] = {}
    for each in found.differences:
        codes = found.asks.where(each.name) if found.asks and each.thing and explains(each) else ()
        asked = _asked_where(words, codes, found.asks) if found.asks and codes else ""
        told |= dict.fromkeys(sentences(words, each), asked)
    return [{"text": text, "asks": asked} for text, asked in told.items()]


def _asked_where(words: Words, codes: Codes, asked: Asks) -> str:
    everywhere = set(codes) == set(asked.codes)
    return words("asks-everyone") if everywhere else words("asks-in", places=_places(words, codes))


def asks(words: Words, asked: Asks) -> list[str]:
    """What a change asks of visitors, in sentences."""
    told = []
    for each in asked.again:
        names = words.listed(sorted(each.names))
        told.append(_where(words, each.codes, asked, words("asked-again", names=names)))
    for shorter in asked.shorter:
        lives = {"before": words.duration(shorter.before), "after": words.duration(shorter.after)}
        told.append(_where(words, shorter.codes, asked, words("asked-sooner", **lives)))
    if not told:
        told.append(words("asks-nobody"))
    if asked.rests:
        told.append(words("asked-rests", places=_places(words, asked.rests)))
    for turned in asked.turned:
        sides = {side: shown(words, "regime", getattr(turned, side).value) for side in ("before", "after")}
        text = words("asked-turned", purpose=turned.purpose, **sides)
        told.append(_where(words, turned.codes, asked, text))
    return told


def _where(words: Words, codes: Codes, asked: Asks, text: str) -> str:
    if set(codes) == set(asked.codes):
        return text
    return words("in-places", places=_places(words, codes), text=text)


def _places(words: Words, codes: Codes) -> str:
    named = words.listed(code or words("elsewhere") for code in codes[:NAMED])
    return words("places-more", places=named, n=len(codes) - NAMED) if len(codes) > NAMED else named


def services(words: Words, policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The services that a policy names, from its plain data: an older one need not be one that this version reads."""
    found = []
    for name, service in table(policy.get("services")).items():
        said = table(service)
        address = str(said.get("privacy_url") or "")
        cookies = [(cookie_name(each), table(each).get("lifetime")) for each in listed(said.get("cookies"))]
        found.append(
            {
                "id": name,
                "title": said.get("title") or "",
                "vendor": said.get("vendor") or "",
                "privacy_url": address if address.startswith(("https://", "http://")) else "",
                "purposes": [str(each) for each in listed(said.get("purposes"))],
                "recipients": [str(each) for each in listed(said.get("recipients"))],
                "sells": said.get("sells") is True,
                "cookies": [{"name": cookie, "life": _life(words, life)} for cookie, life in cookies],
                "storage": [readable(str(each)) for each in listed(said.get("storage"))],
            }
        )
    return found


def _life(words: Words, life: Any) -> str:
    return words("cookie-session") if life is None else shown(words, "lifetime", life)
