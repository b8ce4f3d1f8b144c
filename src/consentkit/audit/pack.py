"""A ZIP in the making: files go in one at a time and need not fit in memory, each is summed, and the same files give the
same bytes whenever they are packed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import IO, Any

_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can tell
_MODE = 0o644


class Pack:
    """A ZIP in the making, and the sums of what went into it."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._sums: dict[str, str] = {}

    @contextmanager
    def entry(self, name: str) -> Iterator[Sink]:
        """A file to write to, one at a time."""
        summed = sha256()
        with self._file.open(_info(name), "w", force_zip64=True) as out:
            yield Sink(out, summed)
        self._sums[name] = summed.hexdigest()

    def put(self, name: str, data: bytes) -> None:
        """A whole file."""
        with self.entry(name) as out:
            out.write(data)

    def copy(self, name: str, source: IO[bytes]) -> None:
        """A whole file, from another."""
        with self.entry(name) as out:
            while part := source.read(1 << 20):
                out.write(part)

    def finish(self, name: str) -> None:
        """A last file: the sums of all others, in the form that ``sha256sum --check`` reads."""
        text = "".join(f"{found}  {each}\n" for each, found in sorted(self._sums.items()))
        self._file.writestr(_info(name), text)


class Sink:
    """A file of it, to write to."""

    def __init__(self, out: IO[bytes], summed: Any) -> None:
        self._out, self._summed = out, summed

    def write(self, data: bytes) -> None:
        """Some more."""
        self._summed.update(data)
        self._out.write(data)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _MADE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _MODE << 16
    return info
