"""A notice as a visitor in Chromium presses it: what only a visit shows, each by its rule alone."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from consentkit.lint.judge import Finding
from consentkit.lint.rule import Severity
from consentkit.lint.site import Site
from consentkit.lint.walked import Steps, Walk, judge_walked
from consentkit.policyfile import load_text
from consentkit.scan.render import rendered, tour_of
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
WITHDRAW = '<button name="action" value="withdraw"'
BANNER = '<section id="consentkit-banner"'


@pytest.mark.parametrize(
    ("rule", "name", "ours", "theirs"),
    [
        ("R14", FIRST, "</form>", WALL),
        ("R16", SECOND, WITHDRAW, f"<button hidden {WITHDRAW.removeprefix('<button ')}"),
        ("R29", FIRST, BANNER, '<section lang="de" id="consentkit-banner"'),
    ],
    ids=["R14", "R16", "R29"],
)
def test_what_a_template_does_is_found_by_its_rule_alone(
    rule: str, name: str, ours: str, theirs: str, tmp_path: Path
) -> None:
    found = found_in(changed(tmp_path, name, ours, theirs))

    assert {each.rule.id for each in found} == {rule}


@pytest.mark.parametrize(
    ("walk", "rules"),
    [
        (Walk(), set()),
        (Walk(accept=Steps(1, 1), refuse=Steps(2)), set()),
        (Walk(refuse=Steps(1, fields=1)), {"R03"}),
        (Walk(refuse=Steps(1, scrolls=1)), {"R03"}),
        (Walk(withdraw=Steps(2, scrolls=2)), set()),
        (Walk(withdraw=Steps(3)), {"R16"}),
        (Walk(control=False, withdraw=None, link=False), {"R15"}),
        (Walk(early=("the cookie _ga",)), {"R13"}),
        (Walk(accept=None, refuse=None), set()),
    ],
)
def test_a_visit_is_judged_by_what_it_took(walk: Walk, rules: set[str]) -> None:
    assert {each.rule.id for each in judge_walked([walk])} == rules
