"""Content codings that can be undone, so that a compressed page is still gated.

An app inside us is never offered a coding that we cannot undo. Put the compressing middleware outside of ConsentMiddleware:
then nothing has to be undone at all.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Protocol


class Damaged(Exception):  # noqa: N818 - a state of the body, named as its reader thinks of it
    """A body that is not in the coding it claims to be in."""


class Decoder(Protocol):
    """Undoes one content coding, piece by piece."""

    def decode(self, data: bytes) -> bytes:
        """The next piece, as far as it is known."""

    def flush(self) -> bytes:
        """What is left at the end."""


class _Zlib:
    """gzip and deflate (RFC 9110 section 8.4.1). Members that follow one another are all read."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._members = 0
        self._inner = zlib.decompressobj(window)

    def decode(self, data: bytes) -> bytes:
        out = b""
        while data:
            if self._inner.eof:
                self._inner = zlib.decompressobj(self._window)
                self._members += 1
            try:
                out += self._inner.decompress(data)
            except zlib.error as error:
                if self._members:  # padding behind the last member, which browsers ignore too
                    return out
                raise Damaged from error
            data = self._inner.unused_data
        return out

    def flush(self) -> bytes:
        return self._inner.flush()


class _Deflate:
    """``deflate`` is zlib's form by the book, and a raw stream from some servers: the first byte tells."""

    def __init__(self) -> None:
        self._inner: _Zlib | None = None

    def decode(self, data: bytes) -> bytes:
        if self._inner is None and data:
            self._inner = _Zlib(zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS)
        return self._inner.decode(data) if self._inner else b""

    def flush(self) -> bytes:
        return self._inner.flush() if self._inner else b""


class _Brotli:
    """br (RFC 7932), by the brotli package where it is installed."""

    def __init__(self) -> None:
        import brotli

        self._inner: Any = brotli.Decompressor()
        self._error: type[Exception] = brotli.error

    def decode(self, data: bytes) -> bytes:
        try:
            out: bytes = self._inner.process(data)
        except self._error as error:
            raise Damaged from error
        return out

    def flush(self) -> bytes:
        return b""


DECODERS: dict[bytes, Callable[[], Decoder]] = {
    b"gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    b"x-gzip": lambda: _Zlib(16 + zlib.MAX_WBITS),
    b"deflate": _Deflate,
}
if find_spec("brotli") is not None:
    DECODERS[b"br"] = _Brotli

HARMLESS = frozenset({b"identity", *DECODERS})


class Chain:
    """Undoes several codings, the outermost first."""

    def __init__(self, codings: Sequence[bytes]) -> None:
        self._decoders = [DECODERS[coding]() for coding in reversed(codings)]

    def decode(self, data: bytes) -> bytes:
        """The next piece of the page itself."""
        for decoder in self._decoders:
            data = decoder.decode(data)
        return data

    def flush(self) -> bytes:
        """What is left at the end."""
        data = b""
        for decoder in self._decoders:
            data = decoder.decode(data) + decoder.flush() if data else decoder.flush()
        return data


def undoable(codings: Sequence[bytes]) -> bool:
    """Whether all of these codings can be undone here."""
    return all(coding in DECODERS for coding in codings)


@lru_cache(maxsize=256)
def offered(value: bytes) -> bytes:
    """``Accept-Encoding`` as the app may see it: without codings that cannot be undone here, ``*`` among them."""
    parts = [part.strip() for part in value.split(b",")]
    kept = [part for part in parts if part.partition(b";")[0].strip().lower() in HARMLESS]
    return value if len(kept) == len(parts) else b", ".join(kept) or b"identity"
