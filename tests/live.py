"""What of a page would be fetched, as a real parser and a real URL parser see it: nothing of ours is asked."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import ada_url
import html5lib
from selectolax.lexbor import LexborHTMLParser

PAGE = "https://paper.example/"
ADDRESSES = frozenset(
    b"src href data poster srcset imagesrcset lowsrc background srcdoc xlink:href codebase classid".decode().split()
)
LISTS = ("srcset", "imagesrcset")
FETCHING = frozenset(
    b"script iframe frame img image link embed object source video audio track input body feimage".decode().split()
)
RELS = frozenset(
    b"preload modulepreload preconnect dns-prefetch prefetch prerender stylesheet icon apple-touch-icon".decode().split()
)
DATA = re.compile(r"json|importmap|speculationrules|template|html|text/plain|x-", re.IGNORECASE)
URL = re.compile(r"""url\(\s*["']?([^"')\s]*)|@import\s*["']([^"']*)""", re.IGNORECASE)


class Fetch(NamedTuple):
    """One address that a browser would go to."""

    element: str
    name: str
    address: str

    @property
    def host(self) -> str:
        return ada_url.URL(self.address).hostname

    @property
    def path(self) -> str:
        found = ada_url.URL(self.address)
        return found.pathname + found.search


Element = tuple[str, dict[str, str], str]


def lexbor(page: bytes) -> Iterator[Element]:
    """Elements as lexbor sees them: with scripting, so that a noscript in the head is text."""
    root = LexborHTMLParser(page).root
    for node in root.traverse() if root else ():
        yield node.tag or "", {k: v or "" for k, v in node.attributes.items()}, node.text(deep=True) or ""


def without_scripts(page: bytes) -> Iterator[Element]:
    """Elements as html5lib sees them: without scripting."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = html5lib.parse(
            page, treebuilder="etree", namespaceHTMLElements=False, transport_encoding="utf-8"
        )
    for node in tree.iter():
        if isinstance(node.tag, str):
            name = re.sub(r"^{.*}", "", node.tag)
            plain = {re.sub(r"^{.*xlink}", "xlink:", key): value for key, value in node.attrib.items()}
            yield name.lower(), plain, node.text or ""


def fetches(elements: Iterator[Element], base: str = PAGE) -> Iterator[Fetch]:
    """Every address that a browser would go to."""
    based = False
    for tag, attributes, text in elements:
        if tag == "base" and "href" in attributes and not based:
            based = True
            base = join(base, attributes["href"]) or base
            continue
        written = [*_attributes(tag, attributes), *(("style", url) for url in _styles(tag, attributes, text))]
        for name, address in written:
            if name == "srcdoc":
                yield from fetches(lexbor(address.encode("utf-8", "surrogateescape")), base)
            elif (whole := join(base, address)) is not None:
                yield Fetch(tag, name, whole)


def join(base: str, address: str) -> str | None:
    """The whole address, where a server would be asked for it."""
    try:
        found = ada_url.join_url(base, address)
    except ValueError:
        return None
    return found if found.startswith(("http://", "https://")) else None


def _attributes(tag: str, attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    if tag not in FETCHING or (tag == "script" and DATA.search(attributes.get("type", ""))):
        return
    if tag == "link" and RELS.isdisjoint(attributes.get("rel", "").lower().split()):
        return
    for name in ADDRESSES & attributes.keys():
        if name in LISTS:
            yield from ((name, part.split()[0]) for part in attributes[name].split(",") if part.split())
        elif attributes[name]:
            yield name, attributes[name]


def _styles(tag: str, attributes: dict[str, str], text: str) -> Iterator[str]:
    css = attributes.get("style", "") + (
        text if tag == "style" and attributes.get("media") != "not all" else ""
    )
    for found in URL.finditer(css):
        yield found[1] or found[2] or ""
