"""The text of a first policy file. Its comments are the model's own docstrings, so that they cannot drift."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from consentkit.core.parts import Controller, Override, PageRule, Purpose, Site
from consentkit.core.policy import Policy
from consentkit.core.service import Cookie, Loader, Service
from consentkit.core.theme import DARK, LIGHT, Colours, Theme

WIDTH = 100
RARELY = "# Rarely needed:"
TABLES = ("site", "controller", "overrides", "purposes", "services", "pages", "texts", "theme")
"""Keys of the policy that are tables: TOML wants them after all others."""
PURPOSES = ("necessary", "functional", "analytics", "marketing")

LAW = {"jurisdictions": '["world"]'}
OPTIONS = {
    "use": '["google-analytics", "youtube"]',
    "unlisted": '"gate"',
    "unknown": '"report"',
    "unknown_cookies": '"allow"',
    "csp": '"off"',
    "regime": '"opt-in"',
    "reason": '"Why this regime was chosen."',
    "gpc": '"everywhere"',
    "do_not_track": '"ignore"',
    "layout": '"bar"',
    "position": '"bottom"',
    "place": '"start"',
    "language": '"en"',
    "privacy_url": '"/privacy"',
    "imprint_url": '"/imprint"',
    "lifetime": '"180d"',
}
RARE_OPTIONS = {
    "languages": '["en", "fr"]',
    "hide_request_cookies": "false",
    "csp_sources": '["cdn.example.com"]',
    "consent_mode": '"basic"',
    "gpc_since": "2026-11-25",
    "forbidden_notice": '"refuse"',
    "retention": '"5y"',
}
SITE = {"name": '"My site"', "address": '"https://www.example.com"'}
CONTROLLER = {
    "name": '"My company"',
    "contact": '"privacy@example.com"',
    "address": '"1 High Street, Exampletown"',
}
PURPOSE = {
    "regime": '"opt-in"',
    "category": '"marketing"',
    "title": '{ en = "Advertising" }',
    "description": '{ en = "Advertisements chosen by what you read." }',
}
SERVICE = {
    "vendor": '"Stats Company Ltd"',
    "purposes": '["analytics"]',
    "title": '"Stats"',
    "hosts": '["cdn.stats.example", "*.collect.stats.example"]',
    "paths": '["/collect"]',
    "addresses": '["www.stats.example/embed/", "/metrics/"]',
    "privacy_url": '"https://stats.example/privacy"',
    "sells": "false",
}
RARE_SERVICE = {
    "recipients": '["Panel House Ltd"]',
    "facts": '["own-measurement", "no-reuse"]',
    "kind": '"analytics"',
    "stubs": '["stats()", "_stats[]"]',
    "storage": '["stats-id", "^stats-[0-9]+$"]',
    "widgets": '["stats-counter"]',
    "hides": '[".stats-wait"]',
    "consent_mode": "false",
}
COOKIE = {"name": '"_stats"', "lifetime": '"13mo"', "party": '"first"', "partitioned": "false"}
FAMILY = {"pattern": '"^_stats_[0-9]+$"'}
LOADER = {
    "parts": '["window.statsQueue", "createElement(", "insertBefore("]',
    "within": "2000",
    "bundle": "false",
    "example": '"window.statsQueue=[];…createElement(…);…insertBefore(…)"',
}
OVERRIDE = {
    "functional": '"notice"',
    "analytics": '"notice"',
    "marketing": '"opt-in"',
    "reason": '"Legitimate interest in measuring, assessed on 2026-11-25."',
}
COLOURS, DARK_COLOURS = ({name: f'"{colour}"' for name, colour in each.items()} for each in (LIGHT, DARK))
SHAPE = {"round": '"8px"', "font": "'\"Source Sans 3\", sans-serif'"}
PAGE = {"match": '"/legal/*"', "notice": '"never"'}


def starter(file: str = "consent.toml") -> str:
    """A policy file with every key in it: those that a site must set, and, commented out, all others.

    :param file: its name, for the comment at its head.
    """
    return "\n".join(_lines(file)) + "\n"


def _lines(file: str) -> Iterator[str]:
    yield f"# The consent policy of this site. After a change: consentkit check {file}"
    yield "# A key behind a bare # shows its default, or an example where there is none."
    yield ""
    yield from _keys(Policy, LAW)
    yield ""
    yield from _keys(Policy, OPTIONS, off=True)
    yield ""
    yield RARELY
    yield from _keys(Policy, RARE_OPTIONS, off=True)
    yield ""
    yield from _table("site", Site, SITE)
    yield from _table("controller", Controller, CONTROLLER, off=("address",))
    yield from _about(Policy, "purposes")
    for name in PURPOSES:
        yield f"[purposes.{name}]"
    yield from _keys(Purpose, PURPOSE, off=True)
    yield ""
    yield from _about(Policy, "services")
    yield "#[services.stats]"
    yield from _keys(Service, SERVICE, off=True)
    yield RARELY
    yield from _keys(Service, RARE_SERVICE, off=True)
    yield from _about(Service, "cookies")
    for cookie in (COOKIE, FAMILY):
        yield "#[[services.stats.cookies]]"
        yield from _keys(Cookie, cookie, off=True)
    yield from _about(Service, "loaders")
    yield "#[[services.stats.loaders]]"
    yield from _keys(Loader, LOADER, off=True)
    yield ""
    yield from _about(Policy, "overrides")
    yield "#[overrides.MA]"
    yield from _keys(Override, OVERRIDE, off=True)
    yield ""
    yield from _about(Policy, "pages")
    yield "#[[pages]]"
    yield from _keys(PageRule, PAGE, off=True)
    yield ""
    yield from _about(Policy, "texts")
    yield "#[texts.en]"
    yield '#opt-in-accept = "Accept"'
    yield ""
    yield from _about(Policy, "theme")
    yield "#[theme]"
    yield from _keys(Theme, {**COLOURS, **SHAPE}, off=True)
    yield from _about(Theme, "dark")
    yield "#[theme.dark]"
    yield from _keys(Colours, DARK_COLOURS, off=True)


def _table(
    name: str, model: type[BaseModel], values: Mapping[str, str], off: tuple[str, ...] = ()
) -> Iterator[str]:
    yield from _about(Policy, name)
    yield f"[{name}]"
    for key, value in values.items():
        yield from _keys(model, {key: value}, off=key in off)
    yield ""


def _keys(model: type[BaseModel], values: Mapping[str, str], *, off: bool = False) -> Iterator[str]:
    for key, value in values.items():
        yield from _about(model, key)
        yield f"{'#' if off else ''}{key} = {value}"


def _about(model: type[BaseModel], key: str) -> Iterator[str]:
    for line in textwrap.wrap(" ".join((model.model_fields[key].description or "").split()), WIDTH):
        yield f"# {line}"
