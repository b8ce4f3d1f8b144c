"""In which language and time zone somebody sees the desk."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from starlette.responses import Response

from consentkit.desk.errors import BadInput
from consentkit.desk.page import Visit, known_zone, view_cookie
from consentkit.desk.route import Page
from consentkit.desk.words import words
from consentkit.web.origin import safe_next


async def keep(visit: Visit) -> Response:
    """Keep both in the browser, and go back."""
    form = await visit.form()
    language, zone, back = (str(form.get(name, "")).strip() for name in ("lang", "zone", "back"))
    if language not in words() or not known_zone(zone):
        raise BadInput("bad-zone", zone=zone[:64])
    headers = {"set-cookie": view_cookie(language, zone)}
    path, _, asked = (safe_next(back) or "/").partition("?")
    query = {name: value for name, value in parse_qsl(asked) if name not in ("lang", "zone")}
    return visit.moved(unquote(path), query, headers=headers)


PAGES = (Page("/settings", keep, method="POST"),)
