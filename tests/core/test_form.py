from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from consentkit.core.form import Form

Colour = TypeAdapter(Annotated[str, Form("red|green", "a colour of a traffic light")])


@pytest.mark.parametrize("text", ["red", "green"])
def test_a_text_of_the_form_is_taken_as_it_is(text: str) -> None:
    assert Colour.validate_python(text) == text


@pytest.mark.parametrize("text", ["", "reddish", "infrared", "red\n", "redgreen"])
def test_any_other_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValidationError, match="a colour of a traffic light"):
        Colour.validate_python(text)


def test_the_schema_holds_the_pattern_for_the_whole_text() -> None:
    assert Colour.json_schema() == {"type": "string", "pattern": "^(?:red|green)$"}
