"""The FastAPI example, run as it stands."""

from typing import Any

TIDES = "A Tide Table for Dreamers"


def test_nothing_is_remembered_before_the_reader_agrees(visit: Any) -> None:
    reader = visit("fastapi_app")

    book = reader.get("/books/tides")

    assert book.json() == {"title": TIDES}
    assert "last_book" not in reader.cookies
    assert reader.get("/suggestions").json()["because_of"] is None


def test_the_last_book_leads_the_suggestions_once_the_reader_agrees(visit: Any, choose: Any) -> None:
    reader = visit("fastapi_app")
    choose(reader, "save", purpose="suggestions")

    reader.get("/books/tides")
    suggestions = reader.get("/suggestions").json()

    assert suggestions["because_of"] == "tides"
    assert TIDES not in suggestions["books"]


def test_a_reader_who_changes_her_mind_gets_what_everybody_gets(visit: Any, choose: Any) -> None:
    reader = visit("fastapi_app")
    choose(reader, "accept")
    reader.get("/books/tides")

    choose(reader, "withdraw")

    assert reader.get("/suggestions").json()["because_of"] is None


def test_the_counter_runs_only_after_a_grant(visit: Any, choose: Any) -> None:
    reader = visit("fastapi_app")
    before = reader.get("/").text
    choose(reader, "accept")
    after = reader.get("/").text

    assert ' src="https://counter.example/count.js"' not in before
    assert ' src="https://counter.example/count.js"' in after


def test_an_unknown_book_is_not_found(visit: Any) -> None:
    assert visit("fastapi_app").get("/books/none").status_code == 404
