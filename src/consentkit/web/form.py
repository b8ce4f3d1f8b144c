"""The body of a decision: read within limits, parsed into a value or refused."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from consentkit.core.decision import Act, Choice
from consentkit.web.answer import Receive

LARGEST_BODY = 8 * 1024
"""Bytes. A decision with 40 services, a long ``next`` and a notice hash takes below 5 KB."""
SLOWEST_BODY = 5.0
"""Seconds in which the whole body must have come."""
MOST_FIELDS = 256
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
HOW = ("banner", "page", "api")
ALLOW = "allow"
"""The action that grants one service and says nothing of the rest; the log calls it ``save``."""
PLAIN = (str, int, type(None))
"""Types of the values that a decision in JSON may hold."""
ACTIONS = frozenset({*Act, ALLOW})
_NOTICE = re.compile(r"[0-9a-f]{64}")
_VIEW = re.compile(r"[A-Za-z0-9_-]{8,64}")
_MILLISECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Submission:
    """A decision as it was sent.

    :param choice: what the visitor pressed.
    :param notice: hash of the notice that they were served; empty where none was named.
    :param next: where to return to, as sent, not yet trusted.
    :param view: the page view's own random word, by which a double click is told; empty for none.
    :param how: ``banner``, ``page`` or ``api``.
    :param shown_ms: milliseconds from shown to decided, where the client tells.
    :param receipt: whether the visitor wants to see the receipt at once.
    :param wants_json: whether the answer is data rather than a page.
    """

    choice: Choice
    notice: str
    next: str
    view: str
    how: str
    shown_ms: int | None
    receipt: bool
    wants_json: bool


@dataclass(frozen=True, slots=True)
class Bad:
    """A body that is no decision.

    :param status: HTTP status to answer with.
    :param reason: one short sentence.
    """

    status: int
    reason: str


async def read_body(receive: Receive) -> bytes | Bad | None:
    """The whole body, or why not; ``None`` when the client went away."""
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            return await _collect(receive)
    except TimeoutError:
        return Bad(408, "the request took too long")


async def _collect(receive: Receive) -> bytes | Bad | None:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            return Bad(413, "the request is too large")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def media_type(fields: Mapping[bytes, bytes]) -> str:
    """The media type of a request, lower case, without parameters."""
    return fields.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()


def parse(body: bytes, kind: str) -> Submission | Bad:
    """The decision that a body stands for.

    :param kind: its media type.
    """
    if kind == FORM:
        values = _form_values(body)
    elif kind == JSON:
        values = _json_values(body)
    else:
        return Bad(415, "expected a form or JSON")
    if isinstance(values, Bad):
        return values
    return _submission(values, wants_json=kind == JSON)


Values = dict[str, list[str]]


def _form_values(body: bytes) -> Values | Bad:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return Bad(400, "a form that cannot be read")
    values: Values = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _json_values(body: bytes) -> Values | Bad:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return Bad(400, "JSON that cannot be read")
    if not isinstance(data, dict) or len(data) > MOST_FIELDS:
        return Bad(400, "expected a JSON object of a few fields")
    values: Values = {}
    for name, value in data.items():
        items = value if isinstance(value, list) else [value]
        if len(items) > MOST_FIELDS or not all(_plain(item) for item in items):
            return Bad(400, "expected plain values")
        values[name] = [str(item) for item in items if item is not None]
    return values


def _plain(item: Any) -> bool:
    return isinstance(item, PLAIN) and not isinstance(item, bool)


def _submission(values: Values, *, wants_json: bool) -> Submission | Bad:
    acts = values.get("action", [])
    if len(acts) != 1 or acts[0] not in ACTIONS:
        return Bad(400, "expected one action: accept, reject, save, withdraw or allow")
    services: dict[str, bool] = {}
    for word in filter(None, values.get("service", [])):  # an empty one is a list left at "as its purpose"
        name = word.removeprefix("-")
        services[name] = not word.startswith("-") and services.get(name, True)
    only = acts[0] == ALLOW
    if only and list(services.values()) != [True]:
        return Bad(400, "expected one service to allow")
    how = _one(values, "how") or "api"
    if how not in HOW:
        return Bad(400, "expected how to be banner, page or api")
    notice, view, shown = (_one(values, name) for name in ("notice", "view", "shown_ms"))
    return Submission(
        choice=Choice(
            Act.SAVE if only else Act(acts[0]),
            frozenset() if only else frozenset(values.get("purpose", [])),
            services,
            only,
        ),
        notice=notice if _NOTICE.fullmatch(notice) else "",
        next=_one(values, "next"),
        view=view if _VIEW.fullmatch(view) else "",
        how=how,
        shown_ms=int(shown) if _MILLISECONDS.fullmatch(shown) else None,
        receipt=_one(values, "receipt") == "1",
        wants_json=wants_json,
    )


def _one(values: Values, name: str) -> str:
    found = values.get(name, [])
    return found[0] if found else ""
