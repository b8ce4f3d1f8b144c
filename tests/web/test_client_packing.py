"""What is served is what was written, less comments and white space."""

from __future__ import annotations

import re

import pytest

from consentkit.web import client

SCRIPTS = [*client.FIRST, client.ON_DEMAND]
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')


def code(name: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", client.source(name), flags=re.DOTALL)
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def served() -> str:
    return (client.first().body + client.preferences().body).decode()


def bare(text: str) -> str:
    """A text without white space, and without what means nothing before a closing bracket."""
    return re.sub(r"[,;]+(?=[)\]}])", "", re.sub(r"\s+", "", text))


def test_packing_changes_no_string() -> None:
    written = [
        literal
        for name in SCRIPTS
        for literal in LITERAL.findall(re.sub(r"^import .*", "", code(name), flags=re.M))
    ]
    found = LITERAL.findall(served())

    assert [text for text in written if "preferences.js" not in text] == [
        text for text in found if "preferences." not in text
    ]


def test_packing_takes_white_space_and_comments_alone() -> None:
    written = "".join(code(name) for name in SCRIPTS)
    first = re.sub(r"^import .*;$|^export (?!async function open)", "", written, flags=re.MULTILINE)

    assert bare(first.replace("./preferences.js", f"./{client.preferences().name}")) == bare(served())


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_comment_stands_behind_code_where_packing_would_join_the_next_line_to_it(name: str) -> None:
    lines = [LITERAL.sub('""', line) for line in code(name).splitlines()]

    assert [line for line in lines if "//" in line and "/^" not in line] == []


def test_a_sheet_keeps_its_numbers_and_selectors() -> None:
    packed = client.pack_style("/* c */ a ~ b {\n  margin: 0 0.5em 10.5px;\n  width: calc(100% - 1px);\n}\n")

    assert packed == "a~b{margin:0 .5em 10.5px;width:calc(100% - 1px)}"
