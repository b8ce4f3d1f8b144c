"""Each rule finds its own bad policy and nothing else finds it; good policies are found fault with by none."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import pytest
from tests.texts import NEWS

from consentkit.cli.starter import starter
from consentkit.core.policy import Policy
from consentkit.lint.judge import Finding, judge
from consentkit.lint.rule import Severity
from consentkit.lint.rules import RULES, by_id
from consentkit.lint.site import Site
from consentkit.policyfile import load, load_text
from consentkit.web.notice import TEMPLATES

HERE = Path(__file__).parent
DAY = datetime.date(2026, 11, 25)
BAD = sorted(file for file in HERE.glob("bad/R*.toml") if "." not in file.stem)
GOOD = sorted(HERE.glob("good/*.toml"))
NEWSROOM = Path(__file__).parents[2] / "examples" / "newsroom" / "consent.toml"


def found_in(file: Path, folder: Path) -> list[Finding]:
    return judge(site_of(file, folder))


def site_of(file: Path, folder: Path) -> Site:
    """A policy, with what its neighbours say: of its templates, and of what holds besides it (no policy brings that about).

    Which languages are unreviewed is the languages' own word, and changes: here none is that no neighbour names.
    """
    change = file.with_suffix(".beside.toml")
    beside = tomllib.loads(change.read_text("utf-8")) if change.is_file() else {}
    site = Site(load(file), DAY, templates_of(file, folder), seen=beside.get("seen", {}))
    object.__setattr__(site, "unreviewed", frozenset(beside.get("unreviewed", ())))
    if "cookie_lifetime" in beside:
        for house in site.houses:
            vars(house.policy)["cookie_lifetime"] = beside["cookie_lifetime"]
    return site


def templates_of(file: Path, folder: Path) -> tuple[Path, ...]:
    """A folder with our template, but for what the file beside the policy says otherwise."""
    change = file.with_suffix(".template.toml")
    if not change.is_file():
        return ()
    stated = tomllib.loads(change.read_text("utf-8"))
    text = (TEMPLATES / stated["name"]).read_text("utf-8")
    for each in (stated, *stated.get("more", ())):
        assert each["ours"] in text
        text = text.replace(each["ours"], each["theirs"])
    own = folder / stated["name"]
    own.parent.mkdir()
    own.write_text(text, "utf-8")
    return (folder,)


@pytest.mark.parametrize("file", BAD, ids=[file.stem for file in BAD])
def test_a_bad_policy_is_found_by_its_rule_alone(file: Path, tmp_path: Path) -> None:
    found = found_in(file, tmp_path)

    assert {each.rule.id for each in found} == {file.stem.partition("-")[0]}


def test_each_rule_has_a_bad_policy() -> None:
    assert {file.stem.partition("-")[0] for file in BAD} == set(by_id)


@pytest.mark.parametrize("file", [*GOOD, NEWSROOM], ids=[file.stem for file in [*GOOD, NEWSROOM]])
def test_nothing_is_found_in_a_good_policy(file: Path, tmp_path: Path) -> None:
    assert [str(each.problem) for each in found_in(file, tmp_path)] == []


def test_a_first_policy_is_told_no_more_than_a_note() -> None:
    found = judge(Site(load_text(starter()), DAY))

    assert {each.severity for each in found} <= {Severity.NOTE}


def test_ids_are_those_of_the_list_and_each_once() -> None:
    assert [each.id for each in RULES] == [f"R{number:02}" for number in range(1, 46)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_does_why_and_where_it_stands(rule) -> None:
    assert all((rule.does, rule.why, rule.example, rule.sources, rule.name))
    assert rule.checked == DAY


@pytest.mark.parametrize(
    ("name", "codes", "severity"),
    [
        ("R04", ("FR",), Severity.ERROR),
        ("R04", ("DE",), Severity.WARNING),
        ("R04", ("DE", "IT"), Severity.ERROR),
        ("R04", (), Severity.WARNING),
        ("R06", ("IT",), Severity.WARNING),
        ("R06", ("ES",), Severity.ERROR),
        ("R21", ("DE",), Severity.ERROR),
        ("R21", ("AT",), Severity.WARNING),
        ("R25", ("FR",), Severity.ERROR),
        ("R25", ("ES",), Severity.WARNING),
        ("R37", ("US-CA",), Severity.ERROR),
        ("R37", ("US-TX",), Severity.WARNING),
        ("R01", (), Severity.ERROR),
    ],
)
def test_what_a_finding_weighs_depends_on_where(
    name: str, codes: tuple[str, ...], severity: Severity
) -> None:
    from consentkit.lint.rule import Found

    assert by_id[name].weight(Found((), "", "", codes)) is severity


def judged(text: str) -> list[Finding]:
    return judge(Site(load_text(text), DAY))


def test_a_finding_in_several_jurisdictions_is_one_that_names_them() -> None:
    [found] = judged(f'jurisdictions = ["FR", "IE", "AT"]\nlifetime = "300d"\n{NEWS}')

    assert (found.rule.id, set(found.codes)) == ("R24", {"FR", "IE", "AT"})
    assert "FR" in found.where


def test_the_number_of_partners_is_an_error_in_germany_and_a_warning_elsewhere() -> None:
    words = '[texts.en]\ndetails = "For: {purposes}. By {controller}. Change your mind at any time."\n'

    here = judged(f'jurisdictions = ["DE"]\n{NEWS}{words}')
    there = judged(f'jurisdictions = ["AT"]\n{NEWS}{words}')

    assert [(each.rule.id, each.severity) for each in here] == [("R23", Severity.ERROR)]
    assert [(each.rule.id, each.severity) for each in there] == [("R23", Severity.WARNING)]


def test_an_override_that_exempts_marketing_leaves_the_signal_without_effect_in_california() -> None:
    text = NEWS.replace("analytics", "marketing")
    override = '[overrides.US-CA]\nmarketing = "exempt"\nreason = "None."\n'

    found = judged(f'layout = "box"\njurisdictions = ["FR", "US-CA"]\n{text}{override}')

    assert {each.rule.id: each.severity for each in found} == {"R35": Severity.ERROR, "R44": Severity.NOTE}


def test_a_service_that_states_some_facts_of_an_exemption_is_told_which_are_missing() -> None:
    [found] = judged(f'jurisdictions = ["FR"]\n{NEWS}facts = ["no-reuse"]\n')

    assert (found.rule.id, found.severity) == ("R39", Severity.WARNING)
    assert "own-measurement" in found.problem.found


def test_a_refusal_that_is_forgotten_before_a_grant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Policy, "cookie_lifetime", 86_400)

    found = judged(f'jurisdictions = ["FR"]\n{NEWS}')

    assert {each.rule.id for each in found} == {"R26", "R27"}


def test_a_language_that_nobody_has_read_is_told_where_the_site_makes_it_its_own() -> None:
    site = Site(load_text(f'language = "fr"\n{NEWS}'), DAY)
    object.__setattr__(site, "unreviewed", frozenset({"fr", "ar"}))

    [found] = judge(site)

    assert (found.rule.id, found.problem.found) == ("R42", '"fr"')


@pytest.mark.parametrize(
    ("stated", "key"),
    [
        ('language = "fr"', "language"),
        ('languages = ["en", "fr"]', "languages.1"),
        ('[texts.fr]\nsave = "Garder"', "texts.fr"),
    ],
    ids=["default", "offered", "own words"],
)
def test_what_the_index_of_languages_calls_unread_is_told_where_the_policy_names_it(
    stated: str, key: str
) -> None:
    policy = load_text(f"{NEWS}{stated}\n" if "[" in stated[:1] else f"{stated}\n{NEWS}")

    [found] = [each for each in judge(Site(policy, DAY)) if each.rule.id == "R42"]

    assert (found.problem.key, found.problem.found) == (key, '"fr"')


def test_a_bar_is_a_note_where_the_world_was_named_and_a_warning_where_the_country_was() -> None:
    world, country = (judged(f'jurisdictions = ["{code}"]\n{NEWS}') for code in ("world", "NG"))

    assert [(each.rule.id, each.severity) for each in world] == [("R40", Severity.NOTE)]
    assert [(each.rule.id, each.severity) for each in country] == [("R40", Severity.WARNING)]


def test_a_service_that_was_seen_and_is_not_named_is_told_with_its_number() -> None:
    policy = load_text(f'use = ["google-analytics"]\n{NEWS}')
    seen = {"hotjar": 1200, "google-analytics": 5, "stats": 3, "arkose": 9, "nobody-knows": 2}

    [found] = judge(Site(policy, DAY, seen=seen))

    assert (found.rule.id, found.severity) == ("R45", Severity.WARNING)
    assert found.problem.found == "hotjar, seen 1,200 times, and not named"


def test_assumed_consent_that_becomes_a_question_is_told_with_the_source_of_each_row() -> None:
    stated = 'regime = "notice"\nreason = "Measured."\nforbidden_notice = "opt-in"\n'

    found = judged(f'jurisdictions = ["FR", "US-CA"]\nlayout = "box"\n{stated}{NEWS}')

    [told] = [each for each in found if each.rule.id == "R12"]
    assert (told.severity, told.codes) == (Severity.WARNING, ("FR",))
    assert told.problem.key == "regime"
    assert "FR: " in told.problem.expected
