from hypothesis import given
from hypothesis import strategies as st

from consentkit.core.errors import ConfigurationError, PolicyError, Problem, SecretKeyError, printable


@given(st.text())
def test_a_printable_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_a_text_that_shows_is_left_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_an_escape_sequence_and_a_change_of_direction_become_visible() -> None:
    assert printable("a\x1b[2J\u202eb\n") == "a\\x1b[2J\\u202eb\\n"


def test_a_problem_reads_as_place_key_found_expected_and_nearest() -> None:
    problem = Problem("lifetme", "a key", "lifetime", "lifetime", "consent.toml", 3, 7)

    assert str(problem) == "consent.toml:3:7: lifetme: found a key; expected lifetime. Did you mean lifetime?"


def test_a_problem_without_place_or_key_says_the_rest() -> None:
    assert str(Problem("", "nothing", "a policy")) == "found nothing; expected a policy."


def test_a_problem_never_holds_a_raw_control_character() -> None:
    assert "\x1b" not in str(Problem("a\x1b", "b\x1b", "c\x1b", "d\x1b", "e\x1b"))


def test_a_key_path_joins_names_and_positions() -> None:
    problem = Problem.at(("services", "stats", "hosts", 0), "x", "y")

    assert problem.key == "services.stats.hosts.0"
    assert problem.path == ("services", "stats", "hosts", 0)


def test_a_policy_error_is_one_line_for_each_problem() -> None:
    error = PolicyError([Problem("a", "1", "2"), Problem("b", "3", "4")])

    assert str(error).splitlines() == ["a: found 1; expected 2.", "b: found 3; expected 4."]
    assert [problem.key for problem in error.problems] == ["a", "b"]


def test_both_kinds_of_wrong_settings_are_configuration_errors() -> None:
    assert issubclass(PolicyError, ConfigurationError)
    assert issubclass(SecretKeyError, ConfigurationError)
