"""One service of the catalogue, as its vendor's file states it.

A vendor's file::

    vendor = "Example Analytics Ltd"                     # the company that receives the data
    privacy_url = "https://example.com/privacy"
    source = "https://example.com/docs/cookies"          # where the facts were read
    checked = 2026-11-25

    [services.example-analytics]
    title = "Example Analytics"
    kind = "analytics"
    purposes = ["analytics"]
    addresses = ["cdn.example.com/a.js", "*.collect.example.com"]
    stubs = ["exa()", "_exa[]"]
    storage = ["exa_id"]
    examples = ["https://cdn.example.com/a.js?id=1", "https://eu.collect.example.com/p"]

    [[services.example-analytics.loaders]]
    parts = ["exaObject", "createElement(", "insertBefore("]
    example = "(function(w,d,s){w.exaObject='exa'; … })(window,document,'script')"

    [[services.example-analytics.cookies]]
    name = "_exa"
    lifetime = "13mo"

What stands at the top holds for each service of the file that does not say otherwise.
"""

from __future__ import annotations

import datetime

from consentkit.core.form import LinkAddress
from consentkit.core.service import Service


class Entry(Service):
    """A service, and where its facts come from."""

    source: LinkAddress
    """Where the facts were read."""
    checked: datetime.date
    """When they were read."""
    examples: tuple[str, ...] = ()
    """Addresses as sites write them, one at least for each of `addresses`."""


FREE_KINDS = frozenset({"captcha", "payment", "cdn"})
"""Kinds that run where the policy does not name them: without them a form or a whole page is dead."""
