"""``consentkit cookie``: what one of our cookies says, to whom it may say it."""

from pathlib import Path

import pytest

from consentkit.cli.init import new_key
from consentkit.core.cookie import CookieCodec
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.policyfile import load_text

KEY = new_key()
TEXT = """\
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
purposes = ["analytics"]
[services.films]
vendor = "Films Ltd"
purposes = ["marketing"]
"""
NOW = 1_795_600_000


def made(policy: Policy, choice: Choice) -> str:
    outcome = decide(policy, choice, now=NOW, visitor="visitor-of-ours-123456")
    assert isinstance(outcome, Outcome)
    return CookieCodec([KEY], policy.site.address).dump(outcome.decision).decode()


@pytest.fixture
def value(tmp_path: Path) -> str:
    (tmp_path / "consent.toml").write_text(TEXT, encoding="utf-8")
    choice = Choice(Act.SAVE, frozenset({"analytics"}), {"films": True})
    return made(load_text(TEXT), choice)


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch, cli, value: str):
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", KEY)
    return cli


def test_a_good_cookie_is_told_by_name(keyed, value: str) -> None:
    ended = keyed("cookie", value)

    assert (ended.code, ended.err) == (0, "")
    told = dict(line.strip().split("  ", 1) for line in ended.out.splitlines()[1:])
    told = {name: text.strip() for name, text in told.items()}
    assert ended.out.startswith("signature good\n")
    assert told == {
        "purposes": "analytics yes, marketing no",
        "services": "films yes",
        "decided": "2026-11-25 09:46:40+00:00",
        "expires": "2027-05-24 09:46:40+00:00",
        "policy": f"{load_text(TEXT).version[:16]} (this one)",
        "asked again": "nothing",
        "under a signal": "no",
        "visitor": "visitor-of-ours-123456",
    }


@pytest.mark.parametrize(
    "form", ["{}", " {}\n", "consentkit={}", "__Host-consentkit={}", "Cookie: __Host-consentkit={}"]
)
def test_a_value_may_be_pasted_with_its_name_or_piped(keyed, value: str, form: str) -> None:
    assert keyed("cookie", form.format(value)).code == 0
    assert keyed("cookie", "-", stdin=form.format(value)).code == 0


def test_a_cookie_signed_by_an_older_key_is_still_good(
    keyed, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", f"{new_key()} {KEY}")

    assert keyed("cookie", value).code == 0


def test_without_a_key_it_is_shown_and_marked_unverified(cli, value: str) -> None:
    ended = cli("cookie", value)

    assert ended.code == 0
    assert ended.out.startswith("unverified: set CONSENTKIT_SECRET_KEY")
    assert "analytics yes, marketing no" in ended.out


def test_another_version_of_the_policy_is_told_with_what_will_be_asked(
    keyed, value: str, tmp_path: Path
) -> None:
    (tmp_path / "consent.toml").write_text(
        TEXT.replace("Stats Ltd", "Other Ltd") + "[purposes.maps]\n", encoding="utf-8"
    )

    out = keyed("cookie", value).out

    assert "(another version)" in out
    assert "asked again     maps, stats\n" in out


def test_a_changed_value_is_found_wrong(keyed, value: str) -> None:
    ended = keyed("cookie", value.replace("!marketing", "+marketing"))

    assert (ended.code, ended.out) == (1, "")
    assert "signature does not fit" in ended.err


@pytest.mark.parametrize("bad", ["", "x", "1~2~3", "é", "\x1b[2J", "." * 3, "x" * 5000])
def test_what_is_no_cookie_of_ours_is_found_wrong_with_and_without_a_key(
    keyed, monkeypatch, bad: str
) -> None:
    with_key = keyed("cookie", "--", bad)
    monkeypatch.delenv("CONSENTKIT_SECRET_KEY")
    without = keyed("cookie", "--", bad)

    for ended in (with_key, without):
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.replace("\n", "").isprintable()


def test_a_time_that_no_calendar_has_is_shown_as_a_number(cli, value: str) -> None:
    far = value.replace(str(NOW), "999999999999")

    ended = cli("cookie", far)

    assert ended.code == 0
    assert "999999999999 seconds after 1970" in ended.out


@pytest.mark.parametrize("key", ["short", "change-me-change-me-change-me-change-me"])
def test_a_key_that_the_server_would_refuse_is_refused_without_being_shown(
    keyed, value: str, monkeypatch, key: str
) -> None:
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", key)

    ended = keyed("cookie", value)

    assert ended.code == 2
    assert "secret key" in ended.err
    assert key not in ended.err


def test_without_a_value_or_a_policy_it_cannot_look(cli, tmp_path: Path) -> None:
    assert cli("cookie").code == 2
    ended = cli("cookie", "x", "--policy", "gone.toml")

    assert ended.code == 2
    assert "gone.toml: found no such file" in ended.err


def test_a_new_key_is_one_that_the_server_takes(cli) -> None:
    ended = cli("cookie", "--new-key")

    assert ended.code == 0
    assert CookieCodec([ended.out.strip()], "https://news.example")
    assert len(ended.out.strip()) == 64
