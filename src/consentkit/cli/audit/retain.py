"""``consentkit audit retain``: let go of proofs that have been kept for long enough. For a timer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consentkit.audit.erase import retain as let_go
from consentkit.audit.reader import Reader
from consentkit.cli.audit.erase import Vacuum, tidy
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import say, stop
from consentkit.core.duration import parse_duration
from consentkit.policyfile import load


def _duration(text: str) -> int:
    try:
        found = parse_duration(text)
    except ValueError as error:
        msg = f"expected {error}"
        raise typer.BadParameter(msg) from None
    if found <= 0:
        msg = "expected a length of time above 0"
        raise typer.BadParameter(msg)
    return found


def retain(
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The site's policy; its `retention` holds.")
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(metavar="TIME", parser=_duration, help="Instead: how long after its end, such as 5y."),
    ] = None,
    only_count: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    vacuum: Vacuum = False,
) -> None:
    """Delete the id and salt of events whose consent ended long enough ago; the events themselves stay.

    The end of a consent is its expiry, its withdrawal, or the visitor's next choice. None that may be in use is touched.
    Exit code: 0 done, or nothing to do; 2 could not.
    """
    if policy is None and after is None:
        stop("Say how long: --policy FILE whose `retention` holds, or --after 5y.")
    site = None if policy is None else load(policy)
    keep = after if after is not None or site is None else site.retention
    if keep is None:
        say("This policy states no `retention`: proofs are kept for good.")
        return
    lifetime = site.longest_lifetime if site else 0
    if keep < lifetime:
        stop("A proof must be kept for as long as a choice may hold, the policy's `lifetime`, at least.")
    reader = Reader(audit, log)
    done = let_go(audit, reader.log_id, keep, lifetime=lifetime, only_count=only_count)
    if only_count:
        say(f"{done.parts:,} personal part(s) would be deleted")
        return
    told = f", told by event(s) {', '.join(str(one.seq) for one in done.records)}" if done.records else ""
    say(f"{done.parts:,} personal part(s) deleted{told}")
    if done.parts:
        tidy(audit, vacuum=vacuum)
