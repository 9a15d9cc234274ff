"""The references of both sheets of the perceptron, derived another way."""

import numpy as np
import pytest
from scipy.optimize import minimize

from helpers.checks.engine import Slip
from helpers.checks.perceptron import gates, margin


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def test_a_neuron_with_a_threshold_fires_where_the_sum_is_not_smaller():
    for args, got in outcomes(gates.step):
        s = np.asarray(args["s"])
        t = np.broadcast_to(args["t"], s.shape)
        told = [0 if s[i] < t[i] else 1 for i in np.ndindex(s.shape)]
        assert np.ravel(got[""]).tolist() == told


def test_each_neuron_of_a_layer_adds_up_by_itself():
    for args, got in outcomes(gates.predict):
        x, W, b = args.values()
        for example, row in zip(np.atleast_2d(x), np.atleast_2d(got[""]), strict=True):
            for j, y in enumerate(row):
                z = b[j] + sum(W[j, i] * example[i] for i in range(len(example)))
                assert y == (z >= 0)


def test_a_distance_is_that_of_the_nearest_point_of_the_boundary():
    for args, got in outcomes(margin.distances):
        X, w, b = args.values()
        on_it = {"type": "eq", "fun": lambda p, w=w, b=b: p @ w + b}
        for x, distance in zip(X, got[""], strict=True):
            found = minimize(
                lambda p, x=x: np.sum((p - x) ** 2), x, constraints=on_it, tol=1e-12
            )
            assert abs(distance) == pytest.approx(np.linalg.norm(found.x - x), rel=1e-4)
            assert np.sign(distance) == np.sign(x @ w + b)


def test_the_rule_stays_below_the_bound():
    for args, got in outcomes(margin.bound):
        X, d, w, b = args.values()
        if got["gamma"] <= 0:
            assert got["corrections"] == np.inf
            continue
        u, corrections = np.zeros(X.shape[1] + 1), 0
        wrong = True
        while wrong:
            wrong = False
            for x, target in zip(np.c_[X, np.ones(len(X))], d, strict=True):
                if (x @ u >= 0) != target:
                    u, wrong = u + (2 * target - 1) * x, True
                    corrections += 1
        assert corrections <= got["corrections"]
        longest = max(np.hypot(np.linalg.norm(x), 1) for x in X)
        assert got["R"] == pytest.approx(longest)
        scaled = margin.bound.reference(Slip(), X, d, 3 * w, 3 * b)
        assert scaled[0] == pytest.approx(got["gamma"])


def test_survivors_are_found_in_the_history_of_all_states():
    for args, got in outcomes(margin.survivors):
        X, d, epochs = args.values()
        history, u = [], np.zeros(X.shape[1] + 1)
        for x, target in zip(
            np.tile(np.c_[X, np.ones(len(X))], (epochs, 1)),
            np.tile(d, epochs),
            strict=True,
        ):
            y = 1 if x @ u >= 0 else 0
            history.append((u, y == target))
            if y != target:
                u = u + (target - y) * x
        states, counts = [], []
        for state, right in [*history, (u, False)]:
            if not states or state is not states[-1]:
                states.append(state)
                counts.append(0)
            counts[-1] += right
        kept = [i for i, n in enumerate(counts) if n or i == len(counts) - 1]
        np.testing.assert_allclose(got["W"], [states[i] for i in kept])
        assert got["c"].tolist() == [counts[i] for i in kept]


def test_votes_are_counted_one_by_one():
    for args, got in outcomes(margin.held_out):
        W, c, X, d = args.values()
        voters = np.repeat(W, c, axis=0)  # as many rows as votes
        right = {"last": 0, "averaged": 0, "voted": 0}
        for x, target in zip(np.c_[X, np.ones(len(X))], d, strict=True):
            ayes = sum(voter @ x >= 0 for voter in voters)
            right["last"] += (W[-1] @ x >= 0) == target
            right["averaged"] += (voters.mean(axis=0) @ x >= 0) == target
            right["voted"] += (2 * ayes >= len(voters)) == target
        for name, n in right.items():
            assert got[name] == pytest.approx(n / len(X))


def test_the_sigmoids_quotient_is_near_its_slope_and_the_steps_is_none():
    for args, got in outcomes(margin.slopes):
        X, w, b, j, h = args.values()
        y = 1 / (1 + np.exp(-(X @ w + b)))
        slope = np.mean(y * (1 - y) * X[:, j])
        assert got["sigmoid"] == pytest.approx(slope, abs=abs(h) / 2)
        moved = w + h * np.eye(len(w))[j]
        flipped = [int(x @ moved + b >= 0) - int(x @ w + b >= 0) for x in X]
        assert got["step"] == pytest.approx(np.mean(flipped) / h)
    still = margin.slopes.reference(Slip(), X, w, b, j, 1e-9)
    assert still[0] == 0
    assert still[1] == pytest.approx(slope, rel=1e-4)
