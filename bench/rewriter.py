"""The rewriter beside lexbor's parse of the same bytes, in one run.

Each figure is a rate, from the best of several rounds of processor time for each page; all ways take turns at a page, so
that a busy machine weighs on all alike. `python -m bench.rewriter [rounds]` prints them; `figures()` returns them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from bench.asgi import POLICY
from bench.figure import Figure
from consentkit.core.consent import Signals, resolve
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import PASS, Memo, Placement, Rules, Verdict
from consentkit.html.tag import Tag
from consentkit.web.gate.markup import MarkupRules
from consentkit.web.gatehouse import Gate
from consentkit.web.notice import NoticeBook

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("CONSENTKIT_PAGES", ROOT.parent / "shared" / "pages"))
NOTICE = Placement(head=b"<script></script>", body=b"<span>notice</span>")


class Open:
    """Rules that look at what the gate looks at, and let everything pass."""

    names = frozenset(b"script iframe frame img link embed object source video audio".split())
    marks = (b"data-category", b"data-service", b"url(")

    def __init__(self, *, memo: bool) -> None:
        self.memo = Memo() if memo else None

    def judge(self, tag: Tag) -> Verdict:
        return PASS

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        return PASS


def _gate() -> Rules:
    """The rules of the gate after a refusal, for a site that names two services and gates all that the catalogue knows."""
    gate = Gate(NoticeBook(POLICY), "/_consent")
    consent = resolve(POLICY, Signals(), None, int(time.time()))
    return gate.placed(consent, "en", "", restricted=False)


def _markup() -> MarkupRules:
    """The rules of a gate that looks at the site's own marks alone."""
    return MarkupRules(frozenset({"necessary", "analytics"}), frozenset({"necessary"}))


def _minified(scripts: int) -> bytes:
    """10 KB as a minifier leaves them, without quotes, and scripts that wait for consent."""
    words = b"<p class=text>The council met, and it's said that <a href=/b>nothing</a> was decided.</p>\n"
    script = b'<script data-category="analytics" src="https://third.example/%d.js"></script>'
    body = b"".join(words * (112 // max(1, scripts)) + script % n for n in range(scripts)) or words * 112
    return b"<!doctype html><html lang=en><head><title>A page</title></head><body>" + body


def _pieces(page: bytes, size: int) -> Iterator[bytes]:
    return (page[at : at + size] for at in range(0, len(page), size))


def _in_chunks(rules: Open, size: int) -> Callable[[bytes], object]:
    def run(page: bytes) -> None:
        rewriter = Rewriter(rules, NOTICE)
        for chunk in _pieces(page, size):
            rewriter.feed(chunk)
        rewriter.close()

    return run


def _article(images: int) -> bytes:
    head = b'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>A page</title>\n'
    links = b"".join(b'<link rel="stylesheet" href="/%d.css">\n' % n for n in range(5 if images else 0))
    scripts = b"".join(b'<script src="/%d.js" defer></script>\n' % n for n in range(3 if images else 0))
    words = b'<p class="a">The council met, and it\'s said that <a href="/b">nothing</a> was decided.</p>\n'
    blocks = 110 // max(1, images)
    body = (
        b"".join(words * blocks + b'<img src="/%d.jpg" alt="">\n' % n for n in range(images)) or words * 110
    )
    return head + links + scripts + b"</head>\n<body>\n" + body + b"</body>\n</html>\n"


def _megabytes(ways: list[Callable[[bytes], object]], pages: list[bytes], rounds: int) -> list[list[float]]:
    """Megabytes a second of each way over each page, the best of the rounds; the ways take turns page by page."""
    best = [[float("inf")] * len(pages) for _ in ways]
    for _ in range(rounds):
        for index, page in enumerate(pages):
            for way, taken in zip(ways, best, strict=True):
                start = time.process_time()
                way(page)
                taken[index] = min(taken[index], time.process_time() - start)
    return [[len(page) / seconds / 1e6 for page, seconds in zip(pages, taken, strict=True)] for taken in best]


def _over_all(rates: list[float], pages: list[bytes]) -> float:
    return sum(map(len, pages)) / sum(len(page) / rate for page, rate in zip(pages, rates, strict=True))


def figures(rounds: int = 12) -> list[Figure]:
    """Measure all; without a folder of pages only the generated ones."""
    pages = [file.read_bytes() for file in sorted(FOLDER.glob("*.html"))]
    articles = [_article(0), _article(12)]
    warm, cold, gate = Open(memo=True), Open(memo=False), _gate()

    def whole(page: bytes) -> bytes:
        return Rewriter(warm, NOTICE).whole(page)

    ways: list[Callable[[bytes], object]] = [
        LexborHTMLParser,
        whole,
        _in_chunks(warm, 16_384),
        _in_chunks(warm, 1024),
        lambda p: Rewriter(cold, NOTICE).whole(p),
        lambda p: Rewriter(gate, NOTICE).whole(p),
    ]
    marked = _markup()

    def small(page: bytes) -> bytes:
        return Rewriter(marked, Placement(body=lambda facts: b"<span>notice</span>")).whole(page)

    gate_ways: list[Callable[[bytes], object]] = [LexborHTMLParser, small]
    rows = [
        _row(name, ours, peer, reach)
        for name, (peer,), (ours,), reach in (
            ("10 KB page with nothing to judge", *_megabytes(ways[:2], articles[:1], rounds * 20), 1.2),
            ("10 KB article, 20 tags to judge", *_megabytes(ways[:2], articles[1:], rounds * 20), 1.2),
            ("10 KB without marks, gate", *_megabytes(gate_ways, [_minified(0)], rounds * 20), 1.2),
            ("10 KB with 20 gated scripts, gate", *_megabytes(gate_ways, [_minified(20)], rounds * 20), 1.2),
        )
    ]
    if not pages:
        return rows
    peer, *ours = _megabytes(ways, pages, rounds)
    named = zip(
        ("whole", "16 KB chunks", "1 KB chunks", "whole, without memo", "whole, the gate's rules"),
        ours,
        (1.2, 1.1, 0.6, 0.9, 1.2),
        strict=True,
    )
    rows += [
        _row(f"{len(pages)} pages, {name}", _over_all(rates, pages), _over_all(peer, pages), reach)
        for name, rates, reach in named
    ]
    slowest = min(range(len(pages)), key=lambda index: ours[0][index] / peer[index])
    return [
        *rows,
        _row(f"slowest page ({len(pages[slowest])} bytes), whole", ours[0][slowest], peer[slowest], 0.5),
    ]


def _row(name: str, ours: float, peer: float, reach: float) -> Figure:
    return Figure(f"rewriter, {name} / lexbor's parse", ours, peer, "MB/s", reach, "at least")


def main() -> None:
    for row in figures(int(sys.argv[1]) if len(sys.argv) > 1 else 12):
        print(
            f"{row.name:64} {row.ours:8.1f} {row.peer:8.1f} MB/s  {row.ratio:5.2f}x  (to reach {row.reach}x)"
        )


if __name__ == "__main__":
    main()
