"""Each letter in the formulas of a page has a meaning that the reader can look up."""

import pytest

from press.contents import BOOK, chapters
from press.directives import symbols

PAGES = [*chapters(), "language_models"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_and_the_notation_define_each_letter(page):
    text = (BOOK / f"{page}.md").read_text("utf-8")
    missing = sorted(symbols.undefined(text))
    assert not missing, f"define in the ```{{symbols}} of book/{page}.md: {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_no_letter_is_defined_that_the_page_does_not_use(page):
    text = (BOOK / f"{page}.md").read_text("utf-8")
    assert symbols.defined(text) <= symbols.symbols(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("costs $3 and `$x$`", set()),
        ("with $\\hat y = \\mathbf w \\cdot x$ and", {"\\hat y", "w", "x"}),
        (
            "```{math}\n:label: eq-abc\n\\operatorname{sd}(d) + \\delta^L\n```",
            {"d", "\\delta", "L"},
        ),
        (
            "$n_x$ and $x_{i,j}$ and $\\lambda_{\\max}$",
            {"n_x", "n", "x", "i", "j", "\\lambda"},
        ),
        ("```python\nx = '$q$'\n```\n$$\\sum_c e^{z_c}$$", {"c", "e", "z", "z_c"}),
    ],
)
def test_letters_are_found_in_formulas_alone(text, expected):
    assert symbols.symbols(text) == expected


def test_a_letter_with_two_meanings_must_be_defined_by_the_page():
    assert "k" not in symbols.of_the_notation()  # classes, neighbors, kernels, …
    assert "eta" in {letter.strip("\\") for letter in symbols.of_the_notation()}
    assert symbols.undefined("for $k$ kernels") == {"k"}
    assert not symbols.undefined("```{symbols}\n$k$ | kernels\n```\nfor $k$ kernels")
