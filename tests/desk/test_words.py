"""Every word that a page asks for is there, and none is kept that no page asks for."""

from __future__ import annotations

import re
from pathlib import Path

from consentkit.audit.event import ACTS
from consentkit.audit.finding import KINDS
from consentkit.audit.register import KINDS as REQUESTS
from consentkit.core.regime import Regime
from consentkit.desk import app, errors
from consentkit.desk.app import PAGES
from consentkit.desk.words import words
from consentkit.web.notice import TEMPLATES

CODE = Path(app.__file__).parent
ASKED = re.compile(r"""words\(\s*"([a-z0-9-]+)"(?!\s*~)""")
FAULTS = "|".join(each.__name__ for each in errors.DeskError.__subclasses__())
RAISED = re.compile(rf"""(?:{FAULTS})\(\s*"([a-z0-9-]+)"[,)]""")
TEXT = re.compile(r"""["']([a-z0-9-]+)["']""")
MADE = [
    *(f"act-{act}" for act in ACTS),
    *(f"finding-{kind}" for kind in KINDS),
    *(f"kind-{kind}" for kind in REQUESTS),
    *(f"regime-{regime}" for regime in Regime),
    *(f"nav-{page.nav}" for page in PAGES if page.nav),
    *(f"run-{state}" for state in ("running", "sound", "wrong", "failed", "stopped")),
    *(f"verdict-{verdict}" for verdict in ("begins", "rewritten", "rolled-back", "damaged", "other-log")),
    *(f"standing-{each}" for each in ("signed", "unsigned", "wrong-key", "forged", "unchecked")),
]


def sources() -> str:
    files = [*CODE.glob("*.py"), *(TEMPLATES / "desk").glob("*.html")]
    return "\n".join(file.read_text("utf-8") for file in files)


def test_every_word_that_is_asked_for_is_there_in_every_language() -> None:
    text = sources()
    asked = {*ASKED.findall(text), *RAISED.findall(text), *MADE}

    assert len(asked) > 200
    for tag, found in words().items():
        assert asked - found.messages.keys() == set(), tag


def test_no_word_is_kept_that_nobody_asks_for() -> None:
    text = sources()
    named = {*TEXT.findall(text), *MADE}
    beginnings = tuple(re.findall(r"""["']([a-z-]+-)["']\s*~|f["']([a-z-]+-)\{""", text))
    made = tuple(one or other for one, other in beginnings)

    unused = {key for key in words()["en"].messages if key not in named and not key.startswith(made)}

    assert unused == set()
