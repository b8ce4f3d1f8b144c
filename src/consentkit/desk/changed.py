"""What changed from one policy to another, in a sentence each, as an officer reads it.

What this version does not know of an older policy, or has no sentence of its own for, is told by the setting's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from consentkit.audit.policydiff import LONGEST_VALUE, Difference
from consentkit.core.plain import listed, table
from consentkit.web.pages import readable
from consentkit.web.words import Words

LISTS = {
    "service.recipients": "recipients",
    "service.storage": "storage",
    "service.hosts": "hosts",
    "service.addresses": "hosts",
    ".jurisdictions": "places",
    ".use": "",
}
"""Lists that have sentences of their own for what is added and removed; empty for those that nobody need be told of."""
RECOGNISED = frozenset({"paths", "kind", "loaders", "stubs", "hides", "widgets", "consent_mode"})
"""What a service is known by in pages. No visitor is told of it."""
UNSET = {
    "lifetime": "lifetime-usual",
    "retention": "retention-usual",
    "regime": "regime-usual",
    "service.title": "unset",
}
"""Key of the words that tell of a setting that is not made."""
MARKED = frozenset({"", "vendor", "purposes", "recipients", "regime", "category", "facts"})
"""Values of a purpose or service that may be why it is asked about again."""


def sentences(words: Words, each: Difference) -> list[str]:
    """What a difference says; several sentences where a list has both more and less."""
    if each.thing and not each.name:
        return [words(f"change-order-{each.thing}", names=words.listed(map(str, each.after)))]
    if each.thing and not each.path:
        return [_whole(words, each)]
    return _SPECIAL.get(f"{each.thing}.{each.path}", _by_form)(words, each)


def explains(each: Difference) -> bool:
    """Whether this may be why its purpose or service is asked about again."""
    return each.path in MARKED and (each.path != "recipients" or bool(each.added))


def shown(words: Words, path: str, value: Any) -> str:
    """A value as people read it."""
    last = path.rpartition(".")[2]
    if value is None or value in ("", []):
        return words(UNSET.get(last, "unset"))
    if isinstance(value, bool):
        return words("yes" if value else "no")
    if last in ("lifetime", "retention") and isinstance(value, int):
        return words.duration(value)
    if last == "regime" and words.get(f"regime-{value}"):
        return words(f"regime-{value}")
    if isinstance(value, list):
        return words.listed(shown(words, "", one) for one in value)
    if isinstance(value, Mapping):
        return words.listed(f"{key}: {shown(words, key, one)}" for key, one in value.items() if one)
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def cookie_name(cookie: Any) -> str:
    """A cookie's name or pattern as people write it."""
    values = table(cookie)
    return str(values.get("name") or readable(str(values.get("pattern") or "")))


def _whole(words: Words, each: Difference) -> str:
    key = "new" if each.after is not None else "gone"
    values = table(each.before if each.after is None else each.after)
    if each.thing == "purpose":
        return words(f"change-purpose-{key}", name=each.name)
    uses = words.listed(map(str, listed(values.get("purposes"))))
    return words(f"change-service-{key}", name=each.name, vendor=values.get("vendor", "?"), purposes=uses)


def _by_form(words: Words, each: Difference) -> list[str]:
    """Where no sentence is for this very setting."""
    if each.thing == "service" and each.path in RECOGNISED:
        return [words("change-recognised", name=each.name)]
    told = LISTS.get(f"{each.thing}.{each.path}")
    if (each.added or each.removed) and told != "":
        return _more_and_less(words, each, told or ("service-list" if each.thing else "list"))
    if told == "":
        return []
    language = each.path.rpartition(".")[2]
    if each.thing == "purpose" and each.path.startswith(("title.", "description.")):
        return [words("change-purpose-text", language=language, **_sides(words, each))]
    if not each.thing and each.path.startswith("texts."):
        return [_text(words, each)]
    key = f"change-{each.thing}-setting" if each.thing else "change-setting"
    return [words(key, path=each.path, **_sides(words, each))]


def _more_and_less(words: Words, each: Difference, key: str) -> list[str]:
    sides = {"more": each.added, "less": each.removed}
    return [
        words(
            f"change-{key}-{side}",
            name=each.name,
            path=each.path,
            names=words.listed(shown(words, each.path, one) for one in changed),
        )
        for side, changed in sides.items()
        if changed
    ]


def _text(words: Words, each: Difference) -> str:
    _, language, *name = each.path.split(".")
    texts = {"language": language, "key": ".".join(name), **_sides(words, each)}
    side = "own" if each.before is None else "usual" if each.after is None else "now"
    return words(f"change-text-{side}", **texts)


def _cookies(words: Words, each: Difference) -> list[str]:
    before, after = ({cookie_name(one): one for one in listed(side)} for side in (each.before, each.after))
    found = []
    for key, names in (("more", after.keys() - before.keys()), ("less", before.keys() - after.keys())):
        if names:
            found.append(words(f"change-cookies-{key}", name=each.name, names=words.listed(sorted(names))))
    for cookie in sorted(before.keys() & after.keys()):
        lives = [table(side[cookie]).get("lifetime") for side in (before, after)]
        if lives[0] != lives[1]:
            was, now = (
                words("cookie-session") if life is None else shown(words, "lifetime", life) for life in lives
            )
            found.append(words("change-cookie", name=each.name, cookie=cookie, before=was, after=now))
    return found or [words("change-recognised", name=each.name)]


def _plain(key: str) -> Callable[[Words, Difference], list[str]]:
    return lambda words, each: [words(key, **_sides(words, each))]


def _sells(words: Words, each: Difference) -> list[str]:
    return [words("change-sells" if each.after else "change-sells-not", name=each.name)]


def _sides(words: Words, each: Difference) -> dict[str, str]:
    sides = {side: shown(words, each.path, getattr(each, side)) for side in ("before", "after")}
    return {"name": each.name, **sides}


_SPECIAL: Mapping[str, Callable[[Words, Difference], list[str]]] = {
    "service.vendor": _plain("change-vendor"),
    "service.purposes": _plain("change-used-for"),
    "service.cookies": _cookies,
    "service.sells": _sells,
    "purpose.regime": _plain("change-purpose-regime"),
    ".regime": _plain("change-regime"),
    ".lifetime": _plain("change-lifetime"),
    ".retention": _plain("change-retention"),
}
