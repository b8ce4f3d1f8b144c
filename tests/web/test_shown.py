"""What a law, a signal and a change of the policy make a visitor see."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.asgi import POLICY, get, serving
from tests.fixtures import Wrap

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Decision, Outcome, decide
from consentkit.core.jurisdiction import Binding, Fact, Shown
from consentkit.core.policy import Policy
from consentkit.core.regime import Regime
from consentkit.core.terms import Terms
from consentkit.jurisdictions import atlas
from consentkit.web import client
from consentkit.web.notice import NoticeBook, View
from consentkit.web.pages import Pages
from consentkit.web.served import draw

DAY = date(2026, 11, 25)
SAMPLE: dict[str, Any] = {
    "site": {"name": "The Lantern", "address": "https://lantern.example"},
    "controller": {"name": "Lantern Press", "contact": "privacy@lantern.example"},
    "purposes": {"analytics": {}, "marketing": {}},
    "services": {
        "stats": {"title": "Counter", "vendor": "Counting Ltd", "purposes": ["analytics"]},
        "films": {"title": "Films", "vendor": "Film House", "purposes": ["marketing"]},
    },
}
MORE: dict[str, Any] = {
    **SAMPLE["services"],
    "adverts": {"title": "Adverts", "vendor": "Ad House", "purposes": ["marketing"]},
}
PAGE = b"<!doctype html><html><head></head><body><p>Hello</p></body></html>"
VIEW = View(next="/p", view="v1", inline=True)


def policy_under(code: str | None, *, changes: dict[str, Any] | None = None, **rule: Any) -> Policy:
    """The sample policy under a row, some of whose values may be others."""
    policy = Policy.model_validate({**SAMPLE, **(changes or {})})
    if code is None:
        return policy
    return policy.under(Terms(code, atlas().rows[code].on(DAY).model_copy(update=rule), code))


def seen_by(
    policy: Policy, decision: Decision | None = None, *, gpc: bool = False, **view: Any
) -> tuple[str, str]:
    """The notice and the preferences page of a visitor."""
    book = NoticeBook(policy)
    consent = resolve(policy, Signals(gpc=gpc), decision, 10)
    here = replace(VIEW, **view)
    page = Pages(policy, book).preferences(consent, here).body.decode("ascii")
    return book.body(consent, here).decode("ascii"), page


def said(policy: Policy, act: Act, *, signalled: bool = False, **choice: Any) -> Decision:
    outcome = decide(policy, Choice(act, **choice), now=0, visitor="v", signalled=signalled)
    assert isinstance(outcome, Outcome)
    return outcome.decision


def switches(page: str) -> dict[str, bool]:
    return {
        name: " checked" in rest
        for name, rest in re.findall(r'<input type="checkbox" name="purpose" value="([a-z]+)"([^>]*)>', page)
    }


STATUS = re.compile(r'<p class="signal" role="status"( hidden)?>')


@pytest.mark.parametrize("code", [None, "EU", "US", "US-CA"])
def test_an_honored_signal_is_said_beside_the_control_and_never_in_the_banner(code: str | None) -> None:
    policy = policy_under(code)
    notice, page = seen_by(policy, gpc=True)

    status = STATUS.search(notice)

    assert status
    assert not status[1]
    assert 'role="status">Opt-out request honored</p>' in page
    banner = re.search(r"<section.*</section>", notice)
    assert "Opt-out request honored" not in (banner[0] if banner else "")
    assert not STATUS.search(seen_by(policy)[0])


def test_it_is_said_after_a_refusal_and_not_after_a_yes_in_its_presence() -> None:
    policy = policy_under("US-CA")

    refused, _ = seen_by(policy, said(policy, Act.REJECT), gpc=True)
    allowed, page = seen_by(policy, said(policy, Act.ACCEPT, signalled=True), gpc=True)

    assert STATUS.search(refused)[1] is None  # type: ignore[index]
    assert STATUS.search(allowed)[1] == " hidden"  # type: ignore[index]
    assert "Opt-out request honored" not in page


def test_a_signal_that_overrules_an_earlier_yes_says_so_and_leads_to_the_preferences() -> None:
    policy = policy_under("US-CA")

    notice, page = seen_by(policy, said(policy, Act.ACCEPT), gpc=True)

    assert re.search(
        r'honored <a href="/_consent/\?lang=en&amp;next=/p"[^>]*>It overrules your earlier yes', notice
    )
    assert "It overrules your earlier yes" in page
    assert switches(page) == {"analytics": True, "marketing": False}


def test_nothing_is_honored_where_nothing_is_sold() -> None:
    policy = policy_under(
        "US-CA", changes={"purposes": {"analytics": {}}, "services": {"stats": SAMPLE["services"]["stats"]}}
    )

    notice, page = seen_by(policy, gpc=True)

    assert 'class="signal"' not in notice
    assert "Opt-out request honored" not in page


def test_a_page_for_all_carries_the_status_shut_whoever_asks() -> None:
    for gpc in (True, False):
        notice, _ = seen_by(policy_under("EU"), gpc=gpc, shared=True)

        assert STATUS.search(notice)[1] == " hidden"  # type: ignore[index]

    bound = {"gpc": "where-bound"}
    assert STATUS.search(seen_by(policy_under("EU", changes=bound, gpc=Binding.NO), shared=True)[0])
    assert not STATUS.search(seen_by(policy_under(None, changes=bound), shared=True)[0])


@pytest.mark.parametrize("act", [None, *Act])
def test_the_lasting_link_stands_in_words_before_and_after_every_choice(act: Act | None) -> None:
    policy = policy_under("US-CA")

    notice, page = seen_by(policy, said(policy, act) if act else None)

    assert notice.count('id="consentkit-preferences"') == 1
    assert re.search(
        r'class="link" href="/_consent/\?lang=en&amp;next=/p"[^>]*>Your Privacy Choices<svg', notice
    )
    assert notice.endswith(">Your Privacy Choices</a></span>")
    assert page.index("Opt out of all</button>") < page.index('name="purpose"')


def test_the_site_words_the_link() -> None:
    words = {"en": {"opt-out-link": "Do Not Sell or Share My Personal Information"}}

    notice, _ = seen_by(policy_under("US-CA", changes={"texts": words}))

    assert notice.count("Do Not Sell or Share My Personal Information") == 2


def test_the_link_is_drawn_where_a_row_asks_or_on_a_page_for_all_where_any_row_does() -> None:
    policy = policy_under("EU")
    assert policy.terms
    somewhere = policy.under(replace(policy.terms, link_somewhere=True))

    assert "Your Privacy Choices" not in seen_by(policy)[0]
    assert "Your Privacy Choices" not in seen_by(policy, shared=True)[0]
    assert "Your Privacy Choices" not in seen_by(somewhere)[0]
    assert "Your Privacy Choices" in seen_by(somewhere, shared=True)[0]


def test_what_is_new_is_named_marked_and_off_and_answers_stand() -> None:
    before, now = policy_under("EU"), policy_under("EU", changes={"services": MORE})

    notice, page = seen_by(now, said(before, Act.ACCEPT))

    assert "<p>New since your choice: Adverts.</p>" in notice
    assert page.count('<span class="new">New</span>') == 1
    assert '<option value="-adverts" selected>' in page
    assert '<option value="-films">' in page
    assert switches(page) == {"analytics": True, "marketing": True}


def test_a_new_purpose_is_off_beside_what_was_answered() -> None:
    before = policy_under("EU", changes={"purposes": {"analytics": {}}, "services": {"stats": MORE["stats"]}})

    notice, page = seen_by(policy_under("EU"), said(before, Act.ACCEPT))

    assert "New since your choice: Marketing, Films." in notice
    assert 'id="purpose-marketing">Marketing <span class="new">New</span></h2>' in page
    assert 'id="purpose-analytics">Statistics</h2>' in page
    assert switches(page) == {"analytics": True, "marketing": False}
    assert '<option value="-films">' in page


def test_a_first_visitor_is_told_of_nothing_new() -> None:
    notice, page = seen_by(policy_under("EU"))

    assert "New since" not in notice
    assert 'class="new"' not in page


@pytest.mark.parametrize(
    ("code", "rule", "on"),
    [
        ("EU", {}, False),
        ("EU", {"preticked": ("analytics", "marketing")}, False),
        ("US-CA", {}, True),
        ("US-CA", {"preticked": ()}, False),
    ],
    ids=["opt-in", "not running", "opt-out", "not allowed"],
)
def test_a_switch_is_on_before_a_choice_only_where_it_runs_and_may_be(
    code: str, rule: dict[str, Any], on: bool
) -> None:
    _, page = seen_by(policy_under(code, **rule))

    assert switches(page) == {"analytics": on, "marketing": on}


def test_an_exempt_service_is_told_as_such_and_can_be_objected_to_where_the_law_says() -> None:
    stats = {**SAMPLE["services"]["stats"], "facts": ["own-measurement"]}
    # Another service of the purpose keeps it asked, else the purpose itself is exempt.
    other = {"vendor": "Other", "purposes": ["analytics"]}
    changes = {"services": {**SAMPLE["services"], "stats": stats, "other": other}}
    facts = (Fact.OWN_MEASUREMENT,)

    _, free = seen_by(policy_under("EU", changes=changes, exemptions={"analytics": facts}))
    _, may = seen_by(policy_under("EU", changes=changes, exemptions={"analytics": (*facts, Fact.OBJECTION)}))

    assert (
        free.count("Runs here without being asked for") == may.count("Runs here without being asked for") == 1
    )
    assert '<code lang="en" dir="ltr">own-measurement</code>' in free
    assert 'aria-label="Counter"' not in free
    assert "You can object to it." not in free
    assert "You can object to it." in may
    assert re.search(r'aria-label="Counter">\n<option value="">Runs unless you refuse the category', may)


def test_the_only_service_of_a_purpose_that_it_makes_exempt_is_told_as_such_with_its_facts() -> None:
    facts = ["own-measurement", "no-reuse"]
    stats = {**SAMPLE["services"]["stats"], "facts": facts}
    policy = policy_under(
        "EU", changes={"services": {**SAMPLE["services"], "stats": stats}}, exemptions={"analytics": facts}
    )

    _, page = seen_by(policy)
    notice = NoticeBook(policy).notice("en")
    served = draw(notice.document, notice.hash)

    assert policy.askable == ("marketing",)
    for told in (page, served):
        assert told.count("Runs here without being asked for") == 1
        assert "own-measurement</code> &#183; <code" in told or "own-measurement</code> · <code" in told


def test_no_service_is_told_as_exempt_that_the_site_itself_calls_so_or_no_row_asks_about() -> None:
    stats = {**SAMPLE["services"]["stats"], "facts": ["own-measurement"]}
    services = {**SAMPLE["services"], "stats": stats}
    own = {"services": services, "purposes": {"analytics": {"regime": "exempt"}, "marketing": {}}}
    facts = {"analytics": (Fact.OWN_MEASUREMENT,)}

    by_site = policy_under("EU", changes=own, exemptions=facts)
    by_row = policy_under("EU", changes={"services": services}, exemptions=facts, analytics=Regime.EXEMPT)

    assert (by_site.exempted, by_row.exempted) == ({}, {})


def test_closing_refuses_and_says_so_where_the_row_wants_a_cross() -> None:
    notice, _ = seen_by(policy_under("EU", shows=(Shown.CLOSE,)))

    assert re.search(
        r'<button id="consentkit-close" part="button" class="bar" name="action" value="reject" aria-label="Close and refuse"',
        notice,
    )
    assert "Closing this notice with the &#215; refuses everything optional." in notice
    assert "consentkit-close" not in seen_by(policy_under("EU"))[0]


def test_a_bar_that_could_go_unnoticed_is_a_box_where_the_law_wants_more() -> None:
    for layout, drawn in (("bar", "box"), ("box", "box"), ("modal", "modal")):
        book = NoticeBook(policy_under("EU", changes={"layout": layout}, shows=(Shown.UNMISSABLE,)))

        assert json.loads(book.notice("en").document)["layout"] == drawn
        assert client.sheet("control", "banner", drawn).body.decode() in seen_by(book.policy)[0]


@pytest.mark.parametrize(
    "rule",
    [{"shows": (Shown.OPT_OUT_LINK,)}, {"shows": (Shown.CLOSE,)}, {"preticked": ("analytics",)}],
    ids=["link", "cross", "preticked"],
)
def test_what_a_law_shows_changes_the_hash_and_its_name_does_not(rule: dict[str, Any]) -> None:
    plain = NoticeBook(policy_under("EU")).notice("en")
    policy = policy_under("EU")
    assert policy.terms

    assert NoticeBook(policy_under("EU", **rule)).notice("en").hash != plain.hash
    assert NoticeBook(policy.under(replace(policy.terms, code="FR"))).notice("en").hash == plain.hash
    assert NoticeBook(policy_under(None)).notice("en").hash == plain.hash


def test_a_stored_notice_is_drawn_with_its_link_its_cross_and_an_older_one_without() -> None:
    notice = NoticeBook(policy_under("US-CA", shows=(Shown.OPT_OUT_LINK, Shown.CLOSE))).notice("fr")
    older = json.loads(NoticeBook(policy_under("EU")).notice("fr").document)
    del older["law"], older["banner"]["close"]

    page = draw(notice.document, notice.hash)

    assert ">Vos choix de confidentialité</a>" in page
    assert "M'opposer à tout" in page.replace("&#39;", "'")
    assert 'id="consentkit-close"' in page
    assert 'id="consentkit-close"' not in draw(json.dumps(older).encode(), "0" * 64)


def test_two_states_that_look_alike_but_for_what_is_new_are_drawn_apart() -> None:
    before, now = policy_under("EU"), policy_under("EU", changes={"services": MORE})
    book = NoticeBook(now)
    fresh = resolve(now, Signals(), None, 10)
    again = resolve(now, Signals(), said(before, Act.REJECT), 10)

    drawn = [book.body(each, VIEW) for each in (fresh, without_rest(again))]

    assert b"New since" not in drawn[0]
    assert b"New since" in drawn[1]


def test_a_status_that_overrules_is_never_lent_to_one_that_does_not() -> None:
    policy = policy_under("US-CA")
    book = NoticeBook(policy)
    consent = resolve(policy, Signals(gpc=True), said(policy, Act.REJECT), 10)

    drawn = [book.body(replace(consent, conflict=conflict), VIEW) for conflict in (False, True)]

    assert [b"It overrules" in each for each in drawn] == [False, True]


def without_rest(consent: Consent) -> Consent:
    """The same, asked again: its refusal has rested."""
    return replace(consent, ask=True)


@pytest.mark.parametrize("layout", ["bar", "box", "modal"])
@pytest.mark.parametrize("shown", [(), (Shown.CLOSE,), (Shown.OPT_OUT_LINK,), tuple(Shown)], ids=str)
def test_every_file_that_a_notice_names_is_served_under_any_law(
    layout: str, shown: tuple[Shown, ...]
) -> None:
    policy = policy_under("EU", changes={"layout": layout}, shows=shown)
    elsewhere = policy_under("US")

    for rule in ("default", "inline"):
        notice, _ = seen_by(policy, gpc=True, inline=False, rule=rule)
        names = re.findall(r'/_consent/static/([^"]+)"', notice)

        assert len(names) == 2
        assert all(Pages(elsewhere, NoticeBook(elsewhere)).static(name) for name in names)


async def test_a_californian_with_the_signal_sees_link_and_status_and_no_banner(wrap: Wrap) -> None:
    policy = Policy.model_validate({**POLICY, "jurisdictions": ["EU", "US-CA"]})
    app = wrap(serving(PAGE), policy=policy, jurisdiction="US-CA", delivery="private")

    with_signal = (await get(app, headers=[(b"sec-gpc", b"1")])).body.decode()
    without = (await get(app)).body.decode()

    assert STATUS.search(with_signal)
    assert 'id="consentkit-banner"' not in with_signal
    assert 'class="link"' in with_signal
    assert not STATUS.search(without)
    assert 'id="consentkit-banner"' in without
    assert 'class="link"' in without


async def test_a_page_for_all_carries_the_link_where_any_visitor_must_see_it(wrap: Wrap) -> None:
    for codes, linked in ((["EU", "US-CA"], True), (["EU"], False)):
        policy = Policy.model_validate({**POLICY, "jurisdictions": codes})
        app = wrap(serving(PAGE), policy=policy, jurisdiction="EU", delivery="shared")

        assert ('class="link"' in (await get(app)).body.decode()) is linked
