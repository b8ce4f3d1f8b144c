"""Consent that the server enforces and can prove.

::

    from consentkit import ConsentMiddleware

    app.add_middleware(ConsentMiddleware, policy="consent.toml", secret_key="…")

The public names are loaded when they are first used: a ``check`` of a policy imports no database and no server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consentkit.audit.event import Event
    from consentkit.audit.log import AuditLog
    from consentkit.core.consent import Consent
    from consentkit.core.policy import Policy
    from consentkit.desk.app import ComplianceDesk
    from consentkit.web.middleware import ConsentMiddleware
    from consentkit.web.request import get_consent

__all__ = ["AuditLog", "ComplianceDesk", "Consent", "ConsentMiddleware", "Event", "Policy", "get_consent"]
__version__ = "0.1.0"

_PLACES = {
    "AuditLog": "consentkit.audit.log",
    "ComplianceDesk": "consentkit.desk.app",
    "Consent": "consentkit.core.consent",
    "ConsentMiddleware": "consentkit.web.middleware",
    "Event": "consentkit.audit.event",
    "Policy": "consentkit.core.policy",
    "get_consent": "consentkit.web.request",
}
_EXTRAS = {"ComplianceDesk": "desk"}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_PLACES[name])
    except ModuleNotFoundError as error:
        if name not in _EXTRAS:
            raise
        msg = f'{error.msg}: {name} comes with pip install "consentkit[{_EXTRAS[name]}]"'
        raise ModuleNotFoundError(msg, name=error.name) from None
    found = getattr(module, name)
    globals()[name] = found
    return found
