"""Checks of the sheet `attention/transformer`: a block, a model that writes, its loss.

Each step is a reference that carries its slips (`helpers.checks.engine`). PyTorch is
imported when a check runs.
"""

from collections.abc import Callable, Iterator

import numpy as np

from .. import one_step
from ..engine import Case, Step
from ..engine.named import named, named_fact
from ..engine.sequences import (
    MODES,
    judging,
    judging_fact,
    stepping,
    writing,
    writing_fact,
)
from ..engine.values import is_tensor
from .attention_by_hand import CUT

MODEL = "A language model"
SINGLE = {"factory": True, "rtol": 1e-4, "atol": 1e-5}
MODULE = SINGLE | {"observe": named, "tell": named_fact}
AFTER = "the targets are the inputs: each is the token *after* its input."
SOFTMAX = "a softmax is taken before cross_entropy, which has its own."


# --- Block ----------------------------------------------------------------------------


def _masked(slip, S):
    """Return the weights of scores, where no position sees a later one."""
    import torch

    ones = torch.ones(S.shape[-2:], dtype=torch.bool)
    later = slip(ones.triu(1), all_seen=~ones, earlier=ones.tril(-1))
    later = slip(later, next=ones.triu(2))
    W = S.masked_fill(later, -torch.inf).softmax(-1)
    blind = S.masked_fill(ones.tril(), -torch.inf).softmax(-1)
    W = slip(W, inverted=blind.nan_to_num(), inverted_nan=blind)
    seen = 1.0 * ones.tril()
    W = slip(W, plus_1=(S + seen).softmax(-1), times_1=(S * seen).softmax(-1))
    return slip(W, late=S.softmax(-1) * ~later)


def _block(slip: Callable) -> type:
    import torch.nn.functional as F
    from torch import nn

    class Block(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up = nn.Linear(width, 4 * width)
            self.down = nn.Linear(4 * width, width)

        def look(self, x):
            m, n, w = x.shape
            h, all_three = slip(self.heads, one=1), self.qkv(x)
            q, k, v = all_three.chunk(3, -1)
            q, k, v = slip((q, k, v), kqv=(k, q, v), vkq=(v, k, q), qvk=(q, v, k))
            nested = all_three.reshape(m, n, self.heads, 3, -1).unbind(3)
            parts = slip([a.reshape(m, n, h, -1) for a in (q, k, v)], nested=nested)
            flat = [a.reshape(m, h, n, -1) for a in parts]
            turned = [a.transpose(1, 2) for a in parts]
            q, k, v = slip(turned, no_swap=flat, within=parts, viewed=flat)
            S = q @ k.mT / slip(k.shape[-1] ** 0.5, width=w**0.5, no_root=1)
            z = _masked(slip, S) @ v
            z = slip(z.transpose(1, 2), join_flat=z, within=z, viewed=z)
            z = z.reshape(m, n, w)
            return slip(self.join(z), no_join=z)

        def feed(self, x):
            z = self.up(x)
            a = slip(F.gelu(z), relu=z.relu(), linear=z, silu=F.silu(z))
            out = self.down(slip(a, tanh_form=F.gelu(z, approximate="tanh")))
            return slip(out, gelu_end=F.gelu(out))

        def forward(self, x):
            bare, one, two = nn.Identity(), self.norm_1, self.norm_2
            one, two = slip((one, two), turned=(two, one), twice_1=(one, one))
            one, two = slip((one, two), no_norm_1=(bare, two), no_norm_2=(one, bare))
            if form := slip("", post="gelu", oldest="relu"):
                x = one(x + self.look(x))
                old = form == "relu"
                return two(x + (self.down(self.up(x).relu()) if old else self.feed(x)))
            x = slip(x, bare=one(x))
            inner = slip(one(x), bare=x)
            found = self.look(inner)
            y = slip(x + found, no_way_1=found, bare_1=inner + found, no_look=x)
            y = slip(y, bare=two(y))
            inner = slip(two(slip(y, beside=x)), bare=y)
            made = self.feed(inner)
            out = slip(y + made, bare_2=inner + made, from_x=x + made)
            return slip(out, no_way_2=made, no_feed=y)

    return Block


def _rows(rng) -> Iterator[Case]:
    for width, heads, m, n in ((8, 2, 2, 5), (6, 3, 1, 4), (8, 1, 3, 3)):
        args = {"x": rng.normal(size=(m, n, width)), "_sizes": (width, heads)}
        label = f"width {width}, {heads} head{'s' * (heads > 1)}, {m} × {n} positions"
        yield Case(label, args)


block = Step(
    "Block",
    _block,
    _rows,
    texts=CUT
    | {
        "all_seen": "the mask is missing: a position sees the later ones.",
        "earlier": "the mask hides the earlier positions: it hides the later ones.",
        "next": "a position sees the next one: the mask begins one too late.",
        "inverted": "the mask is inverted: only later positions are seen. (PyTorch's "
        "function reads True as: this one is seen.)",
        "inverted_nan": "the mask is inverted: only later positions are seen, and the "
        "last one sees nothing, which gives NaN.",
        "times_1": "the scores are multiplied by the mask: a score of 0 hides nothing.",
        "plus_1": "the mask, of 1 and 0, is added to the scores: it hides nothing.",
        "late": "the weights are multiplied by a mask after the softmax.",
        "no_join": "the layer `join` is not used.",
        "relu": "ReLU stands where GELU belongs.",
        "silu": "SiLU stands where GELU belongs.",
        "linear": "GELU between `up` and `down` is missing.",
        "tanh_form": "GELU is approximated by tanh: `F.gelu(z)` is asked for as it is.",
        "gelu_end": "GELU follows `down`, too: it stands between the two layers only.",
        "turned": "norm_1 and norm_2 are exchanged.",
        "twice_1": "norm_1 is used twice.",
        "no_norm_1": "norm_1 is not used.",
        "no_norm_2": "norm_2 is not used.",
        "post": "the norms come after the sums: here each comes before its part.",
        "oldest": "norms after the sums, and ReLU: here norms come first, and GELU.",
        "bare": "normalized x and y go past the two parts: x and y themselves do.",
        "bare_1": "the normalized input goes past the attention: x itself does.",
        "bare_2": "the normalized y goes past the feed-forward part: y itself does.",
        "no_way_1": "the way past the attention is missing.",
        "no_way_2": "the way past the feed-forward part is missing.",
        "beside": "the feed-forward part reads x: it reads y, what the first sum gave.",
        "from_x": "x is added at the end: add y, what the first sum gave.",
        "no_feed": "the feed-forward part is missing.",
        "no_look": "the attention is missing.",
    },
    demands={
        "x + \\mathrm{attention}(\\mathrm{norm}_1(x))": ["post", "no_way_1", "bare_1"],
        "y + \\mathrm{feed}(\\mathrm{norm}_2(y))": ["no_way_2", "from_x", "beside"],
        "A position sees itself and the earlier ones": ["all_seen", "next", "inverted"],
        "queries, keys and values, in this order": ["kqv", "nested"],
        "in `heads` heads side by side": ["one", "width", "no_swap"],
        "then `join`": ["no_join", "join_flat"],
        "with `F.gelu` between them": ["relu", "linear", "gelu_end"],
    },
    **MODULE,
    why="In the block positions speak to one another in one place only, the attention; "
    "the feed-forward part works at each position alone. Both only add to what goes "
    "past them, and read it normalized: so the way past stays bare from the first "
    "block to the last. The mask belongs to the scores; everything else is per row.",
    see="The block",
    goal="build a transformer block with layer normalization and residual connections",
)


# --- Writer ---------------------------------------------------------------------------


def _writer(slip: Callable) -> type:
    import torch
    from torch import nn

    Block = _block(lambda right, **wrong: right)

    class Writer(nn.Module):
        def __init__(self, k, T, width, heads, depth):
            super().__init__()
            self.tokens, self.places = nn.Embedding(k, width), nn.Embedding(T, width)
            self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
            self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, k)

        def forward(self, x):
            n, T = x.shape[1], self.places.num_embeddings
            t = torch.arange(n)
            t = slip(t, last=t + T - n, backward=t.flip(0), from_1=t + 1)
            t = slip(t, from_1_cut=(t + 1).clamp(max=T - 1))
            every = lambda: self.places(torch.arange(T))  # noqa: E731
            p = slip(self.places(t), of_token=lambda: self.places(x), all_T=every)
            e = self.tokens(x)
            a = slip(e + p, no_places=e, times=e * p, scaled=e * e.shape[-1] ** 0.5 + p)
            a = slip(a, norm_early=self.norm(a), places_late=e)
            a = slip(a, each=e)
            blocks = [*self.blocks]
            blocks = slip(blocks, first=blocks[:1] * len(blocks), only_1=blocks[:1])
            for layer in slip(blocks, back=blocks[::-1], none=[]):
                a = layer(slip(a, again=a + p, each=a + p, anew=e + p)) + slip(0, way=a)
            a = slip(a, places_late=a + p)
            z = self.output(slip(self.norm(a), no_norm=a, norm_early=a))
            z = slip(z, softmax=z.softmax(-1), log=z.log_softmax(-1), relu=z.relu())
            z = slip(z, last_only=z[:, -1], turned=z.mT, index=z.argmax(-1))
            return slip(z, rows=z.flatten(0, 1))

    return Writer


def _token_rows(rng) -> Iterator[Case]:
    for sizes, m, n in (((5, 6, 8, 2, 2), 2, 6), ((7, 9, 4, 1, 3), 3, 4)):
        args = {"x": rng.integers(sizes[0], size=(m, n)), "_sizes": sizes}
        k, T, width, heads, depth = sizes
        label = f"k = {k}, T = {T}, width {width}, {heads} heads, {depth} blocks"
        yield Case(f"{label}, {m} × {n} tokens", args)


writer = Step(
    "Writer",
    _writer,
    _token_rows,
    texts={
        "last": "the positions are counted from the end of the T places.",
        "backward": "the positions run backward.",
        "from_1": "the positions begin with 1: they count from 0.",
        "from_1_cut": "the positions run from 1, cut off at T − 1: they count from 0.",
        "all_T": "all T positions are looked up, also where a text is shorter.",
        "of_token": "the vector of a position is looked up by the number of a token.",
        "no_places": "the position is not used: without it attention knows no order.",
        "times": "token and position vectors are multiplied: add them.",
        "scaled": "the token vectors are multiplied by a root that is not asked for.",
        "norm_early": "the norm stands before the blocks: it comes behind the last.",
        "places_late": "the positions are added behind the blocks: these need them.",
        "again": "the positions are added before every block, beside the first time.",
        "each": "the positions are added before every block: once is enough.",
        "first": "the first block is used every time: each has weights of its own.",
        "only_1": "only the first block is used.",
        "back": "the blocks come in reversed order.",
        "none": "the blocks are not used.",
        "anew": "each block reads the embeddings: it reads what the last one gave.",
        "way": "a way past every block is added: blocks have ways past of their own.",
        "no_norm": "the norm behind the last block is missing.",
        "softmax": "the outputs are softmax; logits are asked for.",
        "log": "the outputs are log-softmax; logits are asked for.",
        "relu": "ReLU follows the output layer: logits are asked for.",
        "last_only": "only the logits of the last position came: all are asked for.",
        "turned": "the axes are exchanged: (m, n, k) is asked for.",
        "index": "numbers of tokens came (argmax): logits are asked for.",
        "rows": "the positions of all sequences are one axis: (m, n, k) is asked for.",
    },
    demands={
        "plus the vector of its position": ["no_places", "times"],
        "positions count from 0": ["last", "from_1", "of_token"],
        "passes the blocks one after another": ["first", "only_1", "back", "anew"],
        "`norm`, and then `output`": ["no_norm", "norm_early"],
        "Returns logits, shape `(m, n, k)`": ["softmax", "last_only", "rows"],
        "$n$ may be smaller than $T$": ["last", "all_T"],
    },
    **MODULE,
    why="A token is a number without size, so it gets a vector of its own; and since "
    "attention does not know where it stands, its position gets one, too. The sum goes "
    "through the blocks, whose ways past leave its scale open: the last norm sets it. "
    "Each position gives logits, for each is trained to guess what comes after it.",
    see=MODEL,
    goal="say why attention alone knows no order",
)


# --- learn ----------------------------------------------------------------------------


def _learn(slip: Callable) -> Callable:
    import torch
    import torch.nn.functional as F

    def learn(model, optimizer, text, starts, T):
        if len(starts) > 1 and slip(False, each=True):
            alone = [learn(model, optimizer, text, s[None], T) for s in starts]
            return float(np.mean(alone))
        s = slip(starts, in_order=T * torch.arange(len(starts)), one=starts[:1])
        s = slip(s, next_start=s + 1)
        at = s[:, None] + torch.arange(slip(T, short=T - 1, long=T + 1))
        x = text[at]
        y = slip(text[at + 1], same=x, before=text[at - 1], two=lambda: text[at + 2])
        y = slip(y, window=text[(at + T) % len(text)], rolled=x.roll(-1, 1))

        def mean():
            z = model(x)
            z, goal = slip((z, y), last=(z[:, -1:], y[:, -1:]))
            wrong = z.reshape(len(z), z.shape[-1], -1).mT
            z = slip(z, softmax=z.softmax(-1), reshaped=wrong).flatten(0, 1)
            z = slip(z, mixed=z.reshape(*goal.shape, -1).transpose(0, 1).flatten(0, 1))
            goal = goal.flatten()
            loss = slip(F.cross_entropy(z, goal), nll=F.nll_loss(z, goal))
            times = slip(1, summed=len(goal), of_rows=len(y), of_T=y.shape[1])
            return times * slip(loss, minus=-loss)

        told = one_step.taken(slip, model, optimizer, mean(), y.numel(), mean)
        return slip(told, nothing=lambda: None, perplexity=lambda: float(np.exp(told)))

    return learn


def _drawn(rng) -> dict:
    return {"_k": 6, "_draw": int(rng.integers(999))}


def _steps(rng) -> Iterator[Case]:
    for N, T, m, eta in ((40, 6, 3, 0.5), (25, 4, 5, 0.2)):
        args = {"text": rng.integers(6, size=N), "T": T, "_eta": eta} | _drawn(rng)
        starts = [rng.integers(1, N - T - 1, m) for _ in range(3)]
        label = f"three times {m} windows of {T}, η = {eta}"
        yield Case(label, args | {"_starts": starts})


def _kind_fact(got: dict, want: dict) -> str:
    """Say that tensors came, whatever they hold."""
    tensors = any(map(is_tensor, got["losses"]))
    return "the loss is a tensor: a float is asked for." if tensors else ""


learn = Step(
    "learn",
    _learn,
    _steps,
    observe=stepping,
    tell=_kind_fact,
    texts=one_step.TEXTS
    | {
        "in_order": "the windows are taken from the beginning: `starts` is not used.",
        "one": "only the first window is used.",
        "short": "the windows have T − 1 tokens: inputs and targets have T each.",
        "long": "the windows have T + 1 tokens: inputs and targets have T each.",
        "next_start": "the windows begin one token too late.",
        "same": AFTER,
        "before": "the targets are the tokens before the inputs: shift the other way.",
        "two": "the targets are shifted by two.",
        "window": "the targets are the next windows: shift by one token, not by T.",
        "rolled": "the targets are rolled within the window.",
        "softmax": SOFTMAX,
        "nll": "logits go into nll_loss, which asks for log-softmax: cross_entropy.",
        "last": "only the last position counts: all positions do.",
        "each": "a step is taken for each window: take one for the mean of all.",
        "reshaped": "a reshape mixes positions and tokens: exchange the two axes.",
        "mixed": "logits and targets are flattened in different orders.",
        "summed": "the loss is the sum over all targets: take the mean.",
        "of_rows": "the loss is added up over the windows: take the mean.",
        "of_T": "the loss is added up over the positions: take the mean.",
        "minus": "the sign of the loss is wrong: it climbs.",
        "perplexity": "the perplexity is returned: the loss is asked for.",
    },
    demands={
        "begin at the places `starts`": ["in_order", "one", "next_start"],
        "of $T$ tokens each": ["short", "long"],
        "the target of each input is the token after it": ["same", "before", "rolled"],
        "the mean over all positions of all windows": ["summed", "last", "of_T"],
        "take one step": ["no_zero", "no_step", "twice", "own", "each"],
        "Returns the loss before the step": ["late", "nothing", "perplexity"],
        "a `float`": ["tensor", "tensor_cut"],
    },
    **SINGLE,
    why="One window gives T lessons at once: each position guesses the token after it, "
    "and the mask sees to it that none can look. So inputs and targets are the same "
    "text, shifted by one, and the last target lies just behind the window. With "
    "targets equal to inputs the loss falls fast, and nothing is learned but copying.",
    see=MODEL,
    goal="train a causal language model on a shifted loss",
)


# --- continue_text --------------------------------------------------------------------


def _continue(slip: Callable) -> Callable:
    import torch

    def continue_text(model, start, u, T, temperature):
        model.train(slip(False, training=True))
        tau = slip(temperature, no_tau=1.0, inverse=1 / temperature)
        written: list = []
        for share in slip(u, backward=u[::-1], fixed=u[:1] * len(u)):
            known = [*start.tolist(), *slip(written, not_fed=[])]
            size = slip(T, short=T - 1, long=T + 1, last_token=1)
            seen = slip(known[-size:], head=known[:T], whole=known)
            with torch.set_grad_enabled(slip(False, graph=True)):
                z = model(torch.tensor([seen]))[0]
            z = slip(z[-1], first=z[0], mean=z.mean(0))
            p = (z / tau).softmax(0)
            p = slip(p, tau_late=z.softmax(0) / tau, twice=p.softmax(0)).detach()
            k, up = len(p), p.double().cumsum(0)
            i = min(int((up <= share).sum()), k - 1)
            i = slip(i, beyond=int((p.cumsum(0) <= share).sum()))
            falling = max(0, k - 1 - int((p.flip(0).cumsum(0) <= share).sum()))
            i = slip(i, at_least=min(int((up < share).sum()), k - 1))
            i = slip(i, no_end=int((p.cumsum(0) > share).int().argmax()))
            sums, order = p.sort(descending=True)
            place = min(int((sums.cumsum(0) <= share).sum()), k - 1)
            i = slip(i, ordered=int(order[place]))
            i = slip(i, one_less=i - 1, one_more=min(i + 1, k - 1))
            i = slip(i, greedy=int(p.argmax()), falling=falling, even=int(share * k))
            written.append(i)
        began = [*start.tolist(), *written]
        return slip(written, with_start=began, last=written[-1:])

    return continue_text


def _continuations(rng) -> Iterator[Case]:
    for n, T, length, tau in ((3, 5, 19, 1.0), (8, 6, 16, 0.5), (1, 4, 18, 2.0)):
        u = rng.uniform(0.02, 0.98, length).round(4).tolist()
        args = {"start": rng.integers(6, size=n), "u": u, "T": T, "temperature": tau}
        label = f"{n} token{'s' * (n > 1)}, T = {T}, temperature {tau}"
        yield Case(label, args | _drawn(rng))
    args |= {
        "start": np.array([1, 2]),
        "u": [0.5, 0.0, 0.75, 0.25],
        "temperature": 1e30,
    }
    yield Case("running sums that equal u", args | _drawn(rng) | {"_k": 4})
    args |= {"u": [1 - 2**-24]}  # float32 adds up 47 shares of 1/47 to just that
    yield Case("a running sum that ends at u", args | _drawn(rng) | {"_k": 47})


continue_text = Step(
    "continue_text",
    _continue,
    _continuations,
    observe=writing,
    tell=writing_fact,
    texts=MODES
    | {
        "no_tau": "the temperature has no effect: it divides logits, before softmax.",
        "inverse": "the logits are multiplied by the temperature: it divides them.",
        "backward": "the numbers u are used from the last to the first.",
        "fixed": "the same u is used for every token.",
        "not_fed": "what was drawn is not read: each token joins the context.",
        "short": "the model reads the last T − 1 tokens: it can read T.",
        "long": "the model reads T + 1 tokens: it has T positions.",
        "last_token": "the model reads the last token alone, not the last T.",
        "head": "the model reads the first T tokens: the last T are asked for.",
        "whole": "the model reads all tokens: it has T positions only.",
        "first": "the logits of the first position are used, not the last.",
        "mean": "the logits are averaged over the positions, not the last taken.",
        "tau_late": "the temperature divides the probabilities: it divides the logits.",
        "twice": "a softmax of a softmax: once is enough.",
        "at_least": "a running sum that equals u is taken: it is to be larger.",
        "no_end": "where no sum is larger the first token came (argmax?): the last.",
        "beyond": "where no sum is larger a token came that does not exist: the last.",
        "ordered": "the running sum goes over sorted probabilities.",
        "one_less": "the token before the right one is drawn.",
        "one_more": "the token after the right one is drawn.",
        "greedy": "the most probable token is taken: u is not used.",
        "falling": "the running sum begins with the last token.",
        "even": "the tokens are drawn as if all were equally probable.",
        "with_start": "`start` stands in front: only what was written is asked for.",
        "last": "only the last token came.",
    },
    demands={
        "reads the last $T$ tokens, or all if there are fewer": ["head", "whole"],
        "the logits of the last position": ["first", "mean"],
        "divides them by the temperature": ["no_tau", "inverse", "tau_late"],
        "Add up the probabilities in the order of the tokens": ["ordered", "falling"],
        "the first token whose running sum is larger than": ["at_least", "greedy"],
        "or the last token, if rounding leaves none": ["no_end", "beyond"],
        "adds it to the context": ["not_fed"],
        "in evaluation mode and without a graph": ["training", "graph"],
        "a list of `len(u)` integers, without `start`": ["with_start", "last"],
        "`start` stays as it was": ["3 tokens, T = 5, temperature 1.0"],
    },
    **SINGLE,
    why="To write is to ask for the next token, draw it, and read it, again and again. "
    "The model has T positions and no more, so old tokens fall out in front. Of the "
    "logits only the last row speaks of what is not there yet. The temperature divides "
    "them before the softmax; below 1 it favors what is probable anyway.",
    see=MODEL,
    goal="sample from it",
)


# --- perplexity_of --------------------------------------------------------------------


def _perplexity(slip: Callable) -> Callable:
    import torch
    import torch.nn.functional as F

    def perplexity_of(model, text, T):
        model.train(slip(False, training=True))
        parts, N = [], len(text)
        T = slip(T, whole=N)
        ends = slip(N - 1, no_rest=(N - 1) // T * T, sliding=N - T, up_to_N=N)
        spans = [(s, s + T) for s in range(0, ends, slip(T, sliding=1))]
        rolling = [(max(0, t - T), t) for t in range(1, N)]
        for s, end in slip(spans, rolling=rolling):
            y = text[s + 1 : end + 1]
            x = text[s : s + len(y)]
            with torch.set_grad_enabled(slip(False, graph=True)):
                z = model(x[None])[0]
            z, y = slip(z, softmax=z.softmax(-1)), slip(y, same=x)
            losses = F.cross_entropy(z, y, reduction="none").detach()
            inner = losses[: T - 1]
            losses = slip(losses, last_only=losses[-1:], in_window=inner)
            parts.append(slip(losses, rolling=losses[-1:]))
        means, each = torch.stack([v.mean() for v in parts]), torch.cat(parts)
        mean = each.sum() / slip(len(each), all_N=N, windows=len(parts), summed=1)
        mean = slip(mean, of_means=means.mean())
        value = slip(mean.exp(), no_exp=mean, bits=mean / np.log(2), two=2**mean)
        value = slip(value, of_perplexities=means.exp().mean(), below_1=(-mean).exp())
        weighted = sum(len(v) * v.mean().exp() for v in parts) / len(each)
        value = slip(value, weighted=weighted)
        return slip(value.item(), tensor=value)

    return perplexity_of


def _texts(rng) -> Iterator[Case]:
    for N, T in ((23, 5), (19, 6), (15, 12)):
        args = {"text": rng.integers(6, size=N), "T": T}
        yield Case(f"{N} tokens, T = {T}", args | _drawn(rng))


perplexity_of = Step(
    "perplexity_of",
    _perplexity,
    _texts,
    observe=judging,
    tell=judging_fact,
    texts=MODES
    | {
        "whole": "T is not used: the whole text is one window.",
        "no_rest": "the last, shorter window is left out.",
        "sliding": "a window begins at every token: each is to be predicted once.",
        "up_to_N": "where T divides N − 1 an empty window is left at the end.",
        "rolling": "each token has a window of its own: cut without overlap.",
        "weighted": "the perplexities of the windows are averaged: exp comes last.",
        "same": AFTER,
        "softmax": SOFTMAX,
        "last_only": "only the last position of each window counts: all do.",
        "in_window": "the last position of each window is left out: its target is the "
        "first token of the next.",
        "all_N": "the sum is divided by N: the first token is not predicted.",
        "windows": "the sum is divided by the number of windows, not of tokens.",
        "summed": "this is exp of the sum: take the mean.",
        "of_means": "the means of the windows are averaged: the last one is shorter.",
        "no_exp": "this is the mean loss: exp is missing.",
        "bits": "this is in bits per token: exp of the mean in nats is asked for.",
        "two": "the base is 2, but the logarithm is natural: use exp.",
        "of_perplexities": "the perplexities of the windows are averaged, unweighted.",
        "below_1": "the sign is missing: this is below 1.",
        "tensor": "a tensor came; a float is asked for: `item()` takes it out.",
    },
    demands={
        "each token but the first is predicted once": [
            "sliding",
            "rolling",
            "in_window",
        ],
        "the last may be shorter": ["no_rest"],
        "exp of the mean of $-\\ln p$ over all of them": ["no_exp", "of_means"],
        "in evaluation mode and without a graph": ["training", "graph"],
        "Returns a `float`": ["tensor"],
    },
    **SINGLE,
    why="Exp of the mean loss is the number of tokens among which the model hesitates. "
    "The mean runs over tokens, not over windows: a short window at the end must not "
    "weigh as much as a long one. At the beginning of each window the model knows "
    "little, so the same model looks better with a larger T. Compare at equal windows.",
    see=MODEL,
    goal="judge it by its perplexity beside rivals",
)


# --- count ----------------------------------------------------------------------------


def _count(slip, k, T, width, depth):
    d = width
    attention = slip(
        4 * d * d + 4 * d, no_join=3 * d * d + 3 * d, one_qkv=2 * d * d + 2 * d
    )
    two = 8 * d * d
    feed = slip(two + 5 * d, square=2 * d * d + 2 * d, up_bias=two + 2 * d)
    feed = slip(feed, down_bias=two + 8 * d)
    norms = slip(4 * d, no_norms=0, half_norms=2 * d, gains=2 * d)
    one = slip(attention + feed + norms, no_bias=12 * d * d + 4 * d, weights=12 * d * d)
    ends = k * d + slip(T * d, no_places=0) + slip(2 * d, no_last=0, gains=d)
    ends += slip(d * k + k, shared=k, no_output_bias=d * k, no_output=0)
    total = slip(depth, one_block=1, and_one=depth + 1) * one + slip(ends, blocks=0)
    biases, shifts = 9 * d * depth + k, 4 * d * depth + 2 * d
    total = slip(total, all_biases=total - biases, all_norms=total - shifts)
    return slip(total, matrices=total - biases - shifts)


def _sizes(rng) -> Iterator[Case]:
    drawn = [tuple(map(int, rng.integers(2, 60, 4))) for _ in range(3)]
    for sizes in ((65, 64, 64, 2), *drawn):
        names = ("k", "T", "width", "depth")
        yield Case(str(sizes), dict(zip(names, sizes, strict=True)))


count = Step(
    "count",
    _count,
    _sizes,
    texts={
        "no_join": "the layer `join` is left out.",
        "one_qkv": "qkv is counted with one width of outputs: it makes three.",
        "square": "up and down are counted with one width: between them it is four.",
        "no_norms": "the two norms of a block are left out.",
        "up_bias": "the bias of `up` has 4·width numbers.",
        "down_bias": "the bias of `down` has width numbers, as many as it gives.",
        "gains": "a norm has a gain and a shift: one of the two is left out.",
        "half_norms": "each block has 2·width too few: is a norm forgotten? `qkv` has "
        "3·width biases.",
        "all_norms": "all norms are left out, those of the blocks and the last one.",
        "all_biases": "all biases of linear layers are left out.",
        "matrices": "only weights are counted: biases and norms are forgotten.",
        "no_bias": "the biases of the blocks' linear layers are left out.",
        "weights": "of the blocks only the weights of linear layers are counted.",
        "no_places": "the vectors of the positions are left out.",
        "no_last": "the last norm is left out.",
        "shared": "k·width numbers are missing: tokens and output have a matrix each.",
        "no_output_bias": "the biases of the output layer are left out.",
        "no_output": "the output layer is left out.",
        "one_block": "one block is counted, whatever depth is.",
        "and_one": "one block too many is counted.",
        "blocks": "only the blocks are counted, without what is around them.",
    },
    demands={
        "weights and biases of the whole `Writer`": ["no_bias", "shared", "blocks"],
        "with its norms": ["no_norms", "half_norms", "no_last"],
        "from the sizes alone": ["(65, 64, 64, 2)", "no_places", "one_block"],
    },
    rtol=1e-12,
    atol=0,
    why="Most of a transformer lies in its blocks: twelve squares of the width in "
    "each, four for the attention and eight for the feed-forward part. Positions and "
    "heads cost nothing there. The embeddings grow with the number of tokens and with "
    "the context, and only once. Who counts by hand knows which layer was forgotten.",
    see="The block",
    goal="count its parameters",
)
