"""The demo: the newsroom and its third party, two servers in one process."""

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from consentkit import AuditLog, ComplianceDesk
from consentkit.audit.keys import generate
from consentkit.desk.passes import Kind, Passes
from consentkit.policyfile import load

from .app import POLICY, create_app
from .choices import PLACES
from .comments import Comments
from .pages import Setting, create_site
from .past import make_past
from .regimes import DESK, RegimeSwitch, policy_under
from .streams import Pace
from .third import create_third

HOST = "127.0.0.1"
AT_DESK = "opt-in"
"""The regime whose policy the desk calls the one in force; the paper has one for each."""
LINK_LASTS = 3600
"""Seconds."""
GRACE = 2
"""Seconds that open connections get when the demo stops."""


class PortTakenError(Exception):
    """A port of the demo is in use; the message says what to do."""


class Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to `serve`: two of them share one process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int, option: str) -> socket.socket:
    """A socket bound to the port on the loopback address; 0 takes a free one.

    Raises `PortTakenError` naming the option that changes the port.
    """
    sock = socket.socket()
    if os.name == "posix":
        # Without it a port stays shut for a minute after the last demo's connections.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as error:
        sock.close()
        raise PortTakenError(
            f"Port {port} cannot be used ({error.strerror}). Choose another: {option}"
        ) from None
    return sock


def create_demo(site: str, third: str, audit: str, pace: Pace) -> ASGIApp:
    """The newsroom under three regimes and the laws of some places, with one log, one letter box, and the desk."""
    policy = load(POLICY)
    signing = signing_key(audit)
    log = AuditLog(audit, checkpoint_key=signing, checkpoint_every=(50, 30.0))
    key = secrets.token_urlsafe(32)
    comments = Comments()

    def under(name: str) -> ASGIApp:
        return create_app(
            setting=Setting(third=third, regime=name, pace=pace, comments=comments),
            policy=policy_under(name, policy, site, third),
            secret_key=key,
            audit=log,
            jurisdiction=name if name in PLACES else None,
        )

    desk = ComplianceDesk(
        policy_under(AT_DESK, policy, site, third),
        log,
        secret_key=key,
        public_keys=[f"{signing}.pub"] if signing else (),
    )
    return RegimeSwitch(under, desk)


def signing_key(audit: str) -> Path | None:
    """A key beside the log, made anew where there is none; `None` without the package that signs."""
    if find_spec("cryptography") is None:
        return None
    file = Path(audit.removeprefix("sqlite:///")).with_name("checkpoints.key")
    if not file.exists():
        generate(file, "lantern.example")
    return file


def prepare(site: str, third: str, audit: str, *, past: bool) -> str:
    """The log as the desk finds it, and a link that signs in to the desk once.

    `past` writes 90 days of made-up decisions.
    """
    if past:
        make_past(audit, policy_under(AT_DESK, load(POLICY), site, third))
    return f"{site}{DESK}/sign-in?link={Passes(audit, '').issue(Kind.LINK, 'officer', LINK_LASTS)}"


def serve(news: socket.socket, other: socket.socket, audit: str, consent: bool) -> None:
    """Run both servers until SIGINT or SIGTERM."""
    pace = Pace()
    site, third = addresses(news, other)
    app = create_demo(site, third, audit, pace) if consent else create_site(Setting(third=third, pace=pace))
    servers = {
        Server(configure(app)): news,
        Server(configure(create_third())): other,
    }

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            pace.stop()
            for server in servers:
                server.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        await asyncio.gather(*(server.serve(sockets=[sock]) for server, sock in servers.items()))

    asyncio.run(run())


def addresses(news: socket.socket, other: socket.socket) -> tuple[str, str]:
    """Of the paper and of the third party."""
    return f"http://{HOST}:{port_of(news)}", f"http://third.localhost:{port_of(other)}"


def configure(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE, server_header=False)


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def welcome(site: str, third: str, audit: str, link: str) -> str:
    """What the demo prints at start."""
    desk = (
        f"\n  The officer's desk      {link}\n                          (works once, within an hour)"
        if link
        else ""
    )
    return f"""
  The Wrenmouth Lantern   {site}/
  Who called the third    {third}/calls
  Your preferences        {site}/_consent/{desk}
  The log                 {audit}

  To try: choose a regime or a law in the bar under the masthead, open an article, then look at who called.
          Press opt-out or Reject, go on reading, and look again: the third party hears nothing more.
          Open the desk: 90 days of made-up decisions, marked as a sample, and yours as you make them.
          Read the log:  consentkit audit show --audit {audit}

  Ctrl-C stops it.
"""


def port_number(text: str) -> int:
    """A TCP port; 0 stands for any that is free."""
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="newsroom", description="Serve the example newsroom on 127.0.0.1.")
    parser.add_argument(
        "--port",
        type=port_number,
        default=os.environ.get("PORT") or "8000",
        help="port of the site; default: PORT of the environment, or 8000; 0 takes a free one",
    )
    parser.add_argument(
        "--third-port",
        type=port_number,
        default=os.environ.get("THIRD_PORT") or None,
        help="port of the third party; default: THIRD_PORT of the environment, or the next one",
    )
    parser.add_argument(
        "--audit", metavar="FILE", help="the log's SQLite file; default: a new one among temporary files"
    )
    parser.add_argument(
        "--without-consent",
        action="store_true",
        help="leave consentkit out: the site as it would be without it",
    )
    options = parser.parse_args(arguments)
    if options.third_port is None:
        options.third_port = options.port and options.port + 1
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo. Exit status 0 after Ctrl-C, 2 when a port is taken."""
    options = read_options(arguments)
    with contextlib.ExitStack() as open_sockets:
        try:
            news = open_sockets.enter_context(listen(options.port, "PORT= or --port"))
            other = open_sockets.enter_context(listen(options.third_port, "THIRD_PORT= or --third-port"))
        except PortTakenError as taken:
            print(taken, file=sys.stderr)
            return 2
        file = Path(options.audit or Path(tempfile.mkdtemp(prefix="newsroom-")) / "consent.db").resolve()
        audit = f"sqlite:///{file}"
        link = ""
        if not options.without_consent:
            link = prepare(*addresses(news, other), audit, past=options.audit is None)
        print(welcome(*addresses(news, other), audit, link), flush=True)
        serve(news, other, audit, consent=not options.without_consent)
    return 0
