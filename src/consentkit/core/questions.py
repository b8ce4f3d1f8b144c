"""What a policy asks of its visitors, as marks of six characters, which a decision keeps.

The rules, in their order:

1. A purpose is another question when its id is another one; a service when its id, its purposes or its vendor are.
2. One recipient more is more than was agreed to; one less is not. So each recipient of each service has a mark of its own.
3. Words, order, capitals and blanks are no part of a question.
4. What was asked before recipients were part of it says nothing of them, and counts: we changed, not the site.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from consentkit.core.service import Service

RECIPIENTS_TOLD = "told-1"
"""Stands among what was asked, in the place of a mark, since recipients are part of it. Older cookies are without."""


@dataclass(frozen=True)
class Questions:
    """What is asked.

    :param fingerprints: a mark for each purpose and service, by id. 36 bits: the chance that a new vendor passes for one
        already asked is below one in 10⁹ for 40 services.
    :param recipients: a mark for each recipient, by the service.
    """

    fingerprints: Mapping[str, str]
    recipients: Mapping[str, frozenset[str]]

    @cached_property
    def marks(self) -> frozenset[str]:
        """All marks, as a decision keeps them (:attr:`Decision.asked`)."""
        return frozenset(self.fingerprints.values()).union({RECIPIENTS_TOLD}, *self.recipients.values())

    def covered(self, asked: frozenset[str], name: str) -> bool:
        """Whether an answer to what was asked then is one about a purpose or service as it is today."""
        told = RECIPIENTS_TOLD not in asked or asked.issuperset(self.recipients.get(name, ()))
        return told and self.fingerprints.get(name) in asked

    def unanswered(self, asked: frozenset[str]) -> frozenset[str]:
        """Ids of the purposes and services that are not what they were when a visitor was asked, or were not there.

        :param asked: the marks of what was put to the visitor then.
        """
        if asked.issuperset(self.marks):
            return frozenset()
        return frozenset(name for name in self.fingerprints if not self.covered(asked, name))


def questions(purposes: Iterable[str], services: Mapping[str, Service]) -> Questions:
    """What is asked by some purposes and services."""
    fingerprints = {name: mark("purpose", name) for name in purposes}
    for name, service in services.items():
        uses = sorted(set(service.purposes))
        fingerprints[name] = mark("service", name, _bare(service.vendor), *uses)
    return Questions(
        fingerprints,
        {
            name: frozenset(mark("recipient", name, _bare(company)) for company in service.recipients)
            for name, service in services.items()
        },
    )


def mark(*parts: str) -> str:
    """Six characters that stand for some words."""
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:6].decode()


def _bare(company: str) -> str:
    return " ".join(company.casefold().split())
