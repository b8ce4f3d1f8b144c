"""The first layer as Chromium paints it, measured."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from consentkit.lint.judge import judge
from consentkit.lint.painted import judge_painted
from consentkit.lint.site import Site
from consentkit.policyfile import load_text
from consentkit.scan.render import painted
from consentkit.web.notice import TEMPLATES

pytestmark = pytest.mark.browser
DAY = datetime.date(2026, 11, 25)
TEXT = """\
jurisdictions = ["FR"]
layout = "{layout}"
[site]
name = "News"
address = "https://news.example"
[controller]
name = "News Ltd"
contact = "privacy@news.example"
[purposes.analytics]
[services.stats]
vendor = "Stats Ltd"
purposes = ["analytics"]
hosts = ["stats.example"]
"""


def site(style: str = "", folder: Path | None = None, layout: str = "bar") -> Site:
    """A site whose template has a style of its own behind ours."""
    if folder is not None:
        ours = (TEMPLATES / "notice/notice.html").read_text("utf-8")
        (folder / "notice").mkdir()
        styled = ours.replace("</form>", f"<style>{style}</style></form>", 1)
        (folder / "notice/notice.html").write_text(styled, "utf-8")
    return Site(load_text(TEXT.format(layout=layout)), DAY, (folder,) if folder else ())


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
def test_our_own_notice_is_equal_in_every_layout_and_language(layout: str) -> None:
    views = asyncio.run(painted(site(layout=layout).layers))

    assert {view.window for view in views} == {1280, 360}
    assert {view.layer.language for view in views} >= {"en", "fr", "ar"}
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

    found = judge_painted(asyncio.run(painted(judged.layers)))

    assert {each.rule.id for each in found} == {rule}
    assert judge(judged) == []
