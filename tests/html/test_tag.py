"""What a tag's bytes say."""

from __future__ import annotations

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.html.scan import Unfinished, tag_end
from consentkit.html.tag import Tag, decode

CASES = [
    (b"<a b>", [(b"b", b"")]),
    (b"<a b=c>", [(b"b", b"c")]),
    (b"<a b='c' d=\"e\">", [(b"b", b"c"), (b"d", b"e")]),
    (b"<a b = c>", [(b"b", b"c")]),
    (b"<a/b/c=d/>", [(b"b", b""), (b"c", b"d/")]),
    (b"<a b=it's c=d>", [(b"b", b"it's"), (b"c", b"d")]),
    (b'<a b=c"d e>', [(b"b", b'c"d'), (b"e", b"")]),
    (b'<a "b c>', [(b'"b', b""), (b"c", b"")]),
    (b"<a =b=c>", [(b"=b", b"c")]),
    (b"<a b=>", [(b"b", b"")]),
    (b"<a B=C b=d>", [(b"b", b"C"), (b"b", b"d")]),
    (b'<a b="c"d=e>', [(b"b", b"c"), (b"d", b"e")]),
    (b"<a\nb\t=\r'c\n'>", [(b"b", b"c\n")]),
    (b"<a b='x>y'>", [(b"b", b"x>y")]),
]


@pytest.mark.parametrize(("raw", "attributes"), CASES)
def test_attributes_are_read_as_a_tokenizer_reads_them(
    raw: bytes, attributes: list[tuple[bytes, bytes]]
) -> None:
    assert tag_end(raw + b"x", 0) == len(raw)
    assert [(attribute.name, attribute.value) for attribute in Tag(b"a", raw).attributes] == attributes


@given(
    st.lists(st.sampled_from([b"a", b"b", b"=", b'"', b"'", b" ", b"/", b"c", b"\n", b"<"]), max_size=12).map(
        b"".join
    )
)
def test_attributes_agree_with_html5lib(inside: bytes) -> None:
    raw = b"<p " + inside + b">"
    if tag_end(raw, 0) != len(raw):
        return
    expected = html5lib.parseFragment(raw.decode(), namespaceHTMLElements=False)[0].attrib
    found: dict[str, str] = {}
    for attribute in Tag(b"p", raw).attributes:
        found.setdefault(attribute.name.decode(), attribute.text)

    assert {str(name): value for name, value in expected.items()} == found


@given(st.sampled_from([raw for raw, _ in CASES]))
def test_spans_point_at_names_and_values(raw: bytes) -> None:
    for attribute in Tag(b"a", raw).attributes:
        assert raw[attribute.name_start : attribute.name_end].lower() == attribute.name
        assert raw[attribute.value_start : attribute.value_end] == attribute.value


def test_a_tag_goes_on_where_the_last_look_stopped() -> None:
    raw = b'<a b="c" d="e>'
    end = tag_end(raw, 0)

    assert isinstance(end, Unfinished)
    assert (raw[end.resume :], end.wake) == (b'd="e>', b'"')
    assert tag_end(raw + b'">', 0, end.resume) == len(raw) + 2


@pytest.mark.parametrize(
    ("raw", "closing"),
    [
        (b"<g/>", True),
        (b"<g />", True),
        (b"<g a/>", True),
        (b'<g a="b"/>', True),
        (b"<g a=b/>", False),
        (b"<g>", False),
    ],
)
def test_only_a_slash_of_its_own_closes_a_tag(raw: bytes, closing: bool) -> None:
    assert Tag(b"g", raw).self_closing is closing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"a&amp;b", "a&b"),
        (b"a&ampb", "a&ampb"),
        (b"?a=1&copy=2", "?a=1&copy=2"),
        (b"&copy;&copy", "©©"),
        (b"&#x2F;&#47/&#0047;", "////"),
        (b"&#0;&#xD800;&#x110000;&#99999999999999;", "����"),
        (b"&#x80;", "€"),
        (b"&;&#;&#x;&nothing;", "&;&#;&#x;&nothing;"),
        (b"\xff", "\udcff"),
    ],
)
def test_character_references_resolve_as_in_attributes(value: bytes, text: str) -> None:
    assert decode(value) == text
