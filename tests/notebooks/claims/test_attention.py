"""Claims of the chapter `attention`, over five seeds, at a small budget.

The functions are those that the notebook teaches: its cells tagged ``define``. What the
notebook measures for five seeds it asserts itself.
"""

import math

import numpy as np
import pytest

from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")
F, nn = torch.nn.functional, torch.nn


def rows(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def test_the_worked_example_of_the_page(taught):
    K = np.array([[1.0, 1, 1, 1], [1, 0, 1, 0], [1, -1, 1, -1]])
    V = np.array([[10.0], [20.0], [40.0]])
    out, weights = taught["attention"](np.ones((1, 4)), K, V)
    shares = [math.exp(2), math.e, 1]  # scores 4, 2, 0, divided by the root of 4
    wanted = [share / sum(shares) for share in shares]
    assert weights[0].tolist() == pytest.approx(wanted)
    assert out.item() == pytest.approx(10 * wanted[0] + 20 * wanted[1] + 40 * wanted[2])
    seen = taught["attention"](np.ones((1, 4)), K, V, np.array([[True, True, False]]))
    assert seen[0].item() == pytest.approx((10 * math.e + 20) / (math.e + 1))
    assert seen[1][0, 2] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_attention_is_that_of_pytorch(taught, seed):
    Q, K, V = rows(seed, 5, 8), rows(seed + 10, 7, 8), rows(seed + 20, 7, 3)
    mask = np.random.default_rng(seed).random((5, 7)) < 0.6
    mask[:, 0] = True  # each query sees something
    for given in (None, mask):
        theirs = F.scaled_dot_product_attention(
            *(torch.tensor(part)[None] for part in (Q, K, V)),
            attn_mask=None if given is None else torch.tensor(given),
        )
        ours = taught["attention"](Q, K, V, given)[0]
        np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_parts_of_a_block_are_those_of_pytorch(taught, seed):
    assert max(taught["gaps_to_pytorch"](seed).values()) < 1e-12


@pytest.mark.parametrize("seed", SEEDS)
def test_a_norm_before_its_part_gives_pytorchs_other_block(taught, seed):
    torch.manual_seed(seed)
    options = {"batch_first": True, "norm_first": True, "dropout": 0.0}
    theirs = nn.TransformerEncoderLayer(8, 2, 32, activation="gelu", **options).double()
    x = torch.randn(1, 6, 8).double()
    p, X = taught["our_block"](theirs), x[0].numpy()
    Y = taught["layer_norm"](X, *p["norm 1"])
    X = X + taught["multi_head"](Y, Y, p["heads"], p["out"])
    Y = taught["affine"](taught["layer_norm"](X, *p["norm 2"]), p["wide"])
    X = X + taught["affine"](taught["gelu"](Y), p["narrow"])
    np.testing.assert_allclose(X, theirs(x)[0].detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [1, 2, 9])
def test_the_past_hears_nothing_of_the_future(taught, seed, n):
    X = rows(seed, n + 3, 4)
    look = taught["attention"]
    whole = look(X, X, X, taught["causal"](n + 3))[0]
    part = look(X[:n], X[:n], X[:n], taught["causal"](n))[0]
    np.testing.assert_allclose(whole[:n], part, atol=1e-12)
    late = taught["masked_after"](X, taught["causal"](n + 3))[0]
    early = taught["masked_after"](X[:n], taught["causal"](n))[0]
    assert np.abs(late[:n] - early).max() > 1e-3  # masked after: it does


@pytest.mark.parametrize("seed", SEEDS)
def test_attention_is_equivariant_and_positions_end_that(taught, seed):
    X, look = rows(seed, 7, 6), taught["attention"]
    order = np.random.default_rng(seed).permutation(7)
    np.testing.assert_allclose(
        look(X[order], X[order], X[order])[0], look(X, X, X)[0][order], atol=1e-12
    )
    here, there = X + taught["waves"](7, 6), X[order] + taught["waves"](7, 6)
    moved = look(there, there, there)[0] - look(here, here, here)[0][order]
    assert np.abs(moved).max() > 0.01


@pytest.mark.parametrize("d", [2, 8, 30])
def test_the_code_of_a_position_is_waves_of_many_lengths(taught, d):
    P = taught["waves"](50, d)
    for t in (0, 1, 17, 49):
        for pair in range(d // 2):
            angle = t / 10_000 ** (2 * pair / d)
            wanted = math.sin(angle), math.cos(angle)
            assert P[t, 2 * pair : 2 * pair + 2] == pytest.approx(wanted)
    dots = P[:-5] @ P[5:].T
    np.testing.assert_allclose(np.diag(dots), dots[0, 0], atol=1e-12)


def test_the_root_keeps_the_variance_and_the_entropy(taught):
    for d in (16, 256):
        scores = [taught["random_scores"](d, seed, n=64) for seed in SEEDS]
        assert np.median([S.var() for S in scores]) == pytest.approx(d, rel=0.15)
        for S in scores:
            with_root = taught["entropy"](taught["softmax"](S / np.sqrt(d)))
            assert with_root > 5  # of 6 bits
            assert with_root > 1.5 * taught["entropy"](taught["softmax"](S))


def test_entropy_is_that_of_scipy(taught):
    from scipy.stats import entropy

    weights = taught["softmax"](rows(0, 20, 9))
    wanted = entropy(weights, base=2, axis=1).mean()
    assert taught["entropy"](weights) == pytest.approx(wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_steepness_is_that_of_autograd(taught, seed):
    S = rows(seed, 3, 5)
    jacobians = [
        torch.autograd.functional.jacobian(lambda s: s.softmax(0), torch.tensor(row))
        for row in S
    ]
    wanted = np.mean([J.norm().item() for J in jacobians])
    assert taught["steepness"](taught["softmax"](S)) == pytest.approx(wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_is_the_letter_after_the_last_time(taught, seed):
    x, y = taught["followers"](6, 20, torch.Generator().manual_seed(seed))
    for text, answers in zip(x.tolist(), y.tolist(), strict=True):
        assert sorted(text[:6]) == sorted(text[6:]) == list(range(6))
        for t, answer in enumerate(answers, start=6):
            last = max(s for s in range(t) if text[s] == text[t])
            assert answer == text[last + 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_layers_find_what_one_layer_and_an_lstm_do_not(taught, seed):
    n, right = 5, {}
    makes = {
        "two": lambda: taught["Transformer"](n, 48, 2, 2),
        "one": lambda: taught["Transformer"](n, 48, 1, 2),
        "lstm": lambda: taught["Recurrent"](nn.LSTM, n, 114),
    }
    for name, make in makes.items():
        torch.manual_seed(seed)
        model = make()
        right[name] = taught["learn_followers"](model, n, 150, seed)
        if name == "two":
            size, looks = taught["n_parameters"](model), taught["where_it_looks"]
            found = looks(model, n, seed)
    assert right["two"] > 0.9
    assert max(right["one"], right["lstm"]) < 0.65
    assert found[1, 1].max() > 0.5  # a head of layer 2 looks at the answer
    assert taught["n_parameters"](makes["lstm"]()) == pytest.approx(size, rel=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_transformer_does_not_see_the_future(taught, seed):
    torch.manual_seed(seed)
    model = taught["Transformer"](9, 16, 2, 4)
    x = torch.randint(0, 9, (3, 12))
    other = x.clone()
    other[:, 7:] = (x[:, 7:] + 1) % 9
    with torch.no_grad():
        change = (model(x) - model(other)).abs().amax(dim=(0, 2))
    assert change[:7].max() < 1e-5
    assert change[7:].min() > 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_maps_are_the_weights_that_the_model_uses(taught, seed):
    torch.manual_seed(seed)
    model = taught["Transformer"](9, 16, 1, 2)
    x = torch.randint(0, 9, (8,))
    maps = taught["attention_maps"](model, x)
    assert maps.shape == (1, 2, 8, 8)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)
    layer = model.layers[0]
    with torch.no_grad():
        b = layer.norm1(model.begin(x[None])[0])[0].numpy()
    (heads, _), see = taught["our_heads"](layer.self_attn), taught["causal"](8)
    for head, (q, k, _) in enumerate(heads):
        queries, keys = (taught["affine"](b, layer) for layer in (q, k))
        weights = taught["attention"](queries, keys, keys, see)[1]
        np.testing.assert_allclose(maps[0, head], weights, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_norms_and_sums_keep_the_gradient(taught, seed):
    slopes = {
        kind: taught["slopes_by_block"](kind, seed, depth=6, d=16)
        for kind in ("pre-norm", "post-norm", "neither")
    }
    ratio = {kind: run[0] / run[-1] for kind, run in slopes.items()}
    assert ratio["neither"] < 0.05 < 0.2 < ratio["post-norm"] < ratio["pre-norm"] < 10


def test_perplexity_of_a_model_that_knows_nothing_is_the_size_of_the_vocabulary(taught):
    def even(x):
        return torch.zeros(*x.shape, 7)

    held = torch.randint(0, 7, (1000,))
    assert taught["held_perplexity"](even, held) == pytest.approx(7)


def test_every_scored_character_has_half_a_piece_before_it(taught):
    """A model that reads the last letter scores 1 on a text that counts up."""
    asked = []

    def counts(x):
        asked.append(x)
        return 50.0 * F.one_hot((x + 1) % 7, 7).float()

    held = torch.arange(1000) % 7
    assert taught["held_perplexity"](counts, held, T=16) == pytest.approx(1)
    assert sum(len(x) for x in asked) == (1000 - 17) // 8 + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_race_ends_when_both_budgets_are_spent(taught, seed):
    generator = torch.Generator().manual_seed(seed)
    text = torch.randint(0, 5, (2000,), generator=generator) // 2  # 0, 1, 2; uneven
    torch.manual_seed(seed)
    model = taught["Recurrent"](nn.GRU, 3, 8)
    tokens, timed, speed = taught["race"](model, text, text[:300], 40_000, 0.05, seed)
    best = math.exp(-2 * 0.4 * math.log(0.4) - 0.2 * math.log(0.2))  # the entropy
    assert best * 0.9 < tokens < best * 1.1
    assert timed < 3.3
    assert speed > 0
    assert taught["race"](model, text, text[:300], 5000, None, seed)[1] is None


@pytest.mark.parametrize("seed", SEEDS)
def test_the_translator_learns_from_the_right_past_and_writes_alone(taught, seed):
    x, past, y = taught["words"](50, 4, torch.Generator().manual_seed(seed))
    assert y.tolist() == [word[::-1] for word in x.tolist()]
    assert past[:, 0].unique().tolist() == [26]
    assert (past[:, 1:] == y[:, :-1]).all()
    torch.manual_seed(seed)
    model = taught["Translator"]()
    taught["learn_to_reverse"](model, 4, 60, seed, m=32)
    right = (taught["write_alone"](model, x) == y).float().mean().item()
    assert right > 0.4  # guessing: 1/26
