"""What is served is what was written, less comments and white space."""

from __future__ import annotations

import re

import pytest

from consentkit.web import client

MODULES = {"first": client.FIRST, **client.ON_DEMAND}
SCRIPTS = sorted({name for names in MODULES.values() for name in names})
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')


def code(name: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", client.source(name), flags=re.DOTALL)
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def written(module: str) -> str:
    """A module's source as it is joined: no imports, and no exports but the last file's."""
    *inner, last = (re.sub(r"^import .*;$", "", code(name), flags=re.M) for name in MODULES[module])
    return "".join([*(re.sub(r"^export ", "", text, flags=re.M) for text in inner), last])


def served(module: str) -> str:
    asset = client.first() if module == "first" else client.on_demand(module)
    return re.sub(r"(\./\w+)\.[0-9a-f]{8}\.js", r"\1.js", asset.body.decode())


def bare(text: str) -> str:
    """A text without white space, and without what means nothing before a closing bracket."""
    return re.sub(r"[,;]+(?=[)\]}])", "", re.sub(r"\s+", "", text))


@pytest.mark.parametrize("module", MODULES)
def test_packing_changes_no_string(module: str) -> None:
    assert LITERAL.findall(written(module)) == LITERAL.findall(served(module))


@pytest.mark.parametrize("module", MODULES)
def test_packing_takes_white_space_and_comments_alone(module: str) -> None:
    assert bare(written(module)) == bare(served(module))


@pytest.mark.parametrize(
    ("module", "loaded"),
    [("first", {"act", "apply", "modal", "preferences"}), ("act", {"apply", "clear", "signal"})],
    ids=["first", "act"],
)
def test_what_is_loaded_on_demand_is_named_by_its_hash(module: str, loaded: set[str]) -> None:
    text = (client.first() if module == "first" else client.on_demand(module)).body.decode()

    assert set(re.findall(r'import\("\./([^"]+)"', text)) == {client.on_demand(stem).name for stem in loaded}


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_comment_stands_behind_code_where_packing_would_join_the_next_line_to_it(name: str) -> None:
    lines = [LITERAL.sub('""', line) for line in code(name).splitlines()]

    assert [line for line in lines if "//" in line and "/^" not in line] == []


def test_a_sheet_keeps_its_numbers_and_selectors() -> None:
    packed = client.pack_style("/* c */ a ~ b {\n  margin: 0 0.5em 10.5px;\n  width: calc(100% - 1px);\n}\n")

    assert packed == "a~b{margin:0 .5em 10.5px;width:calc(100% - 1px)}"
