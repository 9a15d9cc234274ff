"""The mathematics of the exploration `linear_networks`, against NumPy and PyTorch."""

import math
from functools import partial

import numpy as np
import pytest

from tests.book.explorations import node
from tests.book.explorations.node import initial_state, needs_node

SVG = "{http://www.w3.org/2000/svg}"
pytestmark = needs_node
call = partial(node.call, "linear_networks")


def random_case(seed: int) -> tuple[list[float], int, float]:
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=4, size=3).tolist()
    return z, int(rng.integers(3)), float(rng.uniform(0.2, 5))


@pytest.mark.parametrize("seed", range(6))
def test_probabilities_cost_and_gradient_agree_with_torch(seed):
    torch = pytest.importorskip("torch")
    z, y, T = random_case(seed)
    logits = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    cost = torch.nn.functional.cross_entropy(logits[None] / T, torch.tensor([y]))
    cost.backward()
    p = torch.softmax(logits / T, dim=0).detach().numpy()
    np.testing.assert_allclose(call("softmax", z, T), p, rtol=1e-12)
    assert call("crossEntropy", z, y, T) == pytest.approx(cost.item(), rel=1e-10)
    np.testing.assert_allclose(
        call("gradient", z, y, T), logits.grad.numpy(), atol=1e-12
    )


@pytest.mark.parametrize(
    "z",
    [[1000, 1001, 1002], [-2000, -1999, -2000], [2000, 0, -2000], [2000, 2000, 2000]],
)
@pytest.mark.parametrize("T", [0.05, 1, 100])
def test_huge_logits_give_what_numpys_logaddexp_gives(z, T):
    scaled = np.array(z) / T
    total = np.logaddexp.reduce(scaled)
    assert call("logSumExp", z, T) == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(
        call("softmax", z, T), np.exp(scaled - total), rtol=1e-9, atol=1e-300
    )
    assert math.isfinite(call("crossEntropy", z, 2, T))


def test_the_naive_formula_overflows_where_the_stable_one_does_not():
    naive = call("naiveSoftmax", [1000, 1001, 1002], 1)
    assert naive == {"sum": None, "p": [None] * 3}  # Infinity and NaN in JSON
    assert sum(call("softmax", [1000, 1001, 1002], 1)) == pytest.approx(1)


def test_the_naive_formula_agrees_where_it_can_be_computed():
    naive = call("naiveSoftmax", [2, 1, 0], 1)
    assert naive["sum"] == pytest.approx(math.e**2 + math.e + 1)
    np.testing.assert_allclose(naive["p"], call("softmax", [2, 1, 0], 1))


def test_initial_state_is_the_worked_example_of_the_page():
    state = initial_state("linear_networks")
    assert [state[key] for key in ("z1", "z2", "z3", "T", "y", "from")] == [
        *(2, 1, 0, 1),
        "L",
        "sliders",
    ]
    # by hand: e² + e + 1 = 11.107, ln of it 2.4076, minus the logit 1
    assert call("crossEntropy", [2, 1, 0], 1, 1) == pytest.approx(1.4076, abs=5e-5)


@pytest.mark.parametrize("letter", range(3))
def test_a_high_temperature_levels_and_a_low_one_decides(letter):
    z = [1.0, 1.0, 1.0]
    z[letter] = 3.0
    np.testing.assert_allclose(call("softmax", z, 1e6), 1 / 3, atol=1e-5)
    assert call("softmax", z, 0.05)[letter] > 0.999999


def letters() -> np.ndarray:
    return np.array([call("pixels", call("rowsOf", letter)) for letter in "TLO"])


def test_letters_have_the_ink_of_the_drawings():
    rows = call("rowsOf", "T")
    assert rows == [0b11111, 0b00100, 0b00100, 0b00100, 0b00100]
    assert letters().sum(axis=1).tolist() == [9, 9, 12]
    assert letters()[1].reshape(5, 5)[:, 0].all()  # the stem of the L


@pytest.mark.parametrize("seed", range(5))
def test_templates_are_those_of_the_nearest_mean(seed):
    """p = softmax(−‖x − μ‖²/2), the distances computed directly."""
    x = np.random.default_rng(seed).integers(2, size=25)
    distances = -0.5 * ((x - letters()) ** 2).sum(axis=1)
    z = call("logits", x.tolist())
    np.testing.assert_allclose(np.diff(z), np.diff(distances), atol=1e-12)
    expected = np.exp(distances - np.logaddexp.reduce(distances))
    np.testing.assert_allclose(call("softmax", z, 1), expected, rtol=1e-10)


@pytest.mark.parametrize("letter", range(3))
def test_each_letter_is_recognized(letter):
    z = call("logits", letters()[letter].tolist())
    assert int(np.argmax(z)) == letter
