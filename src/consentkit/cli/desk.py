"""``consentkit desk``: serve the officer's desk on this machine, and say who may come in to any desk of a log."""

from __future__ import annotations

import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

from consentkit.audit.export import moment
from consentkit.audit.reader import Reader
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.output import WRONG, say, stop
from consentkit.core.duration import DAY
from consentkit.desk.passes import LINK_LIFETIME, SHOWN, Kind, Passes

HOST = "127.0.0.1"
PORT = 8040
NEEDED = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "python_multipart": "python-multipart",
    "leather": "leather",
}
"""Modules that serving needs, and what installs them."""

app = typer.Typer(name="desk", help="Serve the officer's desk on this machine, or say who may come in.")

Role = Annotated[
    Literal["viewer", "officer"],
    typer.Option(help="viewer: counts and integrity. officer: also people, evidence and erasure."),
]


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    policy: Annotated[Path, typer.Option(metavar="FILE", help="The policy in force.")] = Path("consent.toml"),
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    public_key: Annotated[
        list[Path] | None,
        typer.Option("--public-key", metavar="FILE", help="Public keys that checkpoints are checked with."),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS", help="A further site of the store, whose sums the overview may show."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = PORT,
) -> None:
    """Serve the desk on this machine alone, and print a one-time link to it.

    Exit code: 0 stopped, 2 could not serve.
    """
    if context.invoked_subcommand is not None:
        return
    missing = sorted(package for module, package in NEEDED.items() if find_spec(module) is None)
    if missing:
        stop(f'The desk needs {" and ".join(missing)}: pip install "consentkit[desk]"')
    import uvicorn

    from consentkit.audit.log import AuditLog
    from consentkit.desk.app import ComplianceDesk
    from consentkit.policyfile import load

    read = load(policy)
    store = audit if log is None else AuditLog(audit, log_id=log)
    # One process serves it, so a key that is drawn now will do; its end signs everybody out.
    key = os.environ.get("CONSENTKIT_SECRET_KEY", "").split() or secrets.token_urlsafe(32)
    desk = ComplianceDesk(read, store, secret_key=key, public_keys=public_key or (), sites=site or ())
    link_of = desk.desk.access.passes.issue(Kind.LINK, "officer", LINK_LIFETIME)
    say(f"The desk of {read.site.name}; Ctrl-C stops it. Sign in once, within 15 minutes:")
    say(address_of(f"http://{HOST}:{port}", link_of))
    # No access log: it would hold what is looked for.
    uvicorn.run(desk, host=HOST, port=port, log_level="warning", access_log=False, server_header=False)


@app.command()
def link(
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    role: Role = "viewer",
    at: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where the desk is mounted.")
    ] = f"http://{HOST}:{PORT}",
) -> None:
    """Print a link that signs somebody in: once, within 15 minutes.

    Exit code: 0 printed, 2 could not.
    """
    say(address_of(at, _passes(audit, log).issue(Kind.LINK, role, LINK_LIFETIME)))


@app.command()
def token(
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    role: Role = "viewer",
    days: Annotated[int, typer.Option(min=1, max=366, help="For how long it works.")] = 90,
) -> None:
    """Print a token for programs that use the desk's API. It is shown this once.

    Exit code: 0 printed, 2 could not.
    """
    say(_passes(audit, log).issue(Kind.TOKEN, role, days * DAY))


@app.command()
def sessions(audit: Url = DEFAULT, log: LogId = None) -> None:
    """List who may come in now: sessions, tokens, and links that nobody used yet.

    Exit code: 0 listed, 2 could not.
    """
    rows = _passes(audit, log).open_ones()
    for row in rows:
        times = (
            f"since {moment(row.made)[:19]}Z  seen {moment(row.seen)[:19]}Z  until {moment(row.until)[:19]}Z"
        )
        say(f"{row.id[:SHOWN]}  {row.kind:<7}  {row.role:<7}  {times}")
    if not rows:
        say("Nobody may come in by a link, session or token of ours.")


@app.command()
def revoke(
    name: Annotated[str | None, typer.Argument(metavar="ID", help="As `sessions` lists it.")] = None,
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="End all of them.")] = False,
) -> None:
    """End a session, a token or a link, at once.

    Exit code: 0 ended, 1 there is none, 2 could not.
    """
    if (name is None) is not everybody:
        stop("Name one of those that `consentkit desk sessions` lists, or say --all.")
    if name is not None and len(name) < SHOWN:
        stop(f"An id has at least {SHOWN} characters.")
    ended = _passes(audit, log).revoke(name)
    if not ended:
        stop("There is none of that id.", WRONG)
    say(f"ended: {ended}")


def address_of(desk: str, link: str) -> str:
    """The address that signs in once."""
    return f"{desk.rstrip('/')}/sign-in?link={link}"


def _passes(audit: str, log: str | None) -> Passes:
    return Passes(audit, _log(audit) if log is None else log)


def _log(audit: str) -> str:
    """The only log of a store, once it has an event: then its name is known."""
    reader = Reader(audit)
    if not reader.log_id and not reader.size():
        stop("The log holds no event yet: name it with --log, which is the address of the policy's site.")
    return reader.log_id
