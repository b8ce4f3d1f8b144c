"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No timed asserts: a machine that is busy elsewhere is no fault of the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
