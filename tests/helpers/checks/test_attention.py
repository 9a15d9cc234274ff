"""The references of the chapter's checks against loops, differences and PyTorch."""

import math

import numpy as np
import pytest

from helpers.checks.attention import attention_by_hand as hand
from helpers.checks.attention import transformer
from helpers.checks.engine import Slip


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def test_a_score_is_a_sum_of_products_over_the_root_of_their_number():
    for args, got in outcomes(hand.match):
        X, M, W_q, W_k = args.values()
        for i, j in np.ndindex(len(X), len(M)):
            pairs = [
                (sum(q * X[i]), sum(k * M[j])) for q, k in zip(W_q, W_k, strict=True)
            ]
            want = sum(a * b for a, b in pairs) / math.sqrt(len(pairs))
            assert got[""][i, j] == pytest.approx(want)


def test_a_place_is_hidden_if_it_is_later_or_padding():
    for args, got in outcomes(hand.hide):
        S, padding = args.values()
        for b, i, j in np.ndindex(*S.shape):
            seen = padding[b] <= j <= i
            assert got[""][b, i, j] == (S[b, i, j] if seen else -math.inf)


def test_the_look_up_is_that_of_pytorch_and_0_where_nothing_is_seen():
    torch = pytest.importorskip("torch")
    for args, got in outcomes(hand.look_up):
        S, V = map(torch.tensor, args.values())
        weights = torch.softmax(S, -1).nan_to_num(0.0)  # PyTorch gives NaN there
        np.testing.assert_allclose(got["weights"], weights, 1e-9, 1e-12)
        result = torch.einsum("...nt,...tc->...nc", weights, V)
        np.testing.assert_allclose(got["output"], result, 1e-9, 1e-12)


def test_the_heads_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    for args, got in outcomes(hand.heads):
        P, h = args.values()
        width = P.shape[2] // 3
        layer = torch.nn.MultiheadAttention(
            width, h, bias=False, batch_first=True, dtype=torch.float64
        )
        with torch.no_grad():
            for part in (*layer.in_proj_weight.split(width), layer.out_proj.weight):
                part.copy_(torch.eye(width))
            found, _ = layer(*torch.tensor(P).split(width, -1))
        np.testing.assert_allclose(got[""], found, 1e-9, 1e-12)


def test_the_norm_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    for args, got in outcomes(hand.residual):
        X, f, gain, shift, first = args.values()

        def norm(A, gain=gain, shift=shift):
            given = (torch.tensor(v) for v in (A, gain, shift))
            A, gain, shift = given
            return torch.layer_norm(A, gain.shape, gain, shift, 1e-5).numpy()

        want = X + f(norm(X)) if first else norm(X + f(X))
        np.testing.assert_allclose(got[""], want, 1e-9, 1e-12)


def test_a_code_moved_is_the_code_of_the_place_moved_to():
    rng = np.random.default_rng(5)
    for args, got in outcomes(hand.move_code):
        P, k = args.values()
        t = np.round(rng.uniform(0, 90, len(P)), 1)  # as the cases draw them
        for i, pair in enumerate(np.split(got[""], P.shape[1] // 2, axis=1)):
            turn = np.exp(1j * (t + k) / 10000 ** (2 * i / P.shape[1]))
            np.testing.assert_allclose(pair, np.c_[turn.imag, turn.real], atol=1e-9)


def test_the_gradients_are_differences():
    eps = 1e-6
    for args, got in outcomes(hand.gradients):
        Q, K, V, D = (A.copy() for A in args.values())

        def cost(Q=Q, K=K, V=V, D=D):
            e = np.exp(Q @ K.T / math.sqrt(Q.shape[1]))
            return np.sum(D * (e @ V) / e.sum(1, keepdims=True))

        slopes = got["dQ"], got["dK"], got["dV"]
        for A, slope in zip((Q, K, V), slopes, strict=True):
            for at in np.ndindex(*A.shape):
                old = A[at]
                A[at] = old + eps
                above = cost()
                A[at] = old - eps
                assert slope[at] == pytest.approx((above - cost()) / 2 / eps, abs=1e-7)
                A[at] = old


# --- the transformer ------------------------------------------------------------------


def loaded(width, heads, values):
    """PyTorch's own block with the values of ours."""
    import torch

    layer = torch.nn.TransformerEncoderLayer(
        width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
    )
    names = {"self_attn.in_proj_": "qkv.", "self_attn.out_proj.": "join."}
    names |= {"linear1.": "up.", "linear2.": "down.", "norm1.": "norm_1."}
    names |= {"norm2.": "norm_2."}
    state = {
        theirs + part: values[ours + part]
        for theirs, ours in names.items()
        for part in ("weight", "bias")
    }
    layer.load_state_dict(state)
    return layer.eval()


def causal(layer, x):
    import torch

    mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
    with torch.no_grad():
        return layer(x, src_mask=mask, is_causal=True)


def test_the_block_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    from helpers.checks.engine.named import _seeded

    for args, got in outcomes(transformer.block):
        values = {k: torch.tensor(v) for k, v in _seeded(got["layers"]).items()}
        x = torch.tensor(args["x"], dtype=torch.float32)
        found = causal(loaded(*args["_sizes"], values), x)
        np.testing.assert_allclose(got["outputs"], found, 1e-4, 1e-5)


def test_the_network_is_made_of_pytorchs_blocks():
    torch = pytest.importorskip("torch")
    from helpers.checks.engine.named import _seeded

    for args, got in outcomes(transformer.writer):
        values = {k: torch.tensor(v) for k, v in _seeded(got["layers"]).items()}
        _, _, width, heads, depth = args["_sizes"]
        x = torch.tensor(args["x"])
        a = values["tokens.weight"][x] + values["places.weight"][: x.shape[1]]
        for k in range(depth):
            own = {n.removeprefix(f"blocks.{k}."): v for n, v in values.items()}
            a = causal(loaded(width, heads, own), a)
        a = (a - a.mean(-1, keepdim=True)) / (a.var(-1, correction=0) + 1e-5)[
            ..., None
        ].sqrt()
        a = a * values["norm.weight"] + values["norm.bias"]
        z = a @ values["output.weight"].T + values["output.bias"]
        np.testing.assert_allclose(got["outputs"], z, 1e-4, 1e-5)


def test_the_parameters_are_those_of_the_network():
    pytest.importorskip("torch")
    Writer = transformer._writer(Slip())
    for args, got in outcomes(transformer.count):
        k, T, width, depth = args.values()
        parameters = Writer(k, T, width, 1, depth).parameters()
        assert got[""] == sum(p.numel() for p in parameters)


def log_p(model, read):
    """What a model says of the token after those it has read."""
    import torch

    with torch.no_grad():
        z = model(torch.tensor([list(read)]))[0, -1].double().numpy()
    return z - np.logaddexp.reduce(z)


def test_the_perplexity_asks_about_one_token_at_a_time():
    pytest.importorskip("torch")
    from helpers.checks.engine.sequences import reader

    for args, got in outcomes(transformer.perplexity_of):
        text, T = args["text"], args["T"]
        model = reader(args["_k"], args["_draw"])
        said = [
            log_p(model, text[(i - 1) // T * T : i])[text[i]]
            for i in range(1, len(text))
        ]
        assert got["result"] == pytest.approx(math.exp(-np.mean(said)), rel=1e-5)


def test_the_losses_are_those_of_one_token_at_a_time():
    pytest.importorskip("torch")
    from helpers.checks.engine.sequences import reader

    for args, got in outcomes(transformer.learn):
        text, T, model = args["text"], args["T"], reader(args["_k"], args["_draw"])
        said = [
            log_p(model, text[s : s + n])[text[s + n]]
            for s in args["_starts"][0]
            for n in range(1, T + 1)
        ]
        assert got["losses"][0] == pytest.approx(-np.mean(said), rel=1e-5)
        assert got["losses"][-1] != got["losses"][0]


def test_the_text_is_what_its_shares_point_at():
    pytest.importorskip("torch")
    from helpers.checks.engine.sequences import reader

    for args, got in outcomes(transformer.continue_text):
        known, model = args["start"].tolist(), reader(args["_k"], args["_draw"])
        for share in args["u"]:
            q = np.exp(log_p(model, known[-args["T"] :]) / args["temperature"])
            edges = np.cumsum(q) / q.sum()
            known.append(int(np.searchsorted(edges, share, side="right")))
        assert got["written"] == known[len(args["start"]) :]
