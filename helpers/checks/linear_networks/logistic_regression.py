"""Checks of the sheet `linear_networks/logistic_regression`: from cost to verdict.

Labels are 0 and 1, rows are examples, z = Xw + b. Each step is a reference that carries
its slips (`helpers.checks.engine`).
"""

from collections.abc import Iterator

import numpy as np

from .. import classification as shared
from ..engine import Case, Step

CLASSES = "From numbers to classes"
STABLE = "turn the outputs of a linear layer into probabilities without overflow"
JUDGE = "judge a published learning curve by putting it beside baselines"


def _small(**args):
    return lambda: Case("", args)


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


# --- sigmoid_cost ---------------------------------------------------------------------


def _cost(slip, z, y):
    right = np.logaddexp(0, z) - y * z
    p = _sigmoid(z)
    each = slip(right, squared=(p - y) ** 2, one_minus=np.abs(p - y), minus=-right)
    each = slip(each, only_1=y * right, only_0=(1 - y) * right, twice=right - y * z)
    each = slip(each, turned=np.logaddexp(0, z) - (1 - y) * z, plus=right + 2 * y * z)
    each = slip(each, no_label=np.logaddexp(0, z), as_p=lambda: _of_p(z, y))
    each = slip(
        each, base_2=right / np.log(2), naive=lambda: _of_p(1 / (1 + np.exp(-z)), y)
    )
    one = np.logaddexp(1, np.where(y, -z, z))
    each = slip(each, pm_one=np.logaddexp(0, -y * z), one=one)
    rest = np.maximum(z, 0) - y * z
    each = slip(each, tail=rest, no_minus=lambda: rest + np.log1p(np.exp(np.abs(z))))
    cut = {n: lambda t=t: _cut(z, y, t, 0) for n, t in shared.TINY.items()}
    added = {n: lambda t=t: _cut(z, y, 0, t) for n, t in shared.ADDED.items()}
    each = slip(each, overflow=lambda: np.log(1 + np.exp(z * (1 - 2 * y))))
    far = np.clip(z, -500, 500)
    each = slip(each, **cut, **added, clipped=np.logaddexp(0, far) - y * far)
    halves = each[y == 1].mean() + each[y == 0].mean()
    mean = slip(each.mean(), halves=halves, balanced=halves / 2)
    mean = slip(mean, ones=each[y == 1].mean(), zeros=each[y == 0].mean())
    return slip(mean, summed=each.sum(), each=each, largest=each.max())


def _of_p(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def _cut(z, y, least, more):
    p = np.clip(1 / (1 + np.exp(-z)), least, 1 - least)
    return -np.log(np.where(y, p, 1 - p) + more)


def _preactivations(rng) -> Iterator[Case]:
    for m, size in ((6, 1), (9, 3), (5, 30), (7, 2), (8, 1)):
        args = {"z": size * rng.normal(size=m) + 0.3, "y": rng.permutation(m) % 2}
        yield Case(f"{m} rows, z of about {size}", args, {"m": m})
    z = rng.uniform(25, 27, 4) * (1, -1, 1, -1)
    yield Case("z near ±26, all wrong", {"z": z, "y": (z < 0) * 1}, {"m": 4})
    far = {"z": np.array([1000.0, -1000, 1000, -1000]), "y": np.array([1, 0, 0, 1])}
    yield Case("z = ±1000, right and wrong", far, {"m": 4})
    far = {"z": np.array([1000.0, -1000, -1000]), "y": np.array([1, 1, 0])}
    yield Case("z = ±1000, a 1 is missed", far, {"m": 3})


sigmoid_cost = Step(
    "sigmoid_cost",
    _cost,
    _preactivations,
    texts=shared.CUT
    | {
        "squared": "this is the squared error of the probabilities.",
        "one_minus": "1 − p of the label stands in place of −ln p.",
        "only_1": "rows with the label 0 cost nothing here: theirs is −ln(1 − p).",
        "only_0": "rows with the label 1 cost nothing here: theirs is −ln p.",
        "minus": "the sign is wrong: −ln p is positive.",
        "turned": "0 and 1 are exchanged: −ln p belongs to the label 1.",
        "clipped": "z is cut off: a sure mistake costs |z|, however large.",
        "twice": "y z is subtracted twice.",
        "plus": "y z has the wrong sign: for the label 1 the cost falls with z.",
        "no_label": "the label is missing: this is −ln(1 − p) in every row.",
        "as_p": "z is taken for the probability: the sigmoid is missing.",
        "base_2": "the logarithm has base 2.",
        "naive": "an exponential overflows, or p is rounded to 0 or 1 before the "
        "logarithm: rewrite the cost in z.",
        "pm_one": "the labels are taken for −1 and 1: they are 0 and 1.",
        "tail": "max(0, z) − y z lacks its last part, ln(1 + e^−|z|).",
        "no_minus": "the exponent has a wrong sign: e^|z| overflows, e^−|z| does not.",
        "one": "logaddexp takes exponents: that of 1 is 0, and ln(e + …) came.",
        "balanced": "each class counts half, however many rows it has: all rows alike.",
        "halves": "each class has a mean of its own: one mean over all rows.",
        "ones": "only the rows with the label 1 are averaged.",
        "zeros": "only the rows with the label 0 are averaged.",
        "largest": "the largest cost of a row came: their mean is asked for.",
        "overflow": "an exponential overflows where its exponent is large.",
        "summed": "the sum over the rows came: their mean is asked for.",
        "each": "a number for each row came: their mean is asked for.",
    },
    demands={
        "the mean of $-\\ln p$": ["summed", "minus", "base_2", "squared"],
        "of $-\\ln(1 - p)$ over": ["only_1", "turned", "no_label"],
        "$z = \\pm 1000$ must work": ["naive", "cut_1e-12", "plus_1e-08"],
        "straight from the preactivations": ["as_p"],
    },
    warn="an exponential overflows or a logarithm meets 0: rewrite the cost in z.",
    why="The sigmoid of 40 is 1 in double precision, and the logarithm of 1 minus it "
    "is −∞: a single confident mistake makes the whole cost infinite. Written in z "
    "nothing is lost: for the label 0 the cost is ln(1 + e^z), which is nearly z where "
    "z is large, and for the label 1 it is ln(1 + e^−z). It is softmax's log-sum-exp "
    "with the two logits 0 and z.",
    see="Without overflow",
    goal=STABLE,
    small=_small(z=np.array([0.0, 2.0]), y=np.array([1, 0])),
)


# --- cost_gradient --------------------------------------------------------------------


def _gradient(slip, X, y, w, b):
    z = X @ w + slip(b, no_bias=0)
    p = slip(_sigmoid(z), no_sigmoid=z, flipped=_sigmoid(-z), answer=(z >= 0) * 1)
    e = slip(p - y, sign=y - p, no_label=p, twice=2 * (p - y))
    e = slip(e, slope=e * p * (1 - p), table=p - y.mean(), only_1=e * y)
    e = slip(e, pm_one=p - 2 * y + 1, by_p=lambda: e / (p * (1 - p)))
    N, n = X.shape
    e = e / slip(N, summed=1, features=n)
    db = slip(e.sum(), db_zero=0.0, db_mean=e.mean(), db_each=e)
    dw = slip(X.T @ e, means=X.mean(0) * e.sum(), each=X * e[:, None])
    dw = slip(dw, one_for_all=dw.mean(), one_filled=dw.mean() + 0 * dw)
    return slip(dw, dw_mean=dw / N, by_row=N * (X * e[:, None]).mean(1)), db


def _gradient_cases(rng) -> Iterator[Case]:
    for N, n in ((7, 3), (4, 4), (9, 2)):
        args = {"X": rng.normal(size=(N, n)) + 0.5, "y": rng.permutation(N) % 2}
        args |= {"w": rng.normal(size=n), "b": float(rng.normal() + 1)}
        yield Case(f"{N} examples, {n} features", args, {"N": N, "n": n})


cost_gradient = Step(
    "cost_gradient",
    _gradient,
    _gradient_cases,
    ("dw", "db"),
    lists=True,
    texts={
        "no_bias": "the bias is missing in z.",
        "no_sigmoid": "the sigmoid is missing: z − y is the error of a squared cost.",
        "answer": "the answer 0 or 1 stands in place of p: the perceptron rule.",
        "flipped": "the exponent in the sigmoid has the wrong sign: this is 1 − p.",
        "sign": "the sign is wrong: the error is p − y.",
        "no_label": "the labels are missing: p stands in place of p − y.",
        "twice": "there is a factor 2 too many: it belongs to the squared error.",
        "slope": "there is a factor p (1 − p) too many: with cross-entropy it cancels.",
        "only_1": "rows with the label 0 have no error here: theirs is p.",
        "pm_one": "the labels are taken for −1 and 1: they are 0 and 1.",
        "by_p": "this is the derivative by p: the chain goes on to z.",
        "table": "every p meets every label, in a table of N × N errors: give both the "
        "shape (N,).",
        "one_for_all": "dw is one number: each feature has its own derivative.",
        "one_filled": "dw is averaged over the features, too: each has its own.",
        "summed": "the sums over the examples came: the cost is a mean.",
        "features": "you divided by the number of features, not of examples.",
        "db_zero": "db is 0: the bias has a derivative, too.",
        "db_mean": "db is divided by N twice.",
        "dw_mean": "dw is divided by N twice.",
        "db_each": "db has an entry for each example: one number is asked for.",
        "means": "mean error times mean features: multiply first, then average.",
        "each": "dw has a row for each example: sum over them.",
        "by_row": "dw: the mean runs over the features (axis 1): over the examples.",
    },
    demands={
        "with respect to $w$ and $b$": ["db_zero", "no_bias"],
        "an array of shape `(n,)` and a number": [
            "each",
            "one_for_all",
            "db_each",
        ],
        "the mean over the examples": ["summed", "features"],
        "the error $p_i - y_i$": ["sign", "slope", "no_sigmoid", "twice"],
    },
    why="The derivative of the logarithm cancels that of the sigmoid, and the error is "
    "p − y, as in linear regression: what the model says minus what is true. Where a "
    "squared error would multiply by p (1 − p), and stop learning from confident "
    "mistakes, cross-entropy keeps the whole error. Each weight gets error times "
    "input, the bias the error alone, averaged over the examples.",
    see="The gradient",
    goal="derive the gradient of softmax regression",
    small=_small(X=np.array([[1.0, 2.0]]), y=np.array([1]), w=np.zeros(2), b=0.0),
)


# --- train_logistic -------------------------------------------------------------------


def _train(slip, X, y, eta, steps):
    X = slip(X, scaled=lambda: (X - X.mean(0)) / X.std(0))
    w, b, costs = np.zeros(X.shape[1]), slip(0.0, b_one=1.0), []
    w, rows = slip(w, w_ones=np.ones(X.shape[1])), [[i] for i in range(len(y))]
    w, b = slip((w, b), start=lambda: _start(slip.like, X, y, eta, steps))
    total = swift = np.zeros(X.shape[1] + 1)
    count = slip(steps, one_less=steps - 1, one_more=steps + 1)
    count, last_b = slip((count, None), stops=lambda: _end(slip.like, steps))
    for t in range(count):
        costs.append(np.mean(np.logaddexp(0, X @ w + b) - y * (X @ w + b)))
        at_end = last_b is not None and t + 1 == count
        if at_end and np.isclose(b, last_b):  # it stops between the cost and the step
            break
        by_turns = [rows[t % len(y)]]
        for i in slip([slice(None)], one_by_one=rows, by_turns=by_turns):
            A, target = X[i], y[i]
            m = len(target)
            e = (_sigmoid(A @ w + b) - target) / slip(m, summed=1, by_N=m**2)
            rate = slip(eta, climbs=-eta, no_eta=1.0, twice=2 * eta)
            rate = slip(rate, decays=eta / (t + 1))
            other = (_sigmoid(A @ w + b - rate * e.sum()) - target) / m
            new = w - slip(rate, w_up=-rate) * A.T @ slip(e, b_first=other)
            e = slip(e, late=(_sigmoid(A @ new + b) - target) / len(target))
            now = np.append(A.T @ e, e.sum())
            total, swift = total + now, 0.9 * swift + now
            sums = {"added_up": total, "momentum": swift}
            new = slip(new, **{n: w - rate * s[:-1] for n, s in sums.items()})
            step = slip(e.sum(), **{n: s[-1] for n, s in sums.items()})
            w, b = new, b - slip(rate, b_kept=0, b_up=-rate, b_eta=1.0) * step
        if slip(False, after_one=True):
            break
    end = np.mean(np.logaddexp(0, X @ w + b) - y * (X @ w + b))
    after = [*costs[1:], end]
    return w, b, slip(costs, after=after, both=[*costs, end], last=end)


def _end(like, steps):
    """Return how many costs the student noted in 7 steps, and b at the end."""
    noted = len(like["costs"]) if like else steps
    fewer = noted if noted < steps else 4
    return (steps, None) if steps < 7 else (fewer, like and like["b"])


def _start(like, X, y, eta, steps):
    """Return the start that leads to the student's w and b, if its cost was noted.

    Else, and where it is 0 or 1, it is another one.
    """
    A = np.column_stack([X, np.ones(len(X))])
    end = np.append(like["w"], like["b"]) if like else np.zeros(A.shape[1])
    for _ in range(steps):
        end, new = end, end
        for _ in range(300):  # a step of descent contracts: so does its inverse
            new = end + eta * A.T @ (_sigmoid(A @ new) - y) / len(y)
        end = new
    cost = np.mean(np.logaddexp(0, A @ end) - y * (A @ end))
    if not like or not np.isclose(cost, like["costs"][0]):
        end = 0 * end
    end = end + 0.01 * np.allclose(end, np.round(end))
    return end[:-1], end[-1]


def _train_cases(rng) -> Iterator[Case]:
    for N, n, eta, steps in ((12, 3, 0.5, 4), (9, 2, 1.2, 7), (15, 4, 0.1, 3)):
        X, y = rng.normal(size=(N, n)) + 0.3, rng.permutation(N) % 2
        args = {"X": X, "y": y, "eta": eta, "steps": steps}
        yield Case(
            f"{N} examples, {n} features, η = {eta}, {steps} steps", args, {"N": N}
        )


train_logistic = Step(
    "train_logistic",
    _train,
    _train_cases,
    ("w", "b", "costs"),
    lists=True,
    texts={
        "b_one": "the bias starts at 1, not at 0.",
        "w_ones": "the weights start at 1, not at 0.",
        "start": "w and b do not start at 0.",
        "decays": "η is divided by the number of the step: it stays.",
        "added_up": "the gradients of all steps add up: set them to 0 in each step.",
        "one_less": "one step too few is taken.",
        "one_more": "one step too many is taken.",
        "stops": "the loop stops before `steps` steps are taken.",
        "summed": "the gradient is summed over the examples: its mean is asked for.",
        "by_N": "the gradient is divided by N twice.",
        "momentum": "a momentum of 0.9 carries the steps on: plain ones are due.",
        "climbs": "the sign is wrong: + climbs the cost.",
        "no_eta": "η is missing.",
        "twice": "there is a factor 2 too many in the step.",
        "scaled": "the features have been scaled: w belongs to X as it came.",
        "one_by_one": "a step runs through the examples one by one, moving at each.",
        "by_turns": "each step takes one example: all of them are asked for.",
        "late": "b follows weights that are already new: compute both gradients first.",
        "b_first": "w follows a bias that is already new: compute both first.",
        "b_kept": "the bias is not updated.",
        "b_up": "the bias is updated with the wrong sign.",
        "b_eta": "the bias step lacks η.",
        "w_up": "the weights are updated with the wrong sign.",
        "after_one": "only one step is taken: a return in the loop?",
        "after": "the costs are those after each step: before it is asked for.",
        "both": "the cost after the last step is noted, too: one for each step.",
        "last": "only the last cost came: one for each step.",
    },
    demands={
        "Start with $w = 0$ and $b = 0$": ["w_ones", "b_one", "start"],
        "take `steps` steps": ["one_less", "one_more", "stops", "after_one"],
        "the gradient of all examples": ["summed", "one_by_one", "by_turns"],
        "the cost before each step": ["after", "both", "last"],
    },
    why="From zero weights each probability is ½ and the cost is ln 2: a known number, "
    "and so a test of the program. The cost has a single minimum, so that every start "
    "leads there, if the rate is not too large. A curve of the cost shows what one "
    "number at the end hides: whether it still falls, whether it jumps, and whether "
    "half of the steps had been enough.",
    see=CLASSES,
    goal="train it on handwritten digits",
    small=_small(X=np.array([[1.0], [-1.0]]), y=np.array([1, 0]), eta=1.0, steps=2),
)


# --- precision_recall -----------------------------------------------------------------


def _share(part, whole):
    return float(part / whole) if whole else 0.0


def _two(slip, p, y, threshold):
    t = slip(threshold, half=0.5)
    said = slip((p >= t) * 1, strict=(p > t) * 1, below=(p < t) * 1)
    y = slip(y, turned=1 - y)
    hits, N = int((said & y).sum()), len(y)
    hits = slip(hits, all_right=int((said == y).sum()))
    accuracy, fallout = (
        np.mean(said == y),
        _share(int((said & (1 - y)).sum()), (1 - y).sum()),
    )
    precision = slip(_share(hits, said.sum()), accuracy=accuracy, of_all=hits / N)
    false = _share(said.sum() - hits, said.sum())
    precision = slip(precision, alarms=false, one=precision if said.any() else 1.0)
    precision = slip(precision, nan=lambda: precision if said.any() else np.nan)
    recall = slip(_share(hits, y.sum()), fallout=fallout, precise=precision)
    share = _share(hits, (said == y).sum())
    f_1 = _share(2 * hits, said.sum() + y.sum())
    recall = slip(recall, accuracy_2=accuracy, f_1=f_1)
    recall = slip(recall, of_right=share, right_zeros=1 - fallout)
    recall = slip(recall, of_all_2=hits / N, missed=1 - recall)
    either = _share(hits, (said | y).sum())
    precision = slip(precision, either=either)
    return slip((precision, recall), exchanged=(recall, precision))


def _two_cases(rng) -> Iterator[Case]:
    for N, threshold in ((40, 0.3), (25, 0.7), (30, 0.55), (35, 0.45), (28, 0.6)):
        y = (rng.random(N) < 0.35) * 1
        p = np.round(np.clip(0.35 + 0.3 * y + 0.25 * rng.normal(size=N), 0.01, 0.99), 2)
        p[:3], y[:3] = threshold, (1, 1, 0)
        args = {"p": p, "y": y, "threshold": threshold}
        yield Case(f"{N} rows, threshold {threshold}", args)
    none = {"p": np.full(5, 0.2), "y": np.array([0, 1, 0, 0, 1]), "threshold": 0.9}
    yield Case("no row reaches the threshold", none)


precision_recall = Step(
    "precision_recall",
    _two,
    _two_cases,
    ("precision", "recall"),
    texts={
        "half": "the threshold is not used: ½ stands in its place.",
        "strict": "a row exactly at the threshold counts as 1: ≥, not >.",
        "below": "rows below the threshold are called 1: the comparison is turned.",
        "turned": "0 and 1 are exchanged: the ones are looked for.",
        "all_right": "the zeros that are called 0 count as hits, too: only ones do.",
        "accuracy": "precision: this is the accuracy, the share of all rows right.",
        "of_all": "precision: divide by the rows that are called 1, not by all.",
        "nan": "precision is NaN where no row is called 1: 0 is asked for.",
        "alarms": "precision: this is the share of the false alarms: 1 minus it.",
        "one": "precision: 0 is asked for where no row is called 1, not 1.",
        "either": "precision: divide by the rows called 1, without the missed ones.",
        "accuracy_2": "recall: this is the accuracy, the share of all rows right.",
        "f_1": "recall: this is F1, which mixes it with the precision.",
        "right_zeros": "recall: this is the share of the zeros that are called 0.",
        "fallout": "recall: this is the share of the zeros that are called 1.",
        "precise": "recall: this is the precision.",
        "of_all_2": "recall: divide by the rows that are 1, not by all.",
        "of_right": "recall: divide by the rows that are 1, not by the right answers.",
        "missed": "recall: this is the share of the ones that is missed.",
        "exchanged": "precision and recall are exchanged.",
    },
    demands={
        "if $p \\ge$ `threshold`": ["strict", "half", "below"],
        "the share of the rows *called 1* that are 1": ["of_all", "accuracy"],
        "the share of the rows that *are 1* that are called so": ["missed", "fallout"],
        "the precision is 0": ["nan"],
        "Returns `(precision, recall)`": ["exchanged"],
    },
    why="Where ones are rare, the accuracy says little: who never says 1 is right most "
    "of the time. Two questions matter. Of those that you called 1, how many are? "
    "(Precision: the cost of a false alarm.) Of those that are 1, how many did you "
    "find? (Recall: the cost of a miss.) The threshold trades one for the other, and ½ "
    "is only its default. What it should be depends on what the two mistakes cost.",
    see=CLASSES,
    goal=JUDGE,
    small=_small(p=np.array([0.9, 0.6, 0.2]), y=np.array([1, 0, 1]), threshold=0.5),
)


# --- roc ------------------------------------------------------------------------------


def _one_by_one(p, y, like):
    """Call the rows one after the other; equal p in the student's order, if told."""
    order, ones = np.lexsort((-y, -p)), np.diff((like or {}).get("tpr", ())) > 0
    for level in np.unique(p) if len(ones) == len(p) else ():
        at = p[order] == level
        order[at] = order[at][np.argsort(np.argsort(~ones[at], kind="stable"))]
    return order.argsort() <= np.arange(len(order))[:, None]


def _roc(slip, p, y):
    y = slip(y, turned=1 - y)
    levels = np.unique(p)[::-1]
    levels = slip(levels, rising=levels[::-1], repeated=np.sort(p)[::-1])
    called = slip(p >= levels[:, None], strict=p > levels[:, None])
    firsts = np.array([np.flatnonzero(p == level)[:1] for level in levels])
    firsts = called & ((p > levels[:, None]) | (firsts == np.arange(len(p))))
    called = slip(called, first=firsts)
    called = slip(called, ties=lambda: _one_by_one(p, y, slip.like))
    tpr = (called & (y == 1)).sum(1) / (y == 1).sum()
    fpr = (called & (y == 0)).sum(1) / (y == 0).sum()
    precision = (called & (y == 1)).sum(1) / np.maximum(called.sum(1), 1)
    fpr = slip(fpr, alarms=1 - precision, of_all=fpr * np.mean(y == 0))
    tpr = slip(tpr, of_all_2=tpr * np.mean(y == 1))
    begin = slip([0.0], no_start=[])
    late = slip(False, end=True)
    fpr, tpr = (np.append(v, 1) if late else np.append(begin, v) for v in (fpr, tpr))
    area = np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2)
    area = slip(area, steps=np.diff(fpr) @ tpr[1:], low=np.diff(fpr) @ tpr[:-1])
    area = slip(area, mean=tpr.mean(), folded=max(area, 1 - area))
    numbers = fpr * (y == 0).sum(), tpr * (y == 1).sum()
    bent = np.abs([np.diff(fpr, 2), np.diff(tpr, 2)]).max(0) > 1e-9
    corners = np.concatenate([[True], bent, [True]])
    fpr, tpr = slip((fpr, tpr), straight=(fpr[corners], tpr[corners]))
    fpr, tpr = slip((fpr, tpr), numbers=numbers)
    area = slip(area, by_tpr=np.sum(np.diff(tpr) * (fpr[1:] + fpr[:-1]) / 2))
    back = fpr[::-1], tpr[::-1], -area
    return slip((fpr, tpr, area), exchanged=(tpr, fpr, area), back=back)


def _roc_cases(rng) -> Iterator[Case]:
    for N, digits in ((12, 1), (16, 1), (15, 3)):
        y = rng.permutation(np.arange(N) % 3 == 0) * 1
        p = np.round(
            np.clip(0.4 + 0.2 * y + 0.25 * rng.normal(size=N), 0.0, 1.0), digits
        )
        p[:2], p[2] = p[2], p[3]
        y[:4] = 1, 0, 0, 1
        yield Case(f"{N} rows, {len(np.unique(p))} different p", {"p": p, "y": y})
    yield Case("a poor order", {"p": 1 - p, "y": (p > 0.5) * 1})


roc = Step(
    "roc",
    _roc,
    _roc_cases,
    ("fpr", "tpr", "area"),
    lists=True,
    texts={
        "ties": "equal p are taken one by one: they pass a threshold together.",
        "first": "of equal p only the first row counts at its threshold: all pass it.",
        "turned": "0 and 1 are exchanged: the ones are looked for.",
        "rising": "the thresholds rise: the curve begins with the highest.",
        "strict": "a row exactly at the threshold counts as 1: ≥, not >.",
        "alarms": "fpr: this is 1 − precision: divide by the number of zeros.",
        "of_all": "fpr: divide by the number of zeros, not of all rows.",
        "of_all_2": "tpr: divide by the number of ones, not of all rows.",
        "no_start": "the first point (0, 0) is missing.",
        "straight": "points on a straight piece are left out: each threshold has one.",
        "steps": "area: these rectangles are as high as their ends: take trapezoids.",
        "low": "area: these rectangles are as high as their starts: take trapezoids.",
        "folded": "area: it may be below ½, and stays there.",
        "numbers": "fpr and tpr are numbers of rows: shares are asked for.",
        "mean": "area: this is the mean height of the points.",
        "by_tpr": "area: this is the area left of the curve, not below it.",
        "repeated": "there is a threshold for each row: equal p count once.",
        "end": "the last point (1, 1) comes twice, the first, (0, 0), is missing.",
        "exchanged": "fpr and tpr are exchanged.",
        "back": "the curve runs from right to left, and the area is negative.",
    },
    demands={
        "each *different* value of `p`": ["ties", "repeated", "straight"],
        "from the largest to the smallest": ["rising"],
        "begins with the point (0, 0)": ["no_start"],
        "the share of the zeros that are called 1": ["of_all", "turned"],
        "by trapezoids": ["steps", "low", "mean"],
        "Returns `(fpr, tpr, area)`": ["exchanged"],
    },
    why="One threshold gives one pair of shares. All thresholds together give the "
    "curve, which shows what the model could do before anybody chose. Its area is the "
    "probability that a random one gets a larger p than a random zero (equal ones "
    "count half): ½ for a model that knows nothing, whatever the share of ones, 1 for "
    "a perfect order. It says nothing about whether the probabilities are right.",
    see=CLASSES,
    goal=JUDGE,
    small=_small(p=np.array([0.8, 0.5, 0.5]), y=np.array([1, 1, 0])),
)


# --- read_curve -----------------------------------------------------------------------


def _read(slip, train, val, y_train, y_val):
    best = slip(np.argmax(val), last_tie=len(val) - 1 - np.argmax(val[::-1]))
    best = slip(best, by_gap=np.argmin(np.abs(np.subtract(train, val))))
    falls = np.flatnonzero(np.diff(val) < 0)
    best = slip(best, peak=[*falls, len(val) - 1][0])
    best = slip(best, by_train=np.argmax(train), last=len(val) - 1)
    asked = slip(y_train, own_majority=y_val, of_both=np.append(y_train, y_val))
    labels, counts = np.unique(asked, return_counts=True)
    most = labels[counts.argmax()]
    base = np.mean(y_val == slip(most, place=counts.argmax()))
    base = slip(base, zero=np.mean(y_val == 0), even=1 / len(counts))
    base = slip(base, binary=np.mean(y_val == (y_train.mean() > 0.5)))
    above = np.mean((y_val > 0) == (np.mean(y_train > 0) > 0.5))
    base = slip(base, above_0=above)
    base = slip(base, middle=np.mean(y_val == int(np.median(y_train))))
    base = slip(base, of_train=np.mean(y_train == most), none=0.0)
    gain = slip(val[best] - base, under=base - val[best], ratio=val[best] / base)
    gain = slip(gain, train_gain=train[best] - base)
    gap = slip(train[best] - val[best], turned=val[best] - train[best])
    gap = slip(gap, size=abs(gap), maxima=max(train) - max(val))
    gap = slip(gap, at_end=train[-1] - val[-1], widest=np.max(np.subtract(train, val)))
    epoch = slip(int(best), from_1=int(best) + 1)
    return slip((epoch, gain, gap), gap_first=(epoch, gap, gain))


def _curves(rng) -> Iterator[Case]:
    for E, at, low, *often in (
        (12, 5, 0.55, (46, 14), (14, 26)),
        (9, 1, 0.55, (18, 15, 27), (24, 10, 6)),
        (15, 9, 0.86, (0, 13, 47), (3, 23, 14)),
    ) * 2:
        train = np.sort(rng.uniform(low, 0.97, E))
        train[[1, -2]] = train[[-2, 1]]
        train[-3] = 0.99
        val = np.round(rng.uniform(0.5, 0.8, E), 3)
        val[[at, at + 2]] = 0.85
        y = [rng.permutation(np.repeat(range(len(n)), n)) for n in often]
        args = {"train": train, "val": val, "y_train": y[0], "y_val": y[1]}
        missing = ", 0 is missing" if 0 in often[0] else ""
        yield Case(f"{E} epochs, {len(often[0])} classes{missing}", args)


read_curve = Step(
    "read_curve",
    _read,
    _curves,
    ("epoch", "gain", "gap"),
    texts={
        "last_tie": "of equal accuracies the last epoch is taken: the first counts.",
        "peak": "the search ends where `val` first falls: it may rise again later.",
        "by_gap": "the epoch with the smallest gap is chosen: the best on val.",
        "by_train": "the epoch is chosen by the training accuracy.",
        "last": "the last epoch is taken, not the best one.",
        "own_majority": "the baseline peeks: its class is the commonest of y_val.",
        "of_both": "the baseline peeks: its class is the commonest of both parts.",
        "zero": "the baseline takes class 0, whatever is frequent.",
        "place": "the place in the list of labels is no label: 0 may be missing there.",
        "binary": "two classes are taken for granted: the mean of the labels decides.",
        "above_0": "all labels above 0 are taken for one class.",
        "middle": "the baseline takes the middle class number: the commonest.",
        "even": "the baseline is 1/k: the commonest class is right more often or less.",
        "of_train": "the baseline is measured on y_train: y_val is asked for.",
        "none": "the baseline is not subtracted.",
        "under": "gain: the sign is wrong: accuracy minus baseline.",
        "ratio": "gain: divided by the baseline, which is to be subtracted.",
        "train_gain": "gain: this is that of the training accuracy.",
        "turned": "gap: the sign is wrong: training minus validation.",
        "size": "gap: its sign is lost: it may be negative.",
        "maxima": "gap: the maxima of both curves come from different epochs.",
        "at_end": "gap: taken after the last epoch, not at the best one.",
        "widest": "gap: this is the widest gap of all epochs.",
        "from_1": "epoch: counted from 1: from 0 is asked for.",
        "gap_first": "gain and gap are exchanged.",
    },
    demands={
        "the epoch with the highest validation accuracy": ["by_train", "last"],
        "the first of them": ["last_tie"],
        "counted from 0": ["from_1"],
        "the class that is most frequent in `y_train`": [
            "own_majority",
            "place",
            "middle",
        ],
        "its accuracy on `y_val`": ["of_train", "even", "none"],
        "the training accuracy minus the validation accuracy": ["turned"],
        "at that epoch": ["at_end", "widest"],
        "Returns `(epoch, gain, gap)`": ["gap_first"],
    },
    why="A curve that rises says that something is learned, not that it is worth "
    "anything: first put beside it what costs nothing. The commonest class of the "
    "training part is such a baseline; whoever looks it up in the validation part has "
    "peeked. A gap between the two curves is what was learned by heart. The best epoch "
    "was chosen on the validation part, so that its accuracy there is a little too "
    "good.",
    see="Ten digits, one layer",
    goal=JUDGE,
    small=_small(
        train=np.array([0.5, 0.7, 0.9]),
        val=np.array([0.5, 0.6, 0.55]),
        y_train=np.array([0, 1, 1]),
        y_val=np.array([1, 0, 1, 0]),
    ),
)
