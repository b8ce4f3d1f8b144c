"""Stored notices and policies by their names."""

from __future__ import annotations

import re
from hashlib import sha256

from consentkit.audit.reader import Reader
from consentkit.cli.output import WRONG, stop

SHORTEST = 6
"""Characters of a hash by which a document may be named, where no other begins so."""
_NAME = re.compile(r"[0-9a-f]{6,64}")


def paper(reader: Reader, kind: str, name: str) -> tuple[str, bytes]:
    """Hash and body of the document that a hash, or the beginning of one, names.

    Ends the command where there is none, or several, or where what is stored is not what the hash was made of.
    """
    wanted = name.strip().lower()
    if not _NAME.fullmatch(wanted):
        stop(f"A {kind} is named by its hash: {SHORTEST} to 64 hexadecimal digits.")
    found = [
        (known, body) for each, known, body in reader.documents() if each == kind and known.startswith(wanted)
    ]
    if len(found) != 1:
        stop(f"There {'is no' if not found else 'are several'} {kind} of this name in the log.", WRONG)
    known, body = found[0]
    if not isinstance(body, bytes) or sha256(body).hexdigest() != known:
        stop(f"What is stored is not the {kind} of this hash: somebody changed it.", WRONG)
    return known, body
