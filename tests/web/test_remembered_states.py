"""What is drawn once and kept says the same as what is drawn anew: of the notice, and of a page's state."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import pytest
from tests.asgi import POLICY

from consentkit.core.consent import Consent, Signals, resolve
from consentkit.core.decision import Act, Choice, Outcome, decide
from consentkit.core.policy import Policy
from consentkit.web.gatehouse import Gate
from consentkit.web.notice import NoticeBook, View
from consentkit.web.request import Reading, Resolver, Visit, asked_of

NOW = int(time.time())
SAID = POLICY if isinstance(POLICY, Policy) else Policy.model_validate(POLICY)


def consents() -> list[Consent]:
    """Undecided, and decided in every way, with the signal and without, and where a cookie may be withheld."""
    choices: list[Choice | None] = [
        None,
        Choice(Act.ACCEPT),
        Choice(Act.REJECT),
        *(Choice(Act.SAVE, frozenset({name})) for name in SAID.askable),
    ]
    found = []
    for choice, gpc, withheld in itertools.product(choices, (False, True), (False, True)):
        decision = None
        if choice is not None:
            outcome = decide(SAID, choice, now=NOW, visitor="v" * 22)
            assert isinstance(outcome, Outcome)
            decision = outcome.decision
        found.append(resolve(SAID, Signals(gpc=gpc, withheld=withheld), decision, NOW))
    # The same names allowed, and yet another outcome or another question.
    return [
        *found,
        *(replace(each, ask=not each.ask) for each in found[:3]),
        replace(found[0], outcome="refused"),
    ]


USUAL = View(next="/a", inline=True, view="v" * 20)
VIEWS = [
    USUAL,
    replace(USUAL, next=""),
    replace(USUAL, next="/b?c=d"),
    replace(USUAL, nonce="n1", style_nonce="n1"),
    replace(USUAL, nonce="n1", style_nonce="n2"),
    replace(USUAL, nonce="n1", style_nonce=None),
    replace(USUAL, nonce=None, style_nonce="n2"),
    replace(USUAL, inline=False),
    replace(USUAL, view="w" * 20),
    replace(USUAL, language="fr"),
    replace(USUAL, language="ar"),
    replace(USUAL, rule="never"),
    replace(USUAL, rule="inline"),
    replace(USUAL, posted=True),
    replace(USUAL, broken=True),
    replace(USUAL, narrowed=True),
    replace(USUAL, prefix="/app/_consent"),
]


@pytest.mark.parametrize("consent", [consents()[0], consents()[4]], ids=["undecided", "accepted"])
@pytest.mark.parametrize("order", [1, -1], ids=["there", "and-back"])
def test_a_notice_drawn_before_another_view_is_the_notice_of_its_own_view(
    consent: Consent, order: int
) -> None:
    remembering = NoticeBook(SAID)

    drawn = [(view, remembering.body(consent, view)) for view in VIEWS[::order]]

    for view, body in drawn:
        assert body == NoticeBook(SAID).body(consent, view), view


@pytest.mark.parametrize("order", [1, -1], ids=["there", "and-back"])
def test_a_notice_drawn_before_another_consent_is_the_notice_of_its_own_consent(order: int) -> None:
    remembering = NoticeBook(SAID)

    drawn = [(consent, remembering.body(consent, USUAL)) for consent in consents()[::order]]

    for consent, body in drawn:
        assert body == NoticeBook(SAID).body(consent, USUAL), consent


def test_two_states_have_one_name_only_where_their_pages_are_the_same() -> None:
    gate = Gate(NoticeBook(SAID), "/_consent")
    names: dict[bytes, set[tuple[object, ...]]] = {}

    for consent, dest in itertools.product(consents(), (b"document", b"empty")):
        asked = asked_of({b"sec-fetch-dest": dest})
        visit = _Told(consent, asked)
        says = (consent.allowed, consent.ask, consent.outcome, consent.gpc, dest)
        names.setdefault(gate.state(visit), set()).add(says)

    assert [says for says in names.values() if len(says) > 1] == []


class _Told(Visit):
    """A visit of which all is known already."""

    def __init__(self, consent: Consent, asked: object) -> None:
        reading = Reading.__new__(Reading)
        object.__setattr__(reading, "consent", consent)
        object.__setattr__(reading, "asked", asked)
        object.__setattr__(reading, "alike", object())
        super().__init__(Resolver.__new__(Resolver), {"headers": []})
        self._reading = reading
