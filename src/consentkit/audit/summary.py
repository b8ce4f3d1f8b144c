"""The page of an evidence file that people read and print: HTML without scripts, all of it escaped.

This module needs the standard library alone. Evidence files carry a copy of it, so that whoever checks one can make the page
again from the events and compare. Hence no word of its own on when or where it runs: the same values give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import islice
from typing import Any

MOST_EVENTS = 1000
"""Events that the page shows; all of them stand in records.csv."""
MOST_NOTICES = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:start;vertical-align:top;padding:.3rem .5rem;"
    "border-bottom:1px solid #bbb}code,td:nth-last-child(-n+3){overflow-wrap:anywhere}code{font-size:.85rem}"
    ".events{overflow-x:auto}.events table{min-width:64rem}.events td{min-width:5rem}"
    "@media print{body{margin:0;max-width:none;font-size:9pt}thead{display:table-header-group}tr{break-inside:avoid}"
    ".events table,.events td{min-width:0}}"
)
_COLUMNS = (
    "Event",
    "Time (UTC)",
    "Act",
    "Granted",
    "Denied",
    "Law",
    "Signal",
    "Language",
    "Notice",
    "Policy",
    "Visitor",
)

Record = Mapping[str, Any]


def render(
    facts: Mapping[str, Any], records: Iterable[Record], notice: Callable[[str], Any]
) -> Iterator[str]:
    """The page, in parts.

    :param facts: what ``evidence.json`` tells.
    :param records: as ``records.jsonl`` has them.
    :param notice: the notice with a hash, parsed; ``None`` where the log has none.
    """
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Evidence of consent</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width"><style>'
        f"{_STYLE}</style></head>\n<body><h1>Evidence of consent</h1>\n"
    )
    yield _about(facts)
    yield _counts(facts)
    named: dict[str, None] = {}
    yield f'<h2>Events</h2>\n<div class="events" tabindex="0"><table><thead><tr>{_row("th", _COLUMNS)}</tr></thead><tbody>\n'
    for record in islice(records, MOST_EVENTS):
        event = json.loads(record["event"])
        named.setdefault(event["notice"])
        yield f"<tr>{_row('td', _cells(record, event))}</tr>\n"
    yield "</tbody></table></div>\n"
    if facts["events"] > MOST_EVENTS:
        yield f"<p>The first {MOST_EVENTS:,} of {facts['events']:,}. All of them stand in <code>records.csv</code>.</p>\n"
    yield from _notices([name for name in named if name], notice)
    yield f"{_HOW}</body></html>\n"


def _about(facts: Mapping[str, Any]) -> str:
    about = facts["about"]
    said = {
        "visitor": lambda: f"the visitor {about['visitor']}",
        "range": lambda: f"all events from {_edge(about['first'])} to {_edge(about['last'])}",
        "incident": lambda: f"{len(about['events'])} events named one by one",
    }[about["kind"]]()
    rows = {
        "About": said,
        "Made": f"{facts['created']} by {facts['made_by']}",
        "Log": facts["log"] or "the only one of its store",
        "Events": f"{facts['events']:,}",
        "Erased since": f"the visitor's id of {facts['erased']:,} of them",
        "Checkpoint": f"{facts['size']:,} events of the log were signed",
    }
    lines = [f"<tr>{_row('th', [name])}{_row('td', [text])}</tr>" for name, text in rows.items()]
    return f"<table>{''.join(lines)}</table>\n"


def _counts(facts: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr>{_row('td', [act, f'{n:,}'])}</tr>" for act, n in facts["acts"].items())
    return f"<h2>Acts</h2>\n<table><thead><tr>{_row('th', ['Act', 'Events'])}</tr></thead><tbody>{rows}</tbody></table>\n"


def _cells(record: Record, event: Mapping[str, Any]) -> list[str]:
    def answers(name: str) -> str:
        return ", ".join([*event[name], *(f"service {one}" for one in event[f"services_{name}"])])

    law = f"{event['jurisdiction'] or 'unknown'}: " + ", ".join(
        f"{a} {b}" for a, b in event["regimes"].items()
    )
    gone = "erased" if event["personal"] else ""
    return [
        str(record["seq"]),
        _moment(event["time"]),
        event["act"],
        answers("granted"),
        answers("denied"),
        law,
        event["signal"] or "",
        event["language"] or "",
        event["notice"][:12],
        event["policy"][:12],
        record["visitor"] or gone,
    ]


def _notices(names: list[str], notice: Callable[[str], Any]) -> Iterator[str]:
    yield "<h2>Notices as served</h2>\n"
    for name in names[:MOST_NOTICES]:
        found = notice(name)
        yield f"<h3>Notice {escape(name[:12])}</h3>\n"
        if found is None:
            yield "<p>The log holds no notice with this hash.</p>\n"
            continue
        yield f"<p>Whole in <code>notices/{escape(name)}.json</code>. What it said first:</p>\n<ul>\n"
        for text in _texts(found):
            yield f"<li>{escape(text)}</li>\n"
        yield "</ul>\n"
    if len(names) > MOST_NOTICES:
        yield f"<p>{len(names) - MOST_NOTICES:,} more stand in the folder <code>notices</code>.</p>\n"


def _texts(notice: Any) -> list[str]:
    """What a notice said first; a version of another time may have had another form."""
    try:
        return list(_said(notice))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ["(a form that this page does not read: see the file)"]


def _said(notice: Any) -> Iterator[str]:
    """The texts of the first layer and its buttons, and what the purposes were called."""
    banner = {name: text for name, text in notice["banner"].items() if name != "regime"}
    for name in sorted(banner, key=lambda name: (name != "text", name)):
        if isinstance(banner[name], str):
            yield banner[name]
    yield f"Buttons, in this order: {', '.join(button['text'] for button in banner.get('buttons', []))}"
    for purpose in notice.get("purposes", []):
        yield f"{purpose['title']}: {purpose['text']}"


def _row(tag: str, cells: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)


def _edge(microseconds: int) -> str:
    """One end of a range; nobody asked for the ends of what can be written."""
    open_ended = {0: "the first", 2**53 - 1: "the last"}
    return open_ended.get(microseconds) or f"{_moment(microseconds)} (UTC)"


def _moment(microseconds: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%d %H:%M:%S")
    except OverflowError:
        return str(microseconds)


_HOW = """<h2>What this shows, and what it does not</h2>
<p>Each event is a leaf of a Merkle tree (RFC 9162) whose root was signed. Whoever has the public key can check, without the
site and without its database, that these events stood in the log when it was signed, and that none of them was changed
since: <code>python verify.py</code>, as README.txt tells. The signature shows what the log held, and that a checkpoint was
kept; it does not show when, unless somebody else kept that checkpoint too.</p>
<p>The events show what was served and what came back. They do not show what anybody saw, who sat at the device, or that the
site acted on the choice.</p>
"""
