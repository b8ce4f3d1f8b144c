"""``consentkit services``: find a service, see all that is known of it, and take it into a policy."""

import json
import re

import pytest

from consentkit.catalogue.load import catalogue
from consentkit.cli.services import show
from consentkit.policyfile import load_text

BASE = """
[site]
name = "News"
address = "https://news.example"
[controller]
name = "News Ltd"
contact = "privacy@news.example"
"""


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("youtube", "youtube"),
        ("YouTube", "youtube"),
        ("google llc", "google-analytics"),
        ("connect.facebook.net", "meta-pixel"),
        ("_fbp", "meta-pixel"),
    ],
    ids=["id", "title", "vendor", "host", "cookie"],
)
def test_a_service_is_found_by_a_word(cli, word: str, name: str) -> None:
    ended = cli("services", "search", word)

    assert (ended.code, ended.err) == (0, "")
    entry = catalogue().entries[name]
    cells = [name, entry.vendor, entry.kind, ", ".join(entry.purposes)]
    assert cells in [re.split(r" {2,}", line) for line in ended.out.splitlines()]


def test_ids_that_hold_the_word_come_first(cli) -> None:
    out = cli("services", "search", "youtube").out

    assert out.startswith("youtube")


def test_without_a_word_all_are_listed(cli) -> None:
    assert len(cli("services", "search").out.splitlines()) == len(catalogue().entries)


def test_a_word_that_finds_nothing_says_what_to_do(cli) -> None:
    ended = cli("services", "search", "nobody-at-all\x1b")

    assert (ended.code, ended.out) == (1, "")
    assert "[services.NAME]" in ended.err
    assert "\x1b" not in ended.err


def test_what_is_found_as_json(cli) -> None:
    ended = cli("services", "search", "youtube", "--json")

    entry = catalogue().entries["youtube"]
    assert json.loads(ended.out)[0] == {
        "id": "youtube",
        "vendor": entry.vendor,
        "kind": "video",
        "purposes": ", ".join(entry.purposes),
    }
    assert (cli("services", "search", "nobody-at-all", "--json").code, ended.code) == (1, 0)


def test_everything_that_is_known_of_a_service_is_shown_with_its_source_and_date(cli) -> None:
    ended = cli("services", "show", "google-analytics")

    entry = catalogue().entries["google-analytics"]
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("google-analytics\n")
    told = [entry.vendor, entry.source, str(entry.checked), entry.privacy_url, *entry.addresses, *entry.stubs]
    told += [cookie.name or cookie.pattern for cookie in entry.cookies]
    assert [text for text in told if text not in ended.out] == []


@pytest.mark.parametrize("name", ["google-analytics", "youtube"])
def test_the_lines_that_are_shown_take_it_into_a_policy(cli, name: str) -> None:
    out = cli("services", "show", name).out

    lines = re.findall(
        r"^  (use = .*|\[services\..*|purposes = .*)$", out.partition("In the policy:")[2], re.MULTILINE
    )
    policy = load_text("\n".join([lines[0], BASE, *lines[1:]]))
    assert policy.services[name].purposes == catalogue().entries[name].purposes


@pytest.mark.parametrize(
    ("kinds", "words"),
    [(("captcha", "cdn", "payment"), "leaves it alone"), (("video",), "shuts it for good")],
    ids=["free", "gated"],
)
def test_what_happens_to_one_that_no_policy_names_is_told(cli, kinds: tuple[str, ...], words: str) -> None:
    names = [name for name, entry in catalogue().entries.items() if entry.kind in kinds][:3]

    assert all(words in cli("services", "show", name).out for name in names)
    assert names


def test_all_that_is_known_as_json(cli) -> None:
    told = json.loads(cli("services", "show", "youtube", "--json").out)

    assert told == {"id": "youtube", **catalogue().entries["youtube"].model_dump(mode="json")}


def test_an_unknown_id_is_told_with_those_near_it(cli) -> None:
    ended = cli("services", "show", "yutube")

    assert (ended.code, ended.out) == (1, "")
    assert "Did you mean youtube" in ended.err


def test_every_service_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for name in catalogue().entries:
        show(name)

    out = capsys.readouterr().out
    assert [name for name in catalogue().entries if f'  use = ["{name}"]' not in out] == []
    assert re.findall(r"\b1 (?:days|hours|minutes|seconds)\b", out) == []
