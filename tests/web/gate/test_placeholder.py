"""Where a placeholder goes, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

import pytest
from tests.web.gate.conftest import Rig

from consentkit.html.rewriter import Rewriter
from consentkit.web.gate.placeholder import PLACED, PlacedRules, Wanted

FILM = "https://film.example/embed/1"
SERVICES: dict[str, Any] = {
    "films": {"vendor": "F", "purposes": ["marketing"], "kind": "video", "hosts": ["film.example"]},
    "check": {
        "vendor": "C",
        "purposes": ["marketing"],
        "kind": "captcha",
        "hosts": ["check.example"],
        "widgets": ["robot-check"],
    },
}


@dataclass
class Placing:
    """A small site's rules with placeholders drawn as ``[]``, and what was to be drawn."""

    rig: Rig
    wanted: list[Wanted] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, page: bytes, *allowed: str) -> bytes:
        waiting = {} if "check" in allowed else {"robot-check": "check"}
        rewriter = Rewriter(PlacedRules(self.rig.rules(*allowed), self._draw, waiting), None)
        out = rewriter.whole(page)
        assert not rewriter.failed
        self.counts = dict(rewriter.counts)
        return out

    def _draw(self, wanted: Wanted) -> bytes:
        self.wanted.append(wanted)
        return b' srcdoc="[]"'


@pytest.fixture
def placed() -> Placing:
    return Placing(Rig(services=SERVICES, unknown="gate"))


def test_a_frame_keeps_its_attributes_and_gains_a_document(placed):
    out = placed(b'<iframe src="https://film.example/embed/1" width="560"></iframe>')

    assert out == (
        b'<iframe data-ck="films" srcdoc="[]" data-ck-src="https://film.example/embed/1" width="560"></iframe>'
    )
    assert placed.wanted == [Wanted(("films",), FILM)]


def test_a_document_of_the_pages_own_waits_behind_ours(placed):
    out = placed(b'<iframe srcdoc="<img src=https://film.example/a.jpg>"></iframe>')

    assert out.index(b' srcdoc="[]"') < out.index(b"data-ck-srcdoc=")
    assert out.count(b" srcdoc=") == 1


def test_a_sandbox_is_put_away_and_told_to_the_placeholder(placed):
    out = placed(f'<iframe sandbox="Allow-Scripts  allow-forms" src="{FILM}"></iframe>'.encode())

    assert b' data-ck-sandbox="Allow-Scripts  allow-forms"' in out
    assert placed.wanted[0].sandbox == "allow-scripts allow-forms"


@pytest.mark.parametrize(
    ("written", "told"),
    [("", None), ("sandbox", ""), ('sandbox="&quot;>x"', ""), (f'sandbox="{"a" * 600}"', "")],
    ids=["none", "without words", "markup", "endless"],
)
def test_a_sandbox_is_never_told_wider_than_it_is(placed, written, told):
    placed(f'<iframe {written} src="{FILM}"></iframe>'.encode())

    assert placed.wanted[0].sandbox == told


@pytest.mark.parametrize(
    "attributes",
    [
        'width="0" height="0"',
        'width=1 height="1px"',
        "hidden",
        'style="display:none"',
        'style="color:red;Visibility: Hidden"',
        'style="width:1px; height:1px"',
    ],
)
def test_what_nobody_would_see_gains_none(placed, attributes):
    out = placed(f'<iframe src="{FILM}" {attributes}></iframe>'.encode())

    assert b"srcdoc" not in out
    assert b"data-ck-src" in out


@pytest.mark.parametrize(
    "style", ["min-width:0;max-width:100%", "width:100%", "height:10px", "line-height:1"]
)
def test_what_somebody_would_see_gains_one(placed, style):
    assert b"srcdoc" in placed(f'<iframe src="{FILM}" style="{style}"></iframe>'.encode())


@pytest.mark.parametrize(
    "page",
    [
        '<iframe src="/own"></iframe>',
        '<iframe src="/own" style="background:url(https://film.example/b.png)"></iframe>',
        f'<frameset><frame src="{FILM}"></frameset>',
        f'<img src="{FILM}">',
        f'<iframe src="{FILM}',
    ],
    ids=["own", "own with a foreign picture in its style", "frameset", "picture", "cut off"],
)
def test_what_is_no_shut_frame_gains_none(placed, page):
    placed(page.encode())

    assert placed.wanted == []


def test_an_allowed_frame_gains_none(placed):
    page = f'<iframe src="{FILM}"></iframe>'.encode()

    assert placed(page, "marketing", "films") == page


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (f'<embed src="{FILM}" width="200" height="90">', b'90" srcdoc="[]"></iframe>'),
        (
            f'<object data="{FILM}" width="200" height="90"><p>No</p></object>',
            b'srcdoc="[]"></iframe><p>No</p>',
        ),
    ],
    ids=["beside an embed", "inside an object"],
)
def test_what_is_no_frame_has_one_of_its_size_that_goes_when_it_may(placed, page, expected):
    out = placed(page.encode())

    assert b'<iframe data-ck-place="films" title="films" width="200" height="90"' in out
    assert expected in out
    assert placed.wanted == [Wanted(("films",))]


def test_an_object_waits_without_its_type_so_that_what_is_inside_it_is_shown(placed):
    out = placed(f'<object data="{FILM}" type="application/pdf"></object>'.encode())

    assert b' data-ck-type="application/pdf"' in out


def test_a_frame_whose_address_cannot_be_read_stays_empty(placed):
    document = "<p>Hello"
    for _ in range(5):
        document = f'<iframe srcdoc="{escape(document)}"></iframe>'

    assert b"data-ck-srcdoc" in placed(document.encode())
    assert placed.wanted == []


def test_the_place_of_a_check_says_so_inside_it(placed):
    out = placed(b'<form><div class="a robot-check" data-sitekey="K"></div></form>')

    assert out.startswith(b'<form><div class="a robot-check" data-sitekey="K"><iframe data-ck-place="check"')
    assert out.endswith(b"</iframe></div></form>")


def test_the_place_of_a_check_that_may_run_is_left_alone(placed):
    page = b'<form><div class="robot-check"></div></form>'

    assert placed(page, "marketing", "check") == page


@pytest.mark.parametrize("kinds", ["my-robot-check", "robot-checks", "x"])
def test_only_the_very_class_is_a_place(placed, kinds):
    page = f'<div class="{kinds}"></div>'.encode()

    assert placed(page) == page


def test_an_unlisted_service_and_a_stranger_are_told_as_shut_for_good(placed):
    placed(
        b'<iframe src="https://www.youtube.com/embed/A"></iframe><iframe src="https://stranger.example/"></iframe>'
    )

    assert [(each.names, each.host) for each in placed.wanted] == [
        (("!youtube",), ""),
        (("!unknown",), "stranger.example"),
    ]


@pytest.mark.parametrize(
    ("attributes", "address"),
    [
        (f'src="{FILM}?a=1&amp;b=2"', f"{FILM}?a=1&b=2"),
        ('src="//film.example/x"', "//film.example/x"),
        (f'src="about:blank" data-src="{FILM}"', FILM),
        ('src="https:film.example/x"', ""),
        ('src="https://film.example/&#10;x&#1;"', ""),
        ('src="https://film.example/ä"', ""),
    ],
    ids=["references", "without scheme", "lazy", "no slashes", "controls", "not ASCII"],
)
def test_once_is_offered_for_an_address_that_can_be_loaded_alone(placed, attributes, address):
    placed(f"<iframe {attributes}></iframe>".encode())

    assert [each.address for each in placed.wanted] == [address]


@pytest.mark.parametrize(
    ("written", "poster"),
    [
        ("/a.jpg?b=1", "/a.jpg?b=1"),
        ("//evil.example/a.jpg", ""),
        ("/\\evil.example/a.jpg", ""),
        ("https://film.example/a.jpg", ""),
        ("a.jpg", ""),
        ("/a b.jpg", ""),
    ],
)
def test_a_poster_is_a_path_of_the_sites_own(placed, written, poster):
    placed(f'<iframe src="{FILM}" data-poster="{written}"></iframe>'.encode())

    assert placed.wanted[0].poster == poster


def test_insertions_alone_are_made(placed):
    page = (
        f'<iframe src="{FILM}" sandbox></iframe><embed src="{FILM}"><object data="{FILM}"></object>'
        '<div class="robot-check"></div>'
    ).encode()
    rest = iter(placed(page))

    assert all(byte in rest for byte in page)


def test_a_place_is_not_counted_as_something_shut_out(placed):
    placed(b'<div class="robot-check"></div>')

    assert placed.counts == {PLACED: 1}


@pytest.mark.parametrize("name", ["video", "audio"])
def test_a_player_is_hidden_behind_one_in_front_of_it(placed, name):
    out = placed(f'<{name} src="{FILM}" controls width="560" height="315"></{name}>'.encode())

    assert out.startswith(b'<iframe data-ck-place="films" title="films" data-ck-player width="560" height="')
    assert f'></iframe><{name} data-ck="films" hidden data-ck-src='.encode() in out
    assert placed.wanted == [Wanted(("films",), FILM)]


def test_a_source_has_one_inside_its_player(placed):
    out = placed(f'<video controls><source src="{FILM}"></video>'.encode())

    assert b'<video controls><source data-ck="films" data-ck-src=' in out
    assert out.endswith(b' srcdoc="[]"></iframe></video>')


@pytest.mark.parametrize(
    "page",
    [
        f'<picture><source srcset="{FILM}"><img src="/own.png"></picture>',
        f'<video poster="{FILM}"><source src="/own.mp4"></video>',
        f'<audio src="{FILM}"></audio>',
        f'<video src="{FILM}" hidden></video>',
    ],
    ids=["picture", "own film with a foreign poster", "sound without controls", "hidden"],
)
def test_what_plays_nothing_that_is_seen_gains_none(placed, page):
    out = placed(page.encode())

    assert b"data-ck-place" not in out
    assert b"data-ck-s" in out or b"data-ck-poster" in out
