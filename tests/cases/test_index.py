"""Each of the 30 trouble reports from the field has tests, or stands among those that wait for what they are about.

A test may carry the number of its report in its name (``test_k34_…``); the others are named here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
REPORTS = (2, 3, 9, 12, 14, 19, 21, 22, 25, 31, 34, 35, 42, 44, 48, 52, 53, 54, 57, 60)
REPORTS += (63, 64, 68, 71, 73, 75, 77, 78, 84, 85)
HELD = {
    2: [
        "browser/test_client_apply.py::test_scripts_run_in_document_order_each_once_with_all_their_attributes",
        "browser/test_client_apply.py::test_a_module_an_async_and_a_nomodule_script_keep_nothing_waiting",
        "browser/test_client_apply.py::test_a_wrong_integrity_still_blocks_the_script_and_the_next_one_runs",
    ],
    3: ["browser/test_client_apply.py::test_elements_without_an_address_fetch_nothing"],
    14: ["browser/test_placeholders.py::test_a_poster_of_the_sites_own_is_shown"],
    19: ["newsroom/test_newsroom_visitor.py::test_a_frameset_keeps_its_frames_and_gets_no_notice"],
    21: [
        "browser/test_notice_hostile.py::test_nothing_of_the_host_moves",
        "browser/test_notice_hostile.py::test_at_the_end_of_the_body_first_child_and_neighbour_rules_see_nothing",
    ],
    22: ["browser/test_client_choice.py::test_no_script_writes_a_cookie_or_keeps_anything"],
    31: ["cli/test_check.py::test_a_lifetime_beyond_what_browsers_keep_is_told_with_what_will_hold"],
    35: [
        "browser/test_client_apply.py::test_scripts_run_in_document_order_each_once_with_all_their_attributes",
    ],
    42: [
        "browser/test_client_choice.py::test_back_to_a_page_from_before_the_choice_shows_the_choice",
        "browser/test_stale_page.py::test_a_page_put_away_before_a_withdrawal_is_replaced_when_it_comes_back",
        "browser/test_stale_page.py::test_a_closed_page_of_a_time_before_a_grant_is_replaced",
    ],
    48: ["browser/test_notice_hostile.py::test_a_tap_before_our_late_script_counts_once"],
    54: [
        "browser/test_client_choice.py::test_keyboard_alone_refuses_and_lands_on_the_small_control",
        "browser/test_client_choice.py::test_the_second_layer_opens_in_a_dialog_and_escape_is_no_consent",
    ],
    63: ["browser/test_signal.py::test_where_the_site_hears_it_by_row_a_page_for_all_follows_its_visitors"],
    73: ["audit/test_export.py::test_the_spreadsheet_form_says_the_same_in_the_way_of_its_locale"],
    75: [
        "audit/test_stats.py::test_days_of_23_and_25_hours_are_whole",
        "audit/test_stats.py::test_an_hour_that_clocks_show_twice_is_two_hours_and_one_they_skip_is_none",
    ],
    78: [
        "browser/test_notice_hostile.py::test_in_a_sandboxed_frame_nothing_throws_and_the_gates_stay_shut",
        "browser/test_notice_hostile.py::test_with_storage_blocked_a_refusal_still_works",
    ],
    84: ["browser/test_client_choice.py::test_a_choice_keeps_where_the_visitor_came_from"],
    85: [
        "browser/test_notice_hostile.py::test_a_script_that_refuses_the_moment_the_button_exists_refuses_once"
    ],
}
"""Tests of a report that do not bear its number."""
TO_COME = {
    44: "the notice: a modal one on the pages that explain it",
    52: "the notice: phone furniture",
    53: "the notice: 400 % zoom, in the longest language",
}
"""Reports whose whole kind is not held yet, and what they wait for."""


@cache
def names_in(path: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def numbered() -> Iterator[int]:
    for path in TESTS.glob("*/**/test_*.py"):
        yield from (int(found[1]) for name in names_in(path) if (found := re.match(r"test_k(\d+)_", name)))


def test_every_report_is_held_or_said_to_come() -> None:
    assert {*numbered(), *HELD, *TO_COME} == set(REPORTS)


@pytest.mark.parametrize("report", sorted(HELD))
def test_what_holds_a_report_is_there(report: int) -> None:
    for place in HELD[report]:
        path, _, name = place.partition("::")
        assert name in names_in(TESTS / path), place
