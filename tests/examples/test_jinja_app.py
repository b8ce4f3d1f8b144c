"""The Jinja example, run as it stands."""

from typing import Any

MAP = '<iframe title="Map" src="https://maps.example/harbour"'
COUNTER = ' src="https://counter.example/count.js"'


def test_the_template_writes_no_map_before_a_choice(visit: Any) -> None:
    page = visit("jinja_app").get("/").text

    assert "maps.example" not in page
    assert "You have not chosen yet." in page
    assert "Granted: necessary." in page
    assert COUNTER not in page


def test_the_template_follows_what_was_granted_and_only_that(visit: Any, choose: Any) -> None:
    visitor = visit("jinja_app")
    choose(visitor, "save", purpose="functional")

    page = visitor.get("/").text

    assert MAP in page
    assert COUNTER not in page
    assert "You have chosen." in page
    assert "Granted: functional, necessary." in page


def test_accepting_all_brings_the_marked_tag_to_life(visit: Any, choose: Any) -> None:
    visitor = visit("jinja_app")
    choose(visitor, "accept")

    page = visitor.get("/").text

    assert MAP in page
    assert COUNTER in page


def test_a_withdrawal_takes_the_map_away(visit: Any, choose: Any) -> None:
    visitor = visit("jinja_app")
    choose(visitor, "accept")
    choose(visitor, "withdraw")

    assert MAP not in visitor.get("/").text
