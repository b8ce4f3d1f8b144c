"""Which of the languages on offer is the one that is wanted.

A tag that is wanted is compared with all on offer before the next one is: as it is; then by language and script, as Unicode's
data completes them (``zh-TW`` is written as ``zh-Hant`` is); then shortened from its end (RFC 4647 section 3.4); then by the
language that its readers read as well. ``iw`` and its like are replaced first.

Sources: RFC 4647, RFC 9110 section 12.5.4, Unicode CLDR (likelySubtags, languageAlias, languageMatching); checked 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

MOST_TAGS = 32
"""Tags of a header field that are read."""
LONGEST_FIELD = 256
"""Characters of a header field that are read."""
SAME = {"no": "nb", "cnr": "sr"}
"""Names of languages that Unicode's aliases leave out."""
READ_AS_WELL = {"nn": "nb", "bs": "hr", "gsw": "de", "lb": "de", "yue": "zh"}
"""What readers of a language read as well as it, where it is missing; in the same script."""
_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{3}))?(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?=-|$)")
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


class Kind(NamedTuple):
    """What tells written languages apart. :param script: as in ``Latn``; empty where nobody knows."""

    language: str
    script: str
    region: str


class Wish(NamedTuple):
    """What a browser wants.

    :param tags: best first.
    :param weights: of each range, ``*`` included, in lower case: 0 for what is not wanted.
    """

    tags: tuple[str, ...]
    weights: Mapping[str, float]

    def refuses(self, tag: str) -> bool:
        """Whether the narrowest range that a tag lies in has the weight 0."""
        for each in (*_shortened(_plain(tag)), "*"):
            if each in self.weights:
                return self.weights[each] == 0
        return False


def look_up(
    wanted: Iterable[str], offered: Iterable[str], refuses: Callable[[str], bool] = lambda _: False
) -> str | None:
    """The one on offer that fits best, ``None`` for none.

    :param wanted: tags (BCP 47), best first. What is no tag fits nothing.
    :param refuses: whether one on offer is not wanted at all.
    """
    known = _known(tuple(offered))
    for tag in wanted:
        for found in _matches(_plain(tag), known):
            if not refuses(found):
                return found
    return None


def accepted(field: str) -> Wish:
    """What an ``Accept-Language`` field says; nothing for what is not understood.

    Source: RFC 9110 section 12.5.4, checked 2026-11. A long field is read as far as its last whole tag.
    """
    if len(field) > LONGEST_FIELD:
        field = field[:LONGEST_FIELD].rpartition(",")[0]
    weights: dict[str, float] = {}
    for item in field.split(",")[:MOST_TAGS]:
        tag, _, quality = item.partition(";")
        weight = _quality(quality)
        if tag.strip() and weight is not None:
            weights.setdefault(_plain(tag), weight)
    best = sorted((tag for tag in weights if weights[tag] and tag != "*"), key=lambda tag: -weights[tag])
    return Wish(tuple(best), weights)


def _quality(text: str) -> float | None:
    match = _QUALITY.fullmatch(text)
    if match:
        return float(match[1])
    return None if text.strip() else 1.0


def _matches(tag: str, known: Mapping[str, tuple[str, Kind]]) -> Iterator[str]:
    """What fits a tag, best first."""
    if tag in known:
        yield known[tag][0]
    kind = _kind(tag)
    yield from _alike(kind, known)
    for shorter in _shortened(tag):
        if shorter in known:
            yield known[shorter][0]
    if kind.language in READ_AS_WELL:
        yield from _alike(kind._replace(language=READ_AS_WELL[kind.language]), known)


def _alike(kind: Kind, known: Mapping[str, tuple[str, Kind]]) -> list[str]:
    """Those of the same language and script, the same region first, then the most general."""
    found = [(tag, each) for tag, each in known.values() if each[:2] == kind[:2]]
    return [
        tag for tag, each in sorted(found, key=lambda pair: (pair[1].region != kind.region, len(pair[0])))
    ]


@lru_cache(256)
def _known(offered: tuple[str, ...]) -> Mapping[str, tuple[str, Kind]]:
    return {_plain(tag): (tag, _kind(_plain(tag))) for tag in offered}


@lru_cache(1024)
def _kind(tag: str) -> Kind:
    """The language, script and region that a tag in lower case stands for.

    What is no tag is a language of its own.
    """
    match = _TAG.match(tag)
    if match is None:
        return Kind(tag, "", "")
    language, script, region = (
        _plain(match[2] or match[1]),
        (match[3] or "").title(),
        (match[4] or "").upper(),
    )
    likely = _unicode()["likely_subtags"]
    for key in (f"{language}_{script}_{region}", f"{language}_{region}", f"{language}_{script}", language):
        if key in likely:
            full = likely[key].split("_")
            return Kind(language, script or full[1], region or full[-1])
    return Kind(language, script, region)


@cache
def _unicode() -> Mapping[str, Mapping[str, str]]:
    from babel.core import get_global

    return {name: get_global(name) for name in ("likely_subtags", "language_aliases")}


@lru_cache(1024)
def _plain(tag: str) -> str:
    """A tag in lower case, under the name that Unicode knows its language by."""
    first, hyphen, rest = tag.strip().lower().replace("_", "-").partition("-")
    name = SAME.get(first) or _unicode()["language_aliases"].get(first, first)
    return name.lower().replace("_", "-") + hyphen + rest


def _shortened(tag: str) -> Iterator[str]:
    """A tag and all that it is cut down to; a single letter goes with what follows it."""
    parts = tag.split("-")
    while parts:
        yield "-".join(parts)
        parts = parts[:-2] if len(parts) > 1 and len(parts[-2]) == 1 else parts[:-1]
