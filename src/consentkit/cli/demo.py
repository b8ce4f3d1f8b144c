"""``consentkit demo``: the example newsroom."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from consentkit.cli.output import stop

NEEDED = ("starlette", "uvicorn")
INSTALLED = "consentkit.newsroom"
"""Where a wheel puts it."""
CHECKOUT = "examples.newsroom"
"""Where the repository has it."""


def demo(ctx: typer.Context) -> None:
    """Serve the example newsroom on this machine. Options are the demo's own: see consentkit demo -- --help."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        stop(f"The demo needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    module = _module()
    if module is None:
        stop("The example newsroom is not part of this installation.")
    sys.argv = ["consentkit demo", *ctx.args]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _module() -> str | None:
    if find_spec(INSTALLED) is not None:
        return INSTALLED
    root = Path(__file__).parents[3]
    if not (root / "examples" / "newsroom" / "__main__.py").is_file():
        return None
    sys.path.insert(0, str(root))
    return CHECKOUT
