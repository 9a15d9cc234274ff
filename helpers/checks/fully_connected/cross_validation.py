"""Checks of the sheet `fully_connected/cross_validation`: few data, honest numbers.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..engine import Case, Slip, Step
from ..engine.values import is_list, kind_of, same

SEE = "Wheat: few data, honest numbers"
PAGE = {
    "see": SEE,
    "goal": "judge a classifier on few data by cross-validation, beside a baseline",
}
_plain = Slip()


# --- deal -----------------------------------------------------------------------------


def _deal(slip, y, k):
    count = np.array([np.sum(y[:i] == c) for i, c in enumerate(y)], dtype=int)
    size = np.array([np.sum(y == c) for c in y])
    rank = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    count = slip(count, no_class=np.arange(len(y)), runs_on=rank, starts_1=count + 1)
    new = [i if i and y[i] != y[i - 1] else 0 for i in range(len(y))]
    count = slip(count, row_before=np.arange(len(y)) - np.maximum.accumulate(new))
    fold = slip(count % k, blocks=count * k // size, no_modulo=count, by_k=count // k)
    first = (size % k) * (size // k + 1)  # in the parts that are one longer
    late = size % k + (count - first) // np.maximum(size // k, 1)
    parts = np.where(count < first, count // (size // k + 1), late)
    fold = slip(fold, parts=parts, table=np.arange(len(y)) * k // len(y))
    back = count % (2 * k)
    fold = slip(fold, there_and_back=np.minimum(back, 2 * k - 1 - back))
    fold = slip(fold, k_classes=fold * (y < k), no_last=fold * (y < y.max()))
    fold = slip(fold, from_1=fold + 1, backward=(size - 1 - count) % k, of_class=y % k)
    sorted_ = np.argsort(y, kind="stable")
    return slip(fold, sorted_=fold[sorted_], rows=[np.flatnonzero(fold == 0)] * k)


def _labels(rng) -> Iterator[Case]:
    for N, classes, k in ((23, 3, 5), (16, 2, 3), (11, 3, 4), (18, 4, 2)):
        y = rng.integers(0, classes, size=N)
        y[:classes] = rng.permutation(classes)
        yield Case(f"{N} examples of {classes} classes, {k} folds", {"y": y, "k": k})
    y = np.repeat([0, 1, 2], (6, 7, 2))
    yield Case("sorted by class, one class smaller than k", {"y": y, "k": 3})


deal = Step(
    "deal",
    _deal,
    _labels,
    lists=True,
    texts={
        "no_class": "all examples are dealt out together: each class is, by itself.",
        "blocks": "a class is cut into blocks: deal its examples out in turn.",
        "parts": "a class is cut into k parts, one after the other: deal its examples "
        "out in turn.",
        "table": "the table is cut into blocks: deal each class out in turn.",
        "there_and_back": "the dealing goes there and back: after k − 1 comes 0 again.",
        "k_classes": "only the first k classes are dealt out: classes are no folds.",
        "no_last": "the last class is not dealt out.",
        "by_k": "`//` cuts a class into blocks: the remainder deals out in turn.",
        "row_before": "the dealing begins anew where the class is not that of the row "
        "before: y need not be sorted.",
        "runs_on": "the dealing runs on from class to class: each begins anew.",
        "starts_1": "the first example of a class goes to fold 1: to fold 0.",
        "no_modulo": "after k − 1 comes 0 again: the numbers run on.",
        "from_1": "the folds are numbered from 1: from 0 is asked for.",
        "backward": "each class is dealt out from its last example on.",
        "of_class": "an example gets its class for a fold: then a class is tested by "
        "networks that never saw it.",
        "sorted_": "the numbers are those of the examples sorted by class: keep the "
        "order of y.",
        "rows": "rows of a fold came: the fold of each example is asked for.",
    },
    demands={
        "The examples of the same class": ["no_class", "of_class"],
        "are dealt out in turn": ["blocks", "parts", "no_modulo"],
        "Each class begins anew": ["runs_on"],
        "the first to fold 0": ["from_1", "starts_1", "backward"],
        "in the order of `y`": ["sorted_"],
        "an integer array of shape `(N,)`": ["rows"],
    },
    why="A fold should look like the whole. Where the examples lie sorted by class, as "
    "in many tables, folds cut from the top down would hold one class each, and be "
    "judged by networks that have never seen it. Dealing each class out in turn, like "
    "cards, gives every fold its share, to within one example of each class. A table "
    "that has another order to it, such as time, is shuffled before.",
    **PAGE,
    small=lambda: Case("", {"y": np.array([1, 1, 0, 1, 0]), "k": 2}),
)


# --- scaled ---------------------------------------------------------------------------


def _scale(slip, of, X):
    mean, std = of.mean(0), of.std(0)
    across = lambda: (of.mean(1), of.std(1))  # noqa: E731
    mean, std = slip((mean, std), whole=lambda: (of.mean(), of.std()), across=across)
    still, n = np.ptp(of, axis=0) == 0, len(of)
    std = slip(std, ddof=lambda: std * (n / (n - 1)) ** 0.5, variance=std**2)
    std = slip(np.where(std > 0, std, 1), divides_by_0=std, by_eps=std + 1e-8)
    std = slip(std, small_too=np.where(std < 1e-3, 1, std))
    std = slip(std, none_divided=np.ones_like(std) if still.any() else std)
    centered = slip(X - mean, no_mean=X, untouched=np.where(still, X, X - mean))
    own = lambda: (X.T - X.mean(1)).T / X.std(1, keepdims=True)  # noqa: E731
    with np.errstate(all="ignore"):
        found = slip(centered / std, no_std=centered, rows=own)
        return slip(found, to_0=np.where(still, 0.0, found))


def _scaled(slip, X, fold, j):
    test = slip(fold == j, next_=fold == (j + 1) % (fold.max() + 1))
    train, held = slip((X[~test], X[test]), exchanged=(X[test], X[~test]))
    of = slip(train, leak=X, of_test=held)
    a, b = _scale(slip, of, train), _scale(slip, slip(of, own=held), held)
    a, b = slip((a, b), test_first=(b, a), not_train=(train, b), not_test=(a, held))
    vary = lambda: of.std(0) > 0  # noqa: E731
    return slip((a, b), dropped=lambda: (a[:, vary()], b[:, vary()]))


def _tables(rng) -> Iterator[Case]:
    for N, n, k, j in ((17, 3, 4, 1), (12, 2, 3, 0), (15, 4, 5, 4)):
        X = rng.normal(rng.normal(size=n), rng.uniform(0.5, 3, n), (N, n))
        args = {"X": X, "fold": rng.permutation(np.arange(N) % k), "j": j}
        yield Case(f"{N} examples, fold {j} of {k}", args)
    yield Case("numbers of small deviation", args | {"X": 1e-4 * X})
    X = X.copy()
    X[:, 1] = np.where(args["fold"] == 4, X[:, 1], 3.0)
    yield Case("a feature that does not vary in the training folds", args | {"X": X})


scaled = Step(
    "scaled",
    _scaled,
    _tables,
    ("train", "test"),
    rtol=1e-9,
    atol=1e-10,
    texts={
        "whole": "one mean and one deviation for all features: each has its own.",
        "across": "mean and deviation of a row are taken: each feature, a column, has "
        "its own.",
        "rows": "each row is scaled by itself: each feature, a column, has a mean.",
        "untouched": "a feature that does not vary is left as it is: center it.",
        "to_0": "a feature that does not vary in training is 0 in the test part, too: "
        "it is only centered.",
        "none_divided": "where one feature does not vary, none is divided.",
        "ddof": "the deviation is divided by N − 1, not by N.",
        "variance": "you divide by the variance: divide by the deviation.",
        "divides_by_0": "a feature that does not vary in training is divided by 0: it "
        "is only centered.",
        "by_eps": "a small number is added to the deviation: only where it is 0 is "
        "anything to be done.",
        "small_too": "features of small deviation are only centered: one that varies, "
        "however little, is divided.",
        "no_mean": "the mean is not subtracted.",
        "no_std": "the deviation does not divide.",
        "next_": "the next fold is held out: fold j is.",
        "exchanged": "fold j is the training part: it is the test part.",
        "leak": "mean and deviation are those of all examples: the test fold leaks in.",
        "of_test": "mean and deviation are those of the test fold.",
        "own": "the test fold has its own mean and deviation: it gets those of the "
        "training folds.",
        "test_first": "the pair is exchanged: (train, test) is asked for.",
        "not_train": "the training folds are not scaled.",
        "not_test": "the test fold is not scaled.",
        "dropped": "a feature that does not vary is dropped: keep its place.",
    },
    demands={
        "fold `j` is the test part": ["exchanged", "next_"],
        "of the training folds alone": ["leak", "of_test", "own"],
        "each feature's mean": ["whole", "no_mean"],
        "$N$ in the denominator": ["ddof"],
        "does not vary in the training folds": ["small_too", "divides_by_0", "by_eps"],
        "is only centered": ["to_0", "untouched", "dropped"],
        "`(train, test)`": ["test_first"],
    },
    why="Whatever is computed from data is learned from data, a mean too. If the test "
    "fold takes part, the test is no longer of something unseen. Here the gain is "
    "small; with a choice of features it can make a method that knows nothing look "
    "good. So the whole preparation belongs into the loop over the folds, and new data "
    "get the numbers of the training part.",
    **PAGE,
    small=lambda: Case(
        "", {"X": np.array([[1.0], [3.0], [8.0]]), "fold": np.array([0, 0, 1]), "j": 1}
    ),
)


# --- validate -------------------------------------------------------------------------


def vote(X, y, X_new, c=1):
    """Return the commonest label among the c nearest; of several the smallest."""
    gaps = np.square(X_new[:, None] - X[None]).sum(2)
    near = y[np.argsort(gaps, axis=1, kind="stable")[:, :c]]
    return (near[:, :, None] == np.arange(y.max() + 1)).sum(1).argmax(1)


def _validate(slip, method, X, y, fold):
    guess, k = np.zeros(len(y)), fold.max() + 1
    scores, joined, whole = [], [], _scale(_plain, X, X)
    k = slip(k, no_last=k - 1, five=5, last_entry=fold[-1] + 1)
    for j in range(slip(0, no_first=1), k):
        train, test = fold != j, fold == j
        a, b = _scaled(_plain, X, fold, j)
        if slip(False, turned=True):
            train, test, a, b = test, train, b, a
        leaked = whole[train], whole[test]
        a, b = slip((a, b), unscaled=(X[train], X[test]), leak=leaked)
        own = lambda of=X[test]: _scale(_plain, of, of)  # noqa: E731
        a, labels = slip((a, y[train]), in_sample=(np.vstack([a, b]), _rows(y, train)))
        part = method(a, slip(labels, all_labels=y), slip(b, own=own, raw=X[test]))
        guess[test] = part
        joined.append(part)
        hits = part == y[test]
        trained = lambda a=a, at=y[train]: np.mean(method(a, at, a) == at)  # noqa: E731
        scores.append(slip(np.mean(hits), counts=np.sum(hits), on_train=trained))
    scores = slip(scores, errors=[1 - s for s in scores])
    mean = slip(np.mean(scores), over_all=np.mean(guess == y), median=np.median(scores))
    guess = slip(guess, anew=np.where(test, guess, 0))
    spread = slip(np.std(scores, ddof=1), over_k=np.std(scores))
    n = len(scores)
    spread = slip(spread, of_mean=spread / n**0.5, range_=np.ptp(scores))
    spread = slip(spread, squared=spread**2)
    return slip(guess, joined=np.concatenate(joined)), mean, spread


def _rows(y, train):
    return np.concatenate([y[train], y[~train]])


def _examples(rng, N, n=2, noise=0.8):
    """Return features of very different sizes, and two classes that overlap."""
    y = rng.permutation(np.arange(N) % 2)
    X = rng.normal(size=(N, n)) * noise + y[:, None]
    return X * 10.0 ** np.arange(n), y


def _validations(rng) -> Iterator[Case]:
    while True:
        for N, k in ((23, 5), (14, 3), (26, 4)):
            X, y = _examples(rng, N)
            fold = rng.permutation(np.minimum(np.arange(N) % (k + 1), k - 1))
            args = {"method": vote, "X": X, "y": y, "fold": fold}
            yield Case(f"{N} examples in {k} folds of different size", args)


validate = Step(
    "validate",
    _validate,
    _validations,
    ("guess", "mean", "spread"),
    pick=1,
    lists=True,
    texts={
        "no_last": "the last fold is left out.",
        "last_entry": "the last entry of `fold` gives the number of folds: the largest "
        "does.",
        "unscaled": "the method gets features that are not scaled.",
        "leak": "the features are scaled once, with all examples: the test folds leak.",
        "own": "the test fold is scaled with its own mean and deviation.",
        "in_sample": "the method is trained on the test fold, too.",
        "errors": "these are shares of errors, not of right guesses.",
        "five": "there are always five folds: as many as `fold` says are asked for.",
        "all_labels": "the method gets all labels: those of its examples belong to it.",
        "raw": "the fold that is held out is not scaled.",
        "counts": "numbers of right guesses came: shares are asked for.",
        "on_train": "the accuracies are those on the training folds: judge the guesses "
        "for the fold that was held out.",
        "no_first": "the first fold is left out: folds count from 0.",
        "turned": "the method learns on one fold and guesses all others.",
        "over_all": "the mean is the accuracy over all examples: that of the folds' "
        "accuracies is asked for, and they differ in size.",
        "median": "the median of the folds came: the mean is asked for.",
        "over_k": "the spread is divided by k, not by k − 1.",
        "of_mean": "the spread is divided by √k: that of the folds is asked for.",
        "range_": "the spread is the range from worst to best: the deviation is asked "
        "for.",
        "squared": "the spread is squared: take the root.",
        "anew": "the guesses of the last fold alone are there: keep those of all.",
        "joined": "the guesses come fold after fold: put each in its example's place.",
    },
    demands={
        "Each fold is held out once": ["no_last", "no_first", "turned", "in_sample"],
        "learns from the scaled training folds": ["unscaled", "leak", "own"],
        "in the order of the examples": ["joined"],
        "the mean of the folds' accuracies": ["over_all", "median", "errors"],
        "$k - 1$ in the denominator": ["over_k", "of_mean", "range_"],
    },
    why="Each example is guessed once, by a model that has not seen it. So the guesses "
    "of all folds together are an honest picture of few data. The spread says how far "
    "one fold's number can be trusted. It does not say how far the mean can: the folds "
    "share most of their training examples, so their numbers are not independent, and "
    "the rule of dividing by the root of k does not hold.",
    **PAGE,
    small=lambda: Case(
        "",
        {
            "method": vote,
            "X": np.array([[0.0], [1.0], [9.0], [8.0]]),
            "y": np.array([0, 0, 1, 1]),
            "fold": np.array([0, 1, 0, 1]),
        },
    ),
)


# --- report ---------------------------------------------------------------------------


def _report(slip, method, settings, X, y, fold, X_test, y_test):
    def guesses(c, rows=slice(None), of=X, unseen=X_test):
        of = X[rows] if of is X else of
        a, b = _scale(_plain, of, X[rows]), _scale(_plain, of, unseen)
        return method(a, y[rows], b, c)

    def right(c):
        return np.mean(guesses(c) == y_test)

    made = [partial(method, c=c) for c in settings]
    found = [_validate(_plain, m, X, y, fold) for m in made]
    scores, raw = [f[1] for f in found], Slip(["unscaled"])
    pooled = [np.mean(f[0] == y) for f in found]
    scores = slip(scores, late=scores[-1:] * len(made), pooled=pooled)
    raw_scores = lambda: [_validate(raw, m, X, y, fold)[1] for m in made]  # noqa: E731
    scores = slip(scores, raw_choice=raw_scores)
    tests = lambda: list(map(right, settings))  # noqa: E731
    trained = lambda: [np.mean(guesses(c, unseen=X) == y) for c in settings]  # noqa: E731
    by = slip(scores, by_test=tests, worst=[-s for s in scores], by_train=trained)
    tied = len(by) - 1 - int(np.argmax(by[::-1]))
    best = [c for c, b in zip(settings, by, strict=True) if b == max(by)]
    small, large = settings.index(min(best)), settings.index(max(best))
    i = slip(int(np.argmax(by)), tie_last=tied, always_0=0)
    i = slip(i, tie_small=small, tie_large=large)
    c = settings[i]
    Z, by_0 = _scale(_plain, X, X), Slip(["divides_by_0"])
    out = slip(
        guesses(c),
        unscaled=lambda: method(X, y, X_test, c),
        one_fold=lambda: guesses(c, fold != fold.max()),
        leak=lambda: guesses(c, of=np.concatenate([X, X_test])),
        own=lambda: method(Z, y, _scale(_plain, X_test, X_test), c),
        raw_test=lambda: method(Z, y, X_test, c),
        divides_by_0=lambda: method(*_by(by_0, X, y, X_test), c),
        stale=lambda: guesses(settings[-1]),
    )
    told = slip(np.mean(out == y_test), best_test=lambda: max(tests()))
    told = slip(told, on_train=lambda: trained()[i])
    tied = np.flatnonzero(np.bincount(y) == np.bincount(y).max())
    early = y[np.isin(y, tied)][0]
    common = slip(tied[0], base_first=early, base_largest=tied[-1], base_0=0)
    base = np.mean(y_test == common)
    base = slip(base, own_majority=np.mean(y_test == np.bincount(y_test).argmax()))
    base = slip(base, of_train=np.bincount(y).max() / len(y), chance=1 / (y.max() + 1))
    value = slip(scores[i], last_mean=scores[-1], mean_of_all=np.mean(scores))
    return slip(c, index=i), value, told, base


def _by(slip, X, y, X_test):
    return _scale(slip, X, X), y, _scale(slip, X, X_test)


def _reports(rng) -> Iterator[Case]:
    while True:
        for N, k in ((31, 4), (24, 3)):
            X, y = _examples(rng, N + 17, noise=1.2)
            y[rng.random(N + 17) < 0.3] = 1
            if N == 24:  # as many of both classes, and a feature that does not vary
                ones = np.flatnonzero(y[:N])
                y[ones[N // 2 :]] = 0
                still = np.where(np.arange(N + 17) < N, 3.0, rng.normal(3, 1, N + 17))
                X = np.column_stack([X, still])
            args = {"method": vote, "settings": [9, 1, 5, 3], "X": X[:N], "y": y[:N]}
            args["fold"] = rng.permutation(np.arange(N) % k)
            args |= {"X_test": X[N:], "y_test": y[N:]}
            yield Case(f"{N} examples in {k} folds, 17 to test", args)


report = Step(
    "report",
    _report,
    _reports,
    ("setting", "validation", "test", "baseline"),
    pick=1,
    texts={
        "by_test": "the test part chooses: then its accuracy is no longer honest.",
        "by_train": "the accuracy on the training examples themselves chooses.",
        "worst": "the setting with the lowest accuracy is chosen.",
        "tie_last": "of settings that are equally good the last is taken: the first is "
        "asked for.",
        "tie_small": "of settings that are equally good the smallest is taken: the one "
        "that comes first in the list is asked for.",
        "tie_large": "of settings that are equally good the largest is taken: the one "
        "that comes first in the list is asked for.",
        "always_0": "the first setting is always taken.",
        "unscaled": "the last model gets features that are not scaled.",
        "one_fold": "the last model is one of the cross-validation: train it on all "
        "training examples.",
        "leak": "the test part takes part in the scaling.",
        "own": "the test part is scaled with its own mean and deviation.",
        "late": "every setting is tried with the last one: a lambda looks `c` up when "
        "it is called.",
        "pooled": "the validation is over all examples at once: the mean of the folds' "
        "accuracies is asked for.",
        "last_mean": "the validation is the mean of the setting that was tried last: "
        "that of the chosen one is asked for.",
        "mean_of_all": "the validation is averaged over the settings: that of the "
        "chosen one is asked for.",
        "raw_choice": "the folds are not scaled when the setting is chosen.",
        "raw_test": "the test part is not scaled.",
        "stale": "the last model has the last setting of the list, not the chosen one.",
        "divides_by_0": "a feature that does not vary in training is divided by 0: it "
        "is only centered.",
        "on_train": "the accuracy on the training examples came: on the test part.",
        "base_first": "of classes that are equally common the smallest is asked for, "
        "not the one that comes first.",
        "base_largest": "of classes that are equally common the largest is taken: the "
        "smallest.",
        "base_0": "the baseline always says class 0: the commonest of the training "
        "labels.",
        "best_test": "the best of all test accuracies came: that of the chosen setting "
        "is asked for.",
        "own_majority": "the baseline looks at the test labels: its class is the "
        "commonest of the training labels.",
        "of_train": "the baseline is measured on the training labels.",
        "chance": "the baseline is that of guessing: the commonest class is asked for.",
        "index": "the number of the setting came: the setting itself is asked for.",
    },
    demands={
        "the highest mean of the folds": ["by_test", "by_train", "worst", "always_0"],
        "the first of them": ["tie_last", "tie_small"],
        "on all training examples": ["one_fold"],
        "scaled with their mean and deviation": ["unscaled", "leak", "own"],
        "The test part is used once": ["by_test", "best_test"],
        "of several the smallest": ["base_first", "base_largest"],
        "class of the training labels": ["own_majority", "of_train", "chance"],
    },
    why="Who chooses among many takes the luckiest, too: the accuracy of the chosen "
    "setting is too good on the data that chose it. So the folds choose, and a part "
    "that had no say reports. The model that is handed on is trained once more, "
    "on all that may be used. And a number means little alone: what would have been "
    "right without any learning?",
    **PAGE,
    small=lambda: Case(
        "",
        {
            "method": vote,
            "settings": [1, 3],
            "X": np.array([[0.0], [1.0], [2.0], [9.0], [8.0], [1.5]]),
            "y": np.array([0, 0, 0, 1, 1, 1]),
            "fold": np.array([0, 1, 2, 0, 1, 2]),
            "X_test": np.array([[1.6], [7.0]]),
            "y_test": np.array([0, 1]),
        },
    ),
)


# --- pack, unpack ---------------------------------------------------------------------

ARRAYS = ("W", "b", "mean", "std")
# how one begins, in base64, in hexadecimal digits, and as characters
PICKLE = r'"(gA[SW]V|800[45]95|\\u0080\\u000[45]\\u0095)'


def _kept(slip, models):
    """Return what is left of each model, as nested lists, and of its text."""
    seen = []
    for model in models:
        parts = {key: np.asarray(model[key]) for key in ARRAYS}
        off = {key: np.round(v, 6) for key, v in parts.items()}
        four = {k: v.astype(np.float32).astype(float) for k, v in parts.items()}
        parts = slip(parts, rounded=off, single=four)
        parts = {key: value.tolist() for key, value in parts.items()}
        parts = slip(parts, no_scale={k: parts[k] for k in ("W", "b")})
        names = slip(list(model["classes"]), sorted_=sorted(model["classes"]))
        kinds = {"numbers": [*range(len(names))], "array": np.array(names)}
        seen.append(parts | {"classes": slip(names, **kinds)})
    seen = slip(seen, last_only=[seen[-1]] * len(seen))
    return {
        "models": seen,
        "json": slip(True, code=False),
        "no pickle": slip(True, pickled=False),
        "long enough": slip(True, outside=False),
        "arrays": slip(True, lists=False),
        "untouched": slip(True, changed=False),
    }


def _is_json(text) -> bool:
    try:
        json.loads(text)
    except (TypeError, ValueError):
        return False
    return isinstance(text, str)


def _packed(pack: Callable, unpack: Callable, models) -> dict:
    given = copy.deepcopy(models)
    texts = [pack(model) for model in given]
    untouched = all(
        same(a, b, 0, 0) and [*map(type, a.values())] == [*map(type, b.values())]
        for a, b in zip(given, models, strict=True)
    )
    loaded = [unpack(text) for text in texts]
    if not all(isinstance(model, dict) for model in loaded):
        return {"fault": kind_of(loaded[0])}
    arrays = [m[k] for m in loaded for k in ARRAYS if k in m]
    whole = all(isinstance(v, np.ndarray) for v in arrays)
    plain = [
        {k: np.asarray(v).tolist() if k in ARRAYS else v for k, v in m.items()}
        for m in loaded
    ]
    plain = [
        m | {"classes": list(m["classes"])} if is_list(m.get("classes")) else m
        for m in plain
    ]
    seen = {"models": plain, "json": all(map(_is_json, texts)), "arrays": whole}
    seen |= {"no pickle": not any(re.search(PICKLE, str(text)) for text in texts)}
    # a number has 52 random bits, and a character (in ASCII) 7
    room = [len(ascii(text)) / 6 for text in texts]
    need = [sum(model[key].size for key in ARRAYS) for model in models]
    seen |= {"long enough": bool(np.all(np.greater_equal(room, need)))}
    return seen | {"untouched": untouched}


def _saved_fact(got: dict, want: dict) -> str:
    if "fault" in got:
        return f"unpack should return a dictionary; {got['fault']} came."
    if not got["json"]:
        return "the text is no JSON: json.dumps writes it."
    if not got["arrays"]:
        return "what was an array comes back as another thing."
    for model, right in zip(got["models"], want["models"], strict=True):
        if lost := sorted(right.keys() - model.keys()):
            return f"{lost[0]} is not in the model that came back."
        for key in right:
            if not same(model[key], right[key], 0, 0):
                return f"{key}: not what it was when the model was packed."
    return ""


def _models(rng) -> Iterator[Case]:
    models = []
    for n, k, names in ((4, 3, "zea avena oryza"), (2, 2, "b a")):
        W, b = rng.normal(size=(k, n)) / 3, rng.normal(size=k)
        scale = {"mean": rng.normal(size=n), "std": rng.uniform(1, 2, n)}
        models.append({"W": W, "b": b} | scale | {"classes": names.split()})
    yield Case("two models, one after the other", {"models": models})


_saved = Step(
    "pack, unpack",
    _kept,
    _models,
    observe=lambda free, replay, case: replay(case.args["models"]),
    tell=_saved_fact,
    rtol=0,
    atol=0,
    texts={
        "rounded": "the numbers are rounded on the way: a prediction may change.",
        "single": "the numbers have single precision: a prediction may change.",
        "no_scale": "mean and std are lost: new examples cannot be scaled as the "
        "training examples were.",
        "sorted_": "the classes come back sorted: output i belongs to classes[i].",
        "numbers": "the names of the classes are lost.",
        "array": "the classes come back as an array: a list is asked for.",
        "last_only": "every text gives the last model: all that is needed must be in "
        "the text.",
        "code": "the text is no JSON: who loads it must not have to run it.",
        "pickled": "the text holds a pickle: to read it is to run it.",
        "outside": "the text is too short to hold the numbers: they must be in it, not "
        "in a variable.",
        "lists": "lists come back where arrays were.",
        "changed": "pack changes the model that it gets: make a new dictionary.",
    },
    demands={
        "a text in JSON": ["code"],
        "No code is run when the text is read": ["pickled"],
        "equal to the last bit": ["rounded", "single"],
        "All that a prediction needs": ["no_scale", "sorted_", "numbers"],
        "from the text alone": ["last_only", "outside"],
        "as arrays again": ["lists"],
    },
    why="A model is more than its weights: the mean and deviation of its inputs belong "
    "to it, and the names of its outputs in their order. Whoever loads it has nothing "
    "but the file. Numbers written with all their digits come back the same, so the "
    "predictions do. And a file from a stranger is read, not run: formats that hold "
    "code, as Python's pickle does, can do anything to the reader's computer.",
    see="The loop",
    goal="save and repeat a network in PyTorch",
)


def saved(pack: Callable, unpack: Callable, seed: int = 0) -> None:
    """Check that `unpack(pack(model))` is the model, for two models in turn."""
    _saved(partial(_packed, pack, unpack), seed)
