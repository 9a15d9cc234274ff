"""Where the machine has no floating-point flags, the same answers overflow."""

import numpy as np
import pytest

from helpers.checks.engine import Case, CheckFailed, quiet, verify, watch
from helpers.checks.engine.running import run


def naive_sigmoid(z):
    return 1 / (1 + np.exp(-z))


def both_branches(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


def stable_sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def masked_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def naive_softmax(z):
    e = np.exp(z)
    return e / e.sum()


def shifted_softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def log_of_a_probability(z):
    return -np.log(shifted_softmax(z))


def in_place(z):
    z = z.copy()
    z **= 200
    z -= z
    return z


def by_reduction(z):
    return np.add.reduce(np.exp(z)) + np.logaddexp.reduce(z)


def said_to_be_right(z):
    with np.errstate(over="ignore", divide="ignore"):
        return np.log(np.exp(z).sum()) + np.log(0 * z)


FUNCTIONS = (
    said_to_be_right,
    *(naive_sigmoid, both_branches, stable_sigmoid, masked_sigmoid, naive_softmax),
    *(shifted_softmax, log_of_a_probability, in_place, by_reduction, np.reciprocal),
)
INPUTS = {
    "small": np.array([-1.0, 0.5, 2.0]),
    "large": np.array([-1000.0, 0.0, 1000.0]),
    "zeros": np.zeros(3),
    "infinite": np.array([np.inf, 1.0, -np.inf]),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", INPUTS)
def test_it_finds_what_the_processor_finds(function, name):
    args = INPUTS[name].copy()
    told = bool(run(function, {"z": args.copy()}, "f")[1])
    with quiet():
        assert watch.overflows(function, [args]) == told
    assert np.array_equal(args, INPUTS[name])


def test_a_check_takes_the_points_of_an_answer_that_overflows_there_too(monkeypatch):
    cases = [Case(name, {"z": INPUTS[name]}) for name in ("small", "large")]
    monkeypatch.setattr(watch, "flags", lambda: False)
    with np.errstate(all="ignore"):
        silent = {"name": "sigmoid", "cases": cases, "reference": stable_sigmoid}
        verify(function=masked_sigmoid, warn="an exponential overflows.", **silent)
        with pytest.raises(CheckFailed, match="right values, with a floating-point"):
            verify(function=naive_sigmoid, warn="an exponential overflows.", **silent)
