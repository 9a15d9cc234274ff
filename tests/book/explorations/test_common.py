"""What the scripts of all explorations share: numbers as text, no network."""

import pytest

from tests.book.explorations.node import asks_the_network, needs_node, run_node

pytestmark = needs_node


@pytest.mark.parametrize(
    ("how", "number", "text"),
    [
        ("short", -0.001, "0"),
        ("short", 10, "10"),
        ("short", -2.5, "−2.5"),
        ("signed", 0.5, "+0.5"),
        ("signed", 0, "0"),
        ("factor", -1, "(−1)"),
        ("term", -1, "− 1"),
        ("fixed", -0.004, "0.00"),
    ],
)
def test_numbers_are_written_with_a_true_minus_sign(how, number, text):
    assert run_node([{"do": "text", "how": how, "number": number}]) == [text]


def test_the_shared_script_asks_for_nothing_from_the_network():
    assert not asks_the_network("common")
