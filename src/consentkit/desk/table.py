"""What a search finds as a table for a spreadsheet: opened by a double click, whatever the locale, and nothing in it is run."""

from __future__ import annotations

from starlette.responses import Response

from consentkit.audit.export import as_csv, spreadsheet
from consentkit.audit.finding import StoredEvent
from consentkit.audit.reader import Reader
from consentkit.audit.register import statement
from consentkit.audit.search import MOST as PER_PAGE
from consentkit.audit.search import Search, page
from consentkit.desk.acts import export
from consentkit.desk.decisions import FIELDS, search_of
from consentkit.desk.errors import BadInput
from consentkit.desk.page import HEADERS, LONGEST, Visit
from consentkit.desk.route import Page
from consentkit.languages.lookup import accepted

MOST = 20_000
"""Events in one table, some 5 MB. Larger ones: ``consentkit audit export``."""


async def download(visit: Visit) -> Response:
    """The file. Where it says whose events they are, the log says that it was handed out."""
    form = await visit.form()
    asked = {name: _text(form.get(name)) for name in FIELDS}
    search = await search_of(visit, asked, visit.zone)
    rows = await visit.ask(found, search)
    if not visit.officer:
        rows = [row._replace(visitor=None) for row in rows]
    body = "".join(as_csv(rows, spreadsheet(locale_of(visit)))).encode()
    if visit.officer and rows:
        await export(visit, rows, statement("inspection", f"table of {len(rows)} events"))
    headers = {**HEADERS, "content-disposition": 'attachment; filename="decisions.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def found(reader: Reader, search: Search) -> list[StoredEvent]:
    """All that a search finds, newest first.

    :raises BadInput: there are more than :data:`MOST`.
    """
    rows: list[StoredEvent] = []
    after = None
    while True:
        one = page(reader, search, after, PER_PAGE)
        rows += one.items
        if len(rows) > MOST:
            raise BadInput("table-many", most=MOST)
        if one.next is None:
            return rows
        after = one.next


def locale_of(visit: Visit) -> str:
    """The locale of whoever asks, as their browser says it: that of their spreadsheet, most likely."""
    for tag in accepted(visit.request.headers.get("accept-language", "")).tags:
        try:
            spreadsheet(tag)
        except ValueError:
            continue
        return tag
    return visit.words.language


def _text(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > LONGEST or "\0" in text:
        raise BadInput("bad-long", name="", most=LONGEST)
    return text


PAGES = (Page("/decisions/table", download, method="POST", nav="decisions"),)
