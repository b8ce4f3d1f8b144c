"""Small markup as a tree."""

from consentkit.lint.markup import read


def test_text_leaves_out_scripts_styles_and_what_is_hidden() -> None:
    page = read("<p>One <b>two</b><script>no</script><style>no</style><i hidden>no</i> three</p>")

    assert page.text == "One two three"


def test_elements_know_what_they_lie_in() -> None:
    page = read("<details><p><input required><button value=x>B</button></details><button value=y>")

    x, y = (each for each in page.all() if each.tag == "button")
    assert (x.within("details"), y.within("details")) == (True, False)
    assert [each.has("required") for each in page.all() if each.tag == "input"] == [True]


def test_an_end_without_a_beginning_ends_nothing() -> None:
    assert read("<p>a</div>b</p>c").text.split() == ["ab", "c"]
