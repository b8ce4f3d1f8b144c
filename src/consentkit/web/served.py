"""A stored notice drawn again, from its document alone: what was served then, whatever the policy says today.

The document fixes every text, the language, the layout, the edge, and the buttons with their order. What it does not hold
is the style sheet, which is that of this version. The page that is drawn does nothing: no script, no form, no request.
"""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from consentkit.audit.errors import EventDamaged
from consentkit.core.jurisdiction import Shown
from consentkit.web import client
from consentkit.web.notice import TEMPLATES

LAYOUTS = ("bar", "box", "modal")
_NONE = "the stored document is no notice that this version can draw"


def read(document: bytes) -> dict[str, Any]:
    """A stored notice as values.

    :raises EventDamaged: it is none.
    """
    try:
        shown = json.loads(document)
        buttons = [button["text"] for button in shown["banner"]["buttons"]]
        fits = shown["kind"] == "notice" and shown["layout"] in LAYOUTS and buttons
    except (ValueError, KeyError, TypeError, RecursionError):
        fits = None
    if not fits:
        raise EventDamaged(_NONE)
    return dict(shown)


def draw(document: bytes, name: str) -> str:
    """A whole page that shows both layers.

    :param name: the notice's hash.
    :raises EventDamaged: the document is no notice.
    """
    shown = read(document)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = client.sheet("page").body.decode()
    try:
        law = shown.get("law", {})
        link = Shown.OPT_OUT_LINK in law.get("shows", ())
        close = ("close",) if shown["banner"].get("close") else ()
        sheets = ("control", *(("foot",) if link else ()), "banner", shown["layout"], *close)
        banner = client.sheet(*sheets).body.decode()
        return environment.get_template("notice/served.html").render(
            notice=shown,
            name=name,
            link=link,
            exempted=law.get("exempted", {}),
            banner_style=Markup(banner),  # noqa: S704 - our own file
            page_style=Markup(page),  # noqa: S704 - our own file
        )
    except (UndefinedError, TypeError, AttributeError):
        raise EventDamaged(_NONE) from None
