"""The browser's side, as it is served: each file under a name that holds its content's hash, so that it never changes.

The modules beside this file are plain ES modules and the sheets plain CSS. Serving packs them: comments go, and white space
that means nothing, and what a page always needs (state, dom, events, first) becomes one module, one request. Nothing is
rewritten beyond that, so the packed file can be compared with its source by eye. What is loaded on
demand is named by its hash, too.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

try:
    import brotli
except ImportError:
    brotli = None

FOLDER = Path(__file__).parent
FIRST = ("state.js", "dom.js", "events.js", "first.js")
"""The modules of every page, in the order of their imports."""
ON_DEMAND = {
    "act": ("state.js", "compare.js", "dom.js", "events.js", "act.js"),
    "apply": ("dom.js", "apply.js"),
    "clear": ("clear.js",),
    "modal": ("modal.js",),
    "preferences": ("preferences.js",),
    "signal": ("dom.js", "signal.js"),
}
"""The modules that are loaded when something asks for them: what each consists of."""
HEAD = ("page", "shared", "check", "mode", "stubs", "aside")
"""The parts that the first script of a page is made of, in their order; ``page`` is always there."""
_LINE_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_BLOCK_COMMENT = re.compile(r"^\s*/\*.*?\*/[ \t]*$", re.MULTILINE | re.DOTALL)
_KEPT = re.compile(
    r"""("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)|\s*[,;]\s*(?=[)\]}])|\s*([=(){},;:?<>|&+!])\s*"""
)
_IMPORT = re.compile(r"^import .*;$", re.MULTILINE)
_LOAD = re.compile(r'import\("\./(\w+)\.js"\)')
_EXPORT = re.compile(r"^export ", re.MULTILINE)


@dataclass(frozen=True)
class Asset:
    """One file of ours.

    :param name: its name under ``/static/``, e.g. ``first.0f1e2d3c.js``.
    :param body: its bytes.
    :param content_type: value of ``Content-Type``.
    """

    name: str
    body: bytes
    content_type: str

    @cached_property
    def integrity(self) -> str:
        """Its hash as an ``integrity`` attribute (W3C Subresource Integrity, checked 2026-11)."""
        return "sha256-" + b64encode(hashlib.sha256(self.body).digest()).decode()

    def encoded(self, accept_encoding: str) -> tuple[bytes, str]:
        """Its bytes as small as the browser takes them, and their ``Content-Encoding``, empty for none.

        :param accept_encoding: value of ``Accept-Encoding``. ``q=0`` is not looked for: no browser says so of these.
        """
        for name, body in self._encodings.items():
            if name in accept_encoding:
                return body, name
        return self.body, ""

    @cached_property
    def _encodings(self) -> dict[str, bytes]:
        found = {"gzip": gzip.compress(self.body, 9, mtime=0)}
        return {"br": brotli.compress(self.body), **found} if brotli else found


@cache
def first() -> Asset:
    """The module of every page."""
    return _asset("first", "js", _module(FIRST))


@cache
def on_demand(stem: str) -> Asset:
    """A module that is loaded when it is asked for: ``act`` does what follows from a choice, ``apply`` brings to life what was
    gated, ``clear`` clears the storage of services that may not run, ``modal`` keeps the page out of reach behind the
    notice, ``preferences`` opens the second layer in a dialog,
    ``signal`` tells that the browser's own opt-out is honored, on pages that may have to.
    """
    return _asset(stem, "js", _module(ON_DEMAND[stem]))


@cache
def head(*parts: str) -> Asset:
    """The first script of a page, of these parts of ``HEAD`` besides ``page``. No module: it runs before all that follows."""
    text = "\n".join(source(f"head/{part}.js") for part in HEAD if part == "page" or part in parts)
    return _asset("head", "js", _pack_script(f"(() => {{\n{text}\n}})();"))


@cache
def sheet(*names: str, after: str = "") -> Asset:
    """Some of our sheets as one, in this order.

    :param after: a site's theme.
    """
    return _asset(names[0], "css", pack_style("\n".join(source(f"{name}.css") for name in names)) + after)


def source(name: str) -> str:
    """A file as it was written."""
    return (FOLDER / name).read_text("utf-8")


def _module(names: tuple[str, ...]) -> str:
    """Some of our modules as one. The last keeps its exports; the names of the others are its own now."""
    *inner, last = (_IMPORT.sub("", source(name)) for name in names)
    text = _pack_script("\n".join([*(_EXPORT.sub("", text) for text in inner), last]))
    return _LOAD.sub(lambda match: f'import("./{on_demand(match[1]).name}")', text)


def _pack_script(text: str) -> str:
    text = _LINE_COMMENT.sub("", _BLOCK_COMMENT.sub("", text))
    text = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    # Each statement of ours ends with a semicolon, so that no line end means anything beside these.
    return _KEPT.sub(lambda match: match[1] or match[2] or "", text)


def pack_style(text: str) -> str:
    """A sheet without comments and white space that means nothing."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\b0(?=\.\d)", "", re.sub(r"\s+", " ", text))
    return re.sub(r" ?([{};,>~]) ?|(?<=:) ", lambda match: match[1] or "", text).replace(";}", "}").strip()


def _asset(stem: str, kind: str, text: str) -> Asset:
    body = text.encode("ascii")
    digest = hashlib.sha256(body).hexdigest()[:8]
    content_type = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}[kind]
    return Asset(f"{stem}.{digest}.{kind}", body, content_type)
