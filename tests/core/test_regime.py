import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.regime import Regime, strictest


@pytest.mark.parametrize(
    ("regime", "open_by_default", "asked"),
    [
        (Regime.OPT_IN, False, True),
        (Regime.OPT_OUT, True, True),
        (Regime.NOTICE, True, True),
        (Regime.EXEMPT, True, False),
    ],
)
def test_each_regime_before_a_choice(regime: Regime, open_by_default: bool, asked: bool) -> None:
    assert (regime.open_by_default, regime.asked) == (open_by_default, asked)


@given(st.lists(st.sampled_from(Regime)))
def test_the_strictest_is_the_first_of_the_order_that_is_there(regimes: list[Regime]) -> None:
    order = [Regime.OPT_IN, Regime.OPT_OUT, Regime.NOTICE, Regime.EXEMPT]

    assert strictest(regimes) is next((regime for regime in order if regime in regimes), Regime.EXEMPT)
