"""The policy: what is in force, what it was before, what each change said and asked, and what the rules find in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.responses import Response

from consentkit.audit.counting import DAY
from consentkit.audit.event import now
from consentkit.audit.reader import Reader
from consentkit.core.policy import Policy
from consentkit.desk.errors import BadInput, NotFound
from consentkit.desk.findings import findings
from consentkit.desk.page import Visit
from consentkit.desk.policytold import asks, changes, services
from consentkit.desk.route import Page
from consentkit.desk.versions import (
    SHOWN,
    Change,
    Version,
    change,
    document,
    earlier,
    values,
    versions,
)
from consentkit.web.laws import today

LATELY = 30
"""Days in which services are looked for that the policy does not name."""
DIGITS = 6
AGAIN = 3
"""Seconds after which a browser looks whether the rules have run."""
SEVERITIES = ("error", "warning", "note")
PUBLIC = "/_consent/declaration"
"""Where a site tells its services, unless it chose another prefix."""


class Listed(NamedTuple):
    """A version in the list, and what it changed; ``None``: nothing came before it, or its text is not in the log."""

    version: Version
    stored: bool
    change: Change | None


class Compared(NamedTuple):
    """One version, beside another.

    :param values: what it says.
    """

    found: Version
    values: Mapping[str, Any] | None
    others: Sequence[Version]
    change: Change | None


async def show(visit: Visit) -> Response:
    """All versions, or the one that is asked for."""
    version = visit.query("version")
    if version:
        return await _one(visit, version)
    policy, skipped = visit.desk.policy, visit.query("skip") or "0"
    if not skipped.isdecimal() or len(skipped) > DIGITS:
        raise BadInput("bad-page")
    skip = int(skipped)
    found = await visit.ask(versions, policy.version)
    here, seen = await visit.ask(_listed, policy, found, skip)
    looked = findings(policy, seen)
    return visit.page(
        "policies.html",
        current=next(each for each in found if each.hash == policy.version),
        versions=[_row(visit, each, policy) for each in here],
        older=visit.at("/policy", skip=skip + SHOWN) if skip + SHOWN < len(found) else None,
        newest=visit.at("/policy") if skip else None,
        looked=looked,
        again=AGAIN,
        found=[(each, [one for one in looked.findings if one["severity"] == each]) for each in SEVERITIES],
        services=services(visit.words, policy.model_dump(mode="json")),
        public=policy.site.address + PUBLIC,
        told=_told_time(visit),
    )


async def _one(visit: Visit, version: str) -> Response:
    policy = visit.desk.policy
    compared = await visit.ask(_compared, policy, version, visit.query("before"))
    if compared is None:
        raise NotFound("no-policy")
    said = compared.values
    return visit.page(
        "policy.html",
        version=compared.found,
        current=version == policy.version,
        told=_told_time(visit),
        known=said is not None,
        others=compared.others,
        change=compared.change,
        changes=changes(visit.words, compared.change),
        asks=asks(visit.words, compared.change.asks) if compared.change and compared.change.asks else None,
        services=services(visit.words, said or {}),
        text=json.dumps(said, ensure_ascii=False, indent=1) if said is not None else "",
    )


def _listed(
    reader: Reader, policy: Policy, found: Sequence[Version], skip: int
) -> tuple[list[Listed], dict[str, int]]:
    """Some versions with what each changed, and which services were seen lately."""
    some = found[skip : skip + SHOWN + 1]
    bodies = [document(reader, policy, each.hash) for each in some]
    here = []
    for place, each in enumerate(some[:SHOWN]):
        after, before = (bodies[at] if at < len(bodies) else None for at in (place, place + 1))
        known = change(some[place + 1].hash, before, after, today()) if before and after else None
        here.append(Listed(each, after is not None, known))
    return here, _seen(reader)


def _seen(reader: Reader) -> dict[str, int]:
    """How often each service was gated, or would have been, in the last days."""
    day = now() // 1_000_000 // DAY
    seen: Counter[str] = Counter()
    for each in reader.counts(day - LATELY, day):
        if each.kind == "gate":
            seen[each.name] += each.n
    return dict(seen)


def _compared(reader: Reader, policy: Policy, version: str, before: str) -> Compared | None:
    found = versions(reader, policy.version)
    this = next((each for each in found if each.hash == version), None)
    after = document(reader, policy, version)
    if this is None and after is None:
        return None
    with_which = before or earlier(found, version)
    body = document(reader, policy, with_which) if with_which else None
    if before and body is None:
        return None
    return Compared(
        this or Version(version, None, None, 0),
        values(after),
        [each for each in found if each.hash != version],
        change(with_which, body, after, today()) if with_which and body and after else None,
    )


def _row(visit: Visit, each: Listed, policy: Policy) -> dict[str, Any]:
    asked = each.change.asks if each.change else None
    return {
        "version": each.version,
        "stored": each.stored,
        "current": each.version.hash == policy.version,
        "changes": len(changes(visit.words, each.change)) if each.change else None,
        "asks": asks(visit.words, asked) if asked else None,
    }


def _told_time(visit: Visit) -> Any:
    """Tells the quarter of an hour in which something was."""
    return lambda time: "–" if time is None else visit.moment(time)


PAGES = (Page("/policy", show, nav="policy"),)
