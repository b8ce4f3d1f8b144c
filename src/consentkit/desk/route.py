"""What a page of the desk says of itself: its address, what it answers, and whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from consentkit.desk.access import Role

if TYPE_CHECKING:
    from consentkit.desk.page import Visit

Handler = Callable[["Visit"], Awaitable[Response]]
SMALL = 64 << 10
"""Bytes of a request's body: a form, or a checkpoint."""


@dataclass(frozen=True, slots=True)
class Page:
    """One address.

    :param path: below the desk, such as ``/decisions/{event}``; its parts are ``visit.part("event")``.
    :param answer: answers it.
    :param role: who may ask; ``None`` for everybody.
    :param method: ``GET`` (and ``HEAD``) or ``POST``. A POST has its form's token checked before it is answered.
    :param nav: key of its words in the navigation, ``nav-`` in front; empty for none.
    :param largest: bytes that its body may have.
    :param api: whether programs ask: errors are JSON then.
    """

    path: str
    answer: Handler
    role: Role | None = Role.VIEWER
    method: str = "GET"
    nav: str = ""
    largest: int = SMALL
    api: bool = False
