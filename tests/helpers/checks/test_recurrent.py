"""The references of the chapter's checks against differences, loops, another order."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from helpers.checks.recurrent import bptt, char_rnn

EPS = 1e-5


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def run(drive, h0, Whh):
    """h0 and the states that follow, for preactivations without W_hh h."""
    H = [h0]
    for s in drive:
        H.append(np.tanh(s + np.einsum("ij,mj->mi", Whh, H[-1])))
    return np.array(H)


def drives(H, Whh):
    return np.arctanh(H[1:]) - H[:-1] @ Whh.T


def slopes(cost, at, eps=EPS):
    """Central differences of a cost, entry by entry."""
    result = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        above, below = at.copy(), at.copy()
        above[place] += eps
        below[place] -= eps
        result[place] = (cost(above) - cost(below)) / (2 * eps)
    return result


def test_a_step_is_that_of_one_neuron_at_a_time():
    for args, got in outcomes(bptt.step):
        x, h, Wxh, Whh, bh = args.values()
        for i, j in np.ndindex(*h.shape):
            z = np.dot(Wxh[j], x[i]) + np.dot(Whh[j], h[i]) + bh[j]
            assert got[""][i, j] == pytest.approx(np.tanh(z))


def test_the_states_and_logits_of_a_sequence():
    for args, got in outcomes(bptt.forward):
        X, h0, Wxh, Whh, bh, Why, by = args.values()
        H = run(np.einsum("tmi,ni->tmn", X, Wxh) + bh, h0, Whh)
        np.testing.assert_allclose(got["H"], H)
        np.testing.assert_allclose(got["Z"], np.einsum("tmn,kn->tmk", H[1:], Why) + by)


def test_the_error_of_the_outputs_is_the_slope_of_the_cost():
    for args, got in outcomes(bptt.output_delta):
        labels = np.eye(args["Z"].shape[-1])[args["Y"]]

        def cost(Z, labels=labels):
            log_p = Z - np.logaddexp.reduce(Z, axis=-1, keepdims=True)
            return -(log_p * labels).sum() / labels[..., 0].size

        want = slopes(cost, args["Z"], 1e-4)
        np.testing.assert_allclose(got[""], want, 1e-5, 1e-7)


def test_the_errors_of_the_states_are_slopes_of_the_outputs():
    for args, got in outcomes(bptt.hidden_deltas):
        D, H, Whh, Why = args.values()

        def cost(drive, D=D, H=H, Whh=Whh, Why=Why):
            return np.sum(D * (run(drive, H[0], Whh)[1:] @ Why.T))

        np.testing.assert_allclose(got[""], slopes(cost, drives(H, Whh)), 1e-5, 1e-7)


def test_gradients_are_sums_of_outer_products():
    for args, got in outcomes(bptt.gradients):
        X, H, D, deltas = args.values()
        total = dict.fromkeys(bptt.gradients.parts, 0.0)
        for t, i in np.ndindex(*D.shape[:2]):
            d, e = deltas[t, i], D[t, i]
            total["dWxh"] += np.outer(d, X[t, i])
            total["dWhh"] += np.outer(d, H[t, i])
            total["dWhy"] += np.outer(e, H[t + 1, i])
            total["dbh"] += d
            total["dby"] += e
        for part, want in total.items():
            np.testing.assert_allclose(got[part], want)


def test_clipping_is_that_of_the_page():
    for args, got in outcomes(bptt.clip_value):
        bound = args["bound"]
        for g, cut in zip(args["grads"], got[""], strict=True):
            np.testing.assert_array_equal(cut, np.minimum(np.maximum(g, -bound), bound))
    for args, got in outcomes(bptt.clip_norm):
        length = sum(v * v for g in args["grads"] for v in g.ravel()) ** 0.5
        short = min(length, args["bound"])
        for g, cut in zip(args["grads"], got[""], strict=True):
            np.testing.assert_allclose(cut, g / (length or 1) * short)


def test_the_norms_are_those_of_differences_of_the_last_state():
    for args, got in outcomes(bptt.jacobian_norms):
        H, Whh = args.values()
        drive = drives(H, Whh)
        for t in range(len(H)):
            rows = [
                slopes(
                    lambda h, t=t, j=j, drive=drive, Whh=Whh: run(
                        drive[t:, None], h[None], Whh
                    )[-1, 0, j],
                    H[t],
                )
                for j in range(len(Whh))
            ]
            want = np.linalg.svd(np.array(rows), compute_uv=False)[0]
            assert got[""][t] == pytest.approx(want, rel=1e-5)


def test_a_vocabulary_reads_back_all_that_is_not_rare():
    for args, got in outcomes(char_rnn.vocabulary):
        text, least = args.values()
        characters, index = got["characters"], got["index"]
        often = Counter(text)
        read = [characters[index[c]] for c in text]
        assert read == [c if often[c] >= least else "<rare>" for c in text]
        assert index.keys() == often.keys()
        assert characters.pop() == "<rare>"
        assert all(a < b for a, b in pairwise(characters))
        assert all(often[c] >= least for c in characters)


def test_labels_are_the_text_shifted_by_one():
    for args, got in outcomes(char_rnn.examples):
        text, T = args["indices"].tolist(), args["T"]
        rows = range(0, len(text) - T, T)
        assert got["X"].tolist() == [text[a : a + T] for a in rows]
        assert got["Y"].tolist() == [text[a + 1 : a + T + 1] for a in rows]


def test_one_hot_is_written_place_by_place():
    for args, got in outcomes(char_rnn._ones):
        want = np.zeros((*args["indices"].shape, args["k"]))
        for place in np.ndindex(args["indices"].shape):
            want[(*place, args["indices"][place])] = 1
        np.testing.assert_array_equal(got[""], want)


def log_sum(z):
    """The logarithm of a sum of exponentials, with whole numbers of any size."""
    top = max(z)
    return top + math.log(math.fsum(math.exp(v - top) for v in z))


def test_probabilities_and_perplexity_are_those_of_sums():
    for args, got in outcomes(char_rnn.probabilities):
        z = [v / args["tau"] for v in args["z"]]
        want = [math.exp(v - log_sum(z)) for v in z]
        np.testing.assert_allclose(got[""], want)
    for args, got in outcomes(char_rnn.perplexity):
        losses = [log_sum(z) - z[y] for z, y in zip(args["Z"], args["Y"], strict=True)]
        assert got[""] == pytest.approx(math.exp(math.fsum(losses) / len(losses)))


def test_a_text_is_drawn_from_the_sums_of_its_probabilities():
    for args, got in outcomes(char_rnn._written):
        h, i, length, tau, draw = args.values()
        step, rng = char_rnn._network(draw), np.random.default_rng(draw)
        written = []
        for u in rng.random(length):
            z, h = step(i, h)
            p = np.array([math.exp(v / tau - log_sum(z / tau)) for v in z])
            i = int(np.searchsorted(np.cumsum(p) / p.sum(), u, side="right"))
            written.append(i)
        assert got[""] == written


def test_pairs_are_counted_one_by_one():
    for args, got in outcomes(char_rnn.bigram):
        text, k, alpha = args["indices"].tolist(), args["k"], args["alpha"]
        pairs = list(pairwise(text))
        for a, b in np.ndindex(k, k):
            after = sum(first == a for first, _ in pairs)
            want = (pairs.count((a, b)) + alpha) / (after + k * alpha)
            assert got[""][a, b] == pytest.approx(want)


def test_draws_of_numpys_own_generator_are_told():
    """What `np.random` gives in a notebook is known: the check seeds it."""

    def sample(step, h, first, length, tau, rng):
        written, i = [], first
        for _ in range(length):
            z, h = step(i, h)
            p = np.exp(z / tau - log_sum(z / tau))
            i = int(np.random.choice(len(p), p=p / p.sum()))  # noqa: NPY002
            written.append(i)
        return written

    with pytest.raises(AssertionError, match=r"np\.random: use the rng"):
        char_rnn.sample(sample)
