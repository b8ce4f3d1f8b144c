"""Where else a withdrawal or an erasure must be heard, and how it is told there: signed after Standard Webhooks.

The form is that of https://www.standardwebhooks.com, specification 1.0 (checked 2026-11): a POST of JSON with ``type``,
``timestamp`` and ``data``; ``webhook-id`` is the event's id and the same at each try; the signature is HMAC-SHA256 over id,
time of the try and body. No redirect is followed, and what the other side answers is not read. Pure, but for :func:`post`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import http.client
import json
import os
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from consentkit.audit.errors import WebhookRefused
from consentkit.audit.export import moment

ADDRESS, SECRET = "CONSENTKIT_WEBHOOK", "CONSENTKIT_WEBHOOK_SECRET"
FEWEST, MOST = 24, 64
"""Bytes of a secret."""
TIMEOUT = 15.0
"""Seconds that the other side may take to connect, and then to answer; the specification advises 15 to 30."""
MOST_IDS = 300
"""Events that one message names: it stays below the 20 kB that receivers are advised to take."""
WITHDRAWN, ERASED = "consent.withdrawn", "consent.erased"
_PREFIX = "whsec_"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_GONE = 410


@dataclass(frozen=True)
class Webhook:
    """An address, and what its messages are signed with.

    :param url: ``https://…``, or ``http://`` on a loopback host.
    :param secrets: each ``whsec_`` and 24 to 64 random bytes in base64; newest first. Several while one is replaced.
    :raises WebhookRefused: it is none of these. The message holds neither address nor secret.
    """

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        _target(self.url)
        if not self.secrets or not all(map(_key, self.secrets)):
            msg = f"a webhook's secret is {_PREFIX} and {FEWEST} to {MOST} random bytes in base64"
            raise WebhookRefused(msg)

    @classmethod
    def from_environment(cls) -> Webhook | None:
        """What :data:`ADDRESS` and :data:`SECRET` say; several secrets part by white space. ``None`` where they do not.

        :raises WebhookRefused: as for the class.
        """
        url = os.environ.get(ADDRESS)
        return cls(url, tuple(os.environ.get(SECRET, "").split())) if url else None

    @property
    def id(self) -> str:
        """A name under which the store keeps what it was told; says nothing of the address."""
        return sha256(self.url.encode()).hexdigest()[:16]

    def headers(self, name: str, time: int, body: bytes) -> dict[str, str]:
        """What goes with a body.

        :param name: of the message, the same at each try.
        :param time: seconds since 1970, UTC, of this try.
        """
        signed = f"{name}.{time}.".encode() + body
        made = [hmac.digest(_key(secret) or b"", signed, "sha256") for secret in self.secrets]
        return {
            "content-type": "application/json",
            "user-agent": "consentkit",
            "webhook-id": name,
            "webhook-timestamp": str(time),
            "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made),
        }


class Answer(NamedTuple):
    """What came of a try.

    :param taken: whether it was taken.
    :param over: whether it is not to be tried again: taken, or the other side says that it is gone for good.
    :param outcome: a few words, with nothing of the address in them.
    """

    taken: bool
    over: bool
    outcome: str


def post(hook: Webhook, name: str, time: int, body: bytes) -> Answer:
    """Try once. Parameters as for :meth:`Webhook.headers`."""
    secure, host, port, path = _target(hook.url)
    connection: http.client.HTTPConnection
    if secure:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("POST", path, body, hook.headers(name, time, body))
        status = connection.getresponse().status
    except (
        OSError,
        ValueError,
        http.client.HTTPException,
    ) as error:  # ValueError: no name that can be looked up
        return Answer(False, False, type(error).__name__)
    finally:
        connection.close()
    taken = 200 <= status < 300
    return Answer(taken, taken or status == _GONE, f"status {status}")


def closed(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, list[str]]:
    """Purposes and services that a choice closed, which the one before had opened.

    :param before: what the visitor's event before says; ``None`` where the log knows none: then all that is denied now.
    :param after: what their event says.
    """
    if before is None:
        return {"purposes": list(after["denied"]), "services": list(after["services_denied"])}
    services = _without(after["services_denied"], before["services_denied"])
    if not _without(
        after["granted"], before["granted"]
    ):  # else an exception may have become a grant of its purpose
        services += _without(before["services_granted"], [*after["services_granted"], *services])
    return {"purposes": _without(before["granted"], after["granted"]), "services": services}


def withdrawal(
    log_id: str, seq: int, event: Mapping[str, Any], visitor: str | None, shut: Mapping[str, list[str]]
) -> bytes:
    """The message about a choice that closed something.

    :param visitor: whose; ``None`` once it was erased.
    :param shut: what it closed, as :func:`closed` tells.
    """
    data = {"log": log_id, "seq": seq, "event": event["id"], "site": event["site"], "act": event["act"]}
    return _message(WITHDRAWN, event["time"], data | {"visitor": visitor, "closed": dict(shut)})


def erasure(log_id: str, seq: int, event: Mapping[str, Any], ids: Sequence[str], *, more: bool) -> bytes:
    """The message about an erasure: which events were somebody's. Their id is gone, here and in this message.

    :param ids: of these events.
    :param more: whether there are others, which ``subject`` tells by number.
    """
    data = {"log": log_id, "seq": seq, "event": event["id"], "events": list(ids), "more": more}
    subject = event.get("subject", [])[:MOST_IDS]
    return _message(ERASED, event["time"], data | {"subject": subject})


def _message(kind: str, time: int, data: Mapping[str, Any]) -> bytes:
    whole = {"type": kind, "timestamp": moment(time), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _without(some: Iterable[str], others: Iterable[str]) -> list[str]:
    gone = set(others)
    return [one for one in some if one not in gone]


def _key(secret: str) -> bytes | None:
    try:
        raw = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if secret.startswith(_PREFIX) and FEWEST <= len(raw) <= MOST else None


def _target(url: str) -> tuple[bool, str, int | None, str]:
    """Whether it is secure, host, port, and path with query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    plain = parts.scheme == "http" and host in _LOOPBACK
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    clean = re.fullmatch(r"[!-~]+", url) is not None and "@" not in parts.netloc and not parts.fragment
    if not host or not clean or not (plain or parts.scheme == "https"):
        msg = (
            "a webhook's address is https://HOST/PATH, or http:// on this machine alone; no user, no fragment"
        )
        raise WebhookRefused(msg)
    return parts.scheme == "https", host, port, path
