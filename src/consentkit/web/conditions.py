"""What of a request the app may see, so that what it answers can be gated.

Not offered: content codings that we cannot undo, and ways of sending a file that pass us by. Not shown: a validator of a page
that was made for another state of consent, or before there was any, since a 304 to it would show that page again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentkit.web.answer import Scope
from consentkit.web.encoding import offered
from consentkit.web.gate.headers import tags_for_app, untagged
from consentkit.web.request import FRAMES, Visit, text

if TYPE_CHECKING:
    from consentkit.web.gatehouse import Gate

BYPASSES = ("http.response.pathsend", "http.response.zerocopysend")


def app_view(scope: Scope, visit: Visit, gate: Gate) -> Visit | None:
    """Change the scope to what the app may see. The server's own header list stays as it was.

    :returns: whom the page was made for whose validator the app was shown, so that a 304 of its own is about that page;
        ``None`` where it was shown none.
    """
    extensions = scope.get("extensions")
    if extensions:
        for bypass in BYPASSES:
            if bypass in extensions:
                extensions = {name: value for name, value in extensions.items() if name not in BYPASSES}
                scope["extensions"] = extensions
    fields = visit.fields
    if b"accept-encoding" in fields:
        accepted = fields[b"accept-encoding"]
        allowed = offered(accepted)
        if allowed != accepted:
            _replace(scope, b"accept-encoding", allowed)
    conditional = b"if-none-match" in fields or b"if-modified-since" in fields
    return _conditions(scope, visit, gate) if conditional else None


def _conditions(scope: Scope, visit: Visit, gate: Gate) -> Visit | None:
    fields = visit.fields
    page = _may_be_a_page(visit)
    sent = fields.get(b"if-none-match")
    if sent is None or (untagged(sent) and not page):
        if page:
            _replace(scope, b"if-modified-since", None)
        return None
    of_whom = visit
    kept = tags_for_app(sent, gate.state(visit))
    if kept is None and gate.delivery != "private":
        of_whom = visit.for_all()
        kept = tags_for_app(sent, gate.strictest.state(of_whom))
    _replace(scope, b"if-none-match", kept)
    _replace(scope, b"if-modified-since", None)
    return None if kept is None else of_whom


def _may_be_a_page(visit: Visit) -> bool:
    """Whether the answer may be a page: a navigation, or a browser that does not say and would take HTML."""
    dest = text(visit.fields, b"sec-fetch-dest")
    if dest:
        navigates = text(visit.fields, b"sec-fetch-mode") == "navigate"
        return dest == "document" or dest in FRAMES or navigates
    return "text/html" in text(visit.fields, b"accept")


def _replace(scope: Scope, name: bytes, value: bytes | None) -> None:
    """A header field replaced by one, or by none. A new list: the old one is the server's."""
    headers = [(field, old) for field, old in scope["headers"] if field != name]
    if value is not None:
        headers.append((name, value))
    scope["headers"] = headers
