"""Checks of the sheet `preliminaries/splitting`: a fair test, and what breaks it.

Each step is a reference that carries its slips (`helpers.checks.engine`); the visible
cell and the hidden test differ in the seed only. Of a split by chance the check finds
one fault, by name: a slip is what has this fault.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from ..engine import Case, CheckFailed, Step, call

PAIR = "the two arrays (train, test) are to be returned."
MASKS = "these are truth values (a mask?): return the indices, which are integers."
FLAT = "a part is one array of integers: join lists, flatten tables, and no floats."


def _splitter(name: str, function: Callable, *args) -> Callable:
    """Return split(i), the two parts of `function` with a generator of seed i."""

    def split(i: int) -> list[np.ndarray]:
        result = call(function, *args, np.random.default_rng(i), name=name)
        pair = list(result) if isinstance(result, tuple | list) else []
        if len(pair) != 2:
            raise CheckFailed(f"✗ {name}: not a pair.\nLikely mistake: {PAIR}")
        for k, part in enumerate(pair):
            with contextlib.suppress(ValueError):  # lists of arrays
                pair[k] = np.asarray(part)
            kind = getattr(pair[k], "dtype", np.dtype(object)).kind
            if kind == "O" or pair[k].ndim != 1 or (pair[k].size and kind not in "iu"):
                fault = MASKS if kind == "b" else FLAT
                raise CheckFailed(f"✗ {name}: no indices.\nLikely mistake: {fault}")
        return [part.astype(int) for part in pair]

    return split


def _partition_fault(train: np.ndarray, test: np.ndarray, N: int) -> str:
    """Name what keeps two parts from holding each of N examples exactly once."""
    both = np.concatenate([train, test])
    if both.size and (both.min() < 0 or both.max() >= N):
        return "beyond"
    if len(np.intersect1d(train, test)):
        return "overlap"
    if len(np.unique(both)) < len(both):
        return "twice"
    return "missing" if len(both) < N else ""


def _chance_fault(split: Callable, seed: int, N: int) -> str:
    """Name what is wrong with the chance in a split."""
    test, again, other = (np.sort(split(seed + i)[1]) for i in (0, 0, 1))
    is_block = len(test) > 2 and np.ptp(test) == len(test) - 1
    if not np.array_equal(test, again):
        return "unseeded"
    if np.array_equal(test, other):
        return "sorted" if is_block and (test[0] == 0 or test[-1] == N - 1) else "own"
    return "block" if is_block else ""


BOTH = {
    "overlap": "examples are in both parts: draw one order, and cut it.",
    "missing": "some examples are in neither part.",
    "exchanged": "the parts are exchanged: (train, test) is the order.",
    "unseeded": "the same rng seed gives another split: take all chance from `rng`.",
}
OTHER = {
    "twice": "an example comes twice in one part: drawn with replacement?",
    "beyond": "an index lies beyond 0 … N − 1.",
    "counts": "classes have another number of test examples than is asked for.",
}


def _tell(texts: dict) -> Callable:
    """Return what states the fault of a split that no slip has."""
    return lambda got, want: (OTHER | texts).get(got["fault"], "")


def _shuffled(slip, N, n_test, rng):
    rows = np.arange(N)
    rng = slip(rng, own=np.random.default_rng(0), unseeded=np.random.default_rng())
    order = slip(rng.permutation(N), sorted=np.roll(rows, n_test))
    order = slip(order, block=np.roll(rows, -rng.integers(1, N - n_test)))
    order = slip(order, never=np.append(rng.permutation(N - 1), N - 1))
    size = slip(n_test, size=n_test - 1)
    train, test = order[size:], order[:size]
    train, test = slip((train, test), minus_0=(order[:-size], order[-size:]))
    train = slip(train, overlap=rng.permutation(N)[n_test:], missing=train[1:])
    return slip((train, test), exchanged=(test, train))


def _seen_shuffled(free, replay, case):
    """Observe the fault of a split; of 80 small ones, whether each row is tested."""
    N, n_test, seed = case.args.values()
    split = _splitter("shuffled_split", replay, N, n_test)
    if N < 10:
        tested = np.bincount(np.concatenate([split(seed + i)[1] for i in range(80)]))
        return {"fault": "never" if len(tested) < N or tested.min() < 4 else ""}
    for i in range(3):
        train, test = split(seed + i)
        fault = _partition_fault(train, test, N)
        if not fault and len(test) != n_test:
            swapped = "exchanged" if n_test else "minus_0"
            fault = swapped if len(train) == n_test else "size"
        if fault:
            return {"fault": fault}
    return {"fault": _chance_fault(split, seed, N) if n_test else ""}


def _shuffled_cases(rng) -> Iterator[Case]:
    for N, n_test in ((60, 12), (101, 20), (40, 25), (8, 2), (30, 0)):
        args = {"N": N, "n_test": n_test, "_seed": int(rng.integers(10**6))}
        yield Case(f"N = {N}, n_test = {n_test}", args)


SHUFFLED = BOTH | {
    "own": "the split does not follow the rng that is passed: draw from it alone.",
    "sorted": "the test part is always the first or last rows: shuffle first.",
    "block": "the test part is a block of neighbors: shuffle the examples, too.",
    "never": "some examples are hardly ever tested: is a range off by one?",
    "size": "the test part has not `n_test` indices.",
    "minus_0": "for n_test = 0 all are tested: the slice from −0 on is the whole.",
}
shuffled_split = Step(
    "shuffled_split",
    _shuffled,
    _shuffled_cases,
    observe=_seen_shuffled,
    tell=_tell(SHUFFLED),
    texts=SHUFFLED,
    demands={
        "how many of them go into the test part": ["size", "minus_0"],
        "the only source of chance": ["own", "unseeded"],
        "Returns `(train, test)`": ["exchanged"],
        "hold each of 0 … N − 1 exactly once": ["overlap", "missing"],
        "left to chance": ["sorted", "block", "never"],
    },
    why="The test asks how well a program does on examples that it has not seen; one "
    "that is in both parts asks what it remembers. Rows are often sorted, so the last "
    "ones differ from the others: chance makes both parts alike.",
    see="A fair test",
    goal="what training, validation and test examples may be used for",
)


def _stratified(slip, y, parts, rng):
    rng = slip(rng, unseeded=np.random.default_rng())
    y = slip(y, moved=lambda: rng.permutation(y))
    classes, train, test = np.unique(y), [], []
    for c in slip(classes, absent=np.arange(len(classes))):
        rows = np.flatnonzero(y == c)
        C = len(rows)
        rows = slip(rng.permutation(rows), own=rows, places=rng.permutation(C))
        rows = slip(rows, labels=y[rows])
        n = slip(C // parts, up=-(-C // parts), nearest=round(C / parts))
        n = slip(n, one=max(C // parts, 1), parts=min(parts, C), minus_0=n or C)
        n = slip(n, same=len(y) // parts // len(classes))
        test.append(rows[:n])
        train.append(slip(rows[n:], overlap=rows, missing=rows[n + 1 :]))
    train, test = np.concatenate(train), np.concatenate(test)
    order, n = rng.permutation(len(y)), len(y) // parts
    train, test = slip((train, test), whole=(order[n:], order[:n]))
    return slip((train, test), exchanged=(test, train))


def _seen_stratified(free, replay, case):
    """Observe the fault of a split, and whether y is changed."""
    y, parts, seed = case.args.values()
    given = y.copy()
    split = _splitter("stratified_split", replay, given, parts)
    fault = _class_fault(split, y, parts, seed)
    is_same = np.array_equal(given, y)
    return {"fault": fault * is_same, "changed": [] if is_same else ["y"]}


def _class_fault(split: Callable, y: np.ndarray, parts: int, seed: int) -> str:
    """Name what is wrong with a stratified split."""
    train, test = split(seed)
    labels, counts = np.unique(y, return_counts=True)
    both = np.concatenate([train, test])
    if np.isin(both, labels).all():
        return "labels"
    if len(both) > len(np.unique(both)) and test.max(initial=0) < counts.max():
        return "places"
    if not all(np.isin(np.flatnonzero(y == c), both).any() for c in labels):
        return "absent"
    if fault := _partition_fault(train, test, len(y)):
        return fault
    drawn = [split(seed + i)[1] for i in range(4)]
    tested = [[int((y[test] == c).sum()) for c in labels] for test in drawn]
    if tested[0] != list(counts // parts):
        kinds = {
            "exchanged": counts - counts // parts,
            "up": -(-counts // parts),
            "nearest": [round(c / parts) for c in counts],
            "one": np.maximum(counts // parts, 1),
            "parts": np.minimum(parts, counts),
            "minus_0": np.where(counts < parts, counts, counts // parts),
            "same": 0 * counts + len(y) // parts // len(counts),
        }
        found = [name for name, kind in kinds.items() if list(kind) == tested[0]]
        is_sum = all(sum(t) == sum(counts // parts) for t in tested)
        other = "moved" if is_sum else "counts" if tested == tested[:1] * 4 else "whole"
        return (found or [other])[0]
    if _chance_fault(split, seed, len(y)) == "unseeded":
        return "unseeded"
    for c in labels:
        rows = np.flatnonzero(y == c)
        tests = [np.intersect1d(test, rows) for test in drawn]
        if len(tests[0]) and all(np.array_equal(tests[0], t) for t in tests):
            return "own"
    return ""


def _stratified_cases(rng) -> Iterator[Case]:
    for labels, counts, parts in (
        ((0, 1, 2), (30, 21, 12), 3),
        ((7, 2, 40), (23, 14, 47), 4),
        ((0, 1, 2), (33, 4, 26), 5),
        ((4, 9), (9, 8), 10),
    ):
        y = np.repeat(labels, counts)
        args = {"y": y if parts == 3 else rng.permutation(y), "parts": parts}
        label = f"classes {labels} with {counts} examples, parts = {parts}"
        yield Case(label, args | {"_seed": int(rng.integers(10**6))})


DOWN = "⌊c / parts⌋ rounds down."
STRATIFIED = BOTH | {
    "own": "the same examples are tested whatever the rng: shuffle each class by it.",
    "places": "these are places within a class: return the indices into y.",
    "labels": "these are labels: return the indices into y.",
    "absent": "a class is in neither part: walk through all classes that occur in y.",
    "up": f"rounded up; {DOWN}",
    "nearest": f"rounded to the nearest; {DOWN}",
    "one": "at least one of each class is forced; ⌊c / parts⌋ may be 0.",
    "parts": "`parts` is taken for the number of test examples of each class.",
    "minus_0": "a whole class is tested: the slice from −0 on is the whole.",
    "same": "each class gives the same number: it gives its own share.",
    "moved": "right size, other classes: are the indices those of y as it came?",
    "whole": "the split is not stratified: the whole is cut, not each class.",
}
stratified_split = Step(
    "stratified_split",
    _stratified,
    _stratified_cases,
    observe=_seen_stratified,
    tell=_tell(STRATIFIED),
    texts=STRATIFIED,
    demands={
        "the classes need not be 0, 1, 2": ["absent"],
        "one part out of `parts` is for the test": ["parts", "exchanged"],
        "\\lfloor c / \\mathrm{parts} \\rfloor$ go into the test part": [
            "up",
            "minus_0",
        ],
        "chosen at random by `rng`": ["own", "unseeded"],
        "all others into the training part": ["overlap", "missing"],
        "two integer arrays of indices": ["places", "labels", "moved"],
    },
    why="A class with few examples may by chance get none into the test part, and then "
    "the test says nothing about it. So each class is shuffled and cut by itself. What "
    "is returned are places in y: within a class, the k-th example has another place.",
    see="A fair test",
    goal="what training, validation and test examples may be used for",
)


def _scaled(slip, X, train, test):
    rows = slip((X[train], X[test]), head=(X[: len(train)], X[len(train) :]))
    rows = slip(rows, in_order=(X[np.sort(train)], X[np.sort(test)]))
    A, B = rows
    of = slip(rows[0], all=X, test=rows[1])
    mean, std = of.mean(0), slip(of.std(0), less_1=of.std(0, ddof=1), var=of.var(0))
    one, over = (of.mean(), of.std()), (of.mean(1), of.std(1))
    mean, std = slip((mean, std), one=one, over_rows=over, std_all=(mean, X.std(0)))
    mean, std = slip((mean, std), min_max=(of.min(0), np.ptp(of, 0)))
    if slip(False, in_place=True):
        X[:] = (X - mean) / std
    own = (B - B.mean(0)) / B.std(0)
    scaled = (A - mean) / std, slip((B - mean) / std, own=own, raw=B, centered=B - mean)
    halves = {"own_mean": (B - B.mean(0)) / std, "own_std": (B - mean) / B.std(0)}
    scaled = slip(scaled, **{n: (scaled[0], Z) for n, Z in halves.items()})
    scaled = slip(scaled, shift=(A / std, B / std), no_std=(A - mean, B - mean))
    scaled = slip(scaled, loose=(A - mean / std, B - mean / std))
    told = [f([scaled[0]], 1)[0] for f in (np.mean, np.std)]
    anew = scaled[0], own, B.mean(0), B.std(0)
    return slip((*scaled, *slip((mean, std), of_scaled=told)), refitted=anew)


def _scaled_cases(rng) -> Iterator[Case]:
    for N, n, n_test in ((9, 3, 3), (12, 2, 5), (8, 4, 4)):
        drift = np.linspace(0, 2, N)[:, None]  # so that the parts differ
        X = (rng.normal(size=(N, n)) + drift) * rng.uniform(1, 20, n)
        m = N - n_test
        train, test = rng.permutation(m), m + rng.permutation(n_test)
        train[0], test[0] = test[0], train[0]
        label = f"{m} training and {n_test} test examples, {n} columns"
        yield Case(label, {"X": X, "train": train, "test": test})


scaled_parts = Step(
    "scaled_parts",
    _scaled,
    _scaled_cases,
    ("X_train", "X_test", "mean", "std"),
    lists=True,
    texts={
        "head": "the first rows of X are taken, not those that the indices name.",
        "in_order": "the rows are in the order of X: that of the indices is asked for.",
        "all": "mean and deviation are those of all examples: the test part leaked.",
        "test": "mean and deviation are those of the test part.",
        "less_1": "the standard deviation divides by N − 1; N is asked for.",
        "var": "divided by the variance: the square root is missing.",
        "one": "one mean and one deviation for all columns: each column has its own.",
        "over_rows": "mean and deviation are taken over the rows: axis 0 is asked for.",
        "own": "the test part is scaled by its own mean and deviation.",
        "own_mean": "the test part is centered by its own mean.",
        "own_std": "the test part is divided by its own deviation.",
        "std_all": "the deviation is that of all examples: the test part leaked.",
        "min_max": "this is min–max scaling to 0…1.",
        "refitted": "the scaler is fitted anew: the test part has no mean of its own.",
        "raw": "the test part is not scaled.",
        "centered": "of the test part only the mean is subtracted: divide, too.",
        "shift": "the mean is not subtracted.",
        "loose": "parentheses are missing around x − μ.",
        "no_std": "the division by the standard deviation is missing.",
        "in_place": "your function changes X in place: work on a copy.",
        "of_scaled": "mean and deviation are those after scaling, 0 and 1.",
    },
    demands={
        "Scale each column": ["one", "over_rows"],
        "(divide by $N$, as `np.std` does)": ["less_1", "var"],
        "**training part only**": ["all", "test", "own"],
        "$x' = (x - \\mu) / s$": ["shift", "no_std", "raw"],
        "in the order of the indices": ["in_order", "head"],
        "`X` stays as it was": ["in_place"],
    },
    why="Mean and deviation are learned, too: whoever takes them from all examples has "
    "looked at the test part. A new example that comes alone has no mean of its own. "
    "So the training part gives both numbers, for all examples to come.",
    see="A fair test",
    goal="what training, validation and test examples may be used for",
    small=lambda: Case(
        "", {"X": np.array([[1.0], [3.0], [6.0]]), "train": [0, 1], "test": [2]}
    ),
)


def _audit(slip, X, train, test, mean, std):
    same = X[test][:, None] == X[train]
    equal, is_shared = same.all(2), np.isin(test, train)
    places = sum(a == b for a, b in zip(test, train, strict=False))
    shared = slip(is_shared.sum(), by_place=places, of_train=np.isin(train, test).sum())
    copies = slip(equal.any(1).sum(), pairs=equal.sum(), of_rows=equal.any(0).sum())
    close, both = np.isclose(X[test][:, None], X[train]), [*X[train], *X[test]]
    copies = slip(
        copies,
        one_entry=same.any(2).any(1).sum(),
        entries=np.isin(X[test], X[train]).all(1).sum(),
        unshared=(equal.any(1) & ~is_shared).sum(),
        whole=len(X) - len(np.unique(X, axis=0)),
        both_parts=len(both) - len(np.unique(both, axis=0)),
        kinds=len(np.unique(X[test][equal.any(1)], axis=0)),
        close=close.all(2).any(1).sum(),
        sums=np.isin(X[test].sum(1), X[train].sum(1)).sum(),
        anywhere=((X[test][:, None] == X).all(2).sum(1) > 1).sum(),
    )
    swapped = np.isin(train, test).sum(), equal.any(0).sum()
    shared, copies = slip((shared, copies), both_of_train=swapped)
    shared, copies = slip((shared, copies), whether=(shared > 0, copies > 0))
    of = slip(X[train], of_all=X, of_test=X[test])
    away = np.abs([mean - of.mean(0), std - slip(of.std(0), less_1=of.std(0, ddof=1))])
    off = slip(away > 1e-8, rounding=away > 0)
    mean_off, std_off = slip(off.any(1), columns=off.all(1))
    peeked = slip(mean_off or std_off, both=mean_off and std_off)
    peeked = slip(peeked, mean_only=mean_off, std_only=std_off)
    of_all = np.abs([mean - X.mean(0), std - X.std(0)]).max(1).min() < 1e-8
    peeked = slip(peeked, only_all=of_all)
    peeked = slip(bool(peeked), inverted=not peeked)
    return int(shared), int(copies), bool(peeked)


# the places of indices beside 0 … 7 and 8 … 11; rows and where their entries come from
AUDITS: dict[str, dict] = {
    "a clean split": {},
    "two indices are shared": {"test": (0, 5)},
    "a shared index is twice in the training part": {"train": (2, 2), "test": (2,)},
    "two test rows equal one training row": {"rows": [(9, [2] * 3), (11, [2] * 3)]},
    "a test row equals three": {"rows": [(0, [6] * 3), (4, [6] * 3), (10, [6] * 3)]},
    "equal rows in each part only": {"rows": [(1, [7] * 3), (8, [11] * 3)]},
    "one entry in common, not the row": {"rows": [(8, [8, 3, 8])]},
    "each entry in common, with another row": {"rows": [(9, [1, 4, 6])]},
    "the same entries in another order": {"put": {3: (1, 2, 4), 8: (4, 1, 2)}},
    "a difference of 1e-9 in one entry": {"put": {3: (1, 2, 4), 8: (1, 2, 4 + 1e-9)}},
    "scaled by all examples": {"of": "all"},
    "scaled by the test part": {"of": "test"},
    "the right mean, another standard deviation": {"by": 1},
    "another mean, the right standard deviation": {"off": (0.3, 0)},
    "a mean of one column is off": {"off": (np.array([0, 0, 0.2]), 0)},
    "a difference of 1e-12 is rounding": {"off": (1e-12, -1e-12)},
    "all leaks at once": {"test": (1,), "of": "all"},
}


def _audit_case(rng, label, train=(), test=(), rows=(), put=(), of="train", **how):
    X = rng.integers(0, 3, (12, 3)) + np.linspace(0, 0.9, 12)[:, None]  # distinct
    order = rng.permutation(12)
    a, b = order[[*range(8), *train]], order[[*range(8, 12), *test]]
    for to, sources in rows:
        X[order[to]] = X[order[sources], range(3)]
    X[order[list(put)]] = list(dict(put).values()) or np.empty((0, 3))
    part = X[{"train": a, "all": slice(None), "test": b}[of]]
    off = how.get("off", (0, 0))
    mean, std = part.mean(0) + off[0], part.std(0, ddof=how.get("by", 0)) + off[1]
    return Case(label, {"X": X, "train": a, "test": b, "mean": mean, "std": std})


audit = Step(
    "audit",
    _audit,
    lambda rng: (_audit_case(rng, label, **how) for label, how in AUDITS.items()),
    ("shared", "copies", "peeked"),
    texts={
        "by_place": "`shared` compares place by place: compare each index with all.",
        "of_train": "`shared` counts places in `train`: count the indices of `test`.",
        "pairs": "`copies` counts pairs: a test row with several equals counts once.",
        "of_rows": "`copies` counts training rows; test rows are asked for.",
        "both_of_train": "indices of `train` are counted: count those of `test`.",
        "one_entry": "`copies` counts rows with one entry in common: all must agree.",
        "entries": "`copies` looks for each entry by itself: compare whole rows.",
        "unshared": "`copies` leaves out the shared indices: they count, too.",
        "whole": "`copies` counts equal rows within the whole table.",
        "kinds": "`copies` counts equal test rows once: count the indices of `test`.",
        "both_parts": "`copies` counts equal rows within both parts together.",
        "anywhere": "`copies` finds equal rows anywhere: in the training part only.",
        "whether": "`shared` and `copies` tell whether there are any: how many?",
        "close": "`copies` counts rows that are merely close: equal in every entry.",
        "sums": "`copies` takes the same entries in another order for a copy.",
        "only_all": "`peeked` knows only what all examples give: any other leaks, too.",
        "of_all": "`peeked` compares with all examples: take the training part.",
        "of_test": "`peeked` compares with the test part: take the training part.",
        "less_1": "`peeked` compares with the deviation that divides by N − 1.",
        "rounding": "`peeked` takes rounding for a leak: compare with a tolerance.",
        "columns": "`peeked` needs all columns to be off: one is enough.",
        "both": "`peeked` needs mean and std both to be off: one is enough.",
        "std_only": "`peeked` looks at the deviation only; the mean can leak, too.",
        "mean_only": "`peeked` looks at the mean only; the deviation can leak, too.",
        "inverted": "`peeked` is the wrong way round: True stands for a leak.",
    },
    demands={
        "how many indices of `test` are also in `train`": ["by_place", "of_train"],
        "how many indices of `test` belong to a row": ["pairs", "of_rows", "kinds"],
        "some row of the training part in every entry": ["entries", "close", "sums"],
        "(an index that is shared counts here, too)": ["unshared"],
        "`mean` or `std` is not that of the training part": ["both", "only_all"],
        "up to rounding": ["rounding"],
        "A clean split gives `(0, 0, False)`": ["a clean split", "inverted"],
    },
    why="A leak makes no error message: the result is only better than it should be. "
    "So one looks for it: the same example in both parts, another example with the "
    "same entries, and numbers of the scaling that the training part does not give.",
    see="A fair test",
    goal="catch a leak",
)


def _choose(slip, accuracy, settings):
    part = slip("validation", by_train="train", by_test="test")
    scores = [accuracy(s, part) for s in settings]
    for more in slip((), by_both=("train",), with_test=("test",)):
        scores = [v + accuracy(s, more) for v, s in zip(scores, settings, strict=True)]
    ranked = sorted(range(len(scores)), key=lambda i: -scores[i])
    ties = [i for i in ranked if scores[i] == max(scores)]
    train = [accuracy(s, "train") for s in settings]
    gaps = [abs(s - t) for s, t in zip(scores, train, strict=True)]
    falls = [i for i, s in enumerate(scores[1:]) if s < scores[i]]
    close = [i for i, s in enumerate(scores) if s > max(scores) - 0.01]
    k = slip(ranked[0], tie=ties[-1], close=close[0], gap=np.argmin(gaps))
    k = slip(k, peak=scores.index(scores[[*falls, -1][0]]))
    k = slip(k, worst=ranked[-1], first=0, largest=len(scores) - 1)
    best = settings[k]
    for s in slip((), test_all=settings):
        accuracy(s, "test")
    result = accuracy(best, slip("test", no_test="validation"))
    pair = slip(best, place=k), slip(result, validation=scores[k])
    return slip(pair, exchanged=pair[::-1])


def _seen_choose(free, replay, case):
    """Observe the pair that comes back, and about which settings the test was asked."""
    scores, settings = case.args.values()
    tested = []

    def accuracy(setting, part):
        if part not in scores:
            raise ValueError(f"part {part!r} is unknown: {', '.join(scores)}")
        if part == "test":
            tested.append(setting)
        return scores[part][settings.index(setting)]

    pair = call(replay, accuracy, list(settings), name="choose")
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        fault = "the pair (best, result) is to be returned."
        raise CheckFailed(f"✗ choose: not a pair.\nLikely mistake: {fault}")
    tests = "several" if len(tested) > 1 else tested
    return {"best": pair[0], "result": pair[1], "tests": tests}


def _tested(got: dict, want: dict) -> str:
    """State which setting was chosen, or what the test part was asked."""
    if got["best"] != want["best"]:
        return f"{got['best']} is not the setting that is best on the validation part."
    if got["tests"] == want["tests"]:
        return "the result is not the accuracy of the chosen setting on the test part."
    asked = "the test part was not asked about the setting that is chosen."
    return ONCE if got["tests"] == "several" else asked


def _tables(rng) -> Iterator[Case]:
    shift = float(rng.uniform(0, 0.03))
    for label, *rows in (
        ("the parts disagree", "100 95 93 92 85", "70 75 80 90 84", "72 78 93 86 50"),
        ("two are equally good", "90 88 99 86 60", "60 85 80 85 50", "55 75 95 80 45"),
        ("the best is the last", "95 99 90 85 80", "60 50 65 70 80", "50 80 65 75 70"),
    ):
        scores = {}
        for part, row in zip(("train", "validation", "test"), rows, strict=True):
            scores[part] = [int(v) / 100 - shift for v in row.split()]
        yield Case(label, {"_scores": scores, "settings": [1, 3, 5, 9, 15]})
    while True:
        rows = rng.permuted(np.tile(np.arange(40, 84), (3, 1)), axis=1)[:, :5] / 100
        rows[0] = rng.permutation(np.arange(86, 100))[:5] / 100
        rows[1, rng.permutation(5)[:3]] = 0.85, 0.85, 0.845
        scores = dict(zip(("train", "validation", "test"), rows.tolist(), strict=True))
        yield Case("another table", {"_scores": scores, "settings": [1, 3, 5, 9, 15]})


ONCE = "the test part is asked several times: ask it once, when all is chosen."
choose = Step(
    "choose",
    _choose,
    _tables,
    observe=_seen_choose,
    tell=_tested,
    pick=2,
    texts={
        "by_train": "chosen by the training part: the most flexible looks best there.",
        "by_test": "chosen by the test part: it is a test of the unseen no more.",
        "with_test": "the test part helps to choose: it then tests no more.",
        "by_both": "chosen by training and validation together: by the latter.",
        "tie": "the larger of two equally good settings is chosen.",
        "close": "a setting that is a little worse counts as equally good: it is not.",
        "gap": "chosen by the smallest gap to the training part: a poor model has one.",
        "worst": "the worst setting is chosen.",
        "first": "the first setting is chosen, whatever its accuracy.",
        "largest": "the last setting is chosen, whatever its accuracy.",
        "peak": "the search ends where the accuracy first falls: try all settings.",
        "test_all": ONCE,
        "no_test": "the accuracy is the validation part's: the test was never asked.",
        "validation": "the validation part's accuracy is reported, not the test's.",
        "place": "the place in the list came, not the setting.",
        "exchanged": "the pair is exchanged: (best, result) is asked for.",
    },
    demands={
        "best for a fair choice": ["by_train", "by_test", "gap"],
        "of equally good ones take the smallest": ["tie", "close"],
        "Then measure once": ["test_all", "no_test"],
        "the accuracy that you would report": ["validation"],
        "the chosen setting": ["place"],
    },
    why="The best of several scores is too good: among equals, the luckiest wins. What "
    "was chosen by a part can no longer be measured on it, so a third part is kept, "
    "and asked once. Whoever asks it for each setting chooses by it, willingly or not.",
    see="A fair test",
    goal="what training, validation and test examples may be used for",
)


# --- guess ----------------------------------------------------------------------------


def _guess(slip, y_train, y_test):
    asked = slip(y_train, of_test=y_test, of_all=np.concatenate([y_train, y_test]))
    labels, counts = np.unique(asked, return_counts=True)
    label = slip(labels[counts.argmax()], rarest=labels[counts.argmin()])
    label = slip(label, first=labels[0], largest=labels[-1], place_used=counts.argmax())
    runs = [(len(list(run)), label) for label, run in itertools.groupby(asked)]
    label = slip(label, run=max(runs)[1], median=int(np.median(asked)))
    label = slip(label, mean=int(np.round(asked.mean())))
    hits = slip(y_test, on_train=y_train) == label
    share = slip(hits.mean(), number=hits.sum(), percent=100 * hits.mean())
    often = [np.mean(y_test == c) for c in labels]
    share = slip(share, by_chance=counts @ often / counts.sum())
    share = slip(share, equal=1 / len(labels), by_N=hits.sum() / len(y_train))
    place = slip(label, place=counts.argmax(), count=counts.max())
    return slip((place, share), exchanged=(share, place))


def _guess_cases(rng) -> Iterator[Case]:
    for labels, often in (
        ([3, 5, 8], ([8, 9, 1], [4, 1, 6])),
        ([0, 1], ([2, 7], [6, 4])),
        ([-1, 2, 4, 7], ([2, 3, 4, 9], [4, 6, 9, 3])),
    ):
        parts = [rng.permutation(np.repeat(labels, times)) for times in often]
        if 5 in labels:  # no run is longer than that of the label 3
            parts[0] = np.roll(np.repeat(labels, often[0]), 5)
        names = f"classes {', '.join(map(str, labels))}"
        yield Case(names, dict(zip(("y_train", "y_test"), parts, strict=True)))


guess = Step(
    "guess",
    _guess,
    _guess_cases,
    ("label", "accuracy"),
    texts={
        "of_test": "the test part's most frequent label came: it is not yet seen.",
        "of_all": "the most frequent label of both parts came: leave out the test.",
        "rarest": "the rarest label is answered.",
        "first": "the smallest label is answered, whatever is frequent.",
        "largest": "the largest label is answered, whatever is frequent.",
        "run": "the label of the longest run is answered: count all of its places.",
        "median": "the median of the labels is answered: labels are names.",
        "mean": "the mean of the labels, rounded, is answered: labels are names.",
        "on_train": "the accuracy is that on the training part.",
        "number": "the number of hits came: their share is asked for.",
        "percent": "these are percents: a number between 0 and 1 is asked for.",
        "by_chance": "accuracy: this is that of random guesses: answer with one label.",
        "by_N": "the hits are divided by the number of training examples.",
        "equal": "this is one over the number of classes, as if all were as frequent.",
        "place": "the place of the label in the list of classes came, not the label.",
        "place_used": "the place in the list of classes stands for the label.",
        "count": "how often the label occurs came, not the label.",
        "exchanged": "the pair is exchanged: (label, accuracy) is asked for.",
    },
    demands={
        "most frequent in the training part": ["of_test", "run", "median"],
        "the classes need not be 0, 1, 2, …": ["place_used"],
        "the label that is always answered": ["place", "count", "first"],
        "the share of the test examples": ["on_train", "number", "equal"],
        "a number between 0 and 1": ["percent"],
    },
    why="A classifier that finds 93 of 100 is good where guessing finds 10, and bad "
    "where guessing finds 95. The cheapest guess looks at no feature: it always says "
    "the most frequent class. Its accuracy is the share of that class in the test "
    "part, and whatever was learned is what comes on top of it. The label is learned, "
    "too, so it may come from the training part only.",
    see="The data sets",
    goal="what guessing reaches on them",
    small=lambda: Case(
        "", {"y_train": np.array([2, 2, 7]), "y_test": np.array([7, 2, 7, 7])}
    ),
)


# --- learn ----------------------------------------------------------------------------


def _learn(slip, x, y, model, loss, candidates):
    def cost(theta):
        output = slip(model(x, theta), no_model=x)
        values = slip(loss(output, y), turned=loss(y, output))
        values = slip(values, no_loss=abs(output - y), squares=(output - y) ** 2)
        mean = slip(values.mean(), summed=values.sum(), first=values[0])
        of_means = loss(np.mean(output, keepdims=True), np.mean(y, keepdims=True))[0]
        shared = values.sum() / len(candidates)
        return slip(mean, by_candidates=shared, of_means=of_means)

    tried = slip(candidates, one_less=candidates[:-1], no_first=candidates[1:])
    costs = [cost(theta) for theta in tried]
    best = slip(int(np.argmin(costs)), largest=int(np.argmax(costs)), last=-1)
    rises = [i for i, c in enumerate(costs[1:]) if c > costs[i]]
    best = slip(best, early=[*rises, -1][0], near_0=int(np.argmin(np.abs(costs))))
    after = best + 1 + int(np.argmin(costs[best + 1 :] or [0]))
    best = slip(best, falsy=best if tried[best] else after)
    theta = slip(tried[best], place=best)
    paid = slip(costs[best], of_last=costs[-1], all=costs)
    pair = slip((theta, paid), exchanged=(paid, theta))

    def low():  # where all costs are above the student's first one
        seen = slip.like or {"theta": None, "cost": 1000.0}
        begin = seen["cost"] if seen["cost"] % 1 == 0 else 1000.0
        none = seen["theta"] if seen["theta"] == candidates[0] else None
        return (none, begin) if min(costs) > begin else pair

    return slip(pair, low=low)


def _learn_cases(rng) -> Iterator[Case]:
    def late(o, y):
        return np.where(o > y, 3e6, 1e6) * np.abs(o - y)

    models = {
        "θ x, squares": (lambda x, t: t * x, lambda o, y: (o - y) ** 2),
        "x + θ, late is dear": (lambda x, t: x + t, late),
        "θ x², less 9": (lambda x, t: t * x**2, lambda o, y: (o - y) ** 4 - 9),
    }
    for near in itertools.cycle([2.5, -1.0, 0.0, 0.7, 1.2]):
        for label, (model, loss) in models.items():
            x = rng.uniform(0.5, 2, 5)
            y = model(x, near + rng.uniform(-0.3, 0.3)) + rng.normal(size=5) / 3
            args = {"x": x, "y": y, "model": model, "loss": loss}
            yield Case(label, args | {"candidates": [0.5, -1.0, 2.5, 0.0, 1.5, 1.0]})


learn = Step(
    "learn",
    _learn,
    _learn_cases,
    ("theta", "cost"),
    pick=2,
    texts={
        "no_model": "the model is not asked: the inputs are taken for its outputs.",
        "turned": "`loss` gets the target first: it compares (output, y).",
        "no_loss": "`loss` is not asked: these are absolute differences.",
        "squares": "`loss` is not asked: these are squared differences.",
        "summed": "the losses are summed: the cost is their mean.",
        "first": "only the first example is used.",
        "by_candidates": "the sum is divided by the number of candidates: N.",
        "of_means": "the loss of the means came: the mean of the losses is asked for.",
        "one_less": "the last candidate is not tried.",
        "no_first": "the first candidate is not tried.",
        "largest": "the candidate with the largest cost is kept.",
        "last": "the last candidate is kept, whatever its cost.",
        "place": "the place in the list came, not the candidate.",
        "early": "the search ends where the cost first rises: try all candidates.",
        "near_0": "the cost nearest to 0 is taken: a smaller one may be negative.",
        "falsy": "a candidate 0 is taken for none yet, and the next replaces it.",
        "all": "the costs of all candidates came: that of the best is asked for.",
        "exchanged": "the pair is exchanged: (theta, cost) is asked for.",
        "of_last": "the cost is that of the last candidate.",
        "low": "the cost to begin with is too small: one above it is never taken.",
    },
    demands={
        "`model(x, theta)` returns the outputs": ["no_model"],
        "the mean over the examples of `loss(output, y)`": ["summed", "turned"],
        "which compares arrays elementwise": ["no_loss", "squares"],
        "all of which are tried": ["one_less", "early", "falsy"],
        "the candidate with the smallest cost, and that cost": ["near_0", "place"],
    },
    why="Every method in this book has these four parts, and each can be exchanged "
    "without a word about the others: other data, a deeper model, another objective, a "
    "cleverer optimizer. So your function may not know what the model computes or how "
    "the loss compares. It asks both. The optimizer here is the crudest: it tries.",
    see="Four components",
    goal="name the four parts of every program that learns",
    small=lambda: Case(
        "",
        {"x": np.array([1.0, 2.0]), "y": np.array([3.0, 5.0])}
        | {"model": lambda x, theta: theta * x, "loss": lambda o, y: abs(o - y)}
        | {"candidates": [1.0, 2.0, 3.0]},
    ),
)
