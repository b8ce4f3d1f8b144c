"""One policy: what its parts may hold, how they hang together, and what follows from them."""

from typing import Any

import pytest
from pydantic import ValidationError

from consentkit.core.duration import DAY
from consentkit.core.parts import PageRule, Purpose
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.core.service import Cookie, Service

SITE = {"name": "News", "address": "https://news.example"}
CONTROLLER = {"name": "News Ltd", "contact": "privacy@news.example"}
STATS = {"vendor": "Stats Ltd", "purposes": ["analytics"], "hosts": ["stats.example"]}


def policy(**changes: Any) -> Policy:
    return Policy.model_validate({"site": SITE, "controller": CONTROLLER, **changes})


def with_stats(**changes: Any) -> Policy:
    return policy(services={"stats": STATS | changes})


def test_a_policy_of_site_and_controller_asks_the_four_purposes_under_the_strictest_regime() -> None:
    made = policy()

    assert list(made.purposes) == ["necessary", "functional", "analytics", "marketing"]
    assert made.askable == ("functional", "analytics", "marketing")
    assert made.strictest_regime is Regime.OPT_IN
    assert made.grant_lifetime == made.cookie_lifetime == 180 * DAY


def test_a_purposes_own_regime_goes_before_the_policys() -> None:
    made = policy(
        regime="opt-out",
        purposes={"analytics": {"regime": "exempt"}, "ads": {}, "maps": {"regime": "opt-in"}},
    )

    assert dict(made.regimes) == {
        "necessary": Regime.EXEMPT,
        "analytics": Regime.EXEMPT,
        "ads": Regime.OPT_OUT,
        "maps": Regime.OPT_IN,
    }
    assert made.askable == ("ads", "maps")
    assert made.strictest_regime is Regime.OPT_IN


def test_necessary_is_there_and_exempt_even_where_the_policy_leaves_it_out_or_regime_is_strict() -> None:
    assert policy(purposes={}).regimes == {"necessary": Regime.EXEMPT}
    assert policy(regime="opt-in", purposes={"necessary": {}}).regimes == {"necessary": Regime.EXEMPT}


def test_necessary_stands_where_the_policy_puts_it() -> None:
    assert list(policy(purposes={"ads": {}, "necessary": {}}).regimes) == ["ads", "necessary"]
    assert list(policy(purposes={"ads": {}}).regimes) == ["necessary", "ads"]


@pytest.mark.parametrize("regime", ["opt-in", "opt-out", "notice"])
def test_necessary_may_state_no_regime_but_exempt(regime: str) -> None:
    with pytest.raises(ValidationError, match="what is necessary is always on"):
        policy(purposes={"necessary": {"regime": regime}})

    assert policy(purposes={"necessary": {"regime": "exempt"}}).regimes["necessary"] is Regime.EXEMPT


def test_a_whole_policy_cannot_be_exempt() -> None:
    with pytest.raises(ValidationError, match="one purpose may be exempt, a whole policy never"):
        policy(regime="exempt")


def test_an_opt_out_signal_closes_marketing_and_what_services_sell() -> None:
    services = {"stats": STATS | {"sells": True}, "map": {"vendor": "M", "purposes": ["functional"]}}

    assert policy(services=services).selling == {"analytics", "marketing"}
    assert policy(purposes={"analytics": {}}, services={"stats": STATS}).selling == frozenset()


def test_a_service_must_name_purposes_of_the_policy() -> None:
    with pytest.raises(
        ValidationError, match=r"services\.stats\.purposes\.0: found \"analytic\".*mean analytics"
    ):
        with_stats(purposes=["analytic"])


@pytest.mark.parametrize("name", ["marketing", "necessary"])
def test_a_service_and_a_purpose_cannot_share_a_name(name: str) -> None:
    with pytest.raises(ValidationError, match="a name that no purpose has"):
        policy(purposes={"analytics": {}, "marketing": {}}, services={name: STATS})


@pytest.mark.parametrize(
    "host",
    [
        "stats.example",
        "*.stats.example",
        "a-b.stats.example",
        "xn--bcher-kva.example",
        "localhost:8001",
        "_dmarc.x.example",
    ],
)
def test_host_names_are_taken_in_lower_case(host: str) -> None:
    assert with_stats(hosts=[host]).services["stats"].hosts == (host,)


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "*",
        "*.",
        "**.stats.example",
        "stats.*",
        "https://stats.example",
        "//stats.example",
        "stats.example/",
        "stats.example.",
        ".stats.example",
        "stats..example",
        "Stats.example",
        "stats.example:",
        "stats.example:0",
        "bücher.example",
        "stats.example\n",
        "stats example",
    ],
)
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="a host name in lower case"):
        with_stats(hosts=[host])


@pytest.mark.parametrize(
    ("address", "host", "own"),
    [
        ("https://news.example", "news.example", True),
        ("https://news.example", "*.example", True),
        ("https://news.example:443", "news.example", True),
        ("http://news.example:80", "news.example", True),
        ("http://news.example:8000", "news.example:8000", True),
        ("https://news.example", "*.news.example", False),
        ("https://news.example", "stats.news.example", False),
        ("https://news.example", "ws.example", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8001", False),
    ],
)
def test_the_sites_own_host_is_a_service_only_by_its_paths(address: str, host: str, own: bool) -> None:
    site = SITE | {"address": address}
    whole = {"stats": STATS | {"hosts": [host]}}
    part = {"stats": STATS | {"hosts": [host], "paths": ["/collect"]}}

    assert policy(site=site, services=part)
    if own:
        with pytest.raises(ValidationError, match="the site's own host"):
            policy(site=site, services=whole)
    else:
        assert policy(site=site, services=whole)


def test_the_root_path_makes_no_part_of_the_sites_own_host() -> None:
    with pytest.raises(ValidationError, match="the site's own host"):
        with_stats(hosts=["news.example"], paths=["/collect", "/"])


def test_paths_need_hosts_to_be_paths_of() -> None:
    with pytest.raises(ValidationError, match="paths without hosts"):
        with_stats(hosts=[], paths=["/collect"])


@pytest.mark.parametrize(
    "address",
    ["https://news.example", "http://127.0.0.1:8000", "http://localhost:8000", "https://[2001:db8::1]:8443"],
)
def test_a_sites_address_is_an_origin(address: str) -> None:
    assert policy(site=SITE | {"address": address}).site.address == address


@pytest.mark.parametrize(
    "address",
    [
        "news.example",
        "https://",
        "https://news.example/",
        "https://news.example?x",
        "https://me@news.example",
        "https://News.example",
        "ftp://news.example",
        "https://news.example\n",
        "https://news.example:0",
    ],
)
def test_what_is_no_origin_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="an origin in lower case"):
        policy(site=SITE | {"address": address})


@pytest.mark.parametrize(
    "link", ["https://stats.example/privacy", "http://stats.example", "/privacy", "/", "/a?b=c#d"]
)
def test_links_are_web_addresses_or_paths(link: str) -> None:
    assert policy(privacy_url=link).privacy_url == link


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "//evil.example",
        "/\\evil.example",
        "privacy",
        "data:text/html,x",
        " /privacy",
        "/pri\tvacy",
        "",
    ],
)
def test_links_that_a_browser_might_run_or_follow_elsewhere_are_refused(link: str) -> None:
    with pytest.raises(ValidationError, match="a web address"):
        policy(privacy_url=link)


def test_a_cookie_has_a_name_or_a_pattern() -> None:
    with pytest.raises(ValidationError, match="a name or a pattern"):
        Cookie()
    with pytest.raises(ValidationError, match="not both"):
        Cookie(name="_a", pattern="^_a$")


@pytest.mark.parametrize("name", ["consentkit", "__Host-consentkit", "__Host-consentkit-hint"])
def test_our_own_cookie_is_no_services(name: str) -> None:
    with pytest.raises(ValidationError, match="consentkit's own"):
        Cookie(name=name)


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "ä", "a\n", 'a"b'])
def test_a_cookie_name_is_a_token(name: str) -> None:
    with pytest.raises(ValidationError, match="the name of a cookie"):
        Cookie(name=name)


@pytest.mark.parametrize(
    ("cookie", "name", "meant"),
    [
        (Cookie(name="_ga"), "_ga", True),
        (Cookie(name="_ga"), "_gat", False),
        (Cookie(name="_ga"), "_GA", False),
        (Cookie(pattern="^_ga_[A-Z]+$"), "_ga_AB", True),
        (Cookie(pattern="^_ga_[A-Z]+$"), "_ga_AB\n", False),
        (Cookie(pattern="^_ga_[A-Z]+$"), "x_ga_AB", False),
        (Cookie(pattern="^(_ga|_gid)$"), "_gid", True),
    ],
)
def test_a_cookie_is_meant_by_its_whole_name(cookie: Cookie, name: str, meant: bool) -> None:
    assert cookie.matches(name) is meant


@pytest.mark.parametrize("tag", ["en", "fr-CA", "zh-Hant", "ar"])
def test_texts_are_kept_by_language_tag(tag: str) -> None:
    assert policy(texts={tag: {"accept": "Accept"}}).texts[tag]["accept"] == "Accept"


@pytest.mark.parametrize("tag", ["", "English", "EN", "en_GB", "e", "en-"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError, match="a language tag"):
        policy(texts={tag: {"accept": "Accept"}})
    with pytest.raises(ValidationError, match="a language tag"):
        Purpose(title={tag: "Ads"})


@pytest.mark.parametrize("name", ["", " ", "a\x1b[2J", "a\nb", "a\x00", "a\x85", "a" * 201])
def test_names_are_one_line_without_control_characters(name: str) -> None:
    with pytest.raises(ValidationError, match="text in one line"):
        policy(site=SITE | {"name": name})


def test_names_may_be_in_any_script() -> None:
    assert policy(site=SITE | {"name": "الأخبار — Žurnāls №1"}).site.name == "الأخبار — Žurnāls №1"


@pytest.mark.parametrize("lifetime", [0, -1, "0d", "101y", True, 1.5, "soon"])
def test_a_lifetime_is_a_length_of_time_between_a_second_and_a_century(lifetime: Any) -> None:
    with pytest.raises(ValidationError):
        policy(lifetime=lifetime)


@pytest.mark.parametrize(("lifetime", "days"), [("730d", 400), ("400d", 400), ("6mo", 180)])
def test_the_cookie_is_kept_for_the_policys_lifetime_and_no_longer_than_browsers_keep_one(
    lifetime: str, days: int
) -> None:
    assert policy(lifetime=lifetime).cookie_lifetime == days * DAY


@pytest.mark.parametrize(
    "part",
    [{"lifetme": "90d"}, {"site": SITE | {"url": "x"}}, {"services": {"stats": STATS | {"host": "x"}}}],
)
def test_a_key_that_nobody_reads_is_refused(part: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        policy(**part)


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        policy().layout = "box"  # type: ignore[misc]


def test_a_changed_copy_is_judged_and_hashed_anew() -> None:
    original = policy()
    assert original.version
    assert original.strictest_regime is Regime.OPT_IN

    copy = original.model_copy(update={"regime": "notice"})

    assert copy.version != original.version
    assert copy.strictest_regime is Regime.NOTICE
    with pytest.raises(ValidationError):
        original.model_copy(update={"layout": "banner"})


def test_the_first_page_rule_that_matches_holds() -> None:
    made = policy(
        pages=[
            {"match": "/legal/help", "notice": "inline"},
            {"match": "/legal/*", "notice": "never"},
            {"match": "/legal/x", "notice": "inline"},
        ]
    )

    assert made.notice_rule("/legal/help") == "inline"
    assert made.notice_rule("/legal/x") == "never"
    assert made.notice_rule("/") == "default"
    assert policy().notice_rule("/legal/x") == "default"


def test_a_page_rule_says_where_and_what() -> None:
    with pytest.raises(ValidationError):
        PageRule.model_validate({"match": "legal", "notice": "never"})
    with pytest.raises(ValidationError):
        PageRule.model_validate({"match": "/legal", "notice": "hidden"})


def test_a_service_runs_for_at_least_one_purpose() -> None:
    with pytest.raises(ValidationError, match="purposes"):
        Service(vendor="Stats Ltd", purposes=())


def test_two_vendors_may_stand_behind_one_path_of_the_sites_own_host_and_nowhere_else() -> None:
    def shared(address: str) -> Policy:
        stats, ads = (
            STATS | {"addresses": [address]},
            STATS | {"vendor": "Ads Ltd", "hosts": [], "addresses": [address]},
        )
        return policy(services={"stats": stats, "ads": ads})

    assert shared("/metrics/").services.keys() == {"stats", "ads"}
    assert shared("news.example/metrics/")
    with pytest.raises(
        ValidationError, match=r"services\.ads\.addresses\.0: found .*, an address of stats too"
    ):
        shared("cdn.example/metrics/")


def test_what_a_host_with_paths_means_is_what_the_written_out_addresses_mean() -> None:
    services = {
        "stats": STATS | {"hosts": ["cdn.example"], "paths": ["/a", "/b"]},
        "ads": STATS | {"vendor": "Ads Ltd", "hosts": [], "addresses": ["cdn.example/b"]},
    }

    with pytest.raises(
        ValidationError, match=r"services\.ads\.addresses\.0: found .*, an address of stats too"
    ):
        policy(services=services)


def test_a_name_below_a_country_is_judged_in_every_country() -> None:
    with pytest.raises(ValidationError, match=r'"co\.\*", a public suffix'):
        with_stats(addresses=["co.*"])

    assert with_stats(addresses=["www.google.*", "*.google.*"])
