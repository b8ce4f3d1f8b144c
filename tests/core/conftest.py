from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consentkit.core.policy import Policy

BASE: dict[str, Any] = {
    "site": {"name": "The Paper", "address": "https://paper.example"},
    "controller": {"name": "Paper Ltd", "contact": "privacy@paper.example"},
    "services": {
        "counter": {"vendor": "Counter Inc", "purposes": ["analytics"], "hosts": ["counter.example"]},
        "player": {"vendor": "Player SA", "purposes": ["marketing"], "hosts": ["player.example"]},
        "both": {"vendor": "Both GmbH", "purposes": ["analytics", "marketing"], "hosts": ["both.example"]},
    },
}


@pytest.fixture(scope="session")
def make_policy() -> Callable[..., Policy]:
    """A policy of three services, with what a test wants to be different."""
    return lambda **changes: Policy.model_validate({**BASE, **changes})


@pytest.fixture(scope="session")
def policy(make_policy: Callable[..., Policy]) -> Policy:
    return make_policy()
