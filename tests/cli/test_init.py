"""``consentkit init``: a policy that works at once, its comments the model's own words."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from consentkit.cli.init import new_key
from consentkit.cli.starter import starter
from consentkit.core.cookie import CookieCodec
from consentkit.core.parts import Controller, Override, PageRule, Purpose, Site
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.core.service import Cookie, Loader, Service
from consentkit.core.theme import Colours, Theme
from consentkit.policyfile import load, load_text
from consentkit.web.words import words_of

MODELS = (Policy, Site, Controller, Purpose, Service, Cookie, Loader, PageRule, Override, Theme, Colours)
UNCOMMENTED = re.sub(r"^#(?=[a-z\[])", "", starter(), flags=re.MULTILINE)


def test_the_file_that_init_writes_is_a_policy_and_check_calls_it_fine(cli, tmp_path: Path) -> None:
    assert cli("init").code == 0

    policy = load(tmp_path / "consent.toml")
    assert list(policy.purposes) == ["necessary", "functional", "analytics", "marketing"]
    assert policy.services == {}
    assert policy.strictest_regime is Regime.OPT_IN
    assert cli("check").code == 0


def test_with_every_example_switched_on_it_is_still_a_policy() -> None:
    policy = load_text(UNCOMMENTED)

    assert list(policy.services) == ["google-analytics", "youtube", "stats"]
    assert [cookie.name or cookie.pattern for cookie in policy.services["stats"].cookies] == [
        "_stats",
        "^_stats_[0-9]+$",
    ]
    assert policy.notice_rule("/legal/terms") == "never"
    assert words_of(policy)["en"]("opt-in-accept") == "Accept"


def test_a_default_that_is_shown_is_the_default() -> None:
    shown, plain = load_text(UNCOMMENTED), load_text(starter())

    examples = {
        "use",
        "regime",
        "reason",
        "csp_sources",
        "languages",
        "retention",
        "privacy_url",
        "imprint_url",
        "lifetime",
    }
    tables = {"site", "controller", "overrides", "purposes", "services", "pages", "texts", "theme"}
    for name in Policy.model_fields.keys() - examples - tables:
        assert getattr(shown, name) == getattr(plain, name)
    stats = shown.services["stats"]
    assert (stats.sells, stats.consent_mode, stats.loaders[0].within) == (False, False, 2000)


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("model", MODELS)
def test_every_key_of_the_model_stands_in_it_with_the_models_own_words(model: type[BaseModel]) -> None:
    comments = " ".join(line.removeprefix("# ") for line in starter().splitlines() if line.startswith("# "))

    assert set(model.model_fields) <= _keys(tomllib.loads(UNCOMMENTED))
    for field in model.model_fields.values():
        assert " ".join((field.description or "?").split()) in comments


def test_what_comes_next_is_told_with_a_key_that_the_server_takes(cli) -> None:
    out = cli("init", "site.toml").out

    assert 'app.add_middleware(ConsentMiddleware, policy="site.toml")' in out
    [key] = re.findall(r"CONSENTKIT_SECRET_KEY=(\S+)", out)
    assert CookieCodec([key], "https://news.example")


def test_no_two_keys_are_the_same() -> None:
    assert len({new_key() for _ in range(50)}) == 50


def test_a_file_that_is_there_is_kept_unless_told_otherwise(cli, tmp_path: Path) -> None:
    file = tmp_path / "consent.toml"
    file.write_text("mine", encoding="utf-8")

    ended = cli("init")

    assert ended.code == 2
    assert "--force" in ended.err
    assert file.read_text(encoding="utf-8") == "mine"
    assert cli("init", "--force").code == 0
    assert file.read_text(encoding="utf-8") == starter()


@pytest.mark.parametrize("name", ["gone/consent.toml", ".", "x" * 5000, "gone\x1b]0;owned\x07/x"])
def test_where_nothing_can_be_written_is_said_so(cli, name: str) -> None:
    ended = cli("init", name, "--force")

    assert ended.code == 2
    assert "cannot be written" in ended.err
    assert ended.err.removesuffix("\n").isprintable()
