"""Checks of the sheet `preliminaries/splitting`: a fair test, and who breaks it.

Each step is a reference that carries its slips (`helpers.checks.engine`); the visible
cell and the hidden test differ in the seed only. Of a split by chance the check finds
one fault, by name: a slip is what has this fault.
"""

from collections.abc import Callable, Iterator

import numpy as np

from ..engine import Case, CheckFailed, Step, call

# --- splits ---------------------------------------------------------------------------


def _splitter(name: str, function: Callable, *args) -> Callable:
    """Return split(i), the two parts of `function` with a generator of seed i."""

    def split(i: int) -> list[np.ndarray]:
        result = call(function, *args, np.random.default_rng(i), name=name)
        if not isinstance(result, tuple | list) or len(result) != 2:
            what = "returns None" if result is None else "gives something else"
            raise CheckFailed(
                f"✗ {name}: the pair (train, test) is expected; your function {what}."
            )
        parts = [np.asarray(part) for part in result]
        for what, part in zip(("train", "test"), parts, strict=True):
            if part.ndim != 1 or (part.size and part.dtype.kind not in "iu"):
                mask = " (a mask?)" if part.dtype.kind == "b" else ""
                raise CheckFailed(
                    f"✗ {name}: {what} must be a 1-D array of integer indices; shape "
                    f"{part.shape} came{mask}."
                )
        return [part.astype(int) for part in parts]

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
    if not np.array_equal(test, again):
        return "unseeded"
    if np.array_equal(test, other):
        if len(test) and len(test) - 1 == test[-1] - test[0]:
            return {0: "first", N - len(test): "last"}.get(int(test[0]), "own")
        return "own"
    return "block" if len(test) > 2 and np.ptp(test) == len(test) - 1 else ""


def _tell(step: Callable) -> Callable:
    """Return what states the fault of a split that no slip explains alone."""
    return lambda got, want: (OTHER | step().texts).get(got["fault"], "")


SORTED = "data are often sorted by class or date: shuffle first."
OTHER = {
    "beyond": "an index lies beyond 0 … N − 1.",
    "counts": "the numbers of test examples of the classes are others than asked for.",
}
SPLITS = {
    "overlap": "examples are in both parts: draw one order, and cut it.",
    "missing": "some examples are in neither part.",
    "exchanged": "the parts are exchanged: (train, test) is the order.",
    "unseeded": "the same rng seed gives another split: take all chance from `rng`.",
    "own": "another rng gives the same split: use the rng that is passed.",
}


def _shuffled(slip, N, n_test, rng):
    rows, seed = np.arange(N), slip(None, own=np.random.default_rng(0))
    rng = slip(seed or rng, unseeded=np.random.default_rng())
    order = slip(rng.permutation(N), first=rows, last=np.roll(rows, n_test))
    order = slip(order, block=np.roll(rows, -rng.integers(1, N - n_test)))
    order = slip(order, never=np.append(rng.permutation(N - 1), N - 1))
    size = slip(n_test, size=n_test - 1)
    train, test = order[size:], order[:size]
    train = slip(train, overlap=rng.permutation(N)[n_test:], missing=train[1:])
    train = slip(train, every=rows)
    drawn = rng.choice(N, n_test)
    train, test = slip((train, test), twice=(np.setdiff1d(rows, drawn), drawn))
    return slip((train, test), exchanged=(test, train))


def _seen_shuffled(free, replay, case):
    """Observe the fault of a split; in 80 small ones, whether each example is tested."""
    N, n_test, seed = case.args.values()
    split = _splitter("shuffled_split", replay, N, n_test)
    if N < 10:
        tested = np.bincount(np.concatenate([split(seed + i)[1] for i in range(80)]))
        return {"fault": "never" if len(tested) < N or tested.min() < 4 else ""}
    for i in range(3):
        train, test = split(seed + i)
        fault = _partition_fault(train, test, N)
        if fault == "overlap" and len(train) == N:
            fault = "every"
        if not fault and len(test) != n_test:
            fault = "exchanged" if len(train) == n_test else "size"
        if fault:
            return {"fault": fault}
    return {"fault": _chance_fault(split, seed, N)}


def _shuffled_cases(rng) -> Iterator[Case]:
    for N, n_test in ((60, 12), (101, 20), (40, 25), (8, 2)):
        label = f"N = {N}, n_test = {n_test}"
        args = {"N": N, "n_test": n_test, "_seed": int(rng.integers(10**6))}
        yield Case(label, args)


shuffled_split = Step(
    "shuffled_split",
    _shuffled,
    _shuffled_cases,
    observe=_seen_shuffled,
    tell=_tell(lambda: shuffled_split),
    texts=SPLITS
    | {
        "first": f"the test part is always the first rows; {SORTED}",
        "last": f"the test part is always the last rows; {SORTED}",
        "block": "the test part is a block of neighbors: shuffle the examples, too.",
        "never": "some examples are hardly ever tested: is an end of a range off by "
        "one?",
        "size": "the test part has not `n_test` indices.",
        "every": "the training part has all examples: take the test part out of it.",
        "twice": "an example comes twice in one part: drawn with replacement?",
    },
    demands={
        "how many of them go into the test part": ["size"],
        "the only source of chance": ["own", "unseeded"],
        "Returns `(train, test)`": ["exchanged"],
        "hold each of 0 … N − 1 exactly once": ["overlap", "missing", "twice", "every"],
        "left to chance": ["first", "last", "block", "never"],
    },
    why="The test asks how well a program does on examples that it has not seen; one "
    "that is in both parts asks what it remembers. Rows are often sorted, so the last "
    "ones differ from the others: chance makes both parts alike. One order, cut in "
    "two, holds each example once.",
    see="A fair test",
)


def _stratified(slip, y, parts, rng):
    rng = slip(rng, unseeded=np.random.default_rng())
    classes, train, test = np.unique(y), [], []
    for c in slip(classes, absent=np.arange(len(classes))):
        rows = np.flatnonzero(y == c)
        C = len(rows)
        rows = slip(rng.permutation(rows), own=rows, places=rng.permutation(C))
        rows = slip(rows, labels=y[rows])
        n = slip(C // parts, up=-(-C // parts), nearest=round(C / parts))
        n = slip(n, one=max(C // parts, 1), each=len(y) // parts // len(classes))
        n = slip(n, parts=min(parts, C))
        test.append(rows[:n])
        train.append(slip(rows[n:], overlap=rows, missing=rows[n + 1 :]))
    train, test = np.concatenate(train), np.concatenate(test)
    order, n = rng.permutation(len(y)), len(y) // parts
    train, test = slip((train, test), whole=(order[n:], order[:n]))
    return slip((train, test), exchanged=(test, train))


def _seen_stratified(free, replay, case):
    """Observe the fault of a split, and whether y is changed."""
    y, parts, seed = case.args.values()
    given, split = y.copy(), None
    split = _splitter("stratified_split", replay, given, parts)
    fault = _class_fault(split, y, parts, seed)
    return {"fault": fault, "changed": [] if np.array_equal(given, y) else ["y"]}


def _class_fault(split: Callable, y: np.ndarray, parts: int, seed: int) -> str:
    train, test = split(seed)
    labels, counts = np.unique(y, return_counts=True)
    both = np.concatenate([train, test])
    if len(both) == len(y) > len(np.unique(both)):
        if np.isin(both, labels).all():
            return "labels"
        if both.max() < counts.max():
            return "places"
    if not all(np.isin(np.flatnonzero(y == c), both).any() for c in labels):
        return "absent"
    if fault := _partition_fault(train, test, len(y)):
        return fault
    tested = [[int((y[split(seed + i)[1]] == c).sum()) for c in labels] for i in (0, 1)]
    if tested[0] != [c // parts for c in counts]:
        kinds = {
            "exchanged": counts - counts // parts,
            "up": -(-counts // parts),
            "nearest": [round(c / parts) for c in counts],
            "one": np.maximum(counts // parts, 1),
            "parts": np.minimum(parts, counts),
            "each": [len(y) // parts // len(labels)] * len(labels),
        }
        found = [name for name, kind in kinds.items() if list(kind) == tested[0]]
        return (found or ["whole" if tested[0] != tested[1] else "counts"])[0]
    if fault := _chance_fault(split, seed, len(y)):
        return "unseeded" if fault == "unseeded" else "own"
    for c in labels:
        rows = np.flatnonzero(y == c)
        tests = [np.intersect1d(split(seed + i)[1], rows) for i in range(3)]
        if len(tests[0]) and all(np.array_equal(tests[0], t) for t in tests):
            return "own"
    return ""


def _stratified_cases(rng) -> Iterator[Case]:
    for labels, counts, parts in (
        ((0, 1, 2), (30, 21, 9), 3),
        ((7, 2, 40), (23, 14, 47), 4),
        ((0, 1, 2), (33, 4, 26), 5),
    ):
        y = np.repeat(labels, counts)
        y = y if parts == 3 else rng.permutation(y)
        label = f"classes {labels} with {counts} examples, parts = {parts}"
        seed = int(rng.integers(10**6))
        yield Case(label, {"y": y, "parts": parts, "_seed": seed})


DOWN = "⌊c / parts⌋ rounds down."
stratified_split = Step(
    "stratified_split",
    _stratified,
    _stratified_cases,
    observe=_seen_stratified,
    tell=_tell(lambda: stratified_split),
    texts=SPLITS
    | {
        "own": "the same examples of a class are tested whatever the rng: shuffle "
        "within each class, by the rng that is passed.",
        "places": "these are places within a class: return the indices into y.",
        "labels": "these are labels: return the indices into y.",
        "absent": "a class is in neither part: go through the classes that occur in y.",
        "up": f"rounded up; {DOWN}",
        "nearest": f"rounded to the nearest; {DOWN}",
        "one": "at least one of each class is forced; ⌊c / parts⌋ may be 0.",
        "parts": "`parts` is taken for the number of test examples of each class.",
        "each": "the same number for each class: the same share is asked for.",
        "whole": "the split is not stratified: the whole is cut, not each class.",
    },
    demands={
        "the classes need not be 0, 1, 2": ["absent"],
        "one part out of `parts` is for the test": ["parts", "each", "exchanged"],
        "\\lfloor c / \\mathrm{parts} \\rfloor$ go into the test part": ["up", "one"],
        "chosen at random by `rng`": ["own", "unseeded"],
        "all others into the training part": ["overlap", "missing"],
        "two integer arrays of indices": ["places", "labels"],
    },
    why="A class with few examples may by chance get none into the test part, and then "
    "the test says nothing about it. So each class is shuffled and cut by itself. What "
    "is returned are places in y: within a class, the k-th example has another place.",
    see="A fair test",
)


# --- scaled_parts ---------------------------------------------------------------------


def _scaled(slip, X, train, test):
    rows = slip((X[train], X[test]), head=(X[: len(train)], X[len(train) :]))
    rows = slip(rows, in_order=(X[np.sort(train)], X[np.sort(test)]))
    A, B = slip(rows, exchanged=rows[::-1])
    of = slip(rows[0], all=X, test=rows[1])
    mean, std = of.mean(0), slip(of.std(0), less_1=of.std(0, ddof=1), var=of.var(0))
    one, over = (of.mean(), of.std()), (of.mean(1), of.std(1))
    mean, std = slip((mean, std), one=one, over_rows=over)
    own = (B - B.mean(0)) / B.std(0)
    scaled = (A - mean) / std, slip((B - mean) / std, own=own, raw=B, centered=B - mean)
    scaled = slip(scaled, shift=(A / std, B / std), no_std=(A - mean, B - mean))
    return *scaled, mean, std


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
        "exchanged": "the two parts are exchanged.",
        "all": "mean and standard deviation are those of all examples: the test part "
        "has leaked into the scaling.",
        "test": "mean and standard deviation are those of the test part.",
        "less_1": "the standard deviation divides by N − 1; N is asked for.",
        "var": "divided by the variance: the square root is missing.",
        "one": "one mean and one deviation for all columns: each column has its own.",
        "over_rows": "mean and deviation are taken over the rows: axis 0 is asked for.",
        "own": "the test part is scaled by its own mean and standard deviation: a new "
        "example alone has none.",
        "raw": "the test part is not scaled.",
        "centered": "of the test part only the mean is subtracted: divide, too.",
        "shift": "the mean is not subtracted.",
        "no_std": "the division by the standard deviation is missing.",
    },
    demands={
        "Scale each column": ["one", "over_rows"],
        "(divide by $N$, as `np.std` does)": ["less_1", "var"],
        "**training part only**": ["all", "test", "own"],
        "$x' = (x - \\mu) / s$": ["shift", "no_std", "raw"],
        "in the order of the indices": ["in_order", "head"],
        "`X` stays as it was": ["8 training and 4 test examples, 4 columns"],
    },
    why="Mean and deviation are learned, too: whoever takes them from all examples has "
    "looked at the test part. A new example that comes alone has no mean of its own. "
    "So the training part gives both numbers, and all later examples are scaled by "
    "them.",
    see="A fair test",
    small=lambda: Case(
        "", {"X": np.array([[1.0], [3.0], [6.0]]), "train": [0, 1], "test": [2]}
    ),
)


# --- audit ----------------------------------------------------------------------------


def _audit(slip, X, train, test, mean, std):
    same = X[test][:, None] == X[train]
    equal = same.all(2)
    is_shared = np.isin(test, train)
    places = sum(a == b for a, b in zip(test, train, strict=False))
    shared = slip(is_shared.sum(), by_place=places, of_train=np.isin(train, test).sum())
    copies = slip(equal.any(1).sum(), pairs=equal.sum(), of_rows=equal.any(0).sum())
    copies = slip(copies, one_entry=same.any(2).any(1).sum())
    copies = slip(copies, entries=np.isin(X[test], X[train]).all(1).sum())
    copies = slip(copies, columns=same.any(1).all(1).sum())
    copies = slip(copies, unshared=(equal.any(1) & ~is_shared).sum())
    copies = slip(copies, whole=len(X) - len(np.unique(X, axis=0)))
    copies = slip(copies, kinds=len(np.unique(X[test][equal.any(1)], axis=0)))
    shared = slip(shared, no_shared=0, as_copies=copies)
    copies = slip(copies, no_copies=0, as_shared=shared)
    of = slip(X[train], of_all=X, of_test=X[test])
    away = np.abs([mean - of.mean(0), std - slip(of.std(0), less_1=of.std(0, ddof=1))])
    off = slip(away > 1e-8, rounding=away > 0)
    mean_off, std_off = off.any(1) if not slip(False, columns_all=True) else off.all(1)
    peeked = slip(mean_off or std_off, both=mean_off and std_off)
    peeked = slip(peeked, mean_only=mean_off, std_only=std_off)
    peeked = slip(bool(peeked), inverted=not peeked, never=False, always=True)
    return int(shared), int(copies), peeked


def _audit_cases(rng) -> Iterator[Case]:
    def case(label, train=(), test=(), rows=(), of="train", by=0, off=(0, 0)):
        X = rng.integers(0, 3, (12, 3)) + np.linspace(0, 0.9, 12)[:, None]  # distinct
        order = rng.permutation(12)
        a, b = order[[*range(8), *train]], order[[*range(8, 12), *test]]
        for to, sources in rows:  # a row, entry by entry
            X[order[to]] = X[order[sources], range(3)]
        part = X[{"train": a, "all": slice(None), "test": b}[of]]
        mean, std = part.mean(0) + off[0], part.std(0, ddof=by) + off[1]
        args = {"X": X, "train": a, "test": b, "mean": mean, "std": std}
        return Case(label, args)

    yield case("a clean split")
    yield case("two indices are shared", test=(0, 5))
    yield case("a shared index is twice in the training part", train=(2, 2), test=(2,))
    yield case(
        "two test rows equal one training row", rows=[(9, [2] * 3), (11, [2] * 3)]
    )
    rows = [(0, [6] * 3), (4, [6] * 3), (10, [6] * 3)]
    yield case("one test row equals three training rows", rows=rows)
    yield case("equal rows in each part only", rows=[(1, [7] * 3), (8, [11] * 3)])
    yield case("one entry in common, not the row", rows=[(8, [8, 3, 8])])
    yield case("each entry in common, with another row", rows=[(9, [1, 4, 6])])
    yield case("scaled by all examples", of="all")
    yield case("scaled by the test part", of="test")
    yield case("the right mean, another standard deviation", by=1)
    yield case("another mean, the right standard deviation", off=(0.3, 0))
    yield case("a mean of one column is off", off=(np.array([0, 0, 0.2]), 0))
    yield case("a difference of 1e-12 is rounding", off=(1e-12, -1e-12))
    yield case("all leaks at once", test=(1,), of="all")


audit = Step(
    "audit",
    _audit,
    _audit_cases,
    ("shared", "copies", "peeked"),
    texts={
        "by_place": "`shared` compares place by place: compare each index with all.",
        "of_train": "`shared` counts indices of `train`: those of `test` are asked for.",
        "no_shared": "`shared` is always 0.",
        "as_copies": "`shared` is the number of copies: equal rows are not equal "
        "indices.",
        "pairs": "`copies` counts pairs: a test row with several equals counts once.",
        "of_rows": "`copies` counts training rows; test rows are asked for.",
        "one_entry": "`copies` counts rows with one entry in common: all must agree.",
        "entries": "`copies` looks for each entry anywhere: compare whole rows.",
        "columns": "`copies` looks for each entry by itself: compare whole rows.",
        "unshared": "`copies` leaves out the shared indices: they count, too.",
        "whole": "`copies` counts equal rows of the whole table: only those that a "
        "test row shares with the training part are a leak.",
        "kinds": "`copies` counts equal test rows once: count the indices of `test`.",
        "no_copies": "`copies` is always 0.",
        "as_shared": "`copies` is the number of shared indices: look at the rows.",
        "of_all": "`peeked` compares with all examples: take the training part.",
        "of_test": "`peeked` compares with the test part: take the training part.",
        "less_1": "`peeked` compares with the deviation that divides by N − 1.",
        "rounding": "`peeked` takes a rounding error for a leak: compare with a "
        "tolerance.",
        "columns_all": "`peeked` needs all columns to be off: one is enough.",
        "both": "`peeked` needs mean and std both to be off: one is enough.",
        "mean_only": "`peeked` looks at the mean only; the deviation can leak, too.",
        "std_only": "`peeked` looks at the deviation only; the mean can leak, too.",
        "inverted": "`peeked` is the wrong way round: True stands for a leak.",
        "never": "`peeked` is always False.",
        "always": "`peeked` is always True.",
    },
    demands={
        "how many indices of `test` are also in `train`": ["by_place", "of_train"],
        "how many indices of `test` belong to a row": ["pairs", "of_rows", "kinds"],
        "some row of the training part in every entry": ["one_entry", "entries"],
        "(an index that is shared counts here, too)": ["unshared"],
        "`mean` or `std` is not that of the training part": ["both", "of_all"],
        "to a tolerance of $10^{-8}$": ["rounding"],
        "A clean split gives `(0, 0, False)`": ["a clean split", "always", "inverted"],
    },
    why="A leak makes no error message: the result is only better than it should be. "
    "So one looks for it: the same example in both parts, another example with the "
    "same entries, and numbers of the scaling that the training part alone does not "
    "give. Rounding is no leak, hence the tolerance.",
    see="A fair test",
)


# --- choose ---------------------------------------------------------------------------


def _choose(slip, accuracy, settings):
    part = slip("validation", by_train="train", by_test="test")
    scores = [accuracy(s, part) for s in settings]
    ranked = sorted(range(len(scores)), key=lambda i: -scores[i])
    ties = [i for i in ranked if scores[i] == max(scores)]
    k = slip(ranked[0], lowest=ranked[-1], tie=ties[-1])
    best = settings[k]
    for s in slip((), test_all=settings):
        accuracy(s, "test")
    result = accuracy(best, slip("test", no_test=part))
    tests = lambda: max(accuracy(s, "test") for s in settings)  # noqa: E731
    return slip(best, place=k), slip(result, validation=scores[k], best_test=tests)


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
        raise CheckFailed("✗ choose: the pair (best, result) is expected.")
    seen = {"best": pair[0], "result": pair[1]}
    return seen | {"tests": "several" if len(tested) > 1 else tested}


def _tested(got: dict, want: dict) -> str:
    """State what the test part was asked."""
    if got["tests"] == "several":
        return ONCE
    asked = ", ".join(map(str, got["tests"])) or "no setting"
    return f"the test part was asked about {asked}; {want['best']} is to be asked."


def _tables(rng) -> Iterator[Case]:
    shift = float(rng.uniform(0, 0.03))
    for label, train, validation, test in (
        ("the parts disagree", (100, 95, 92, 90, 85), *DISAGREE),
        ("two settings are equally good", (90, 80, 97, 70, 60), *TIE),
        ("the best is the last", (99, 95, 90, 85, 80), *LAST),
    ):
        rows = {"train": train, "validation": validation, "test": test}
        scores = {part: [v / 100 - shift for v in row] for part, row in rows.items()}
        yield Case(label, {"_scores": scores, "settings": [1, 3, 5, 9, 15]})


DISAGREE = (70, 75, 80, 90, 60), (72, 78, 93, 86, 50)
TIE = (60, 85, 70, 85, 50), (55, 75, 95, 80, 45)
LAST = (50, 60, 65, 70, 80), (50, 80, 65, 75, 70)
ONCE = "the test part is asked several times: ask it once, when all is chosen."
choose = Step(
    "choose",
    _choose,
    _tables,
    observe=_seen_choose,
    tell=_tested,
    texts={
        "by_train": "it is chosen by the training part, where the most flexible model "
        "always looks best.",
        "by_test": "it is chosen by the test part: then the test is no longer a test "
        "of something unseen.",
        "lowest": "the setting with the lowest accuracy is chosen.",
        "tie": "the larger of two equally good settings is chosen.",
        "test_all": ONCE,
        "no_test": "the validation part's accuracy is reported, and the test part was "
        "never asked: the best of several scores is too good, because it was chosen.",
        "validation": "the validation part's accuracy is reported, not the test's.",
        "best_test": "the best accuracy on the test part is reported, not that of the "
        "setting that was chosen.",
        "place": "the place in the list came, not the setting.",
    },
    demands={
        "best for a fair choice": ["by_train", "by_test", "lowest"],
        "of equally good ones take the smallest": ["tie"],
        "Then measure once": ["test_all", "no_test"],
        "the accuracy that you would report": ["validation", "best_test"],
        "the chosen setting": ["place"],
    },
    why="The best of several scores is too good: among equals, the luckiest wins. What "
    "was chosen by a part can no longer be measured on it, so a third part is kept, "
    "and asked once. Whoever asks it for each setting chooses by it, willingly or not.",
    see="A fair test",
)
