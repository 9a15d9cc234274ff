"""Claims of the chapter `recurrent`, with the functions that its notebook teaches."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests import ROOT

TEXT = "the quick brown fox jumps over the lazy dog; " * 120
TRAIN = """
import hashlib
from benchmarks import _taught
from tests.notebooks.claims.test_recurrent import TEXT, trained
print(hashlib.sha256(trained(_taught.taught("recurrent"), 3)).hexdigest())
"""


def trained(taught, seed: int) -> bytes:
    """The weights after a short truncated training, as bytes."""
    characters, index = taught["vocabulary"](TEXT)
    indices = taught["encode"](TEXT, index)
    rng = np.random.default_rng(seed)
    parameters = taught["start_weights"](len(characters), 16, rng)
    taught["train_text"](indices, parameters, 30, m=4, T=10)
    return b"".join(parameters[key].tobytes() for key in sorted(parameters))


def small_case(taught, seed: int):
    rng = np.random.default_rng(seed)
    parameters = taught["start_weights"](6, 5, rng, dtype=float)
    x, y = rng.integers(6, size=(2, 7, 3))
    return parameters, x, y, rng.normal(size=(3, 5))


@pytest.mark.parametrize("seed", range(5))
def test_bptt_agrees_with_finite_differences(taught, seed):
    parameters, x, y, h = small_case(taught, seed)
    state = taught["rnn_forward"](x, h, parameters)
    gradients = taught["rnn_backward"](x, y, *state, parameters)

    def cost():
        Z = taught["rnn_forward"](x, h, parameters)[1].reshape(-1, 6)
        picked = Z[np.arange(y.size), y.ravel()]
        return np.mean(np.logaddexp.reduce(Z, axis=1) - picked)

    for key, gradient in gradients.items():
        for place in list(np.ndindex(gradient.shape))[::3]:
            old = parameters[key][place]
            parameters[key][place] = old + 1e-5
            above = cost()
            parameters[key][place] = old - 1e-5
            slope = (above - cost()) / 2e-5
            parameters[key][place] = old
            assert gradient[place] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_bptt_agrees_with_automatic_differentiation(taught, seed):
    torch = pytest.importorskip("torch")
    parameters, x, y, h = small_case(taught, seed)
    state = taught["rnn_forward"](x, h, parameters)
    gradients = taught["rnn_backward"](x, y, *state, parameters)
    theirs = {key: torch.tensor(v, requires_grad=True) for key, v in parameters.items()}
    one_hot = torch.nn.functional.one_hot(torch.tensor(x), 6).double()
    now, outputs = torch.tensor(h), []
    for moment in one_hot:
        inside = moment @ theirs["Wxh"].T + now @ theirs["Whh"].T + theirs["bh"]
        now = torch.tanh(inside)
        outputs.append(now @ theirs["Why"].T + theirs["by"])
    logits = torch.stack(outputs).flatten(0, 1)
    torch.nn.functional.cross_entropy(logits, torch.tensor(y).flatten()).backward()
    for key, gradient in gradients.items():
        np.testing.assert_allclose(gradient, theirs[key].grad, atol=1e-12)


@pytest.mark.parametrize("k", [2, 26, 65])
def test_perplexity_of_a_uniform_model_is_the_size_of_the_vocabulary(taught, k):
    assert taught["perplexity"](np.full(100, 1 / k)) == pytest.approx(k)
    zeros = {"Wxh": (8, k), "Whh": (8, 8), "bh": (8,), "Why": (k, 8), "by": (k,)}
    silent = {key: np.zeros(shape, np.float32) for key, shape in zeros.items()}
    text = np.random.default_rng(0).integers(k, size=600)
    assert taught["text_perplexity"](text, silent) == pytest.approx(k, rel=1e-5)


def test_perplexity_is_1_at_best_and_infinite_at_worst(taught):
    assert taught["perplexity"](np.ones(5)) == 1
    assert taught["perplexity"](np.array([0.9, 0.0])) == np.inf
    assert taught["perplexity"](np.array([0.5, 0.125])) == pytest.approx(4)  # √16


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_probabilities_of_a_counting_model_add_up_to_1(taught, n):
    rng = np.random.default_rng(1)
    train, before = rng.integers(4, size=300), rng.integers(4, size=n - 1)
    total = 0.0
    for c in range(4):
        text = np.array([*before, c])
        total += taught["gram_probabilities"](train, text, n, 4)[0]
    assert total == pytest.approx(1)


def test_trigram_counts_are_those_of_the_text(taught):
    # "abab...": b follows (b, a) always, so its probability tends to 1
    train = np.array([0, 1] * 500)
    p = taught["gram_probabilities"](train, np.array([1, 0, 1]), 3, 2)
    assert p[0] > 0.99


def test_training_is_the_same_in_two_processes_with_other_hash_seeds(taught):
    answers = {
        subprocess.run(
            [sys.executable, "-c", TRAIN],
            env=os.environ
            | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in (1, 2)
    }
    assert answers == {hashlib.sha256(trained(taught, 3)).hexdigest()}
    assert trained(taught, 3) != trained(taught, 4)


def test_sampling_changes_neither_the_weights_nor_the_state(taught):
    rng = np.random.default_rng(0)
    parameters = taught["start_weights"](6, 5, rng)
    h = rng.normal(size=(1, 5)).astype(np.float32)
    kept = {key: value.copy() for key, value in parameters.items()}, h.copy()
    taught["sample"](parameters, [1, 2], 30, 1.0, np.random.default_rng(1), h=h)
    assert np.array_equal(h, kept[1])
    assert all(np.array_equal(parameters[key], kept[0][key]) for key in parameters)


def test_a_second_softmax_is_nearly_uniform(taught):
    # p in [0, 1] bounds every ratio of the second softmax by e
    p = taught["softmax"](8 * np.random.default_rng(0).normal(size=(50, 65)))
    q = taught["softmax"](p)
    assert (q.max(axis=1) / q.min(axis=1)).max() <= np.e
    entropy = -(q * np.log2(q)).sum(axis=1)
    assert entropy.min() > 0.98 * np.log2(65)
    assert -(p * np.log2(np.maximum(p, 1e-99))).sum(axis=1).mean() < 3


@pytest.mark.parametrize("seed", range(5))
def test_gradients_vanish_below_1_and_the_tanh_only_shrinks(taught, seed):
    for rho in (0.8, 1.0, 1.5):
        H, Whh = taught["random_run"](rho, 50, np.random.default_rng(seed))
        norms = taught["jacobian_norms"](H, Whh)
        assert len(norms) == 50
        assert (norms <= rho ** np.arange(50) * (1 + 1e-9)).all()
        if rho < 1:
            assert norms[-1] < 1e-4
        if rho > 1:
            assert norms.max() > 1.5


def test_jacobian_norm_agrees_with_finite_differences(taught):
    rng = np.random.default_rng(0)
    parameters = taught["start_weights"](6, 5, rng, dtype=float)
    x, h = rng.integers(6, size=(8, 1)), np.zeros((1, 5))
    H, _ = taught["rnn_forward"](x, h, parameters)
    norms = taught["jacobian_norms"](H[:, 0], parameters["Whh"])
    for back in (1, 4, 7):
        start, rest = H[8 - back], x[8 - back :]
        columns = [
            taught["rnn_forward"](rest, start + e, parameters)[0][-1, 0]
            - taught["rnn_forward"](rest, start - e, parameters)[0][-1, 0]
            for e in 1e-5 * np.eye(5)
        ]
        J = np.array(columns) / 2e-5
        assert norms[back] == pytest.approx(np.linalg.norm(J, 2), rel=1e-6)


@pytest.mark.parametrize("bound", [0.5, 5.0])
def test_clipping_by_norm_keeps_the_direction_and_by_value_need_not(taught, bound):
    rng = np.random.default_rng(2)
    g = {"W": 9 * rng.normal(size=(4, 5)), "b": 9 * rng.normal(size=4)}
    flat = np.concatenate([g["W"].ravel(), g["b"]])
    short = taught["clip_norm"](g, bound)
    now = np.concatenate([short["W"].ravel(), short["b"]])
    np.testing.assert_allclose(now, flat * bound / np.linalg.norm(flat))
    cut = taught["clip_value"](g, bound)
    assert max(np.abs(value).max() for value in cut.values()) == bound
    turned = np.concatenate([cut["W"].ravel(), cut["b"]])
    cosine = turned @ flat / np.linalg.norm(turned) / np.linalg.norm(flat)
    assert cosine < 0.999


def test_the_kept_full_run_is_of_real_data_and_says_what_the_page_says():
    path = ROOT / "book/results/recurrent.json"
    if not path.is_file():
        pytest.skip("no full run is kept")
    kept = json.loads(path.read_text())
    results = kept["results"]
    assert kept["profile"] == "full"
    assert not any(entry.get("is_standin") for entry in results.values())
    assert results["numpy_perplexity"]["max"] < results["trigram_perplexity"]["value"]
