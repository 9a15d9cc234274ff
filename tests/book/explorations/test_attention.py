"""The mathematics of the attention exploration, run by Node, against PyTorch."""

from functools import partial

import numpy as np
import pytest

from tests.book.explorations import node
from tests.book.explorations.node import needs_node

pytestmark = needs_node
call = partial(node.call, "attention")

torch = pytest.importorskip("torch")
F = torch.nn.functional
TEXTS = [".abcdeabc", ".on_and_on", ".zqaqz", ".a"]
HEADS = ["same", "before", "after"]


def waves(n: int, d: int) -> np.ndarray:
    """Sines and cosines of the positions 0 … n − 1, in two loops."""
    P = np.empty((n, d))
    for t in range(n):
        for i in range(d // 2):
            P[t, 2 * i] = np.sin(t * 10_000 ** (-2 * i / d))
            P[t, 2 * i + 1] = np.cos(t * 10_000 ** (-2 * i / d))
    return P


def weights(text, causal=True, positions=True, tau=1.0) -> dict[str, np.ndarray]:
    shown = call("attend", text, causal, positions, tau)
    return {head: np.array(shown[head]["weights"]) for head in HEADS}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("tau", [0.1, 1, 5])
def test_each_head_agrees_with_pytorch(text, causal, tau):
    shown = call("attend", text, causal, True, tau)
    letters = torch.tensor([call("letterCode", c) for c in call("positionsOf", text)])
    for head in HEADS:
        Q, K = (torch.tensor(shown[head][name], dtype=torch.double) for name in "QK")
        one = torch.eye(len(K), dtype=torch.double)  # values that show the weights
        scale = 1 / (4 * tau)
        theirs = F.scaled_dot_product_attention(
            Q[None], K[None], one[None], is_causal=causal, scale=scale
        )[0]
        np.testing.assert_allclose(shown[head]["weights"], theirs, atol=1e-6)
        np.testing.assert_allclose(shown[head]["scores"], Q @ K.T / 4, atol=1e-6)
    handed = np.array(shown["before"]["weights"]) @ letters.numpy()
    np.testing.assert_allclose(shown["after"]["K"], handed, atol=1e-6)


def test_codes_of_letters_agree_with_themselves_alone():
    codes = np.array([call("letterCode", c) for c in "abcdefghijklmnopqrstuvwxyz_›"])
    products = codes @ codes.T
    assert set(products[np.triu_indices(28, 1)].tolist()) == {0, -16}
    assert (np.diag(products) == 16).all()


def test_positions_are_the_waves_of_the_page():
    ours = [call("positionCode", t) for t in range(10)]
    np.testing.assert_allclose(ours, waves(10, 16), atol=1e-6)


def test_before_looks_at_the_position_before():
    rows = weights(".abcdeabc")["before"]
    assert (rows.argmax(axis=1) == [0, 0, 1, 2, 3, 4, 5, 6, 7]).all()
    assert np.diag(rows, -1).min() > 0.97


def test_after_hands_on_the_letter_that_followed_the_last_time():
    # a b c d e a b c: after the first a came b, after b came c, after c came d
    for at, letter in ((6, "b"), (7, "c"), (8, "d")):
        row = weights(".abcdeabc")["after"][at].tolist()
        found, share = call("handsOn", ".abcdeabc", row)[0]
        assert found == letter
        assert share > 0.85


def test_without_a_mask_after_copies_the_answer():
    """Position 6 (a) looks at position 7 (b), too: what it should predict."""
    free, masked = (weights(".abcdeabc", causal)["after"] for causal in (False, True))
    assert free[6, 7] == pytest.approx(free[6, 2], abs=1e-3)
    assert free[6, 7] > 0.45
    assert masked[6, 7] == 0


def test_a_causal_mask_leaves_exactly_nothing_of_the_future():
    for rows in weights(".on_and_on").values():
        assert (np.triu(rows, 1) == 0).all()
        np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_without_positions_before_is_blind():
    rows = weights(".abcdeabc", positions=False)["before"]
    for t, row in enumerate(rows):
        np.testing.assert_allclose(row[: t + 1], 1 / (t + 1))


@pytest.mark.parametrize("text", TEXTS)
def test_without_mask_and_positions_turning_the_text_turns_the_weights(text):
    turned = call("reversed", text)
    n = len(text)
    order = np.array([0, *range(n - 1, 0, -1)])  # the start sign stays
    here, there = (weights(t, False, False) for t in (text, turned))
    for head in HEADS:
        np.testing.assert_allclose(
            there[head], here[head][np.ix_(order, order)], atol=1e-12
        )
    if n > 2:
        told = weights(text, False)["before"], weights(turned, False)["before"]
        assert not np.allclose(told[1], told[0][np.ix_(order, order)], atol=0.1)


def test_equal_letters_share_the_weight_equally():
    row = weights(".banana", causal=False)["same"][6]  # the last a
    np.testing.assert_allclose(row[[2, 4, 6]], row[6])


def test_heat_spreads_the_weights_and_cold_gathers_them():
    def largest(tau):
        return weights(".abcdeabc", tau=tau)["after"][8].max()

    assert largest(0.1) > 0.999
    assert largest(0.1) > largest(1) > largest(5)
    assert largest(5) < 0.25


def test_large_scores_do_not_overflow():
    assert call("softmax", [1e4, 1e4, -1e4]) == [0.5, 0.5, 0]


def test_what_is_handed_on_adds_up_to_one():
    row = weights(".on_and_on")["same"][9].tolist()
    shares = call("handsOn", ".on_and_on", row)
    assert sum(share for _, share in shares) == pytest.approx(1)
    assert [share for _, share in shares] == sorted(
        (s for _, s in shares), reverse=True
    )


@pytest.mark.parametrize(
    ("typed", "text"),
    [("Abc", ".abc"), ("on a", ".on_a"), ("", None), ("é", None), ("a" * 10, None)],
)
def test_what_is_typed_becomes_a_text(typed, text):
    assert call("readText", typed) == text


@pytest.mark.parametrize("text", ["nonsense", "", ".", ".A", "..a", ".abcdefghij"])
def test_other_texts_are_refused(text):
    assert not call("isText", text)
