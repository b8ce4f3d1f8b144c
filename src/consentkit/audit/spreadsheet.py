"""What a spreadsheet does to a CSV file when it opens one, so that an export can be safe from it.

Three things: text that begins like a formula is run; text that looks like a number is rounded or rewritten; and the file
is split at whichever character the reader's own locale writes between list items. Pure.
"""

from __future__ import annotations

import re

# Languages that write 1,5 for one and a half: a comma cannot part their numbers, so their spreadsheets part by semicolon.
# Source: Unicode CLDR 47, decimal sign of Latin digits, checked 2026-11. Arabic, which writes both signs, is among them.
_LANGUAGES = (
    "af ar az be bg br bs ca cs cv da de dsb el eo es et eu fi fo fr fy gl hr hsb ht hu hy ia id is it jv ka kab kk kl ku ky "
    "lb lo lt lv mk nb nl nn no oc pl ps pt rn ro ru rw sc se sg shi sk sl smn sq sr ss sv tg tk tr tt uk uz vec vi wo"
)
# Regions whose sign is not that of their language. German and Italian Switzerland write a point and part by semicolon.
_SPANISH_WITH_COMMA = "419 br bz cu do gt hn mx ni pa pe pr sv us"
_ENGLISH_WITH_SEMICOLON = "at be ch cz de dk es fi fr hu id it nl no pl pt ro se si sk za"
_SEMICOLON = {*_LANGUAGES.split(), *(f"en-{region}" for region in _ENGLISH_WITH_SEMICOLON.split())}
_COMMA = {f"es-{region}" for region in _SPANISH_WITH_COMMA.split()}

_LOCALE = re.compile(
    r"([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_]([a-z]{2}|[0-9]{3}))?(?:\.[a-z0-9-]+)?", re.IGNORECASE
)

# Full-width forms too: some spreadsheets read them as the ASCII ones. Behind a delimiter as well: a file opened under
# another locale is split there, and what follows begins a cell.
_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;,|\t\r\n]))(?=[ \xa0]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
_RISKY = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_NUMBER = re.compile(r"[0-9][0-9.,:/\- ]*(?:[eE][+-]?[0-9]+)?|(?:true|false)", re.IGNORECASE)


def delimiter(locale: str) -> str:
    """The character at which spreadsheets of a locale split a line.

    :param locale: a language tag such as ``de`` or ``es-MX``, or a name such as ``de_DE.UTF-8``.
    :raises ValueError: it has another form.
    """
    found = _LOCALE.fullmatch(locale)
    if found is None:
        msg = 'a locale such as "de", "fr-CH" or "en_GB"'
        raise ValueError(msg)
    language = found[1].lower()
    tag = f"{language}-{(found[2] or '').lower()}"
    return ";" if tag not in _COMMA and not _SEMICOLON.isdisjoint((language, tag)) else ","


def defused(text: str) -> str:
    """The text with an apostrophe before whatever would be run as a formula."""
    return _FORMULA.sub("'", text) if _RISKY.search(text) else text


def as_text(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a number, a date or a truth value."""
    return f"'{text}" if _NUMBER.fullmatch(text) else text
