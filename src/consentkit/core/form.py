"""The forms of the texts and numbers in a policy, each with words for what a pattern alone would tell to few."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from consentkit.core.cookiename import check_pattern
from consentkit.core.duration import DAY, FORM, parse_duration

_HALF = re.compile(r"[\ud800-\udfff]")
"""Half a character, which no file can hold and no page could be written with."""


@dataclass(frozen=True, slots=True)
class Form:
    """Metadata for ``Annotated[str, Form(…)]``: the whole text must match.

    :param pattern: regular expression, without anchors.
    :param expected: the same in words; the error's whole text.
    """

    pattern: str
    expected: str

    def check(self, text: str) -> str:
        """The text as it is.

        :raises ValueError: with ``expected``, where the text has another form.
        """
        if re.fullmatch(self.pattern, text) is None or _HALF.search(text):
            raise ValueError(self.expected)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


CENTURY = 36_500 * DAY
"""Seconds. A longer time is a slip of the pen, and would overflow a date."""

Identifier = Annotated[
    str,
    Form(
        r"[a-z][a-z0-9-]{0,39}",
        "a name in lower-case letters, digits and hyphens, a letter first, at most 40 characters",
    ),
]
"""A name for a purpose or service."""
Language = Annotated[
    str, Form(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", 'a language tag such as "en", "pt-BR" or "zh-Hant"')
]
"""A language tag (BCP 47, its common forms)."""
Seconds = Annotated[
    int,
    BeforeValidator(parse_duration),
    Field(gt=0, le=CENTURY),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "exclusiveMinimum": 0, "maximum": CENTURY},
                {"type": "string", "pattern": f"^{FORM}$"},
            ]
        }
    ),
]
"""A length of time. In a file ``"180d"``, ``"6mo"``, ``"2h"``, or a number of seconds."""
Host = Annotated[
    str,
    Form(
        r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[1-9][0-9]{0,4})?",
        'a host name in lower case such as "cdn.example" or "*.cdn.example", without scheme or path',
    ),
]
"""A host name in lower case, ``*.`` in front for all hosts below it, a port where it is not the scheme's own."""
UrlPath = Annotated[str, Form(r"/[^\s\\]*", 'a path such as "/legal/*", a slash first, no blanks')]
LinkAddress = Annotated[
    str,
    Form(
        r"(https?://[^\s/\\]+(/[^\s\\]*)?|/([^\s/\\][^\s\\]*)?)",
        'a web address such as "https://vendor.example/privacy", or a path of the site such as "/privacy"',
    ),
]
"""A link in the notice: ``http(s)`` or a path of the site. Nothing else, so no ``javascript:`` (and no ``//host``)."""
TURNING = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""Control characters that no text needs; among them those that turn all text behind them around. Where a text must stand in
the other direction, the notice isolates it, and U+200E and U+200F are left to those who write it."""
Line = Annotated[
    str,
    Form(
        rf"[^\x00-\x1f{TURNING}]{{0,200}}", "text in one line, at most 200 characters, no control characters"
    ),
]
Name = Annotated[
    str,
    Form(
        rf"(?=.*\S)[^\x00-\x1f{TURNING}]{{1,200}}",
        "text in one line, 1 to 200 characters, no control characters",
    ),
]
Text = Annotated[
    str,
    Form(
        rf"(?=[\s\S]*\S)[^\x00-\x08\x0b-\x1f{TURNING}]{{1,5000}}",
        "text, 1 to 5,000 characters, no control characters but tab and line feed",
    ),
]
_BROWSERS = re.compile(
    r"alert|confirm|console|consentkit|customElements|document|eval|fetch|history|location|navigator|open|performance|print"
    r"|prompt|self|top|window|(local|session)Storage|(clear|set)(Interval|Timeout)|(add|remove)EventListener|postMessage"
    r"|queueMicrotask|request(AnimationFrame|IdleCallback)"
)
"""Names that are the browser's, or ours: doing nothing in their place would break the page."""


def _not_the_browsers(stub: str) -> str:
    if _BROWSERS.fullmatch(re.split(r"[.(\[]", stub, maxsplit=1)[0]):
        raise ValueError("a name of the service's own, none of the browser's")
    return stub


Address = Annotated[
    str,
    Form(
        r"((\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?(:[1-9][0-9]{0,4})?(/[^\s\\?#]*)?|/[^\s\\?#]+)",
        'an address such as "cdn.example", "*.cdn.example/embed/", "www.google.*/maps", or "/metrics/" on the site\'s own host',
    ),
]
"""Host and path of a service. ``*.`` in front: the hosts below; ``.*`` at the host's end: every country's domain; ``*`` in the
path: anything. A path stands for itself and what lies below it; one that ends in ``/`` or ``*`` for all that begins so."""
LoaderPart = Annotated[
    str,
    Form(
        r"(?=( *[!-~]){3})[ -~]{3,200}",
        "ASCII text of 3 to 200 characters, three of them no blanks, that an inline script holds",
    ),
]
Stub = Annotated[
    str,
    Form(
        r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*(\(\)|\[\])",
        'a name that pages call, such as "gtag()" or "FB.init()", or a list they add to, such as "_paq[]"',
    ),
    AfterValidator(_not_the_browsers),
]
ClassName = Annotated[str, Form(r"[^\s<>\"'&\x00-\x1f]{1,100}", 'the name of a class such as "g-recaptcha"')]
AddressPath = Annotated[
    str, Form(r"/[^\s\\?#]*", 'a path such as "/collect", a slash first, no blanks, no query')
]
StorageKey = Annotated[
    str,
    Form(r"[\x21-\x7e]{1,200}", "a storage key, or a pattern for the whole key: ^ first, $ last"),
    AfterValidator(lambda key: check_pattern(key) if key.startswith("^") else key),
]
