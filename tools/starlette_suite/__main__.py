"""Runs Starlette's own tests, from the release's source, with every app behind our middleware: no test may fail that passes
without us.

The release is the one that the environment has. Its source comes by pip into ``.cache``, and is not kept in the repository.
Tests on trio are left out: the log of decisions runs on asyncio.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
SUMMARY = re.compile(r"^(?=.*\bpassed\b).* in [\d.]+s.*$", re.MULTILINE)
OURS_OFF = (
    "-p",
    "no:asyncio",
    "-p",
    "no:xdist",
    "-p",
    "no:consentkit",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:cacheprovider",
)
"""Plugins of our own tests, which the suite does not know."""
LIMIT = 300
"""Seconds for one run of the suite."""


def source(release: str) -> Path:
    """The folder of the release's source."""
    folder = CACHE / f"starlette-{release}"
    if not folder.is_dir():
        CACHE.mkdir(exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wanted = ["--no-build-isolation", "--no-binary", "starlette", f"starlette=={release}"]
        subprocess.run([*pip, *wanted, "--dest", str(CACHE)], check=True)
        with tarfile.open(CACHE / f"starlette-{release}.tar.gz") as archive:
            archive.extractall(CACHE, filter="data")
    return folder


def run(folder: Path, *, wrapped: bool) -> tuple[set[str], str]:
    """The tests that fail, and pytest's own summary."""
    plugin = ["-p", "everywhere"] if wrapped else []
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rfE",
        "-k",
        "not trio",
        "--continue-on-collection-errors",
        *OURS_OFF,
    ]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [*command, *plugin, "tests"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    summary = SUMMARY.findall(done.stdout)
    if not summary:
        sys.exit(f"Starlette's suite did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return set(FAILED.findall(done.stdout)), summary[-1].strip()


def main() -> int:
    release = version("starlette")
    folder = source(release)
    alone, told = run(folder, wrapped=False)
    print(f"Starlette {release} alone:      {told}")
    behind, told = run(folder, wrapped=True)
    print(f"Starlette {release} behind us:  {told}")
    new = sorted(behind - alone)
    for name in new:
        print(f"fails behind us only: {name}")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
