"""The site whose workers are killed, stopped and starved: its log is named by the environment."""

from __future__ import annotations

import os
from typing import Any

from tests.asgi import KEY, PAGE, POLICY, serving

from consentkit.audit.log import AuditLog
from consentkit.core.policy import Policy
from consentkit.web.middleware import ConsentMiddleware

page = serving(PAGE)


async def site(scope: Any, receive: Any, send: Any) -> None:
    while scope["type"] == "lifespan":
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
    await page(scope, receive, send)


log = AuditLog(os.environ["CONSENTKIT_AUDIT"], timeout=float(os.environ.get("LOG_TIMEOUT", "1.0")))
app = ConsentMiddleware(
    site,
    policy=Policy.model_validate(POLICY),
    secret_key=KEY,
    audit=log,
    grants_per_second=None,
)
