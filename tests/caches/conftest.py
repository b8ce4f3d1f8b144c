"""A real shared cache, nginx, in front of a real server; both end with the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.asgi import KEY

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=pages:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $http_host;
      proxy_cache pages;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended before it served"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not serve")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The cache's port."""
    if NGINX is None:
        pytest.skip("nginx is not installed: apt-get install nginx (tools/setup develop does it)")
    folder = tmp_path_factory.mktemp("nginx")
    port, behind = free_port(), free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, port=port, behind=behind, user=user))
    environment = {
        **os.environ,
        "CONSENTKIT_SECRET_KEY": KEY,
        "CONSENTKIT_AUDIT": f"sqlite:///{folder / 'consent.db'}",
    }
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--port",
        str(behind),
        "--log-level",
        "error",
        "cached_site:app",
    ]
    processes = [
        subprocess.Popen([*command, "--app-dir", str(Path(__file__).parent)], env=environment),
        subprocess.Popen(
            [NGINX, "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")]
        ),
    ]
    try:
        wait_for(behind, processes[0])
        wait_for(port, processes[1])
        yield port
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=10)
