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
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from consentkit import AuditLog
from consentkit.policyfile import load

from .app import POLICY, create_app
from .choices import PLACES
from .comments import Comments
from .pages import Setting, create_site
from .regimes import RegimeSwitch, policy_under
from .streams import Pace
from .third import create_third

HOST = "127.0.0.1"
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
    """The newsroom under three regimes and the laws of some places, with one log and one letter box."""
    policy = load(POLICY)
    log = AuditLog(audit)
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

    return RegimeSwitch(under)


def serve(news: socket.socket, other: socket.socket, audit: str, consent: bool) -> None:
    """Run both servers until SIGINT or SIGTERM."""
    pace = Pace()
    site = f"http://{HOST}:{port_of(news)}"
    third = f"http://third.localhost:{port_of(other)}"
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


def configure(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE, server_header=False)


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def welcome(port: int, third_port: int, audit: str) -> str:
    """What the demo prints at start."""
    site = f"http://{HOST}:{port}"
    return f"""
  The Wrenmouth Lantern   {site}/
  Who called the third    http://third.localhost:{third_port}/calls
  Your preferences        {site}/_consent/
  The log                 {audit}

  To try: choose a regime or a law in the bar under the masthead, open an article, then look at who called.
          Press opt-out or Reject, go on reading, and look again: the third party hears nothing more.
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
        print(welcome(port_of(news), port_of(other), audit), flush=True)
        serve(news, other, audit, consent=not options.without_consent)
    return 0
