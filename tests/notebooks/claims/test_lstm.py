"""Claims of the chapter `lstm`, over five seeds, at a small budget.

The functions are those that the notebook teaches: its cells tagged ``define``. What the
notebook runs for five seeds in the full profile it asserts itself.
"""

import numpy as np
import pytest

from helpers import data
from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def passengers():
    return data.flights().train.x


def double(cell, seed):
    """Return a cell in double precision, and its parameters as arrays."""
    torch.manual_seed(seed)
    cell = cell(4, 6).double()
    return cell, [p.detach().numpy() for p in cell.parameters()]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lstm_cell_equals_pytorch(taught, seed):
    cell, (W, U, b, d) = double(torch.nn.LSTMCell, seed)
    rng = np.random.default_rng(seed)
    x, h, c = rng.normal(size=(3, 4)), rng.normal(size=(3, 6)), rng.normal(size=(3, 6))
    theirs = cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    for mine, wanted in zip(
        taught["lstm_cell"](x, h, c, W, U, b + d), theirs, strict=True
    ):
        np.testing.assert_allclose(mine, wanted.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gru_cell_equals_pytorch(taught, seed):
    cell, parameters = double(torch.nn.GRUCell, seed)
    rng = np.random.default_rng(seed)
    x, h = rng.normal(size=(3, 4)), rng.normal(size=(3, 6))
    theirs = cell(torch.tensor(x), torch.tensor(h)).detach().numpy()
    mine = taught["gru_cell"](x, h, *parameters)
    np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_the_worked_example_of_the_page(taught):
    W = np.array([[4.0], [0.0], [2.0], [0.0]])
    b, zero = np.array([-2.0, 2.0, 0.0, 1.0]), np.zeros((1, 1))
    h, c = taught["lstm_cell"](np.ones((1, 1)), zero, zero, W, np.zeros((4, 1)), b)
    # by hand: i = σ(2), g = tanh 2, o = σ(1)
    assert c.item() == pytest.approx(0.880797 * 0.964028, abs=1e-6)
    assert h.item() == pytest.approx(0.731059 * np.tanh(c.item()), abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_is_that_of_the_whole_sequence(taught, seed):
    # the notebook multiplies step by step; here autograd goes through all at once
    norms = taught["gradient_norms"](torch.nn.LSTM, 6, seed)
    torch.manual_seed(seed)
    layer = torch.nn.LSTM(8, 32).double()
    xs = torch.randn(6, 1, 8, dtype=torch.float64)
    state = [torch.zeros(1, 1, 32, dtype=torch.float64).requires_grad_() for _ in "hc"]
    _, (h, c) = layer(xs, tuple(state))
    gradient = torch.autograd.grad((h + c).sum(), state)
    _, (h1, c1) = layer(xs[:5])
    last = [part.detach().requires_grad_() for part in (h1, c1)]
    _, (h, c) = layer(xs[5:], tuple(last))
    end = torch.autograd.grad((h + c).sum(), last)
    ratio = torch.cat(gradient).norm() / torch.cat(end).norm()
    assert norms[-1] == pytest.approx(ratio.item(), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_open_forget_gates_keep_the_gradient(taught, seed):
    norms = taught["gradient_norms"]
    opened = norms(torch.nn.LSTM, 60, seed, 3.0)[-1]
    assert opened > 1e-3
    assert opened > 1e5 * norms(torch.nn.LSTM, 60, seed)[-1]
    assert opened > 1e5 * norms(torch.nn.RNN, 60, seed)[-1]


def test_baselines_of_the_air_passengers(taught, passengers):
    truth = passengers[132:]
    errors = {
        name: np.sqrt(np.mean(np.square(forecast - truth)))
        for name, forecast in taught["free_forecasts"](passengers[:132]).items()
    }
    wanted = {"last": 103.0, "month": 50.7, "growth": 16.8}
    assert errors == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("n", [96, 108, 120, 132])
def test_an_untrained_year_ahead_is_the_same_month_last_year(taught, passengers, n):
    model = taught["YearAhead"](torch.nn.LSTM, 16)
    x = taught["look_back"](np.log(passengers), n)
    with torch.no_grad():
        assert model(torch.tensor(x[None], dtype=torch.float32)).abs().max() == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_our_network_halves_the_squared_error_of_the_calendar(taught, passengers, seed):
    history, truth = passengers[:132], passengers[132:]
    forecast = taught["year_ahead"](history, torch.nn.LSTM, 16, (25,), seed)[25]
    ours = np.mean(np.square(forecast - truth))
    assert ours < 0.5 * np.mean(np.square(history[-12:] - truth))


def test_the_scale_of_the_recipe_knows_nothing_of_1960(taught, passengers):
    high = passengers[132:] * 3
    two = [
        taught["recipe_forecasts"](passengers[:132], future, 1, 0)[0]
        for future in (passengers[132:], high)
    ]
    np.testing.assert_allclose(*two, rtol=1e-6)
