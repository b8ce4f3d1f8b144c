"""``python -m bench [part …]``: print the table."""

from __future__ import annotations

import sys
from importlib import import_module

from bench.figure import Figure

PARTS = (
    "asgi",
    "stream",
    "rewriter",
    "weight",
    "log",
    "processes",
    "decisions",
    "evidence",
    "export",
    "desk",
)


def main(parts: list[str]) -> int:
    """Print every figure of the parts named, all of them by default; 1 where one is not reached."""
    missed = 0
    print(f"{'':2}{'what / peer':72}{'ours':>12}{'peer':>12}  {'ratio':>7}  reach")
    for part in parts or PARTS:
        for row in import_module(f"bench.{part}").figures():
            missed += not row.reached
            print(line(row), flush=True)
    return 1 if missed else 0


def line(row: Figure) -> str:
    """One row as text."""
    sign = "≥" if row.better == "at least" else "≤"
    mark = " " if row.reached else "!"
    value = f"{row.ours:>10,.1f}{'':1}{row.unit[:6]:<6}"
    return f"{mark} {row.name:72}{value}{row.peer:>10,.1f}  {row.ratio:>6.2f}×  {sign} {row.reach}×"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
