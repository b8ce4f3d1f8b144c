"""Two other browsers, driven by what they themselves speak: Firefox by WebDriver BiDi, WebKit by WebDriver.

W3C WebDriver BiDi and WebDriver, checked 2026-11. Only what a smoke test needs: open an address, read a value, press.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
WEBKIT = shutil.which("WebKitWebDriver")
SCREEN = shutil.which("xvfb-run")
MINIBROWSER = next(iter(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")), None)
PATIENCE = 60
"""Seconds for one answer of a browser."""
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.update.enabled": False,
}


class Firefox:
    """A Firefox without a window, and one tab in it.

    :param folder: for its profile.
    :param preferences: further ones, points as low lines.
    """

    def __init__(self, folder: Path, **preferences: bool) -> None:
        named = {name.replace("_", "."): value for name, value in preferences.items()}
        lines = [
            f'user_pref("{name}", {json.dumps(value)});' for name, value in {**PREFERENCES, **named}.items()
        ]
        (folder / "user.js").write_text("\n".join(lines), "utf-8")
        assert FIREFOX
        # A file and no pipe: what it complains of may be more than a pipe holds, and then it would wait for a reader.
        self._told = folder / "told.txt"
        with self._told.open("wb") as told:
            self._process = subprocess.Popen(
                [
                    FIREFOX,
                    "--headless",
                    "--no-remote",
                    "--profile",
                    str(folder),
                    "--remote-debugging-port",
                    "0",
                ],
                stderr=told,
                stdout=subprocess.DEVNULL,
            )
        self._socket: _WebSocket | None = None

    def start(self) -> None:
        end = time.monotonic() + PATIENCE
        while not (
            found := re.search(r"listening on ws://([\d.]+):(\d+)", self._told.read_text("utf-8", "replace"))
        ):
            assert time.monotonic() < end, "Firefox did not start"
            time.sleep(0.05)
        self._socket = _WebSocket(found[1], int(found[2]), "/session")
        self._last = 0
        self._ask("session.new", capabilities={})
        (tab,) = self._ask("browsingContext.getTree")["contexts"]
        self._tab = tab["context"]

    def _ask(self, method: str, **parameters: Any) -> Any:
        assert self._socket
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.receive())
            if answer.get("id") == self._last:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address: str) -> None:
        self._ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def value(self, expression: str) -> Any:
        answer = self._ask(
            "script.evaluate",
            expression=f"JSON.stringify({expression} ?? null)",
            target={"context": self._tab},
            awaitPromise=True,
        )
        return json.loads(answer["result"]["value"]) if answer["type"] == "success" else None

    def press(self, x: float, y: float) -> None:
        steps = [
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._perform({"type": "pointer", "id": "p", "actions": steps})

    def _perform(self, source: dict[str, Any]) -> None:
        self._ask("input.performActions", context=self._tab, actions=[source])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        if self._socket is not None:
            self._socket.close()


class WebKit:
    """A WebKit for GTK in a window that nobody sees, and one tab in it.

    :param folder: for its profile.
    """

    def __init__(self, folder: Path) -> None:
        assert SCREEN
        assert WEBKIT
        port = _free_port()
        self._process = subprocess.Popen(
            [SCREEN, "-a", WEBKIT, f"--port={port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
            start_new_session=True,
        )
        self._base = f"http://127.0.0.1:{port}"
        self._session = ""

    def start(self) -> None:
        options = {"binary": str(MINIBROWSER), "args": ["--automation"]}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self._session = f"/session/{self._ask('POST', '/session', wanted)['sessionId']}"

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._base + path, data, {"content-type": "application/json"}, method=method
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return json.loads(answer.read())["value"]
            except URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def open(self, address: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": address})

    def value(self, expression: str) -> Any:
        script = f"return Promise.resolve({expression}).then(value => JSON.stringify(value ?? null))"
        found = self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": []})
        return json.loads(found)

    def press(self, x: float, y: float) -> None:
        steps = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._perform({"type": "pointer", "id": "p", "actions": steps})

    def _perform(self, source: dict[str, Any]) -> None:
        self._ask("POST", f"{self._session}/actions", {"actions": [source]})

    def close(self) -> None:
        if self._session:
            self._ask("DELETE", self._session)
        os.killpg(self._process.pid, 15)
        self._process.wait(PATIENCE)


class _WebSocket:
    """Text messages, one after the other."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._socket = socket.create_connection((host, port), timeout=PATIENCE)
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._socket.sendall(self._connection.send(Request(host=f"{host}:{port}", target=path)))
        self._waiting: list[str] = []
        self._part = ""
        self._accepted = False
        while not self._accepted:
            self._read()

    def send(self, text: str) -> None:
        self._socket.sendall(self._connection.send(TextMessage(data=text)))

    def receive(self) -> str:
        while not self._waiting:
            self._read()
        return self._waiting.pop(0)

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        data = self._socket.recv(65_536)
        assert data, "the browser has closed the connection"
        self._connection.receive_data(data)
        for event in self._connection.events():
            if isinstance(event, AcceptConnection):
                self._accepted = True
            elif isinstance(event, TextMessage):
                self._part += event.data
                if event.message_finished:
                    self._waiting.append(self._part)
                    self._part = ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
