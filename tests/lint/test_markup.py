"""Small markup as a tree."""

import pytest

from consentkit.lint.markup import read


def test_text_leaves_out_scripts_styles_and_what_is_hidden() -> None:
    page = read("<p>One <b>two</b><script>no</script><style>no</style><i hidden>no</i> three</p>")

    assert page.text == "One two three"


@pytest.mark.parametrize(
    ("html", "folds"),
    [
        ("<p><button>", 0),
        ("<details open><p><button>", 0),
        ("<details><p><button>", 1),
        ("<dialog><details><button>", 2),
        ("<div hidden><button>", 1),
        ("<button hidden>", 1),
        ("<div popover><button>", 1),
    ],
)
def test_an_element_knows_behind_how_many_folds_it_lies(html: str, folds: int) -> None:
    [button] = (each for each in read(html).all() if each.tag == "button")

    assert button.folds == folds


def test_an_end_without_a_beginning_ends_nothing() -> None:
    assert read("<p>a</div>b</p>c").text.split() == ["ab", "c"]
