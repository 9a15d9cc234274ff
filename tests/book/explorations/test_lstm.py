"""The mathematics of the LSTM exploration, run by Node, against PyTorch and by hand."""

import re
from functools import partial

import numpy as np
import pytest

from tests import ROOT
from tests.book.explorations import node
from tests.book.explorations.node import needs_node

pytestmark = needs_node
call = partial(node.call, "lstm")

torch = pytest.importorskip("torch")
NAMES = [part + gate for gate in "ifgo" for part in "wub"]


def library(weights: dict, xs: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return all h and all c of `nn.LSTMCell` with one unit."""
    cell = torch.nn.LSTMCell(1, 1, dtype=torch.float64)
    column = {part: torch.tensor([weights[part + k] for k in "ifgo"]) for part in "wub"}
    with torch.no_grad():
        cell.weight_ih.copy_(column["w"][:, None])
        cell.weight_hh.copy_(column["u"][:, None])
        cell.bias_ih.copy_(column["b"])
        cell.bias_hh.zero_()
        h = c = torch.zeros(1, 1, dtype=torch.float64)
        rows = []
        for x in xs:
            h, c = cell(torch.tensor([[x]], dtype=torch.float64), (h, c))
            rows.append((h.item(), c.item()))
    return tuple(np.array(rows).T)


@pytest.mark.parametrize("seed", range(5))
def test_the_cell_agrees_with_pytorch(seed):
    rng = np.random.default_rng(seed)
    weights = dict(zip(NAMES, rng.normal(0, 2, 12).tolist(), strict=True))
    xs = rng.normal(size=8).tolist()
    steps = call("run", weights, xs)
    h, c = library(weights, xs)
    np.testing.assert_allclose([s["h"] for s in steps], h, atol=1e-6)
    np.testing.assert_allclose([s["c"] for s in steps], c, atol=1e-6)


def test_memory_is_the_derivative_of_the_last_cell_state():
    # without u the gates do not depend on the state: the product is exact
    rng = np.random.default_rng(0)
    weights = dict(zip(NAMES, rng.normal(0, 1, 12).tolist(), strict=True))
    weights |= {"u" + gate: 0.0 for gate in "ifgo"}
    xs = rng.normal(size=8).tolist()
    left = call("memory", call("run", weights, xs))
    for t in (0, 3, 6):
        ends = []
        for change in (1e-5, -1e-5):
            state = call("run", weights, xs[: t + 1])[-1]
            state = {"h": state["h"], "c": state["c"] + change}
            for x in xs[t + 1 :]:
                state = call("step", weights, x, state)
            ends.append(state["c"])
        assert left[t] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
    assert left[7] == 1


def test_the_example_of_the_page_by_hand():
    weights = call("presetWeights", "page")
    steps = call("run", weights, [1, 0, 0])
    gate = 1 / (1 + np.exp(-2))  # σ(2), of i for x = 1 and of f always
    c1 = gate * np.tanh(2)
    assert [s["c"] for s in steps] == pytest.approx([c1, gate * c1, gate**2 * c1])
    shown = 1 / (1 + np.exp(-1))
    assert steps[0]["h"] == pytest.approx(shown * np.tanh(c1))


def states(preset: str) -> list[dict]:
    source = (ROOT / "book/explorations/lstm.js").read_text("utf-8")
    inputs = re.search(preset + r": \{.*?inputs: \"(\w+)\"", source, re.S).group(1)
    xs = call("parseInputs", inputs)
    return call("run", call("presetWeights", preset), xs)


def test_presets_do_what_they_say():
    keep, forget, count = states("keep"), states("forget"), states("count")
    assert keep[7]["c"] > 0.95 * keep[0]["c"]
    assert abs(forget[2]["c"]) < 0.01 * forget[0]["c"]
    ones = np.cumsum([s["x"] for s in count])
    cells = np.array([s["c"] for s in count])
    np.testing.assert_allclose(cells / cells[0], ones, rtol=0.02)
    erase, hide = states("erase"), states("hide")
    assert erase[3]["c"] > 0.8
    assert abs(erase[4]["c"]) < 0.15
    shown = [abs(s["h"]) for s in hide]
    assert min(shown[4], shown[7]) > 0.5 > 0.05 > max(*shown[:4], *shown[5:7])


@pytest.mark.parametrize("text", ["10m00000", "mmmmmmmm", "01010101"])
def test_a_sequence_survives_its_text(text):
    xs = call("parseInputs", text)
    assert [{"m": -1, "0": 0, "1": 1}[s] for s in text] == xs
    assert call("formatInputs", xs) == text


@pytest.mark.parametrize("text", ["", "1", "100000000", "1000000x", "1000000-"])
def test_other_texts_are_no_sequence(text):
    assert call("parseInputs", text) is None
