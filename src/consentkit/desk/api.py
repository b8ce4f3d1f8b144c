"""The same for programs: JSON, paged, described at ``/openapi.json``."""

from __future__ import annotations

from consentkit.desk.route import Page

PAGES: tuple[Page, ...] = ()
