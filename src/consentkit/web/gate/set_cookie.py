"""Which of the app's ``Set-Cookie`` fields may pass, by the name of the cookie alone.

A field is read as browsers read it (RFC 6265bis sections 5.5 and 5.6, checked 2026-11): the name is what stands before the
first ``=``, blanks taken off, and ``Max-Age`` goes before ``Expires``. What passes keeps every byte.

A cookie without a name comes back as its value alone, so that ``Set-Cookie: =_ga=1`` reads like a cookie ``_ga`` in the next
request: it is judged by the name that it will seem to have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from consentkit.web.answer import Header
from consentkit.web.gate.cookiedate import cookie_date

BLANKS = b" \t"
FIELD = b"set-cookie"
_PAST = re.compile(rb"0+|-[0-9]+")


def passing(headers: Sequence[Header], may_pass: Callable[[str, bytes], bool]) -> list[Header]:
    """The header fields without the cookies that may not pass; all others as they were, in their order.

    :param may_pass: asked about each ``Set-Cookie`` field, with the cookie's name and the field's value.
    """
    return [
        (name, value)
        for name, value in headers
        if len(name) != len(FIELD) or name.lower() != FIELD or may_pass(cookie_name(value), value)
    ]


def cookie_name(field: bytes) -> str:
    """The name under which a cookie of this field comes back in a request."""
    pair = field.partition(b";")[0]
    name, equals, value = pair.partition(b"=")
    name = name.strip(BLANKS)
    if not name and equals:
        name = value.partition(b"=")[0].strip(BLANKS)
    return name.decode("latin-1")


def deletes(field: bytes, now: float) -> bool:
    """Whether the field only makes a browser drop a cookie, whichever way it reads what is said twice or wrongly.

    :param now: seconds since 1970 UTC.
    """
    ages: list[bool] = []
    dates: list[bool] = []
    for attribute in field.split(b";")[1:]:
        name, _, value = attribute.partition(b"=")
        name, value = name.strip(BLANKS).lower(), value.strip(BLANKS)
        if name == b"max-age":
            ages.append(_PAST.fullmatch(value) is not None)
        elif name == b"expires":
            date = cookie_date(value)
            dates.append(date is not None and date <= now)
    return all(ages or dates or [False])
