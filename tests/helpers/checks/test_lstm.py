"""The references of the chapter's checks against PyTorch's layers and loops."""

import numpy as np
import pytest

from helpers.checks.engine import Slip
from helpers.checks.lstm import flights_lstm, lstm_cell


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def test_the_gates_are_those_of_one_number_at_a_time():
    for args, got in outcomes(lstm_cell.gates):
        x, h, W, U, b = args.values()
        for k, name in enumerate("ifgo"):
            for e, j in np.ndindex(*h.shape):
                row = k * h.shape[1] + j
                z = sum(W[row] * x[e]) + sum(U[row] * h[e]) + b[row]
                want = np.tanh(z) if name == "g" else 1 / (1 + np.exp(-z))
                assert got[name][e, j] == pytest.approx(want)


def test_the_states_are_those_of_one_number_at_a_time():
    for args, got in outcomes(lstm_cell.state):
        i, f, g, o, c = args.values()
        for at in np.ndindex(*c.shape):
            new = f[at] * c[at] + i[at] * g[at]
            assert got["c"][at] == pytest.approx(new)
            assert got["h"][at] == pytest.approx(o[at] * np.sinh(new) / np.cosh(new))


def loaded(layer, names, values):
    torch = pytest.importorskip("torch")
    tensors = (torch.tensor(v) for v in values)
    layer.load_state_dict(dict(zip(names, tensors, strict=True)))
    return layer


def test_a_sequence_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    for args, got in outcomes(lstm_cell.lstm):
        xs, W, U, b = args.values()
        layer = torch.nn.LSTM(W.shape[1], U.shape[1], dtype=torch.float64)
        with torch.no_grad():
            layer = loaded(layer, names, (W, U, b, 0 * b))
            outputs, (_, c) = layer(torch.tensor(xs))
        np.testing.assert_allclose(got["H"], outputs.numpy(), 1e-9, 1e-12)
        np.testing.assert_allclose(got["c"], c[0].numpy(), 1e-9, 1e-12)


def test_the_gru_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    for args, got in outcomes(lstm_cell.gru_cell):
        x, h, *weights, reset_after = args.values()
        if not reset_after:
            continue
        cell = torch.nn.GRUCell(x.shape[1], h.shape[1], dtype=torch.float64)
        with torch.no_grad():
            new = loaded(cell, names, weights)(torch.tensor(x), torch.tensor(h))
        np.testing.assert_allclose(got[""], new.numpy(), 1e-9, 1e-12)


def unit_by_unit(x, h, W, U, b):
    """One example's step of a GRU in the paper's form, a unit at a time."""
    k = len(h)

    def row(i, seen):
        return sum(W[i] * x) + sum(U[i] * seen) + b[i]

    r, z = (
        np.array([1 / (1 + np.exp(-row(start + j, h))) for j in range(k)])
        for start in (0, k)
    )
    n = np.tanh([row(2 * k + j, r * h) for j in range(k)])
    return n + z * (h - n)


def test_the_gru_of_the_paper_is_that_of_one_unit_at_a_time():
    for args, got in outcomes(lstm_cell.gru_cell):
        x, h, W, U, b, d, reset_after = args.values()
        for e in () if reset_after else range(len(x)):
            want = unit_by_unit(x[e], h[e], W, U, b + d)
            np.testing.assert_allclose(got[""][e], want)


def test_the_parameters_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    layers = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    for args, got in outcomes(lstm_cell.n_parameters):
        layer = layers[args["kind"]](args["n_x"], args["n_h"], device="meta")
        assert got[""] == sum(p.numel() for p in layer.parameters())


def test_the_memory_is_the_slope_of_the_last_cell_state():
    for args, got in outcomes(lstm_cell.memory):
        F = args["F"]
        for t, row in enumerate(got[""]):
            c = np.ones(F.shape[1])  # linear in c_t: its slope is c_T for c_t = 1
            for f in F[t + 1 :]:
                c = f * c
            np.testing.assert_allclose(row, c)


def test_windows_and_their_targets():
    for args, got in outcomes(flights_lstm.windows):
        series, width = args["series"].tolist(), args["width"]
        pairs = [(series[t - width : t], series[t]) for t in range(width, len(series))]
        assert got["X"].tolist() == [X for X, _ in pairs]
        assert got["y"].tolist() == [y for _, y in pairs]


def test_a_scale_is_a_line_through_two_points():
    for args, got in outcomes(flights_lstm.prepare):
        known = sorted(args["series"][: args["n_train"]])
        assert (got["low"], got["high"]) == (known[0], known[-1])
        line = np.polynomial.Polynomial.fit([known[0], known[-1]], [-1, 1], 1)
        np.testing.assert_allclose(got["scaled"], line(args["series"]), atol=1e-9)
    for args, got in outcomes(flights_lstm.unscale):
        s, low, high = args.values()
        want = (high - low) / 2 * s + (high + low) / 2
        np.testing.assert_allclose(got[""], want)


def test_the_network_is_our_own_cell_with_a_linear_layer():
    pytest.importorskip("torch")
    from helpers.checks.engine.observers import seeded

    for args, got in outcomes(flights_lstm.forecaster):
        W, U, b, d, V, e = (v.astype(float) for v in seeded(got["_shapes"]).values())
        xs = args["x"].T[:, :, None]
        H, _ = lstm_cell._lstm(Slip(), xs, W, U, b + d)
        np.testing.assert_allclose(got["outputs"], (H[-1] @ V.T + e)[:, 0], 1e-4, 1e-5)


def test_forecasts_that_feed_themselves():
    for args, got in outcomes(flights_lstm._recursion):
        weights, known, width, months = args.values()
        for _ in range(months):
            known = np.append(known, known[-width:] @ weights)
        np.testing.assert_allclose(got[""], known[-months:])
    for args, got in outcomes(flights_lstm.same_month_last_year):
        known = list(args["history"])
        for _ in range(args["months"]):
            known.append(known[-12])
        np.testing.assert_array_equal(got[""], known[len(args["history"]) :])
