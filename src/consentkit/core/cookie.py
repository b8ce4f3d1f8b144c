"""Our cookie's bytes, and the decision they stand for.

Reading is strict, on bytes: the exact name, one cookie of it, at most :data:`LIMIT` bytes, a good signature, and a payload of
our own form. Anything else is no decision. Two cookies of our name are none either: one of them was not ours.

The payload is eight fields joined by ``~``, in characters that a cookie may carry without quoting (RFC 6265 section 4.1.1,
checked 2026-11)::

    1 ~ time ~ policy ~ +analytics!marketing ~ !HSxsAB ~ NEqh7Phs0UJadcp4Ib ~ s ~ visitor      (``s``: under a signal)

It is signed by itsdangerous: HMAC, SHA-256, a salt of our own that names the site. Nothing is compressed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer

from consentkit.core.decision import Decision
from consentkit.core.errors import SecretKeyError
from consentkit.core.policy import Policy

LIMIT = 1024
"""Bytes. A longer cookie is ignored before any HMAC; ours stays below with 40 services."""
MARK = 6
"""Characters of each thing that was asked."""
SHORTEST_KEY = 32
"""Bytes. Below this a key is refused (RFC 2104 section 3: not less than the hash's output; checked 2026-11)."""
REMEMBERED = 4096
"""Verified cookies kept in memory, so that a returning visitor costs no HMAC."""
SAMPLES = ("secret", "change", "example", "password", "your-", "insecure", "0123456789")

_PAYLOAD = re.compile(
    r"1~(?P<at>[0-9]{1,12})~(?P<policy>[0-9a-f]{16})"
    r"~(?P<purposes>(?:[+!][a-z][a-z0-9-]{0,39}){0,64})"
    r"~(?P<services>(?:[+!][A-Za-z0-9_-]{6}){0,128})"
    r"~(?P<asked>(?:[A-Za-z0-9_-]{6}){0,160})"
    r"~(?P<signalled>s?)~(?P<visitor>[A-Za-z0-9_-]{0,32})"
)
_ANSWER = re.compile(r"([+!])([a-z0-9-]+)")
_MARKED = re.compile(r"([+!])([A-Za-z0-9_-]{6})")


def values_of(name: bytes, headers: Iterable[bytes]) -> list[bytes]:
    """The values of every cookie with exactly this name.

    :param headers: values of all ``Cookie`` header fields, as they came (HTTP/2 sends several; RFC 9113 section 8.2.3).
    """
    wanted = name + b"="
    found = []
    for header in headers:
        for pair in header.split(b";"):
            own = pair[1:] if pair[:1] == b" " else pair
            if own.startswith(wanted):
                found.append(own[len(wanted) :])
    return found


@dataclass(frozen=True, slots=True)
class Read:
    """What was found under our name.

    :param decision: the decision, or ``None``.
    :param strays: whether something stood there that the next decision should clear.
    """

    decision: Decision | None
    strays: bool = False


NOTHING = Read(None)


class CookieCodec:
    """Turns decisions into cookies of one site, and back.

    :param keys: secret keys, newest first, each at least 32 bytes. The newest signs, all verify.
    :param site: the site's address: a cookie of another site is not one of ours.
    :raises SecretKeyError: where a key is missing, short or one of the samples that stand in examples.
    """

    def __init__(self, keys: Sequence[str | bytes], site: str) -> None:
        checked = [checked_key(key) for key in keys]
        if not checked:
            raise SecretKeyError("no secret key: pass secret_key= or set CONSENTKIT_SECRET_KEY")
        oldest_first = checked[
            ::-1
        ]  # itsdangerous signs with the last of its list, we with the first of ours
        self._signer = Signer(
            oldest_first,
            salt=b"consentkit.decision.1:" + site.encode(),
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
        # Copied for each hash: made anew, it would let go of the interpreter's lock, which the log's writer then holds.
        self._keyed = hmac.new(checked[0], b"consentkit.keyed.1:", "sha256")
        self._verified: dict[bytes, Decision] = {}

    def keyed_hash(self, text: bytes) -> bytes:
        """SHA-256 of a text under the newest key (HMAC): nobody without the key can try guesses against it."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return keyed.digest()

    def dump(self, decision: Decision) -> bytes:
        """The cookie's value for a decision, in ASCII without quoting."""
        return self._signer.sign(_payload(decision).encode())

    def load(self, value: bytes) -> Decision | None:
        """The decision that a value stands for, or ``None``: too long, not signed by us, or of another form."""
        known = self._verified.get(value)
        if known is not None:
            return known
        if len(value) > LIMIT:
            return None
        try:
            payload = self._signer.unsign(value)
        except BadSignature:
            return None
        decision = unsigned(payload)
        if decision is not None:
            if len(self._verified) >= REMEMBERED:
                self._verified.clear()
            self._verified[value] = decision
        return decision

    def read(self, name: bytes, headers: Iterable[bytes]) -> Read:
        """What stands under our name in a request's ``Cookie`` headers."""
        values = values_of(name, headers)
        if not values:
            return NOTHING
        if len(values) > 1:
            return Read(None, strays=True)
        decision = self.load(values[0])
        return Read(decision, strays=decision is None)


def largest(policy: Policy) -> int:
    """Bytes of the longest value that this policy can lead to, for ``check``."""
    decision = Decision(
        purposes=dict.fromkeys(policy.askable, True),
        services=dict.fromkeys(policy.marks.values(), True),
        asked=policy.questions.marks,
        policy=policy.version[:16],
        at=9_999_999_999,
        visitor="v" * 27,
        signalled=True,
    )
    signature = 1 + 43
    return len(_payload(decision)) + signature


def _payload(decision: Decision) -> str:
    return "~".join(
        (
            "1",
            str(decision.at),
            decision.policy,
            _answers(decision.purposes),
            _answers(decision.services),
            "".join(sorted(decision.asked)),
            "s" if decision.signalled else "",
            decision.visitor or "",
        )
    )


def _answers(answers: Mapping[str, bool]) -> str:
    return "".join(f"{'+' if yes else '!'}{name}" for name, yes in sorted(answers.items()))


def unsigned(payload: bytes) -> Decision | None:
    """What a payload says, whoever wrote it: to be shown, never to be trusted. ``None`` if it is none of ours."""
    match = _PAYLOAD.fullmatch(payload.decode("ascii", "replace"))
    if match is None:
        return None
    asked = match["asked"]
    return Decision(
        purposes={name: sign == "+" for sign, name in _ANSWER.findall(match["purposes"])},
        services={mark: sign == "+" for sign, mark in _MARKED.findall(match["services"])},
        asked=frozenset(asked[at : at + MARK] for at in range(0, len(asked), MARK)),
        policy=match["policy"],
        at=int(match["at"]),
        visitor=match["visitor"] or None,
        signalled=bool(match["signalled"]),
    )


def checked_key(key: str | bytes) -> bytes:
    """A secret key as bytes.

    :raises SecretKeyError: too short, or one of the samples that stand in examples.
    """
    raw = key.encode() if isinstance(key, str) else key
    if len(raw) < SHORTEST_KEY:
        raise SecretKeyError(f"a secret key of {len(raw)} bytes; expected at least {SHORTEST_KEY}")
    lowered = raw.lower()
    if len(set(raw)) < 8 or any(sample.encode() in lowered for sample in SAMPLES):
        raise SecretKeyError(
            "a secret key that looks like a sample; make one with: consentkit cookie --new-key"
        )
    return raw
