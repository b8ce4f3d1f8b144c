"""``consentkit cookie``: what one of our cookies says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from consentkit.cli.init import new_key
from consentkit.cli.output import UNABLE, WRONG, say, stop, table
from consentkit.core.cookie import LIMIT, CookieCodec, unsigned
from consentkit.core.decision import Decision
from consentkit.core.policy import Policy
from consentkit.policyfile import load

KEY = "CONSENTKIT_SECRET_KEY"


def cookie(
    value: Annotated[
        str | None,
        typer.Argument(metavar="VALUE|-", help="The cookie's value; - reads it from standard input."),
    ] = None,
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The site's policy.")] = Path("consent.toml"),
    fresh: Annotated[bool, typer.Option("--new-key", help="Print a fresh secret key instead.")] = False,
) -> None:
    """Show what a consent cookie says. The keys, newest first, are read from CONSENTKIT_SECRET_KEY.

    Exit code: 0 a good cookie, 1 one that the server would not take, 2 could not look.
    """
    if fresh:
        say(new_key())
        return
    if value is None:
        stop("Pass the cookie's value, or - to read it from standard input.", UNABLE)
    text = sys.stdin.readline(LIMIT * 8) if value == "-" else value
    _show(load(policy), _bare(text))


def _bare(text: str) -> bytes:
    """The value alone, where the name was copied along with it."""
    stripped = text.strip()
    name, equals, rest = stripped.partition("=")
    return (rest if equals and name.endswith("consentkit") else stripped).encode("utf-8", "replace")


def _show(policy: Policy, value: bytes) -> None:
    keys = os.environ.get(KEY, "").split()
    if len(value) > LIMIT:
        stop(f"{len(value):,} bytes; the server ignores a cookie above {LIMIT:,}.", WRONG)
    decision = (
        CookieCodec(keys, policy.site.address).load(value) if keys else unsigned(value.rpartition(b".")[0])
    )
    if decision is None:
        stop(
            "No cookie of this site: the signature does not fit (another key, another site address, or a changed value)."
            if keys
            else "No cookie of ours: the value has another form.",
            WRONG,
        )
    say("signature good" if keys else f"unverified: set {KEY} to check the signature")
    table(_rows(policy, decision))


def _rows(policy: Policy, decision: Decision) -> Mapping[str, str]:
    services = {mark: name for name, mark in policy.marks.items()}
    unanswered = policy.questions.unanswered(decision.asked)
    new = [name for name in policy.fingerprints if name in unanswered]
    same = policy.version.startswith(decision.policy)
    return {
        "purposes": _answers(decision.purposes),
        "services": _answers(
            {services.get(mark, f"unknown ({mark})"): yes for mark, yes in decision.services.items()}
        ),
        "decided": _time(decision.at),
        "expires": _time(decision.at + policy.cookie_lifetime),
        "policy": f"{decision.policy} ({'this one' if same else 'another version'})",
        "asked again": ", ".join(new) or "nothing",
        "under a signal": "yes" if decision.signalled else "no",
        "visitor": decision.visitor or "none",
    }


def _answers(answers: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {'yes' if yes else 'no'}" for name, yes in answers.items()) or "none"


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970"
