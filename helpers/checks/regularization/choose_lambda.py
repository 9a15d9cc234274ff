"""Checks of the sheet `regularization/choose_lambda`: from ridge to an honest report.

Rows of X are examples. Each step is a reference that carries its slips.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..engine import Case, CheckFailed, Step, quiet
from ..engine.accuracy import failed
from ..engine.values import same

LAMS = 10.0 ** np.arange(-4, 2)


def _linear(rng, N: int, n: int, noise: float = 1.0):
    """Return X (N, n) and y (N,) of a noisy linear rule."""
    X = rng.normal(size=(N, n)) @ (np.eye(n) + 0.4 * rng.normal(size=(n, n)))
    return X, X @ rng.normal(size=n) + noise * rng.normal(size=N)


def _fit(X, y, lam):
    """Return w and b of ridge regression, whose bias is free."""
    A, (N, n) = X - X.mean(0), X.shape
    w = np.linalg.solve(A.T @ A / N + lam * np.eye(n), A.T @ y / N)
    return w, y.mean() - X.mean(0) @ w


def _mse(X, y, w, b=0.0) -> float:
    return float(np.mean((X @ w + b - y) ** 2))


def _join(*parts):
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def _right(value, **wrong):
    return value


# --- ridge ----------------------------------------------------------------------------


def _ridge(slip, X, y, lam):
    x, middle, (N, n) = X.mean(0), y.mean(), X.shape
    A, t = slip((X - x, y - middle), as_they_come=(X, y), only_y=(X, y - middle))
    A = slip(A, one_mean=X - X.mean(), scaled=lambda: A / X.std(0))
    std = slip(1.0, standardized=X.std(0))
    A = A / std
    over, D = slip(N, features=n), lam * np.eye(n)
    D = slip(D, weak=D / N, strong=D * N, double=2 * D, half=D / 2)
    D = slip(D, minus=-D, everywhere=lam, none=0 * D)
    D = slip(D, first_free=np.diag(lam * (np.arange(n) > 0)))
    w = np.linalg.solve(A.T @ A / over + D, A.T @ t / over) / std
    b = slip(middle - x @ w, no_x=middle, plus=middle + x @ w, no_y=-x @ w, zero=0.0)
    plain = np.linalg.solve(X.T @ X / N + lam * np.eye(n), X.T @ y / N)
    B = np.hstack([X, np.ones((N, 1))])

    def pulled(*free):
        pull = lam * np.diag([float(k not in free) for k in range(n + 1)])
        both = np.linalg.solve(B.T @ B / N + pull, B.T @ y / N)
        return both[:-1], both[-1]

    pair = slip((w, b), pulled=pulled(), pulled_0=pulled(0), pulled_1=pulled(n - 1))
    pair = slip(pair, alone=plain, joined=np.append(w, b))
    return slip(pair, unfitted=(plain, 0.0), swapped=(b, w))


def _ridge_cases(rng) -> Iterator[Case]:
    for N, n, lam in ((30, 4, 0.5), (12, 5, 0.1), (25, 3, 3.0)):
        X, y = _linear(rng, N, n)
        X, y = X + rng.uniform(0.5, 1.5, size=n), y + 4
        label = f"{N} examples, {n} features, λ = {lam}"
        yield Case(label, {"X": X, "y": y, "lam": lam}, {"N": N, "n": n})


ridge = Step(
    "ridge",
    _ridge,
    _ridge_cases,
    ("w", "b"),
    texts={
        "as_they_come": "w is that of a fit without a bias: put the best b into the "
        "cost before you look for w.",
        "only_y": "y is centered, X is not: b takes the means of both away.",
        "one_mean": "one mean is taken from all features: each has its own.",
        "scaled": "the weights are those of scaled features: take them back to X.",
        "standardized": "the features are scaled first: λ then pulls at other weights.",
        "features": "you divided by the number of features, not by N.",
        "weak": "XᵀX is not divided by N beside λ: your λ is N times too weak.",
        "strong": "your λ is N times too strong.",
        "double": "the penalty has no ½ in your form: λ counts twice.",
        "half": "λ counts half.",
        "minus": "λ is subtracted; it is added.",
        "everywhere": "λ is added to every entry: it belongs on the diagonal (λI).",
        "none": "the penalty is missing: this is least squares.",
        "first_free": "the first weight is not penalized: the bias alone is free.",
        "no_x": "b is the mean of y: that holds only where the features have mean 0.",
        "plus": "the mean prediction of w is added to the mean of y: b is the rest.",
        "no_y": "the mean of y is missing in b.",
        "zero": "b is 0: with it the errors have the mean 0.",
        "pulled": "b is penalized, too: λ belongs to w alone.",
        "pulled_0": "b is penalized and the first weight free: it is the other way.",
        "pulled_1": "b is penalized and the last weight free: it is the other way.",
        "alone": "this is the notebook's ridge, which has no bias: here (w, b) is "
        "asked for.",
        "unfitted": "this is the notebook's ridge, which has no bias, with b = 0.",
        "joined": "one array came: w and b are asked for, as a pair.",
        "swapped": "the pair is exchanged: (w, b) is asked for.",
    },
    demands={
        "\\frac{1}{2N} \\sum_i (x_i^\\top w + b - y_i)^2": ["weak", "strong", "zero"],
        "\\frac{\\lambda}{2} \\lVert w \\rVert^2": ["double", "half", "first_free"],
        "The bias is free": ["pulled", "pulled_0", "pulled_1", "unfitted"],
        "$\\bar y - \\bar x^\\top w$": ["no_x", "plus", "as_they_come"],
    },
    why="A penalty says that large weights need a reason. The level of y is none: add "
    "100 to all of y, and b should rise by 100 and nothing else change. So b is free, "
    "and takes the means away; w explains what is left. λ stands beside a mean, not a "
    "sum: the same λ then means the same with ten examples and with a thousand.",
    see="Penalties",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    small=lambda: Case(
        "", {"X": np.array([[1.0], [3.0]]), "y": np.array([2.0, 4.0]), "lam": 1.0}
    ),
)


# --- path -----------------------------------------------------------------------------


def _path(slip, X, y, X_val, y_val, lams):
    train, val = (X, y), (X_val, y_val)
    used = slip(lams, in_order=np.sort(lams), one=0 * lams + lams[0], only=lams[:1])
    rows = []
    for lam in used:
        fit = _fit(*slip(train, on_val=val, on_both=_join(train, val)), lam)
        row = []
        for (A, t), (v, b) in ((train, fit), (val, slip(fit, own_fit=_fit(*val, lam)))):
            e = A @ v + slip(b, no_b=0.0) - t
            e = slip(e, own_mean=e - e.mean())
            value = slip(np.mean(e**2), summed=e @ e, absolute=np.abs(e).mean())
            pull = lam / 2 * v @ v
            value = slip(value, half=value / 2, penalized=value + pull)
            value = slip(value, penalized_2=value + 2 * pull)
            value = slip(value, cost=value / 2 + pull)
            row.append(value)
        rows.append(row)
    train, val = np.array(rows).T
    pair = slip((train, val), twice=(train, train), both_val=(val, val))
    return slip(pair, pairs=np.array(rows))


def _path_cases(rng) -> Iterator[Case]:
    for N, M, n, lams in ((20, 13, 5, (0.1, 0.01, 10, 1)), (12, 30, 6, (2, 0.02, 0.2))):
        X, y = _linear(rng, N + M, n)
        X, y = X + rng.uniform(0.5, 1.5, size=n), y + 4
        args = {"X": X[:N], "y": y[:N], "X_val": X[N:], "y_val": y[N:]}
        label = f"{N} to train, {M} to validate, {len(lams)} values of λ"
        yield Case(label, args | {"lams": np.array(lams, float)}, {"N": N})


path = Step(
    "path",
    _path,
    _path_cases,
    ("train", "val"),
    lists=True,
    texts={
        "in_order": "the λs are sorted: keep the order in which they come.",
        "one": "the same λ is used every time.",
        "only": "only the first λ is used: a return inside the loop?",
        "on_val": "the fit is made on the validation part.",
        "on_both": "the validation part is used in the fit: then it cannot judge.",
        "own_fit": "the validation error is that of weights fitted on the validation "
        "part: those of the training part are judged there.",
        "no_b": "b is missing in the predictions.",
        "own_mean": "the mean of the errors is taken away: b is that of the training "
        "part.",
        "summed": "the squared errors are added up: their mean is asked for.",
        "absolute": "the absolute errors are averaged: their squares are asked for.",
        "half": "the errors have the ½ of the cost.",
        "cost": "this is the cost of the fit: the squared errors alone are asked for.",
        "penalized": "the errors contain the penalty: it belongs to the fit alone.",
        "penalized_2": "λ‖w‖² is added to an error: the penalty belongs to the fit.",
        "twice": "both errors are those of the training part.",
        "both_val": "both errors are those of the validation part.",
        "pairs": "a pair for each λ came: two arrays, one a part, are asked for.",
    },
    demands={
        "fit ridge on `(X, y)`": ["on_val", "on_both", "own_fit"],
        "for each $\\lambda$": ["one", "only", "in_order"],
        "the predictions $x_i^\\top w + b$": ["no_b", "own_mean"],
        "two arrays of shape `(len(lams),)`": ["pairs"],
        "**mean squared error**": ["summed", "absolute"],
        "without penalty": ["penalized", "penalized_2", "cost"],
        "and without ½": ["half"],
        "on the training and on the validation part": ["twice", "both_val"],
    },
    why="The penalty helps to find the weights; it says nothing about how well they "
    "predict. So the fit has it, the judgment has not. And the validation part judges "
    "weights that have never seen it: a fit that uses it measures a training error.",
    see="Reading two curves",
    goal="tell underfitting from overfitting by two curves",
)


# --- choose ---------------------------------------------------------------------------


def _choose(slip, lams, errors):
    errors = slip(errors, largest=-errors)
    low = errors.min()
    close = np.isclose(errors, low)
    at = np.flatnonzero(slip(errors == low, near=errors <= 1.01 * low, close=close))
    i = slip(at[lams[at].argmax()], smaller=at[lams[at].argmin()], first=at[0])
    i = slip(i, last=at[-1], end=lams.argmax(), sorted=np.sum(lams > lams[i]))
    return slip(lams[i], every=lams[at], index=int(i), error=errors[i])


def _choose_cases(rng) -> Iterator[Case]:
    for equal in (1, 3, 2) * 8:
        errors, at = np.round(rng.uniform(2, 3, size=7), 2), rng.permutation(7)
        errors[at[:equal]], errors[at[equal]] = 1.5, 1.51
        errors[at[equal + 1]] = 1.5 * (1 + 1e-6)
        lams = rng.permutation(10.0 ** np.arange(-4, 3))
        label = ("one smallest error", "two equal errors", "three equal errors")
        yield Case(label[equal - 1], {"lams": lams, "errors": errors})


choose = Step(
    "choose",
    _choose,
    _choose_cases,
    pick=2,
    texts={
        "largest": "this is the λ with the largest error.",
        "near": "errors that differ are treated as equal: only the smallest counts.",
        "close": "errors that are nearly equal count as equal (isclose?): only equal "
        "ones do.",
        "smaller": "of equal errors the smallest λ came: take the largest.",
        "first": "of equal errors the first in the list came: take the largest λ.",
        "last": "of equal errors the last in the list came: take the largest λ.",
        "sorted": "a place in the sorted lists is looked up in the unsorted `lams`.",
        "end": "the largest λ of all came, whatever the errors.",
        "every": "an array came: one entry of lams is asked for.",
        "index": "an index came: the λ at this place is asked for.",
        "error": "the smallest error itself came: λ is asked for.",
    },
    demands={
        "with the smallest validation error": ["largest", "near", "end"],
        "share exactly the same one": ["close"],
        "take the **largest** of these": ["smaller", "first", "last"],
        "in any order": ["three equal errors"],
        "Returns one entry of `lams`": ["every", "index", "error"],
    },
    why="Two models with the same error on the validation part predict alike, as far "
    "as we know. The larger λ makes the smaller weights: the simpler model, which a "
    "new sample will change less. What comes first in a list is chance.",
    see="Choose λ by validation",
    goal="choose $\\lambda$ without touching the test part",
)


# --- EarlyStopping --------------------------------------------------------------------


def _stopping(slip, patience, min_delta, losses):
    best, where = slip(np.inf, zero=0.0), slip(-1, at_0=0)
    mark, last, waited = best, np.inf, 0
    stopped, said = False, []
    kept = [(slip(best, none=np.nan), slip(where, no_epoch=np.nan))]
    for epoch, loss in enumerate(losses):
        gain = slip(mark, before=last, moves=best) - loss
        clear = slip(gain > min_delta, reaches=gain >= min_delta, ignored=gain > 0)
        clear = slip(clear, plus=gain > -min_delta, share=loss < mark * (1 - min_delta))
        clear = slip(clear, largest=-gain > min_delta or not epoch)
        lower = slip(loss < best, equal=loss <= best, best_clear=clear)
        if slip(lower, largest=loss > best or not epoch):
            best, where = loss, epoch
        mark, waited = (loss, slip(0, in_all=waited)) if clear else (mark, waited + 1)
        stop = slip(waited >= patience, late=waited > patience)
        stop = slip(stop, early=waited >= patience - 1, once=waited == patience)
        stop = slip(stop, turned=not stop, any_rise=waited > 0)
        stopped, last = stopped or stop, loss
        said.append(slip(stop, latched=stopped))
        waited = slip(waited, restarts=0 if stop else waited)
        kept.append((best, slip(where, from_1=where + 1, newest=epoch)))
    return said, *np.array(kept, float).T.tolist()


def _loss_cases(rng) -> Iterator[Case]:
    for patience, min_delta, losses in (
        (2, 0, [3, 2, 2.5, 1.5, 1.75, 1.75, 2, 1]),
        (2, 0.75, [4, 3.75, 3.5, 3.25, 3, 2.75, 2.75, 2]),
        (1, 0, [1, 0.75, 1, 0.5]),
        (3, 0.25, [5, 4, 4, 4, 4, 3]),
        (2, 0.25, [2, 3, 1.75, 2.5, 1.5, 2.25, 2, 2, 2.25]),
        (3, 0.5, (rng.integers(0, 36, size=12) / 4).tolist()),
    ):
        label = f"patience {patience}, min_delta {min_delta}, losses "
        label += ", ".join(f"{v:g}" for v in losses)
        yield Case(
            label, {"patience": patience, "min_delta": min_delta, "losses": losses}
        )


_stopper = Step(
    "EarlyStopping",
    _stopping,
    _loss_cases,
    ("update", "best", "best_epoch"),
    texts={
        "zero": "best starts at 0: no loss is smaller. It starts at float('inf').",
        "none": "before the first update best is None: it is float('inf').",
        "no_epoch": "before the first update best_epoch is None: it is −1.",
        "at_0": "best_epoch starts at 0; before the first update it is −1.",
        "before": "each loss is compared with the one before, not the last clear one.",
        "moves": "each loss is compared with the smallest so far: then many small "
        "gains never make a clear one. Compare with the loss at the last clear gain.",
        "ignored": "any new smallest loss sets the count back, by whatever lead: "
        "only a clear gain does.",
        "reaches": "a gain of exactly min_delta counts as clear: it must be larger.",
        "plus": "min_delta is added, not subtracted: even a rise counts as a gain.",
        "share": "min_delta is taken as a share of the loss: it is a difference.",
        "best_clear": "best is kept at clear gains only: a small lead counts, too.",
        "equal": "an equal loss counts as a new smallest one.",
        "largest": "the largest loss is taken for the best.",
        "in_all": "a clear gain does not set the count back: it starts again there.",
        "late": "the training stops one epoch too late: stop after `patience` epochs.",
        "early": "the training stops one epoch too early.",
        "once": "True comes once only: it stays until there is a clear gain.",
        "turned": "True and False are exchanged: True means stop.",
        "any_rise": "patience is not used: it stops as soon as no clear gain comes.",
        "restarts": "the count starts again after True, without a clear gain.",
        "latched": "once True, the result stays True, also at a clear gain.",
        "from_1": "the epochs are counted from 1: from 0 is asked for.",
        "newest": "best_epoch is the number of the last epoch, whatever its loss.",
    },
    demands={
        "when `patience` epochs *in a row* have passed": ["in_all", "late", "any_rise"],
        "without a clear gain, else `False`": ["ignored", "latched", "turned"],
        "**more than** `min_delta` below": ["reaches", "plus", "share"],
        "the loss at the last clear gain": ["before", "moves"],
        "the smallest loss so far, however small its lead": ["largest", "best_clear"],
        "an equal loss is not smaller": ["equal"],
        "the epoch of it, counted from 0": ["from_1", "newest"],
        '`float("inf")` and `-1`': ["zero", "at_0", "none", "no_epoch"],
    },
    why="Near its end a training gains a little in every epoch, and would go on for "
    "ever: only a clear gain buys new patience. But a slow descent is one, too: small "
    "gains add up, because the loss at the last clear gain stays where it was. What to "
    "keep is another question: there the smallest loss counts, by whatever lead.",
    see="Four more tools",
    goal="choose $\\lambda$ without touching the test part",
    small=lambda: Case(
        "", {"patience": 2, "min_delta": 1.0, "losses": [6.0, 5.5, 4.5, 5.0]}
    ),
)


def _fault(name: str, text: str) -> CheckFailed:
    return failed(f"{name}: not what is asked for", text)


def _watched(make: Callable, patience: int, min_delta: float, losses: list) -> tuple:
    """Return what a stopper says after each loss, and what it keeps, also before."""
    name = "EarlyStopping"

    def ran() -> tuple:
        stopper, said, kept = make(patience, min_delta), [], []
        for epoch in range(-1, len(losses)):
            if epoch >= 0:
                said.append(stopper.update(losses[epoch]))
            if not (hasattr(stopper, "best") and hasattr(stopper, "best_epoch")):
                raise _fault(name, "best or best_epoch is no attribute of self.")
            kept.append((stopper.best, stopper.best_epoch))
        if None in said:
            raise _fault(name, "update returned None; True or False is expected.")
        return said, *np.array(kept, float).T.tolist()

    first, second = ran(), ran()
    if not same(first, second, 0, 0):
        text = "a second stopper goes on where the first ended: keep all in self."
        raise _fault(name, text)
    return first


def early_stopping(make: Callable, seed: int = 0) -> None:
    """Check the class `EarlyStopping(patience, min_delta)` on rows of losses."""
    _stopper(partial(_watched, make), seed)


# --- descend_early --------------------------------------------------------------------


def _descend(slip, X, y, X_val, y_val, eta, patience, epochs):
    train, val = (X, y), (X_val, y_val)
    A, b = slip(train, learn_val=val, learn_both=_join(train, val))
    judge = slip(val, watch_train=train)
    w = slip(np.zeros(X.shape[1]), ones=np.ones(X.shape[1]))
    rate = slip(eta, two=2 * eta) / slip(len(A), summed=1)
    wait = slip(patience, no_stop=epochs, first_rise=1)
    best, where, least = w, -1, np.inf
    for epoch in range(epochs):
        old, w = w, w - rate * (A.T @ (A @ w - b))
        loss = _mse(*judge, slip(w, start_first=old, judged_first=old))
        if loss < least:
            least, where, best = loss, epoch, slip(w, start_first=old, before=old)
        if epoch - where >= wait:
            break
    stopped = epoch - where >= wait
    ends = {"last_open": best if stopped else w, "last_stopped": w if stopped else best}
    best = slip(best, last=w, **ends)
    return best, slip(where, from_1=where + 1, stopped=epoch)


def _descents(rng) -> Iterator[Case]:
    """Yield descents that tell: their losses rise and fall, or end too early."""
    late, pays, ends = "a lower one too late", "a patience that pays", "no stop comes"
    open_ = "no stop comes, and the last is not the best"
    wanted = [late, pays, ends, open_, late]
    while wanted:
        X, y = _linear(rng, 14, 6, 2.0)
        X_val, y_val = _linear(rng, 10, 6)
        eta = round(float(rng.choice([0.7, 1.7]) * 14 / np.linalg.norm(X, 2) ** 2), 3)
        args = {"X": X, "y": y, "X_val": X_val, "y_val": y_val, "eta": eta}
        p, epochs = (8, 6) if wanted[0] in (ends, open_) else (3, 60)
        one, best, all_ = (
            _descend(_right, *args.values(), q, epochs)[1] for q in (1, p, epochs)
        )
        fits = {late: 1 < best < all_, pays: one < best < 55, ends: best == 5}
        fits[open_] = 0 < best < 5
        if fits[wanted[0]]:
            args |= {"patience": p, "epochs": epochs}
            yield Case(wanted.pop(0), args, {"N": 14})


_early = Step(
    "descend_early",
    _descend,
    _descents,
    ("w", "epoch"),
    texts={
        "learn_val": "the gradient is that of the validation part.",
        "learn_both": "the gradient uses the validation part, too.",
        "watch_train": "the training error decides: the validation part's must.",
        "ones": "the weights start at 1; they start at 0.",
        "two": "the gradient has a factor 2: the cost has the ½.",
        "summed": "the gradient is a sum: divide by N.",
        "no_stop": "the training is not stopped: a later epoch, beyond the patience, "
        "is taken for the best.",
        "first_rise": "patience is ignored: the training stops at the first rise.",
        "start_first": "the error is measured before the step: first step, then error.",
        "judged_first": "the error before the step decides on the weights after it.",
        "before": "these are the weights before the step of the best epoch.",
        "last": "these are the weights of the last epoch: those of the best one are "
        "asked for. (Did `best` change with `w`, because both are one array?)",
        "last_stopped": "where it stops early the last weights came, not the best.",
        "last_open": "where no stop comes these are the last weights, not the best.",
        "from_1": "the epoch is counted from 1: from 0 is asked for.",
        "stopped": "the epoch at which the training ended came, not the best one.",
    },
    demands={
        "from $w = 0$": ["ones"],
        "An epoch is one step": ["start_first"],
        "the gradient $X^\\top (Xw - y)/N$": ["summed", "two", "learn_both"],
        "the mean squared error on the validation part": ["watch_train"],
        "Stop when it says so": ["no_stop", "first_rise"],
        "or after `epochs` epochs": ["no stop comes", "last_open"],
        "the weights **after the best epoch**": ["last", "before"],
        "and its number, counted from 0": ["from_1", "stopped"],
    },
    why="The training error falls with every step; only the other part can tell when "
    "the descent has learned enough. When that is noticed, `patience` epochs later, "
    "the weights have moved on. So keep the best ones on the way, as an array of their "
    "own: what is changed in place takes the copy along.",
    see="Four more tools",
    goal="tell underfitting from overfitting by two curves",
)


def descend_early(function: Callable, seed: int = 0) -> None:
    """Check `descend_early(X, y, X_val, y_val, eta, patience, epochs)`."""
    X, y, X_val, *rest = copy.deepcopy([*_early.drawn(seed)[0].args.values()])
    moved = False
    with contextlib.suppress(Exception), quiet():  # what fails is told by the step
        w, _ = function(0 * X, y, 0 * X_val, *rest)
        moved = np.shape(w) == X.shape[1:] and np.isfinite(w).all() and np.any(w)
    if moved:
        text = "the weights do not start at 0: where all features are 0 that shows."
        raise _fault("descend_early", text)
    _early(function, seed)


# --- report ---------------------------------------------------------------------------


def _report(slip, train, val, test, lams):
    two, three = _join(train, val), _join(train, val, test)
    X = slip(train, leak_2=two, leak_3=three)[0]
    std = slip(X.std(0), no_std=1, one_std=X.std(), ddof=X.std(0, ddof=1))
    std = slip(std, variance=std**2)

    def ready(part):
        A, y = part
        own = {"own": A / A.std(0), "own_mean": (A - A.mean(0)) / std}
        return slip(A / std, own_both=(A - A.mean(0)) / A.std(0), **own), y

    judge = slip(val, by_test=test, by_train=train)
    errors = [_mse(*ready(judge), *_fit(*ready(train), lam)) for lam in lams]
    lam = lams[int(np.argmin(errors))]
    w, b = _fit(*ready(slip(train, refit_2=two)), lam)
    middle = train[1].mean()
    b = slip(b, no_b=0.0, not_back=b - middle)
    judged = slip(test, val_error=val, train_error=train)
    A, t = slip(ready(judged), test_raw=judged)
    error = slip(_mse(A, t, w, b), own_level=np.var(A @ w - t))
    return lam, slip(error, units=error / train[1].var())


def _patients(rng) -> Iterator[Case]:
    """Yield splits on which the honest choice and others differ, two tests each."""
    for k in "ABC":
        center, scale = rng.uniform(-20, 90, size=6), 10 ** rng.uniform(-1, 1.5, 6)
        while True:
            X, y = _linear(rng, 180, 6, 6.0)
            X, y = center + scale * X, 150 + 20 * y
            cuts = ((0, 40), (40, 80), (80, 120), (120, 180))
            train, val, *tests = ((X[i:j], y[i:j]) for i, j in cuts)
            lam = _report(_right, train, val, val, LAMS)[0]
            other = [_report(_right, train, t, t, LAMS)[0] for t in (*tests, train)]
            if LAMS[0] < lam < LAMS[-1] and lam not in other:
                break
        for test, label in zip(tests, ("one", "the other"), strict=True):
            args = {"train": train, "val": val, "test": test, "lams": LAMS}
            N = {"N": len(test[1])}
            yield Case(f"patients {k}, {label} test part", args, N)


report = Step(
    "report",
    _report,
    _patients,
    ("lam", "error"),
    texts={
        "leak_2": "leakage: the deviations are those of training and validation part "
        "together.",
        "leak_3": "leakage: the deviations are those of all parts.",
        "own": "the features of each part are divided by its own deviation: take that "
        "of the training part.",
        "own_mean": "each part loses its own mean: if you center, take the means of "
        "the training part.",
        "own_both": "the features of each part are scaled by its own mean and "
        "deviation: take those of the training part.",
        "no_std": "the features are not divided by their standard deviation.",
        "one_std": "one deviation for all features: each has its own.",
        "ddof": "the deviation has N − 1 in the denominator (ddof=1); N is asked for.",
        "variance": "the features are divided by their variance, not by its root.",
        "by_test": "λ is chosen on the test part: the error that you report is too "
        "good.",
        "by_train": "λ is chosen on the training part: that favors the smallest λ.",
        "refit_2": "the weights are fitted on training and validation part together: "
        "here those of the training part are asked for.",
        "val_error": "the validation error is reported: it has served the choice.",
        "train_error": "the training error is reported.",
        "test_raw": "the features of the test part are not divided by the deviations.",
        "own_level": "the test part's own means are used, in place of b.",
        "no_b": "b is missing in the predictions of the test part.",
        "not_back": "the predictions lack the mean of y: b is missing, or those of a "
        "centered y are compared with y as it comes.",
        "units": "the error is in units of a scaled y: y is not divided by anything.",
    },
    demands={
        "Divide each feature by its standard deviation": ["no_std", "one_std"],
        "with $N$ in the denominator": ["ddof", "variance"],
        "**of the training part**": ["leak_2", "leak_3", "own", "test_raw"],
        "The means may stay": ["own_mean", "not_back"],
        "Choose $\\lambda$ by the validation part": ["by_test", "by_train"],
        "The weights and the bias are those of the training part": [
            "refit_2",
            "own_level",
        ],
        "the mean squared error on the test part": ["val_error", "units"],
        "what may change, and what must not?": ["patients A, the other test part"],
    },
    why="Whatever is measured before the test belongs to the training: deviations, "
    "weights, the choice of λ. A test part that has a say in any of them is no test "
    "any more. So λ stays when the test part is exchanged for another; the error alone "
    "may change.",
    see="Choose λ by validation",
    goal="choose $\\lambda$ without touching the test part",
    rtol=1e-5,
)
