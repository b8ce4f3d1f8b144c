"""Where is the visitor? Resolvers for ``ConsentMiddleware(jurisdiction=…)``.

A resolver takes an ASGI scope and returns a code such as ``FR`` or ``US-CA``, or ``None`` for unknown. None of them raises
while a page is served. Unknown is never "no notice": it is the strictest law that the policy lists.
"""

from __future__ import annotations

from consentkit.web.where.cdn import akamai, cloudflare, cloudfront, google, vercel
from consentkit.web.where.database import maxmind
from consentkit.web.where.field import EVERY_PEER, header
from consentkit.web.where.resolver import Where, first, fixed, safely

__all__ = [
    "EVERY_PEER",
    "Where",
    "akamai",
    "cloudflare",
    "cloudfront",
    "first",
    "fixed",
    "google",
    "header",
    "maxmind",
    "safely",
    "vercel",
]
