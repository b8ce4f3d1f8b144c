"""What the rows say, against the table that they were made from, typed a second time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from consentkit.core.duration import UNITS
from consentkit.core.jurisdiction import Binding, Category, Fact, Reject, Rule, Shown
from consentkit.core.regime import Regime
from consentkit.jurisdictions import atlas

CHECKED = date(2026, 11, 25)
MONTH = UNITS["mo"]
CATEGORIES: tuple[Category, ...] = ("functional", "analytics", "marketing")

# Code, first day; functional, analytics, marketing: in opt-in, out opt-out, ntc notice, - exempt, x opt-in with an exemption.
# Where assumed consent may run: no, A analytics, AM analytics and marketing. Refusing: = equal, rec recommended, o opt-out.
# Months until asked again, months of life, age, confidence. A star: the stricter reading of what is unsure.
TABLE = """
EU     -          in  in  in  no  =   6*  6*  16  high
AT     -          in  in  in  no  =   6*  6*  14  high
BE     -          in  in  in  no  =   6*  6*  13  medium
BG     -          in  in  in  no  =   6*  6*  14  low
CY     -          in  in  in  no  =   6*  6*  14  low
CZ     -          in  in  in  no  =   6*  6*  15  medium
DE     -          in  in  in  no  =   6*  6*  16  high
DK     -          in  in  in  no  =   6*  6*  15  medium
EE     -          in  in  in  no  =   6*  6*  13  low
ES     -          x   x   in  no  =   6*  24  14  high
FI     -          in  in  in  no  =   6*  6*  13  high
FR     -          x   x   in  no  =   6   6   15  high
GR     -          in  in  in  no  =   6*  6*  15  medium
HR     -          in  in  in  no  =   6*  6*  16  low
HU     -          in  in  in  no  =   6*  6*  16  medium
IE     -          in  in  in  no  =   6   6   16  high
IT     -          in  x   in  no  =   6   6*  14  high
LT     -          in  in  in  no  =   6*  6*  14  low
LU     -          in  in  in  no  =   6*  6*  16  medium
LV     -          in  in  in  no  =   6*  6*  13  low
MT     -          in  in  in  no  =   6*  6*  13  low
NL     -          in  x   in  no  =   6*  6*  16  high
PL     -          in  in  in  no  =   6*  6*  16  medium
PT     -          in  in  in  no  =   6*  6*  13  low
RO     -          in  in  in  no  =   6*  6*  16  medium
SE     -          in  in  in  no  =   6*  6*  13  medium
SI     -          in  in  in  no  =   6*  6*  15  medium
SK     -          in  in  in  no  =   6*  6*  16  medium
IS     -          in  in  in  no  =   6*  6*  13  medium
LI     -          in  in  in  no  =   6*  6*  16  medium
NO     -          in  in  in  no  =   6*  6*  13  high
GI     -          in  in  in  no  =*  6*  6*  18* medium
GB     -          in  in  in  no  =   6*  12* 13  medium
GB     2026-02-05 x   x   in  A   =   6*  12* 13  high
CH     -          out out in* A   o   12* 12* -   medium
US     -          -   out out AM  o   12* 12* 13  high
US-CA  -          -   out out AM  o   12  12* 13  high
US-CO  -          -   out out AM  o   12* 12* 13  high
US-CT  -          -   out out AM  o   12* 12* 13  high
US-DE  -          -   out out AM  o   12* 12* 13  high
US-MT  -          -   out out AM  o   12* 12* 13  high
US-MN  -          -   out out AM  o   12* 12* 13  high
US-NH  -          -   out out AM  o   12* 12* 13  medium
US-NJ  -          -   out out AM  o   12* 12* 13  high
US-OR  -          -   out out AM  o   12* 12* 13  high
US-TX  -          -   out out AM  o   12* 12* 13  high
US-NE  -          -   out out AM  o   12* 12* 13  medium
US-MD  -          -   out out AM  o   12* 12* 13  high
US-VA  -          -   out out AM  o   12* 12* 13  high
US-UT  -          -   out out AM  o   12* 12* 13  high
US-FL  -          -   out out AM  o   12* 12* 13  high
US-IA  -          -   out out* AM o   12* 12* 13  high
US-TN  -          -   out out AM  o   12* 12* 13  high
US-IN  -          -   out out AM  o   12* 12* 13  high
US-KY  -          -   out out AM  o   12* 12* 13  high
US-RI  -          -   out out AM  o   12* 12* 13  high
US-OK  -          -   out out AM  o   12* 12* 13  high
US-OK  2027-01-01 -   out out AM  o   12* 12* 13  medium
US-LA  -          -   out out AM  o   12* 12* 13  high
US-LA  2027-01-01 -   out out AM  o   12* 12* 13  low
US-AL  -          -   out out AM  o   12* 12* 13  high
US-AL  2027-05-01 -   out out AM  o   12* 12* 13  low
US-VT  -          -   out out AM  o   12* 12* 13  high
US-VT  2028-01-01 -   out out AM  o   12* 12* 13  low
CA     -          ntc ntc out AM  o   12* 12* 13* high
CA-QC  -          in  in  in  no  =*  6*  6*  14  high
BR     -          in  x   in  no  =   6*  12* 12  high
AR     -          in  in  in  no  =*  6*  12* 18* low
CL     -          in  in  in  no  =*  6*  12* 14  low
CL     2026-12-01 in  in  in  no  =*  6*  12* 14  medium
MX     -          ntc out out AM  o   12* 12* 18* medium
JP     -          -   ntc out AM  o   12* 12* -   high
KR     -          ntc in  in  no* =*  6*  12* 14  medium
CN     -          in  in  in  no  =   6*  12* 14  high
HK     -          ntc ntc out AM  o   12* 12* -   low
TW     -          ntc ntc in* A   =*  12* 12* -   low
IN     -          ntc ntc ntc AM  o   12* 12* 18  high
IN     2027-05-13 in  in  in  no  =*  6*  12* 18  high
SG     -          ntc ntc in  A   =*  12* 12* 13* medium
TH     -          in  in  in  no  =*  6*  12* 20  medium
ID     -          in  in  in  no  =*  6*  12* 18* low
MY     -          in  in  in  no* =*  6*  12* 18* medium
PH     -          in  in  in  no  rec 6*  12* 18* medium
VN     -          in  in  in  no  =   6*  12* 16* high
AU     -          ntc ntc out AM  o   12* 12* 15* medium
NZ     -          ntc ntc out AM  o   12* 12* -   low
MA     -          in* in* in* no* =*  6*  12* 18* low
TN     -          in  in  in  no  =*  6*  12* 18* low
EG     -          in  in  in  no  =*  6*  12* 18* medium
NG     -          in  in  in  no  =   6*  12* 18* medium
KE     -          in  in  in  no  =*  6*  12* 18  low
ZA     -          ntc out in* A   o   12* 12* 18* low
TR     -          in  x   in  no  =   6*  12* 18* high
IL     -          ntc ntc ntc AM  rec 12* 12* 18* medium
SA     -          in  in  in  no  =*  6*  12* 18* medium
AE     -          in  in  in  no  =*  6*  12* 18* medium
world  -          in* in* in* no* =*  6*  6*  18* low
"""
REGIMES = {
    "in": Regime.OPT_IN,
    "x": Regime.OPT_IN,
    "out": Regime.OPT_OUT,
    "ntc": Regime.NOTICE,
    "-": Regime.EXEMPT,
}
REJECTS = {"=": Reject.EQUAL, "rec": Reject.RECOMMENDED, "o": Reject.OPT_OUT}
IMPLIED: dict[str, set[str]] = {"no": set(), "A": {"analytics"}, "AM": {"analytics", "marketing"}}


@dataclass(frozen=True)
class Typed:
    """A line of the table, its stars in a set of their own."""

    code: str
    since: date | None
    cells: tuple[str, ...]
    stars: frozenset[str]


COLUMNS = (*CATEGORIES, "implied", "reject", "ask_again", "lifetime", "age", "confidence")


def _typed(line: str) -> Typed:
    code, since, *cells = line.split()
    stars = frozenset(
        column for column, cell in zip(COLUMNS, cells, strict=True) if len(cell) > 1 and cell[-1] == "*"
    )
    return Typed(
        code,
        None if since == "-" else date.fromisoformat(since),
        tuple(cell.rstrip("*") for cell in cells),
        stars,
    )


TYPED = [_typed(line) for line in TABLE.strip().splitlines()]
BINDING = {
    Binding.YES: "US-CA US-CO US-CT US-DE US-MT US-MN US-NH US-NJ US-OR US-LA US-AL US-VT",
    # Whoever is in the United States somewhere may be in one of those.
    Binding.CONDITIONAL: "US US-TX US-NE",
    Binding.PERMISSIVE: "US-MD world GI EU AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
    "IS LI NO",
}


def rule_of(typed: Typed) -> Rule:
    row = atlas().rows[typed.code]
    return row.rules[0] if typed.since is None else row.on(typed.since)


@pytest.fixture(params=TYPED, ids=lambda typed: f"{typed.code}-{typed.since or 'first'}")
def typed(request: pytest.FixtureRequest) -> Typed:
    found: Typed = request.param
    return found


def test_every_row_stands_in_the_table_and_every_line_of_it_is_a_rule() -> None:
    begun = {(code, rule.valid_from) for code, row in atlas().rows.items() for rule in row.rules}

    assert begun == {(each.code, each.since) for each in TYPED}
    assert len(TYPED) == len(begun)


def test_a_row_says_what_the_table_says(typed: Typed) -> None:
    functional, analytics, marketing, implied, reject, ask_again, lifetime, age, confidence = typed.cells

    rule = rule_of(typed)

    assert [rule.regime(each) for each in CATEGORIES] == [
        REGIMES[each] for each in (functional, analytics, marketing)
    ]
    assert set(rule.exemptions) == {
        category for category, cell in zip(CATEGORIES, typed.cells, strict=False) if cell == "x"
    }
    assert set(rule.implied) - {"functional"} == IMPLIED[implied]
    assert rule.reject is REJECTS[reject]
    assert (rule.ask_again, rule.lifetime) == (int(ask_again) * MONTH, int(lifetime) * MONTH)
    assert rule.age == (None if age == "-" else int(age))
    assert rule.confidence == confidence


def test_the_stricter_readings_are_marked(typed: Typed) -> None:
    assert set(rule_of(typed).stricter) & {*COLUMNS} == typed.stars


def test_assumed_consent_covers_comfort_where_comfort_is_lax_itself(typed: Typed) -> None:
    rule = rule_of(typed)

    # GB: reg. 6 and Sch. A1 ¶6 name both.
    lax = rule.functional in (Regime.NOTICE, Regime.EXEMPT) or "functional" in rule.exemptions
    assert ("functional" in rule.implied) is (bool(rule.implied) and lax)


def test_only_what_is_asked_but_not_shut_may_be_preticked(typed: Typed) -> None:
    rule = rule_of(typed)

    lax = {each for each in CATEGORIES if rule.regime(each) in (Regime.NOTICE, Regime.OPT_OUT)}
    objectable = {each for each, facts in rule.exemptions.items() if Fact.OBJECTION in facts}
    assert set(rule.preticked) == lax | objectable


def test_signals_bind_as_the_table_says() -> None:
    latest = {code: row.rules[-1].gpc for code, row in atlas().rows.items()}
    wanted = {code: binding for binding, codes in BINDING.items() for code in codes.split()}

    assert latest == {code: wanted.get(code, Binding.NO) for code in latest}


def test_do_not_track_is_told_where_a_source_speaks_of_it() -> None:
    members = {code for code, row in atlas().rows.items() if row.within == "EU"}

    told = {code for code, row in atlas().rows.items() if row.rules[-1].dnt is not Binding.NO}

    assert told == {"EU", "GI", "VN", "world", *members}


@pytest.mark.parametrize(
    ("shown", "codes"),
    [
        (Shown.CLOSE, {"IT"}),
        (Shown.PARTNERS, {"DE"}),
        (Shown.UNMISSABLE, {"NG"}),
        (Shown.OPT_OUT_LINK, {code for code in atlas().rows if code.partition("-")[0] == "US"}),
        (Shown.SIGNAL_STATUS, {code for code in atlas().rows if code.partition("-")[0] == "US"}),
    ],
)
def test_what_must_be_shown_and_where(shown: Shown, codes: set[str]) -> None:
    assert {code for code, row in atlas().rows.items() if shown in row.rules[-1].shows} == codes


def test_the_status_of_a_signal_is_law_in_california_alone() -> None:
    by_law = {
        code
        for code, row in atlas().rows.items()
        if Shown.SIGNAL_STATUS in row.rules[-1].shows and "shows" not in row.rules[-1].stricter
    }

    assert by_law == {"US-CA"}


def test_a_refusal_rests_through_changes_in_california() -> None:
    assert {code for code, row in atlas().rows.items() if row.rules[-1].rests_through_changes} == {"US-CA"}


def test_the_duty_to_prove_a_choice() -> None:
    proven = {code for code, row in atlas().rows.items() if row.rules[-1].proof}

    european = {code for code, row in atlas().rows.items() if row.within == "EU"}
    assert proven == {"EU", "GI", "GB", "BR", "KE", "EG", "AE", "IL", "US-CA", *european}


def test_where_consent_cannot_cure_the_rules_for_minors() -> None:
    assert {code for code, row in atlas().rows.items() if row.children} == {
        "US-MD",
        "US-CT",
        "US-OR",
        "IN",
        "BR",
    }


@pytest.mark.parametrize(
    ("code", "category", "facts"),
    [
        ("FR", "functional", "chosen-by-visitor"),
        ("FR", "analytics", "own-measurement anonymous-output no-cross-site no-combining no-reuse"),
        ("ES", "functional", "chosen-by-visitor"),
        ("ES", "analytics", "own-measurement anonymous-output no-cross-site no-combining no-reuse"),
        ("IT", "analytics", "own-measurement anonymous-output ip-cut no-combining no-reuse"),
        ("NL", "analytics", "minor-impact"),
        ("GB", "functional", "no-passive-signals no-reuse informed objection"),
        ("GB", "analytics", "own-measurement no-passive-signals no-reuse informed objection"),
        ("TR", "analytics", "own-measurement anonymous-output no-cross-site no-combining no-reuse"),
        ("BR", "analytics", "own-measurement anonymous-output no-cross-site no-combining no-reuse"),
    ],
)
def test_the_facts_of_an_exemption(code: str, category: Category, facts: str) -> None:
    assert set(atlas().rows[code].rules[-1].exemptions[category]) == set(facts.split())


def test_every_rule_was_checked_and_names_its_sources(typed: Typed) -> None:
    rule = rule_of(typed)

    assert rule.checked == CHECKED
    assert all(source.act for source in rule.sources)
    assert rule.confidence != "high" or any(source.read != "memory" for source in rule.sources)
