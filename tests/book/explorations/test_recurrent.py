"""The mathematics of the exploration `recurrent`, against NumPy and PyTorch."""

from functools import partial

import numpy as np
import pytest

from tests.book.explorations import node
from tests.book.explorations.node import initial_state, needs_node

pytestmark = needs_node
call = partial(node.call, "recurrent")
PATTERNS = {
    "pulse": lambda T: [1] + [0] * (T - 1),
    "constant": lambda T: [1] * T,
    "alternating": lambda T: [(-1) ** t for t in range(T)],
}


def random_setting(seed: int, pattern: str, activation: str) -> dict:
    rng = np.random.default_rng(seed)
    wx, wh, b = rng.uniform(-1.5, 1.5, 3).tolist()
    T = int(rng.integers(2, 12))
    weights = {"wx": wx, "wh": wh, "b": b, "T": T}
    return weights | {"pattern": pattern, "activation": activation}


@pytest.mark.parametrize("activation", ["tanh", "linear"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("seed", range(3))
def test_states_errors_and_gradients_agree_with_torch(seed, pattern, activation):
    torch = pytest.importorskip("torch")
    setting = random_setting(seed, pattern, activation)
    leaves = {
        key: torch.tensor(setting[key], dtype=torch.float64, requires_grad=True)
        for key in ("wx", "wh", "b")
    }
    states = [torch.zeros((), dtype=torch.float64, requires_grad=True)]
    sums = []
    for x in PATTERNS[pattern](setting["T"]):
        sums.append(leaves["wx"] * x + leaves["wh"] * states[-1] + leaves["b"])
        states.append(torch.tanh(sums[-1]) if activation == "tanh" else sums[-1] + 0)
    cost = 0.5 * (states[-1] - 1) ** 2
    reach = torch.autograd.grad(states[-1], states, retain_graph=True)
    delta = torch.autograd.grad(cost, sums, retain_graph=True)
    cost.backward()
    got = call("run", setting)
    assert got["cost"] == pytest.approx(cost.item(), rel=1e-10)
    np.testing.assert_allclose(got["h"], [s.item() for s in states], atol=1e-12)
    np.testing.assert_allclose(got["reach"], [r.item() for r in reach], rtol=1e-9)
    np.testing.assert_allclose(
        got["delta"][1:], [d.item() for d in delta], rtol=1e-9, atol=1e-12
    )
    for key, leaf in leaves.items():
        assert got["gradient"][key] == pytest.approx(leaf.grad.item(), abs=1e-10)


def test_the_terms_add_up_to_the_gradient_of_the_recurrent_weight():
    got = call("run", random_setting(1, "constant", "tanh"))
    assert sum(got["terms"]) == pytest.approx(got["gradient"]["wh"])


def test_initial_state_is_the_worked_example_of_the_page():
    state = initial_state("recurrent")
    got = call("run", state)
    # by hand: tanh 1, tanh of half of it, tanh of half of that
    h = [0, np.tanh(1), np.tanh(np.tanh(1) / 2)]
    h.append(np.tanh(h[2] / 2))
    np.testing.assert_allclose(got["h"], h)

    def cost(w):
        return 0.5 * (np.tanh(w * np.tanh(w * np.tanh(1))) - 1) ** 2

    slope = (cost(0.5 + 1e-5) - cost(0.5 - 1e-5)) / 2e-5
    assert got["gradient"]["wh"] == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize(("w", "word"), [(0.8, "vanishes"), (1.5, "explodes")])
def test_a_linear_neuron_multiplies_by_its_weight_at_every_step(w, word):
    setting = {"wx": 1, "wh": w, "b": 0, "T": 30, "pattern": "pulse"}
    reach = call("run", setting | {"activation": "linear"})["reach"]
    np.testing.assert_allclose(reach, w ** np.arange(30, -1, -1.0))
    assert call("verdict", reach) == word


def test_with_tanh_a_gradient_never_reaches_further_than_without():
    for w in np.linspace(-3, 3, 13).tolist():
        setting = {"wx": 1, "wh": w, "b": 0, "T": 20, "pattern": "constant"}
        reach = call("run", setting | {"activation": "tanh"})["reach"]
        bound = np.abs(w) ** np.arange(20, -1, -1.0)
        assert (np.abs(reach) <= bound * (1 + 1e-9)).all()


def test_clipping_keeps_the_direction_and_short_gradients():
    gradient = {"wx": 3.0, "wh": -4.0, "b": 12.0}  # length 13
    assert call("clip", gradient, 20) == {"norm": 13, "clipped": gradient}
    got = call("clip", gradient, 5)["clipped"]
    np.testing.assert_allclose(list(got.values()), np.array([3, -4, 12]) * 5 / 13)
