"""Policy files: read whole, or everything that is wrong with them, each with its place."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import consentkit
from consentkit.core.errors import PolicyError, Problem
from consentkit.core.policy import Policy
from consentkit.core.toml.places import KeyPath, line_of, places
from consentkit.policyfile import load, load_text, located, schema_text

BAD = sorted((Path(__file__).parent / "policies").glob("*.toml"))
GOOD = """\
regime = "opt-out"

[site]
name = "News"
address = "https://news.example"

[controller]
name = "News Ltd"
contact = "privacy@news.example"

[services.stats]
vendor = "Stats Ltd"
purposes = ["analytics"]
hosts = ["stats.example"]
cookies = [{ name = "_stats", lifetime = "13mo" }]
"""


@pytest.mark.parametrize("file", BAD, ids=[file.stem for file in BAD])
def test_a_bad_policy_is_refused_with_place_found_and_expected(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)

    with pytest.raises(PolicyError) as caught:
        load(file.name)

    assert f"{caught.value}\n" == file.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_bad_policy_has_its_message_and_every_message_its_policy() -> None:
    stems = {file.stem for file in BAD}

    assert stems == {file.stem for file in BAD[0].parent.glob("*.txt")}
    assert len(stems) > 50


def test_a_good_file_becomes_the_policy_that_it_states(tmp_path: Path) -> None:
    file = tmp_path / "consent.toml"
    file.write_text(GOOD, encoding="utf-8")

    policy = load(file)

    assert policy == Policy.model_validate(tomllib.loads(GOOD))
    assert policy.services["stats"].cookies[0].lifetime == 13 * 30 * 86_400
    assert load(str(file)).version == policy.version


SHIPPED = sorted((Path(__file__).parents[1] / "examples").glob("**/consent.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=[file.parent.name for file in SHIPPED])
def test_the_policies_of_the_examples_are_good(file: Path) -> None:
    assert load(file).services


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_editors_of_any_system_may_write_the_file(tmp_path: Path, prefix: bytes, line_end: str) -> None:
    file = tmp_path / "consent.toml"
    file.write_bytes(prefix + GOOD.replace("\n", line_end).encode() + f"x = 1{line_end}".encode())

    with pytest.raises(PolicyError) as caught:
        load(file)

    [problem] = caught.value.problems
    assert (problem.key, problem.line) == ("services.stats.x", 16)


def test_a_missing_file_is_said_so_and_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        PolicyError, match=r"gone\.toml: found no such file; expected a policy file .consentkit init"
    ):
        load(tmp_path / "gone.toml")


@pytest.mark.parametrize("name", [".", "a\0b", "x" * 5000])
def test_what_is_no_file_to_read_is_a_policy_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicyError, match="a file that can be read"):
        load(f"{tmp_path}/{name}")


def test_problems_carry_what_their_reader_needs() -> None:
    with pytest.raises(PolicyError) as caught:
        load_text(f'layuot = "box"\n{GOOD}', "mine.toml")

    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.key, problem.nearest) == ("mine.toml", 1, "layuot", "layout")
    assert problem.path == ("layuot",)


def test_a_text_without_a_file_name_has_lines_all_the_same() -> None:
    with pytest.raises(PolicyError, match=r"^1: layout: found 3"):
        load_text(f"layout = 3\n{GOOD}")


def test_problems_found_later_get_their_lines_in_the_order_of_the_file() -> None:
    later = [
        Problem("services.stats.hosts.0", "a", "b"),
        Problem("x", "a", "b"),
        Problem("site.name", "a", "b"),
    ]

    placed = located(later, GOOD, "mine.toml")

    assert [(problem.key, problem.line) for problem in placed] == [
        ("x", None),
        ("site.name", 4),
        ("services.stats.hosts.0", 14),
    ]
    assert {problem.file for problem in placed} == {"mine.toml"}


@given(st.text())
def test_a_text_that_is_no_policy_is_a_policy_error_that_can_be_printed(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_text(text)

    assert caught.value.problems
    assert str(caught.value).replace("\n", "").isprintable()


values = st.recursive(
    st.text(max_size=5) | st.integers() | st.booleans() | st.none() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(sorted(Policy.model_fields))


@given(
    st.dictionaries(
        keys, values | st.dictionaries(st.sampled_from(["stats", "en", "necessary"]), values), max_size=6
    )
)
def test_values_of_any_type_in_any_place_are_problems_and_never_crash(data: dict[str, Any]) -> None:
    text = "\n".join(f"{name} = {_toml(value)}" for name, value in data.items())

    with pytest.raises(PolicyError) as caught:
        load_text(text)

    lines = [problem.line for problem in caught.value.problems if problem.line is not None]
    assert lines == sorted(lines)
    assert {problem.key for problem in caught.value.problems} >= {"site", "controller"} - set(data)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "2026-11-25"
        case str():
            return _string(value)
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{_string(key)} = {_toml(item)}" for key, item in value.items()) + "}"
        case _:
            return str(value)


def _string(text: str) -> str:
    return '"' + "".join(char if char.isalnum() else f"\\U{ord(char):08x}" for char in text) + '"'


def paths_of(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every key path of a parsed TOML text."""
    found = {path} if path else set()
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found.union(*(paths_of(item, (*path, key)) for key, item in pairs))


TRICKY = '''\
a.b . "c.d" = 1 # a = 2
'quo"ted' = "]x = 1 \\" # no"
"esc\\u0061ped" = 'C:\\'
empty = ""
multi = """
[not.a.table]
key = 1 \\
"""
quotes = """"quoted"""""
literal = \'\'\'
[[neither]]
' \'\'\'
array = [ # comment ]
  1, [2, "]"], { x = [3], y.z = 4 },

  2026-11-25 07:32:00,
]
inline = { a = { b = "}" }, c = [] }
[table]
x = 1
[ table . "sub.table" ]
y = 1
[[rows]]
n = 1
[rows.sub]
m = 1
[[rows.sub.deep]]
k = 1
[[rows.sub.deep]]
[[rows]]
n = 2
[rows.sub]
m = 2
'''
TRICKY_LINES = {
    ("a", "b", "c.d"): 1,
    ('quo"ted',): 2,
    ("escaped",): 3,
    ("empty",): 4,
    ("multi",): 5,
    ("quotes",): 9,
    ("literal",): 10,
    ("array", 0): 14,
    ("array", 1, 1): 14,
    ("array", 2, "y", "z"): 14,
    ("array", 3): 16,
    ("inline", "a", "b"): 18,
    ("inline", "c"): 18,
    ("table",): 19,
    ("table", "sub.table", "y"): 22,
    ("rows",): 23,
    ("rows", 0, "n"): 24,
    ("rows", 0, "sub", "deep", 1): 29,
    ("rows", 1): 30,
    ("rows", 1, "sub", "m"): 33,
}


def test_each_key_has_the_line_on_which_it_begins() -> None:
    lines = places(TRICKY)

    assert {path: lines[path] for path in TRICKY_LINES} == TRICKY_LINES


@pytest.mark.parametrize(
    "text", [TRICKY, TRICKY.replace("\n", "\r\n"), GOOD], ids=["tricky", "windows", "good"]
)
def test_the_keys_that_have_a_place_are_those_that_the_parser_sees(text: str) -> None:
    assert set(places(text)) == paths_of(tomllib.loads(text))


@given(st.dictionaries(st.text(max_size=4), values, max_size=5), st.integers(0, 3))
def test_keys_of_any_text_have_the_line_they_were_written_on(data: dict[str, Any], gap: int) -> None:
    blank = "\n" * gap
    text = "".join(f"{blank}{_string(name)} = {_toml(value)}\n" for name, value in data.items())

    lines = places(text)

    assert set(lines) == paths_of(tomllib.loads(text))
    for index, name in enumerate(data, 1):
        assert lines[(name,)] == index * (gap + 1)


def test_a_key_that_is_missing_has_the_line_of_the_table_it_is_missing_from() -> None:
    lines = places("[a]\nb = 1\n")

    assert line_of(lines, ("a", "c", "d")) == 1
    assert line_of(lines, ("x",)) is None


@pytest.mark.parametrize("text", ["x = " + "[" * 200 + "]" * 200, "x = 1 # " + "#" * 200_000])
def test_deep_and_long_texts_are_walked(text: str) -> None:
    assert ("x",) in places(text)


def test_the_committed_schema_is_the_models() -> None:
    file = Path(consentkit.__file__).parent / "schema" / "consent.schema.json"

    assert file.read_text(encoding="utf-8") == schema_text(), "write it anew: python docs/generate.py"


def test_the_schema_tells_what_every_key_means() -> None:
    schema = json.loads(schema_text())
    models = {"Policy": schema, **schema["$defs"]}

    keys = {
        f"{name}.{key}": spec
        for name, model in models.items()
        for key, spec in model.get("properties", {}).items()
    }
    assert len(keys) > 35
    assert [key for key, spec in keys.items() if not spec.get("description")] == []
    assert all(model["additionalProperties"] is False for model in models.values() if "properties" in model)
