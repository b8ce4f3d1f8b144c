from __future__ import annotations

from tests.fixtures import audit, decided, logged, policy, wrap  # noqa: F401 - fixtures
