"""What tells one browser's acts from another's without an id: keyed hashes over what a request says of itself.

None can be turned back into what it is of; the key is that of our cookie.
"""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64encode

from consentkit.core.decision import Decision
from consentkit.web.hint import hint_name
from consentkit.web.request import Visit
from consentkit.web.signal import signal_name
from consentkit.web.transport import Peer
from consentkit.web.viewword import made_at


def keyed(visit: Visit, *parts: str) -> bytes:
    """A keyed hash of some texts."""
    return visit.resolver.codec.keyed_hash("\0".join(parts).encode("utf-8", "surrogatepass"))


def visitor_id(view: str, peer: Peer, visit: Visit, before: Decision | None) -> str:
    """The second in which the page was served, then 128 random bits: out of the page view's own random word where there is
    one, so that a double click has one id.

    The second comes first so that the log's index of ids grows at one end alone; the cookie tells such a time anyway.
    Who withdrew and grants again on the same page gets another: the withdrawal was the last to bear the old one.
    """
    if not view:
        second, word = int(time.time()).to_bytes(4, "big"), secrets.token_bytes(16)
    else:
        second = made_at(view)
        word = keyed(
            visit, "visitor", view, peer.client, state_before(visit, before), cookies_of_others(visit)
        )
    return urlsafe_b64encode(second + word[:16]).rstrip(b"=").decode()


def state_before(visit: Visit, before: Decision | None) -> str:
    """The decision that held before, as our cookie says it; empty for none."""
    return "" if before is None else visit.resolver.codec.dump(before).decode()


def cookies_of_others(visit: Visit) -> str:
    """The cookies that tell one browser behind an address from another: all but ours, which a click changes."""
    if b"cookie" not in visit.fields:
        return ""
    own = visit.resolver.transport.name(visit.keeping)
    changing = tuple(name + b"=" for name in (own or b"", hint_name(own), signal_name(own)))
    pairs = (
        pair.strip()
        for name, value in visit.scope["headers"]
        if name == b"cookie"
        for pair in value.split(b";")
    )
    return b";".join(pair for pair in pairs if not pair.startswith(changing)).decode("latin-1")
