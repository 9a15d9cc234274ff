"""Checks of the sheet `autoencoders/shallow_autoencoder`: PCA against a network.

Each step is a reference that carries its slips; the last is judged by its error.
PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from helpers.data.bundled import bundled

from ..engine import Case, Step
from ..engine.accuracy import SMALL, close, failed, network, obeys_seed, shuffles
from ..engine.observers import activated, activation_texts, module, module_fact
from ..engine.trainings import stepping
from .common import STEP, minibatches, step

SHARE = 0.5  # of the mean image's error: the bar of `learn`


# --- pca_reconstruct ------------------------------------------------------------------


def _pca(slip, X_train, X, k):
    fit = slip(X_train, fit_X=X)
    X = slip(X, train_back=X_train)
    size = slip(1, scaled=fit.std(0))
    fit, X = fit / size, X / size
    mean = fit.mean(0)
    mean = slip(mean, no_mean=0 * mean, one_mean=fit.mean())
    used = fit - slip(mean, raw_fit=0 * mean)
    V = np.linalg.svd(used, full_matrices=False)[2]
    cut = slip(V[:k], last=V[-k:], columns=V.T[:k], unsorted=lambda: _unsorted(used, k))
    at = slip(mean, X_mean=X.mean(0))
    code = (X - slip(at, X_raw=0 * at)) @ cut.T
    whole = (code @ cut + slip(at, not_back=0 * at)) * size
    return slip(whole, code=code, clipped=whole.clip(0, 1))


def _unsorted(X, k):
    return np.linalg.eig(X.T @ X)[1][:, :k].T


def _tables(rng) -> Iterator[Case]:
    for label, N, m, n, k in (
        ("40 rows of 6, code 2", 40, 15, 6, 2),
        ("30 rows of 5, code 1", 30, 9, 5, 1),
        ("25 rows of 4, code 3", 25, 25, 4, 3),
    ):
        low = rng.normal(size=(N + m, 2)) @ rng.normal(size=(2, n))
        rows = low + 0.3 * rng.normal(size=(N + m, n)) + rng.normal(0, 2, n)
        yield Case(label, {"X_train": rows[:N], "X": rows[N:] + 0.5, "k": k})
    X = np.kron(np.diag([1.0, 2.0, 3.0, 4.0]), [[1.0], [-1.0]])
    args = {"X_train": X + 0.1 * X[:, ::-1] + 1, "X": rng.normal(size=(5, 4)), "k": 2}
    yield Case("columns nearly apart, the last with the largest variance", args)


pca_reconstruct = Step(
    "pca_reconstruct",
    _pca,
    _tables,
    texts={
        "fit_X": "PCA was fitted on X: mean and directions come from X_train.",
        "train_back": "X_train is reconstructed; X is asked for.",
        "scaled": "the columns are divided by their deviations: only center them.",
        "no_mean": "the mean is not subtracted: PCA's directions go through the mean.",
        "one_mean": "one mean over all entries is subtracted: each column has its own.",
        "raw_fit": "X_train is not centered before the directions are computed.",
        "last": "the k last directions are taken, those of least variance.",
        "columns": "columns of the matrix are taken for directions: svd gives rows.",
        "unsorted": "the directions are not sorted: np.linalg.eig gives no order.",
        "X_mean": "the mean of X is subtracted: take the mean of X_train.",
        "X_raw": "X is not centered before it is encoded.",
        "not_back": "the mean is not added back.",
        "code": "these are the codes, (m, k): decode them.",
        "clipped": "the result is clipped to [0, 1]: that is not asked for.",
    },
    demands={
        "fit principal component analysis to `X_train`": ["fit_X", "raw_fit"],
        "encode the rows of `X`": ["train_back", "code"],
        "$\\mu$ is the mean of `X_train`": ["X_mean", "no_mean", "one_mean"],
        "$(X - \\mu) V^\\top V + \\mu$": ["X_raw", "not_back", "clipped"],
        "its first $k$ principal directions": ["last", "columns", "unsorted"],
    },
    why="PCA is the bar for every autoencoder: the best that a linear code of k "
    "numbers can do. Its directions go through the mean, so the mean is subtracted "
    "first and added back at the end. Both come from the training rows: what is "
    "measured later must not have been seen.",
    see="The bar: principal component analysis",
    goal="compare them with principal component analysis at equal code size",
    small=lambda: Case(
        "",
        {
            "X_train": np.array([[0.0, 1.0], [2.0, 1.0]]),
            "X": np.array([[5.0, 3.0]]),
            "k": 1,
        },
    ),
)


# --- Autoencoder ----------------------------------------------------------------------


def _network(slip):
    import torch
    from torch import nn

    class Autoencoder(nn.Module):
        def __init__(self, n, k):
            super().__init__()
            pair = nn.Linear(n, k), nn.Linear(k, n)
            self.encoder, self.decoder = slip(pair, exchanged=pair[::-1])

        def forward(self, x):
            code = activated(slip, self.encoder(x), "code", "relu")
            z = self.decoder(code)
            own = torch.nn.functional.linear(code, self.encoder.weight.T)
            z = slip(z, tied=own + self.decoder.bias)
            out = slip(activated(slip, z, "out", "sigmoid"), half=z.relu().sigmoid())
            out = slip(out, log=z.sigmoid().log(), cut=z.clamp(0, 1))
            return slip(out, code=code, both=(out, code))

    return Autoencoder


def _rows(rng) -> Iterator[Case]:
    for n, k, m in ((12, 5, 5), (7, 3, 4)):
        args = {"x": rng.uniform(0, 1, size=(m, n)), "_sizes": (n, k)}
        yield Case(f"n = {n}, k = {k}, {m} rows", args)


autoencoder = Step(
    "Autoencoder",
    _network,
    _rows,
    observe=module,
    factory=True,
    tell=module_fact,
    texts=activation_texts("code", "the layer from n to k", "relu")
    | activation_texts("out", "the layer from k to n", "sigmoid")
    | {
        "out_leaky": "the outputs are those of a leaky ReLU, not of the sigmoid.",
        "half": "ReLU stands before the sigmoid: no output lies below ½.",
        "exchanged": "the two layers have their sizes exchanged: inputs come first.",
        "tied": "the decoder uses the weights of the encoder: it has its own.",
        "log": "the outputs are logarithms of sigmoids.",
        "cut": "the outputs are cut off at 0 and 1: the sigmoid is asked for.",
        "code": "the code is returned: decode it.",
        "both": "the code is returned, too: the reconstructions alone are asked for.",
    },
    demands={
        "a linear layer from `n` to `k`, ReLU": ["code_none", "code_sigmoid"],
        "a linear layer from `k` to `n`, and the sigmoid": ["out_none", "tied"],
        "returns the reconstructions": ["code", "both"],
        "between 0 and 1": ["out_relu", "cut"],
    },
    why="The first layer squeezes n numbers into k, the second makes n of them again. "
    "Without ReLU the code is linear, and two linear layers in a row do no more than "
    "PCA. The sigmoid at the end keeps the outputs where the pixels are.",
    see="Outputs between 0 and 1",
    goal="build encoders and decoders, fully connected and convolutional",
    rtol=1e-4,
    atol=1e-5,
)


# --- errors ---------------------------------------------------------------------------


def _errors(slip, x_hat, x):
    e = x_hat - x
    size = slip(e**2, absolute=np.abs(e), signed=e, of_squares=x_hat**2 - x**2)
    found = slip(size.mean(1), columns=size.mean(0), whole=size.mean())
    found = slip(found, summed=size.sum(1), root=size.mean(1) ** 0.5)
    found = slip(found, late=e.mean(1) ** 2, half=found / 2, largest=size.max(1))
    found = slip(found, by_rows=size.sum(1) / len(x))
    found = slip(found, relative=size.sum(1) / (x**2).sum(1))
    return slip(found, kept=size.mean(1, keepdims=True), variance=e.var(1))


def _pairs(rng) -> Iterator[Case]:
    for label, size in (("4 rows of 6", (4, 6)), ("one row", (1, 5)), ("3×3", (3, 3))):
        x = rng.uniform(0, 1, size)
        yield Case(label, {"x_hat": x + rng.normal(0, 0.3, size), "x": x})


errors = Step(
    "errors",
    _errors,
    _pairs,
    lists=True,
    texts={
        "absolute": "these are absolute errors: square them.",
        "signed": "the differences are not squared: they cancel.",
        "of_squares": "the difference of squares, not the square of the difference.",
        "columns": "the mean runs over the rows, and there is one error for each "
        "column: one for each row is asked for.",
        "whole": "one error for all rows came: one for each row is asked for.",
        "summed": "the squares are added up; take their mean.",
        "by_rows": "the sum of a row is divided by the number of rows, not of columns.",
        "root": "there is a root: squared errors are asked for.",
        "late": "the mean is squared: square first, then take the mean.",
        "half": "the ½ of the quadratic cost is in it: none is asked for.",
        "largest": "the largest square of each row came: take the mean.",
        "relative": "the sum is divided by that of the input's squares: divide by n.",
        "kept": "shape (m, 1) came: (m,) is asked for.",
        "variance": "the variance of the errors lacks the square of their mean.",
    },
    demands={
        "the mean squared error": ["absolute", "root", "summed", "late"],
        "of each reconstruction": ["whole", "columns"],
        "an array of shape `(m,)`": ["kept"],
    },
    why="One number for the whole set says how good the network is; one for each row "
    "says which inputs it does not know. So the mean runs over the n numbers of a row, "
    "and the rows stay apart. A large error there may be an anomaly.",
    see="Anomalies",
    goal="say what reconstruction error can detect, and what it cannot",
    small=lambda: Case(
        "",
        {"x_hat": np.array([[1.0, 0.0], [3.0, 1]]), "x": np.array([[0.0, 0], [0, 0]])},
    ),
)


# --- train_step -----------------------------------------------------------------------


def _step(slip):
    def train_step(model, optimizer, x):
        return step(slip, model, optimizer, x, x)

    return train_step


train_step = Step(
    "train_step",
    _step,
    minibatches,
    observe=stepping,
    factory=True,
    texts=STEP,
    demands={
        "take one step": ["no_step", "twice", "no_zero"],
        "the mean squared error over *all* entries": ["summed", "of_rows", "absolute"],
        "`F.mse_loss`": ["bce", "root"],
        "an optimizer of the model's parameters": ["own"],
        "Returns the loss before the step": ["late", "nothing"],
        "a `float`": ["tensor", "tensor_cut"],
    },
    why="Without labels the input is its own target: the loss compares what comes out "
    "with what went in. All else is as with any network. backward() adds to the "
    "gradients that are there, so they are set to zero before it, and the optimizer's "
    "step comes after it.",
    see="A letter and a telegram",
    goal="build encoders and decoders",
    rtol=1e-4,
    atol=1e-5,
)


# --- verdict --------------------------------------------------------------------------


def _verdict(slip, errors, baseline):
    e, b = np.array(errors), baseline
    below = slip(e < b, equal=e <= b, larger=e > b)
    found = int(below.all()) - int(not below.any())
    by = {"lucky": e.min(), "mean": e.mean(), "median": np.median(e), "first": e[0]}
    by |= {"last": e[-1], "undecided": e.max()}
    found = slip(found, **{k: 1 if v < b else -1 for k, v in by.items()})
    found = slip(found, mean_0=int(np.sign(b - e.mean())))
    for name, far in (("spread", e.std()), ("spread_n", e.std() / len(e) ** 0.5)):
        apart = int(e.mean() + far < b) - int(e.mean() - far >= b)
        found = slip(found, **{name: apart})
    found = slip(found, equal_0=int(e.max() < b) - int(e.min() > b), turned=-found)
    many = int(np.sign(2 * below.sum() - len(e)))
    return slip(found, majority=many, worse_0=int(below.all()), count=int(below.sum()))


def _seeds(rng) -> Iterator[Case]:
    kinds = ("++", "--", "+-", "-+", "++-", "--+", "+=", "-=", "=-", "---+", "+++-")
    for kind in (
        *kinds,
        "-",
        "+",
        "===",
        "=",
        "--=-",
        "+--",
        "-++",
        "++=",
        "-+-",
        "<++",
        ">--",
    ) * 3:
        base = round(float(rng.uniform(0.02, 0.05)), 4)
        far = {
            "+": (1.1, 1.5),
            "-": (0.5, 0.9),
            "=": (1, 1),
            "<": (0.01, 0.1),
            ">": (4, 5),
        }
        values = [base * rng.uniform(*far[k]) for k in kind]
        args = {"errors": [float(v) for v in values], "baseline": base}
        words = {
            "+": "above",
            "-": "below",
            "=": "equal",
            "<": "far below",
            ">": "far above",
        }
        yield Case(", ".join(words[k] for k in kind), args)


verdict = Step(
    "verdict",
    _verdict,
    _seeds,
    pick=2,
    texts={
        "equal": "an error equal to the baseline counts as better: it must be smaller.",
        "lucky": "one lucky seed decides: all of them must be below.",
        "mean": "the mean alone decides: the seeds may disagree.",
        "mean_0": "the mean alone decides, and 0 comes if it is equal: look at all.",
        "spread": "mean and standard deviation decide: every single error counts.",
        "spread_n": "mean and standard error decide: every single error counts.",
        "median": "the median alone decides: the seeds may disagree.",
        "first": "the first seed decides: look at all of them.",
        "last": "the last seed decides: look at all of them.",
        "undecided": "seeds that disagree count as worse: they are undecided.",
        "equal_0": "an error equal to the baseline is not smaller: it counts as worse.",
        "turned": "better and worse are exchanged: a small error is good.",
        "larger": "the errors that are larger are looked for: a small error is good.",
        "count": "this is the number of smaller errors: 1, 0 or −1 is asked for.",
        "majority": "the majority decides: the seeds may disagree.",
        "worse_0": "0 comes where no error is smaller: that is worse, −1.",
    },
    demands={
        "Returns an integer": ["count"],
        "if *every* error is smaller than the baseline": ["lucky", "mean", "equal"],
        "worse, if no error is smaller": ["equal_0", "worse_0", "turned"],
        "undecided, otherwise": ["undecided", "majority"],
    },
    why="A seed is chance: another one may turn the order around. The mean of five "
    "seeds hides whether they agree. If every seed is on one side, chance alone hardly "
    "explains it; if they disagree, the honest answer is that this experiment does not "
    "decide.",
    see="Shallow, deep, convolutional",
    goal="say who wins",
    small=lambda: Case("", {"errors": [0.3, 0.5, 0.2], "baseline": 0.4}),
)


# --- learn ----------------------------------------------------------------------------


def learn(function: Callable, seed: int = 0) -> None:
    """Check `learn(X, k, seed)`: a trained `Autoencoder` that halves the error.

    On few rows: one seed gives one network, and each epoch has an order of its own.
    """
    k, rows = 16, np.random.default_rng(seed).permutation(bundled("digits")[0] / 16)
    rows = rows.astype(np.float32)
    X, X_test, n = rows[:400], rows[400:700], rows.shape[1]

    def trained(X, seed, state=0):
        asked = [(k, n), (k,), (n, k), (n,)]
        made = network("learn", function, {"X": X}, k, seed, asked=asked, state=state)
        return made(X_test)

    one = obeys_seed("learn", lambda *how: trained(X[:SMALL], *how), seed)
    shuffles("learn", lambda order: trained(X[order], seed), one)
    x_hat, mean = trained(X, seed), X.mean(0)
    error, bar = _mse(x_hat, X_test), SHARE * _mse(mean, X_test)
    if not error < bar:
        raise failed(
            "learn: the held-out error is too large.",
            _why(x_hat, X_test),
            f"\nexpected  below {bar:.4f}, half the error of the mean image"
            f"\ngot       {error:.4f}",
        )
    if all(_together(trained, X[:64], s) for s in range(seed, seed + 4)):
        raise failed(
            "learn: two rows may change places, and nothing changes.",
            "the same rows are together in each epoch: draw a new order in each epoch.",
        )
    pca = _mse(_pca(lambda v, **_: v, X.astype(float), X_test, k), X_test)
    words = "and beats PCA" if error < pca else "and does not beat PCA"
    print(f"✓ learn: held-out error {error:.4f}, bar {bar:.4f}, {words}: {pca:.4f}")


def _together(train: Callable, X: np.ndarray, seed: int) -> bool:
    """Tell whether two rows may change places though another order trains another one.

    They are together in each epoch, then. Of five rows two are, if the same minibatches
    come back and are at most four.
    """
    one = train(X, seed)
    if close(one, train(X[::-1].copy(), seed)):  # one minibatch has no order
        return False
    for i, j in combinations(range(5), 2):
        swapped = X.copy()
        swapped[[i, j]] = X[[j, i]]
        if close(one, train(swapped, seed)):
            return True
    return False


def _why(x_hat: np.ndarray, x: np.ndarray) -> str:
    """Say what a large error comes from, as far as the outputs tell."""
    if not np.isfinite(x_hat).all():
        return "the outputs are not numbers: is the learning rate too large?"
    if abs(x_hat.mean() - 0.5) < 0.1 and x_hat.std() < 0.1:
        return (
            "all outputs are near ½, as before training: is the optimizer's step run, "
            "on the model that is returned, and is its learning rate large enough?"
        )
    if np.ptp(x_hat, axis=0).max() < 0.02:
        return (
            "every digit gives the same picture: the network has collapsed. A smaller "
            "learning rate helps."
        )
    if _mse(1 - x_hat, x) < _mse(x_hat, x):
        return "the target is not the input: black and white are exchanged."
    return (
        "the network is trained too little: more epochs, smaller minibatches, or a "
        "larger learning rate."
    )


def _mse(a, b) -> float:
    return float(np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2))
