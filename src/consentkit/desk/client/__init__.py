"""The desk's style sheet, under a name that changes with its content."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Asset(NamedTuple):
    """A file that is served.

    :param name: with a part of its content's hash.
    """

    name: str
    body: bytes
    content_type: str


@cache
def sheet() -> Asset:
    """The style sheet."""
    body = b"".join((FOLDER / name).read_bytes() for name in ("desk.css", "charts.css", "policy.css"))
    return Asset(f"desk.{sha256(body).hexdigest()[:12]}.css", body, "text/css; charset=utf-8")
