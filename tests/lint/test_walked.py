"""A notice as a visitor in Chromium presses it: what only a visit shows, each by its rule alone."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest
from tests.texts import NEWS

from consentkit.catalogue.load import catalogue
from consentkit.lint.judge import Finding
from consentkit.lint.rule import Severity
from consentkit.lint.site import Site
from consentkit.lint.walked import Steps, Walk, judge_walked
from consentkit.policyfile import load_text
from consentkit.scan.judge import Judge
from consentkit.scan.render import rendered, tour_of
from consentkit.scan.render.early import early
from consentkit.web.notice import TEMPLATES

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
DAY = datetime.date(2026, 11, 25)
FIRST, SECOND = "notice/notice.html", "visitor/preferences.html"
TEXT = """\
jurisdictions = ["{code}"]
layout = "box"
privacy_url = "/privacy"
use = ["google-analytics"]
[site]
name = "News"
address = "https://news.example"
[controller]
name = "News Ltd"
contact = "privacy@news.example"
[purposes.analytics]
[purposes.marketing]
[services.stats]
vendor = "Stats Ltd"
purposes = ["marketing"]
hosts = ["stats.example"]
sells = true
cookies = [{{ name = "_stats", lifetime = "30d" }}]
"""


def found_in(site: Site) -> list[Finding]:
    return asyncio.run(rendered(tour_of(site)))


def changed(folder: Path, name: str, ours: str, theirs: str, code: str = "FR") -> Site:
    """A site with one template of its own, which says one thing otherwise than ours."""
    text = (TEMPLATES / name).read_text("utf-8")
    assert ours in text
    own = folder / name
    own.parent.mkdir()
    own.write_text(text.replace(ours, theirs, 1), "utf-8")
    return Site(load_text(TEXT.format(code=code)), DAY, (folder,))


def styled(folder: Path, style: str, code: str) -> Site:
    return changed(folder, FIRST, "</form>", f"<style>{style}</style></form>", code)


@pytest.mark.parametrize("file", sorted(HERE.glob("good/*.toml")), ids=lambda file: file.stem)
def test_nothing_is_found_in_a_visit_under_a_good_policy(file: Path) -> None:
    text = file.read_text("utf-8").replace('["world", "US", "US-CA"]', '["EU", "US-CA"]')

    assert found_in(Site(load_text(text), DAY)) == []


@pytest.mark.parametrize(
    ("rule", "style", "code"),
    [
        ("R02", "#consentkit-reject { position: fixed; top: 0; left: 0; width: 300px; }", "FR"),
        ("R03", "#consentkit-reject { display: none; }", "FR"),
        ("R13", "#consentkit-banner { background-image: url(https://logos.example/n.png); }", "FR"),
        ("R15", "#consentkit-preferences { display: none; }", "FR"),
        ("R34", "p.small a { pointer-events: none; }", "FR"),
        ("R36", ".signal { display: none; }", "US-CA"),
        ("R37", ".link { font-size: 0 !important; }", "US-CA"),
    ],
    ids=lambda value: value if str(value).startswith("R") else "",
)
def test_what_a_style_hides_is_found_by_its_rule_alone(
    rule: str, style: str, code: str, tmp_path: Path
) -> None:
    found = found_in(styled(tmp_path, style, code))

    assert {each.rule.id for each in found} == {rule}
    assert all(each.severity is Severity.ERROR for each in found)


WALL = (
    '{% if consent.outcome == "refused" %}<i style="position: fixed; inset: 0 0 30%"></i>{% endif %}</form>'
)
CONTROL_HREF = ' class="link" href="{{ hole.prefix }}/?lang={{ words.language }}{{ hole.query }}"'
DECLARATION = '<a href="{{ view.prefix }}/declaration?'
KEEPS = "document.cookie = 'seen=1'; localStorage.kept = 1"
TEXT_OF_BANNER = "<p>{{ banner.text }}</p>"
WITHDRAW = '<button name="action" value="withdraw"'
BANNER = '<section id="consentkit-banner"'


@pytest.mark.parametrize(
    ("rule", "name", "ours", "theirs", "code"),
    [
        ("R14", FIRST, "</form>", WALL, "FR"),
        ("R16", SECOND, WITHDRAW, f"<button hidden {WITHDRAW.removeprefix('<button ')}", "FR"),
        ("R29", FIRST, BANNER, '<section lang="de" id="consentkit-banner"', "FR"),
        ("R34", SECOND, DECLARATION, f"<a hidden {DECLARATION.removeprefix('<a ')}", "FR"),
        ("R34", SECOND, DECLARATION, DECLARATION.replace("/declaration?", "/declaration/none?"), "FR"),
        (
            "R37",
            FIRST,
            CONTROL_HREF,
            CONTROL_HREF.replace("{{ hole.prefix }}/?", "{{ hole.prefix }}/none?"),
            "US-CA",
        ),
        (
            "R37",
            FIRST,
            CONTROL_HREF,
            CONTROL_HREF.replace("{{ hole.prefix }}", "https://other.example"),
            "US-CA",
        ),
        ("R37", FIRST, CONTROL_HREF, CONTROL_HREF.replace("{{ hole.prefix }}/?", "/article?"), "US-CA"),
    ],
    ids=[
        "R14",
        "R16",
        "R29",
        "R34 unseen",
        "R34 dead",
        "R37 dead",
        "R37 elsewhere",
        "R37 without an opt-out",
    ],
)
def test_what_a_template_does_is_found_by_its_rule_alone(
    rule: str, name: str, ours: str, theirs: str, code: str, tmp_path: Path
) -> None:
    found = found_in(changed(tmp_path, name, ours, theirs, code))

    assert {each.rule.id for each in found} == {rule}


def test_a_cookie_and_a_key_that_nobody_was_asked_about_are_told(tmp_path: Path) -> None:
    script = f"<script>{KEEPS}</script>{TEXT_OF_BANNER}"

    found = found_in(changed(tmp_path, FIRST, TEXT_OF_BANNER, script))

    assert {each.rule.id for each in found} == {"R13"}
    assert {each.problem.found for each in found} == {
        "the cookie seen before a choice",
        "kept in storage before a choice",
    }


@pytest.mark.parametrize(
    ("walk", "rules"),
    [
        (Walk(), set()),
        (Walk(accept=Steps(1, 1), refuse=Steps(2)), set()),
        (Walk(refuse=Steps(1, fields=1)), {"R03"}),
        (Walk(refuse=Steps(1, scrolls=1)), {"R03"}),
        (Walk(withdraw=Steps(2, scrolls=2)), set()),
        (Walk(withdraw=Steps(3)), {"R16"}),
        (Walk(control=False, withdraw=None, link="no link"), {"R15"}),
        (Walk(link="a link that leads nowhere", withdraw=None), {"R37"}),
        (Walk(early=("the cookie _ga",)), {"R13"}),
        (Walk(accept=None, refuse=None), set()),
    ],
)
def test_a_visit_is_judged_by_what_it_took(walk: Walk, rules: set[str]) -> None:
    assert {each.rule.id for each in judge_walked([walk])} == rules


OPEN = """\
[services.player]
vendor = "Player Ltd"
purposes = ["analytics"]
cookies = [{ pattern = "^_pl_[0-9]+$", lifetime = "30d" }]
storage = ["^pl\\\\.[a-z]+$"]
[[services.player.loaders]]
parts = ["playerSetup("]
example = "function playerSetup(x) { document.cookie = '_pl_1=1'; localStorage['pl.seen'] = x } playerSetup(1)"
"""


def test_what_a_service_keeps_that_is_open_by_default_is_no_early_fire() -> None:
    text = TEXT.format(code="US-CA").replace('use = ["google-analytics"]\n', "")
    judged = Site(load_text(text + OPEN), DAY)

    assert found_in(judged) == []


@pytest.mark.parametrize(
    ("cookies", "keys", "told"),
    [
        (["_pl_1", "__Host-consentkit"], ["pl.seen", "consentkit-state"], ()),
        (["_pl_x"], [], ("the cookie _pl_x",)),
        ([], ["pl.seen.twice"], ("pl.seen.twice in storage",)),
    ],
    ids=["its own and ours", "another cookie", "another key"],
)
def test_what_is_kept_is_judged_by_names_and_patterns(
    cookies: list[str], keys: list[str], told: tuple[str, ...]
) -> None:
    policy = load_text(
        NEWS.replace("[purposes.analytics]", '[purposes.analytics]\nregime = "opt-out"')
        + 'cookies = [{ pattern = "^_pl_[0-9]+$" }]\nstorage = ["^pl\\\\.[a-z]+$"]\n'
    )

    assert early(policy, Judge(policy, catalogue(), []), [], cookies, keys) == told
