"""The gate's rules for a small site."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from consentkit.catalogue.index import Index, Owner
from consentkit.catalogue.known import Catalogue
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.html.rewriter import Rewriter
from consentkit.policyfile.use import resolved
from consentkit.web.gate.loaders import Loaders
from consentkit.web.gate.markup import known_names
from consentkit.web.gate.rules import Facts, PageRules

SITE: dict[str, Any] = {
    "site": {"name": "The Paper", "address": "https://paper.example"},
    "controller": {"name": "Paper Ltd", "contact": "privacy@paper.example"},
}


class Rig:
    """A policy with what is made of it."""

    def __init__(self, known: Catalogue | None = None, **policy: Any) -> None:
        self.policy = Policy.model_validate(resolved({**SITE, **policy}, catalogue()))
        self.index = Index(self.policy, known or catalogue())
        self.facts = Facts(self.index, Loaders(self.index), known_names(self.policy))
        self.rules = cache(self._rules)

    def _rules(self, *allowed: str) -> PageRules:
        return PageRules(self.facts, frozenset({"necessary", *allowed}))

    def gate(self, page: bytes, *allowed: str) -> bytes:
        rewriter = Rewriter(self.rules(*allowed), None)
        out = rewriter.whole(page)
        assert not rewriter.failed
        return out

    def counts(self, page: bytes, *allowed: str) -> dict[str, int]:
        rewriter = Rewriter(self.rules(*allowed), None)
        rewriter.whole(page)
        return rewriter.counts

    def denied(self, host: str, path: str, *allowed: str) -> tuple[Owner, ...]:
        return self.index.denied(self.index.owners(host, path), frozenset({"necessary", *allowed}))


@pytest.fixture(scope="session")
def rig() -> Rig:
    """A site that names nobody: all that the catalogue knows is shut."""
    return Rig()
