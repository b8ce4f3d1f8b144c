from __future__ import annotations

from tests.fixtures import audit, decided, policy, wrap  # noqa: F401 - fixtures
