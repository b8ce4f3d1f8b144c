"""The paper with its consent layer: the line that a newcomer would copy is at the end of `create_app`."""

import os
import secrets
from pathlib import Path

from starlette.applications import Starlette

from consentkit import AuditLog, ConsentMiddleware, Policy

from .pages import Setting, create_site

POLICY = Path(__file__).parent / "consent.toml"
THIRD = "http://third.localhost:8001"


def create_app(
    third: str | None = None,
    *,
    consent: bool = True,
    setting: Setting | None = None,
    policy: Policy | Path = POLICY,
    secret_key: str | None = None,
    audit: AuditLog | str = "sqlite:///consent.db",
    jurisdiction: str | None = None,
) -> Starlette:
    """The newsroom as one ASGI app.

    :param third: address of the third party; None: `NEWSROOM_THIRD`, or `http://third.localhost:8001`.
    :param consent: false leaves the middleware out, and the third party's tags as the templates wrote them.
    :param setting: everything else the pages are told; it brings its own `third`.
    :param jurisdiction: where every visitor is; a real site finds out for each, see "Where is the visitor?" in the docs.
    :param secret_key: None: random, so that decisions last until the process ends. A real site keeps its own.
    """
    setting = setting or Setting(third=third or os.environ.get("NEWSROOM_THIRD", THIRD))
    app = create_site(setting)
    if consent:
        secret_key = secret_key or secrets.token_urlsafe(32)
        app.add_middleware(
            ConsentMiddleware, policy=policy, secret_key=secret_key, audit=audit, jurisdiction=jurisdiction
        )
    return app
