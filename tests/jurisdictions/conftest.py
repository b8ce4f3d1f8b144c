from __future__ import annotations

from tests.fixtures import audit, policy, wrap  # noqa: F401 - fixtures
