"""``consentkit check``: fine, wrong, or impossible; and what will not hold as written."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.texts import NEWS

from consentkit.audit.log import AuditLog
from consentkit.catalogue.load import catalogue
from consentkit.policyfile import load
from consentkit.web.notice import TEMPLATES


@pytest.fixture
def write(tmp_path: Path):
    def call(text: str) -> Path:
        file = tmp_path / "consent.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return call


def many_services(count: int) -> str:
    service = '[services.s{0}]\nvendor = "V{0}"\npurposes = ["analytics"]\nhosts = ["s{0}.example"]\n'
    return NEWS + "".join(service.format(number) for number in range(count))


def test_a_fine_policy_is_summed_up_and_nothing_else(cli, write) -> None:
    policy = load(write(NEWS))

    ended = cli("check")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("consent.toml: fine\n")
    for part in (
        "News (https://news.example)",
        "analytics (opt-in)",
        "stats",
        "180 days",
        policy.version,
        policy.asked,
    ):
        assert part in ended.out


ALL = "".join(f"[purposes.{name}]\n" for name in ("functional", "marketing"))


def test_what_is_shut_for_good_is_told_with_the_number_of_services_and_how_to_see_them(cli, write) -> None:
    write(NEWS)
    many = int(
        re.findall(r"note: unlisted = \"gate\": (\d+) services that the catalogue knows", cli("check").out)[0]
    )

    write(f'use = ["google-analytics"]\n{NEWS}')
    out = cli("check").out

    assert many > 150
    assert (
        f"{many - 1} services that the catalogue knows and this policy does not name are shut for good" in out
    )
    assert "consentkit services search lists them" in out


def test_captcha_payment_and_cdn_services_are_not_among_those_that_are_shut(cli, write) -> None:
    write(NEWS)
    gated = [
        name for name, entry in catalogue().entries.items() if entry.kind not in ("captcha", "payment", "cdn")
    ]

    assert f'"gate": {len(gated)} services' in cli("check").out


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (NEWS, 'note: csp = "off": only what stands in the page\'s markup is gated'),
        (NEWS, "note: services.stats: sets no cookies; receives the IP address.\n"),
        (
            f'use = ["google-fonts"]\n{NEWS}{ALL}',
            "note: services.google-fonts: sets no cookies; receives the IP address.\n",
        ),
        (
            NEWS.replace("stats]", "youtube]"),
            'note: services.youtube: the site\'s own words alone; use = ["youtube"] would',
        ),
    ],
    ids=["csp off", "no cookies", "no cookies, from the catalogue", "a known id not used"],
)
def test_what_a_policy_comes_to_is_noted_without_a_warning(cli, write, text: str, note: str) -> None:
    write(text)

    ended = cli("check")

    assert ended.code == 0
    assert note in ended.out
    assert "services.youtube" not in ended.err


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (f'csp = "report"\n{NEWS}', "csp ="),
        (f'unlisted = "allow"\n{NEWS}', "unlisted ="),
        (f'{NEWS}cookies = [{{ name = "_s" }}]\n', "sets no cookies"),
        (f'{NEWS}storage = ["s"]\n', "sets no cookies"),
        (NEWS.replace('hosts = ["stats.example"]', 'addresses = ["/stats/"]'), "sets no cookies"),
    ],
    ids=["csp on", "unlisted allowed", "cookies", "storage", "on the site's own host"],
)
def test_what_does_not_hold_is_not_noted(cli, write, text: str, note: str) -> None:
    write(text)

    assert f"note: {note}" not in cli("check").out
    assert f": {note}" not in cli("check").out


def test_a_cookie_of_the_catalogue_that_lives_longer_than_browsers_allow_is_its_vendors_affair(
    cli, write
) -> None:
    write(f'use = ["youtube"]\n{NEWS}[purposes.marketing]\n')

    assert cli("check").err == ""


def test_a_lifetime_beyond_what_browsers_keep_is_told_with_what_will_hold(cli, write) -> None:
    write(f'lifetime = "730d"\n{NEWS}')

    ended = cli("check")

    assert ended.code == 0
    assert ended.err == (
        "warning: consent.toml:1: lifetime: found 730 days; "
        "expected at most 400 days: browsers keep no cookie longer, so 400 days is what will hold.\n"
    )
    assert "lifetime  400 days" in ended.out


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            f'{NEWS}cookies = [{{ name = "_s", lifetime = "2y" }}]\n',
            "12: services.stats.cookies.0.lifetime: found 730 days",
        ),
        (f"{NEWS}[purposes.ads]\n", "12: purposes.ads: found no service with this purpose"),
        (
            NEWS.replace('hosts = ["stats.example"]\n', ""),
            "8: services.stats: found a service without hosts and cookies",
        ),
        (NEWS.partition("[services")[0], "services: found none"),
        (f'unlisted = "allow"\n{NEWS}', '1: unlisted: found "allow"; expected "gate"'),
        (
            f'use = ["google-analytics"]\nconsent_mode = "advanced"\n{NEWS}',
            '2: consent_mode: found "advanced"; expected "basic": google-analytics would run for visitors who refused',
        ),
    ],
    ids=[
        "cookie lifetime",
        "purpose unused",
        "service unseen",
        "no services",
        "unlisted allowed",
        "advanced mode",
    ],
)
def test_what_is_probably_not_meant_is_a_warning(cli, write, text: str, warning: str) -> None:
    write(text)

    ended = cli("check")

    assert ended.code == 0
    assert warning in ended.err
    assert len(ended.err.splitlines()) == 1


def test_what_just_holds_is_no_warning(cli, write) -> None:
    write(f'lifetime = "400d"\n{NEWS}cookies = [{{ name = "_s", lifetime = "400d" }}, {{ name = "_t" }}]\n')

    assert cli("check")[::2] == (0, "")


def test_forty_services_fit_into_the_cookie(cli, write) -> None:
    write(many_services(39))

    assert cli("check").code == 0


def test_more_services_than_the_cookie_can_hold_is_an_error(cli, write) -> None:
    write(many_services(90))

    ended = cli("check")

    assert (ended.code, ended.out) == (2, "")
    assert "error: consent.toml:8: services: found 1 purposes and 91 services, a cookie of up to" in ended.err


def test_everything_wrong_with_a_file_is_told_and_nothing_summed_up(cli, write) -> None:
    write(f"layuot = 1\nlifetime = 0\n{NEWS}")

    ended = cli("check")

    assert (ended.code, ended.out) == (2, "")
    assert [line.partition(": found")[0] for line in ended.err.splitlines()] == [
        "error: consent.toml:1: layuot",
        "error: consent.toml:2: lifetime",
    ]


def test_words_that_the_notice_does_not_know_are_refused_with_their_line(cli, write) -> None:
    write(f'{NEWS}[texts.en]\ntitle = "Cookies"\ntitel = "Cookies"\n')

    ended = cli("check")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: consent.toml:14: texts.en.titel: found titel; expected ")
    assert "Did you mean title?" in ended.err


def test_a_file_that_is_no_toml_is_told_so(cli, write) -> None:
    write('x = "\n')

    ended = cli("check")

    assert ended.code == 2
    assert ended.err.startswith("error: consent.toml:1:6: found text that is not TOML")


def test_a_missing_file_could_not_be_checked(cli) -> None:
    ended = cli("check", "gone.toml")

    assert ended.code == 2
    assert ended.err.startswith("error: gone.toml: found no such file")


def test_control_bytes_of_a_policy_never_reach_the_terminal(cli, write) -> None:
    write(f'"\\u001b]0;owned\\u0007" = "\\u001b[2J"\n{NEWS}')

    ended = cli("check")

    assert ended.code == 2
    assert ended.err.replace("\n", "").isprintable()


def report(cli, *arguments: str) -> tuple[int, dict[str, Any]]:
    ended = cli("check", "--json", *arguments)
    assert ended.err == ""
    return ended.code, json.loads(ended.out)


def test_a_fine_policy_as_json(cli, write) -> None:
    policy = load(write(NEWS))

    code, told = report(cli)

    assert code == 0
    assert told == {
        "file": "consent.toml",
        "ok": True,
        "site": {"name": "News", "address": "https://news.example"},
        "regimes": {"necessary": "exempt", "analytics": "opt-in"},
        "services": ["stats"],
        "lifetime": 15_552_000,
        "cookie": {"largest": told["cookie"]["largest"], "limit": 1024},
        "version": policy.version,
        "asked": policy.asked,
        "errors": [],
        "warnings": [],
        "notes": told["notes"],
        "findings": [],
    }
    assert 100 < told["cookie"]["largest"] < 1024


def test_a_bad_policy_as_json(cli, write) -> None:
    write(f"layuot = 1\n{NEWS}")

    code, told = report(cli)

    assert (code, told["ok"]) == (2, False)
    [error] = told["errors"]
    assert (error["key"], error["line"], error["nearest"]) == ("layuot", 1, "layout")
    assert told["warnings"] == []


def test_warnings_as_json_leave_it_fine(cli, write) -> None:
    write(f'lifetime = "2y"\n{NEWS}')

    code, told = report(cli)

    assert (code, told["ok"], told["lifetime"]) == (0, True, 400 * 86_400)
    assert [warning["key"] for warning in told["warnings"]] == ["lifetime"]
    assert told["errors"] == []


WALL = f'{NEWS}[texts.en]\nopt-in = "You must accept cookies to read this."\n'


def test_an_error_of_a_rule_ends_with_1_and_names_rule_and_line(cli, write) -> None:
    write(WALL)

    ended = cli("check")

    assert ended.code == 1
    assert ended.err.startswith('error: R14 wall: consent.toml:13: texts.en.opt-in: found "must accept"')
    assert "consent.toml: not fine" in ended.out


def test_a_warning_of_a_rule_ends_with_0(cli, write) -> None:
    write(f'jurisdictions = ["FR"]\nlifetime = "300d"\n{NEWS}')

    ended = cli("check")

    assert ended.code == 0
    assert ended.err == (
        "warning: R24 life-too-long: consent.toml:2: lifetime: found 300 days; "
        "expected at most 180 days, to which it is cut. (FR)\n"
    )


def test_an_override_is_noted_with_its_reason(cli, write) -> None:
    reason = "Assessed on a Monday."
    write(f'jurisdictions = ["FR"]\n{NEWS}[overrides.FR]\nanalytics = "opt-out"\nreason = "{reason}"\n')

    ended = cli("check")

    assert (ended.code, ended.err) == (0, "")
    assert re.search(rf"note: R44 overridden: .*analytics opt-out; .*{reason}", ended.out)


def test_findings_as_json(cli, write) -> None:
    write(WALL)

    code, told = report(cli)

    assert (code, told["ok"]) == (1, False)
    [finding] = told["findings"]
    assert (finding["rule"], finding["severity"], finding["line"]) == ("R14", "error", 13)


@pytest.mark.parametrize(("text", "code"), [(NEWS, 0), (WALL, 1), (f"layuot = 1\n{NEWS}", 2)])
def test_sarif_ends_as_text_does(cli, write, text: str, code: int) -> None:
    write(text)

    ended = cli("check", "--format", "sarif")

    results = json.loads(ended.out)["runs"][0]["results"]
    assert (ended.code, ended.err) == (code, "")
    assert [result["level"] for result in results] == ["error"] * (code > 0)


def test_a_format_that_is_none_is_refused(cli, write) -> None:
    write(NEWS)

    ended = cli("check", "--format", "xml")

    assert (ended.code, ended.out) == (2, "")
    assert "--format: found xml; expected text, json or sarif" in ended.err


def test_templates_of_the_site_are_judged(cli, write, tmp_path: Path) -> None:
    write(NEWS)
    own = tmp_path / "own" / "notice"
    own.mkdir(parents=True)
    (own / "notice.html").write_text('<section id="consentkit-banner"><button value="accept">Yes</button>')

    ended = cli("check", "--templates", "own")

    assert ended.code == 1
    assert "error: R01 reject-absent: " in ended.err


@pytest.mark.parametrize(("html", "told"), [("{% if %}", "TemplateSyntaxError"), (None, "expected a folder")])
def test_templates_that_cannot_be_drawn_could_not_be_checked(
    cli, write, tmp_path: Path, html: str | None, told: str
) -> None:
    write(NEWS)
    if html:
        (tmp_path / "own" / "notice").mkdir(parents=True)
        (tmp_path / "own" / "notice" / "notice.html").write_text(html)

    ended = cli("check", "--templates", "own")

    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


@pytest.mark.browser
def test_a_notice_is_measured_in_a_browser_where_that_is_asked_for(cli, write, tmp_path: Path) -> None:
    write(NEWS)
    ours = (TEMPLATES / "notice/notice.html").read_text("utf-8")
    own = tmp_path / "own" / "notice"
    own.mkdir(parents=True)
    thin = ours.replace("</form>", "<style>#consentkit-reject { font-weight: 400 }</style></form>", 1)
    (own / "notice.html").write_text(thin, "utf-8")

    unseen = cli("check", "--templates", "own")
    seen = cli("check", "--templates", "own", "--render")

    assert (unseen.code, unseen.err) == (0, "")
    assert "warning: R04 reject-smaller: " in seen.err
    assert "looked at in Chromium: " in seen.out
    assert "looked at" not in unseen.out


def test_services_that_the_log_has_seen_are_told(cli, write, tmp_path: Path) -> None:
    write(NEWS)
    log = AuditLog(f"sqlite:///{tmp_path / 'consent.db'}")
    log.add_counts({("gate", "hotjar", "host"): 3, ("unknown", "youtube", "host"): 3})
    asyncio.run(log.close())

    ended = cli("check", "--audit", "sqlite:///consent.db")

    assert ended.code == 0
    assert ended.err.startswith("warning: R45 unlisted-seen: consent.toml: use: found hotjar, seen 3 times")
    assert "youtube" not in ended.err


def test_a_log_that_is_not_there_could_not_be_checked(cli, write) -> None:
    write(NEWS)

    ended = cli("check", "--audit", "sqlite:///gone.db")

    assert (ended.code, ended.out) == (2, "")
