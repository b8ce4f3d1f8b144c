"""Who asks, and what they may: the host's own word first, then our session, then a token of the API.

Two roles. A viewer sees what is counted and how the log stands; an officer also sees single people and acts for them. What
each address needs stands in the table of routes, not in the code that answers.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from enum import IntEnum
from typing import Any, Literal, NamedTuple

from itsdangerous import BadSignature, Signer
from starlette.requests import HTTPConnection

from consentkit.core.cookie import checked_key, values_of
from consentkit.desk.passes import Kind, Passes
from consentkit.web.answer import Scope

logger = logging.getLogger(__name__)

Answered = Literal["viewer", "officer"] | None
Auth = Callable[[Scope], Answered | Awaitable[Answered]]
"""The host's own sign-in: a function of the scope, or a coroutine function."""
COOKIE = "consentkit-desk"
LONGEST_COOKIE = 512
"""Characters."""


class Role(IntEnum):
    """Who may do what: an officer may all that a viewer may."""

    VIEWER = 1
    OFFICER = 2


ROLES = {"viewer": Role.VIEWER, "officer": Role.OFFICER}


class Who(NamedTuple):
    """Whoever asks.

    :param role: ``None`` for somebody we do not know.
    :param cookie: what our cookie holds, its signature checked; empty where there is none.
    :param token: whether they came with a token, ours or the host's, which no page of another site can add.
    :param session: whether a session of ours let them in.
    """

    role: Role | None
    cookie: str = ""
    token: bool = False
    session: bool = False

    def may(self, needed: Role | None) -> bool:
        """Whether a route that needs this role is theirs; ``None`` is for everybody."""
        return needed is None or (self.role is not None and self.role >= needed)

    @property
    def form_token(self) -> str:
        """What a form must carry: only a page of ours can tell it, since only our cookie's holder is shown it."""
        return hmac.new(self.cookie.encode(), b"consentkit.desk.form", hashlib.sha256).hexdigest()


class Access:
    """Tells who asks.

    :param auth: the host's own sign-in.
    :param keys: secret keys that sign our cookie, newest first. Without any it is not signed: then its 32 random bytes, of
        which the store knows the hash, are all that guards it, and who can write to the store can make a session.
    :param https: whether people come over https; ``None``: as the scope says.
    """

    def __init__(
        self, passes: Passes, auth: Auth | None, keys: Sequence[str | bytes], https: bool | None
    ) -> None:
        self.passes = passes
        self._auth = auth
        self._https = https
        self._signer = _signer(keys) if keys else None

    async def who(self, connection: HTTPConnection) -> Who:
        """Whoever asks.

        :raises LogUnavailable: the store does not say.
        """
        cookie = self._cookie(connection)
        token = _bearer(connection.headers.get("authorization", ""))
        role = await self._hosts(connection.scope)
        if role is not None:
            return Who(role, cookie, token=bool(token))
        if token:
            return Who(await self._let_in(Kind.TOKEN, token), cookie, token=True)
        role = await self._let_in(Kind.SESSION, cookie) if cookie else None
        return Who(role, cookie, session=role is not None)

    def cookie_name(self, scope: Scope) -> str:
        """Over https no other host can set it, and it never leaves https (RFC 6265bis section 4.1.3.2, checked 2026-11)."""
        return f"__Host-{COOKIE}" if self.secure(scope) else COOKIE

    def secure(self, scope: Scope) -> bool:
        """Whether this came over https."""
        return bool(scope.get("scheme") == "https" if self._https is None else self._https)

    def set_cookie(self, scope: Scope, value: str) -> str:
        """The ``Set-Cookie`` field that gives our cookie a value; an empty one takes it away."""
        signed = self._signer.sign(value).decode() if value and self._signer else value
        end = "" if value else "; Max-Age=0"
        secure = "; Secure" if self.secure(scope) else ""
        return f"{self.cookie_name(scope)}={signed}; Path=/{end}; HttpOnly; SameSite=Strict{secure}"

    def _cookie(self, connection: HTTPConnection) -> str:
        fields = (value.encode("latin-1") for value in connection.headers.getlist("cookie"))
        values = values_of(self.cookie_name(connection.scope).encode(), fields)
        if len(values) != 1 or len(values[0]) > LONGEST_COOKIE:
            return ""
        return self._unsigned(values[0]).decode("ascii", "replace")

    def _unsigned(self, value: bytes) -> bytes:
        if self._signer is None:
            return value
        try:
            return self._signer.unsign(value)
        except BadSignature:
            return b""

    async def _let_in(self, kind: Kind, secret: str) -> Role | None:
        name = await asyncio.to_thread(self.passes.role_of, kind, secret)
        return None if name is None else ROLES.get(name)

    async def _hosts(self, scope: Scope) -> Role | None:
        if self._auth is None:
            return None
        said: Any = self._auth(scope)
        if inspect.isawaitable(said):
            said = await said
        if said is None:
            return None
        role = ROLES.get(said) if isinstance(said, str) else None
        if role is None:
            logger.error("auth returned a %s; expected 'viewer', 'officer' or None", type(said).__name__)
        return role


def _signer(keys: Sequence[str | bytes]) -> Signer:
    newest_first = [checked_key(key) for key in keys]
    return Signer(
        newest_first[::-1],  # itsdangerous signs with the last of its list
        salt=b"consentkit.desk.1",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )


def _bearer(field: str) -> str:
    scheme, _, token = field.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
