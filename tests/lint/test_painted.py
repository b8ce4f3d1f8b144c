"""Both layers as Chromium paints them, measured."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest
from tests.texts import NEWS

from consentkit.lint.judge import judge
from consentkit.lint.painted import Painted, judge_painted
from consentkit.lint.site import Site
from consentkit.policyfile import load_text
from consentkit.scan.browse import chromium
from consentkit.scan.render import tour_of
from consentkit.scan.render.paint import painted
from consentkit.web.notice import TEMPLATES

pytestmark = pytest.mark.browser
DAY = datetime.date(2026, 11, 25)
TEXT = (
    """\
jurisdictions = ["FR"]
layout = "{layout}"
"""
    + NEWS
)


def site(style: str = "", folder: Path | None = None, layout: str = "bar") -> Site:
    """A site whose template has a style of its own behind ours."""
    if folder is not None:
        ours = (TEMPLATES / "notice/notice.html").read_text("utf-8")
        (folder / "notice").mkdir()
        styled = ours.replace("</form>", f"<style>{style}</style></form>", 1)
        (folder / "notice/notice.html").write_text(styled, "utf-8")
    return Site(load_text(TEXT.format(layout=layout)), DAY, (folder,) if folder else ())


def views_of(judged: Site) -> list[Painted]:
    async def look() -> list[Painted]:
        async with chromium(alone=True) as browser:
            return await painted(browser, tour_of(judged).layers)

    return asyncio.run(look())


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
def test_our_own_notice_is_equal_in_every_layout_and_language(layout: str) -> None:
    judged = site(layout=layout)

    views = views_of(judged)

    assert {view.window for view in views} == {1280, 360}
    assert {view.layer.name for view in views} == {"first", "second"}
    assert {view.layer.language for view in views} == set(judged.looked_at)
    assert judge_painted(views) == []


@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("#consentkit-reject { font-size: 11px; padding: 0; min-height: 44px; }", "R04"),
        ("#consentkit-reject { font-weight: 400; }", "R04"),
        ("#consentkit-reject, #consentkit-accept { background: #fff; color: #aaa; }", "R05"),
        ("#consentkit-reject { background: #fff; color: #000; }", "R06"),
        (
            "@media (max-width: 600px) { #consentkit-reject { order: 2; } #consentkit-more { order: 3; } }",
            "R07",
        ),
    ],
    ids=["small letters", "thin letters", "grey on white", "no ground", "another order on a phone"],
)
def test_what_only_a_browser_sees_is_found_by_its_rule_alone(style: str, rule: str, tmp_path: Path) -> None:
    judged = site(style, tmp_path)

    found = judge_painted(views_of(judged))

    assert {each.rule.id for each in found} == {rule}
    assert judge(judged) == []


@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("button[value=reject] { font-size: 11px; padding: 0; }", "R04"),
        ("button[value=reject], button[value=accept] { background: #fff; color: #aaa; }", "R05"),
        ("button[value=reject] { background: #fff; color: #000; }", "R06"),
        ("@media (max-width: 600px) { button[value=reject] { order: 9; } }", "R07"),
        ("button[value=accept] { order: -1; }", "R07"),
    ],
    ids=["small letters", "grey on white", "no ground", "another order on a phone", "not as on the first"],
)
def test_the_second_layer_is_measured_too(style: str, rule: str, tmp_path: Path) -> None:
    ours = (TEMPLATES / "visitor/preferences.html").read_text("utf-8")
    (tmp_path / "visitor").mkdir()
    styled = ours.replace("</form>", f"<style>{style}</style></form>", 1)
    (tmp_path / "visitor/preferences.html").write_text(styled, "utf-8")
    judged = Site(load_text(TEXT.format(layout="bar")), DAY, (tmp_path,))

    found = judge_painted(views_of(judged))

    assert {each.rule.id for each in found} == {rule}
    assert all("second layer" in each.problem.found for each in found)
    assert judge(judged) == []
