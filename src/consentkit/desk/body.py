"""Reading what is sent, never more than a route allows."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from consentkit.desk.errors import BadInput, TooLarge
from consentkit.web.answer import Message

DRAINED = 16 << 20
"""Bytes read and forgotten, so that a browser that still sends sees the page that says why; beyond it the connection ends."""
FIELDS = 100


async def read_form(request: Request, most: int) -> FormData:
    """A form, its files in memory.

    :param most: bytes.
    :raises TooLarge: it has more.
    :raises BadInput: it is no form.
    """
    await _refuse_early(request, most)
    counted = _Counted(request, most)
    limited = Request(request.scope, counted.receive)
    try:
        return await limited.form(max_files=1, max_fields=FIELDS, max_part_size=most)
    except HTTPException:
        raise BadInput("bad-form") from None


async def read_body(request: Request, most: int) -> bytes:
    """What was sent, as it is.

    :param most: bytes.
    :raises TooLarge: it has more.
    """
    await _refuse_early(request, most)
    return await Request(request.scope, _Counted(request, most).receive).body()


async def _refuse_early(request: Request, most: int) -> None:
    told = request.headers.get("content-length", "0")
    if told.isdecimal() and int(told) > most:
        await _drain(request, int(told))
        raise TooLarge("bad-large", most=most)


async def _drain(request: Request, told: int) -> None:
    if told > DRAINED:
        return
    more = True
    while more:
        message = await request.receive()
        more = message["type"] == "http.request" and message.get("more_body", False)


class _Counted:
    def __init__(self, request: Request, most: int) -> None:
        self._request = request
        self._most = most
        self._read = 0

    async def receive(self) -> Message:
        message = await self._request.receive()
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            raise TooLarge("bad-large", most=self._most)
        return message
