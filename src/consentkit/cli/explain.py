"""``consentkit explain``: what the gate says of each element of a page, and why."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from consentkit.catalogue.load import catalogue
from consentkit.cli.output import FINE, say, stop, warn
from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.policyfile import load
from consentkit.scan.explain import Finding, lines_of
from consentkit.scan.explain import explain as explained
from consentkit.web.gate.rules import UNKNOWN

LARGEST = 20_000_000
"""Bytes of a page; what lies behind them is not read."""
PATIENCE = 20
"""Seconds for a server to answer."""


def explain(
    place: Annotated[str, typer.Argument(metavar="FILE|URL", help="A page: a file, or an http address.")],
    policy: Annotated[Path, typer.Option("--policy", metavar="FILE", help="The policy file.")] = Path(
        "consent.toml"
    ),
    consent: Annotated[
        str, typer.Option("--consent", help="Purposes that are granted, with commas between; none; all.")
    ] = "none",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show each element of a page that belongs to a service: its line, rule, service, purposes and verdict.

    Exit code: 0 explained, 2 a page or policy that cannot be read.
    """
    rules = load(policy)
    granted = _granted(consent, rules)
    page = _fetched(place) if place.lower().startswith(("http://", "https://")) else _read(place)
    found = explained(page, rules, catalogue(), granted)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        _print(found, len(page))
    raise typer.Exit(FINE)


def _granted(text: str, policy: Policy) -> frozenset[str]:
    if text == "none":
        return frozenset()
    if text == "all":
        return frozenset(policy.purposes)
    names = frozenset(filter(None, text.replace(",", " ").split()))
    unknown = names - {*policy.purposes, NECESSARY}
    if unknown:
        stop(
            f"--consent: found {', '.join(sorted(unknown))}; expected none, all, or {', '.join(policy.purposes)}"
        )
    return names


def _read(place: str) -> bytes:
    try:
        with Path(place).open("rb") as file:
            return file.read(LARGEST)
    except (OSError, ValueError) as error:
        stop(f"{place}: {getattr(error, 'strerror', None) or 'not a file name'}")


def _fetched(address: str) -> bytes:
    """The page as a server sends it to somebody without cookies. It runs no script: what scripts would add is not seen."""
    warn(f"GET {address}, without cookies; no script is run")
    fields = {"User-Agent": "consentkit-explain", "Accept": "text/html"}
    request = urllib.request.Request(address, headers=fields)  # noqa: S310 - http and https have handlers, nothing else
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            page: bytes = answer.read(LARGEST)
            return page
    except (OSError, ValueError) as error:
        stop(f"{address}: {type(error).__name__}: {error}")


def _print(found: list[Finding], size: int) -> None:
    for line in lines_of(found):
        say(line)
    counts = {
        verdict: sum(each.verdict == verdict for each in found)
        for verdict in sorted({each.verdict for each in found})
    }
    summary = (
        ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "nothing of any service"
    )
    say(f"{size:,} bytes: {summary}")
    shut = sorted({each.service for each in found if each.verdict == "shut for good"} - {UNKNOWN})
    if shut:
        names = ", ".join(f'"{name}"' for name in shut)
        say(
            f"Shut for good: the policy does not name them, so no notice speaks of them. To ask for them: use = [{names}]"
        )
