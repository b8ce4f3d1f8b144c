"""The random word of a page view: it comes back with a decision, so that two clicks on one button are told for what they are.

It says nothing about the visitor and is kept nowhere. Its first bytes are the second in which it was made: keys that are
made of it then stand in the order of time, and an index of them grows at its end alone.
"""

from __future__ import annotations

import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

from consentkit.core.draw import Draw

LENGTH = 20
"""Characters: four bytes of time and 88 random bits."""
UNKNOWN = bytes(4)
_bits = Draw(11)
_FORM = re.compile(r"[A-Za-z0-9_-]{20}")


def new_word() -> str:
    """A word for one page view."""
    return urlsafe_b64encode(int(time.time()).to_bytes(4, "big") + _bits()).decode()


def made_at(word: str) -> bytes:
    """The four bytes of time in a word of ours, whatever a script appended to it; zeros for any other text."""
    own = word[:LENGTH]
    return urlsafe_b64decode(own)[:4] if _FORM.fullmatch(own) else UNKNOWN
