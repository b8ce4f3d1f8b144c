from __future__ import annotations

from tests.site import audit, decided, policy, wrap  # noqa: F401 - fixtures
