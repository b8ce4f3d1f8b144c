"""The policies under which choices were made, as the log holds them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import func, select

from consentkit.audit.policydiff import Difference, differences
from consentkit.audit.reader import Reader
from consentkit.audit.rollup import SLOT
from consentkit.audit.schema import rollups
from consentkit.core.policy import Policy
from consentkit.desk.asks import Asks, asks

SHOWN = 20
"""Versions on one page. What one changed takes up to 0.2 s to work out where each place on earth is told apart; it is kept."""
_QUARTER = SLOT * 1_000_000


class Version(NamedTuple):
    """A policy. Times in microseconds since 1970, UTC: the quarter of an hour in which a choice was made.

    :param hash: its version.
    :param first: when the first choice was made under it; ``None``: none was.
    :param last: when the last one was.
    :param decisions: how many.
    """

    hash: str
    first: int | None
    last: int | None
    decisions: int


class Change(NamedTuple):
    """What a policy changed.

    :param before: the hash of the one that it is compared with.
    :param asks: what it asked of visitors; ``None`` where one of the two was written by another consentkit and cannot be
        applied.
    """

    before: str
    differences: tuple[Difference, ...]
    asks: Asks | None


def versions(reader: Reader, current: str) -> list[Version]:
    """All that choices were made under, by the first of them, newest first; the current one too, before all where it is new.

    :param current: the version in force.
    :raises LogUnavailable: the log cannot be read.
    """
    columns = rollups.c
    query = (
        select(columns.name, func.min(columns.slot), func.max(columns.slot), func.sum(columns.n))
        .where(columns.log_id == reader.log_id, columns.kind == "policy")
        .group_by(columns.name)
    )
    found = [
        Version(name, first * _QUARTER, last * _QUARTER, int(n)) for name, first, last, n in reader.ask(query)
    ]
    found.sort(key=lambda each: (each.first, each.last, each.hash), reverse=True)
    known = any(each.hash == current for each in found)
    return found if known else [Version(current, None, None, 0), *found]


def earlier(found: Sequence[Version], version: str) -> str | None:
    """The hash of the one that was in use before a version first was."""
    hashes = [each.hash for each in found]
    place = hashes.index(version) + 1 if version in hashes else len(hashes)
    return hashes[place] if place < len(hashes) else None


def document(reader: Reader, policy: Policy, version: str) -> bytes | None:
    """The bytes of a version; ``None`` where the log does not hold them."""
    if version == policy.version:
        return policy.document
    found = reader.document("policy", version)
    return None if found is None else found.body


def values(body: bytes | None) -> Mapping[str, Any] | None:
    """What a document says; ``None`` where it is no policy."""
    try:
        found = None if body is None else json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@lru_cache(256)
def change(before_hash: str, before: bytes, after: bytes, day: datetime.date) -> Change | None:
    """What changed from one document to another; ``None`` where one of them is no policy.

    :param day: whose law is meant.
    """
    sides = [values(body) for body in (before, after)]
    if sides[0] is None or sides[1] is None:
        return None
    policies = [_policy(body) for body in (before, after)]
    asked = asks(policies[0], policies[1], day) if policies[0] and policies[1] else None
    return Change(before_hash, tuple(differences(sides[0], sides[1])), asked)


def _policy(body: bytes) -> Policy | None:
    try:
        return Policy.model_validate_json(body)
    except ValidationError:
        return None
