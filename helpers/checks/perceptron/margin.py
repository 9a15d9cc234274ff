"""Checks of the sheet `perceptron/margin`: margin, bound, votes, a smooth slope."""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

DRAW, STOP = "draw its decision boundary", "say when the rule stops"


def _examples(rng, m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return examples and desired outputs that no plane need separate."""
    X = rng.normal(size=(m, n)) + 0.4
    d = (X.sum(1) + rng.normal(size=m) > 0.4 * n).astype(int)
    d[:2] = 0, 1  # both classes occur
    return X, d


# --- distances ------------------------------------------------------------------------


def _distances(slip, X, w, b):
    z = X @ w + slip(b, no_bias=0, minus_bias=-b)
    size = np.linalg.norm(w)
    size = slip(size, square=w @ w, none=1.0, with_bias=np.hypot(size, b))
    size = slip(size, largest=np.abs(w).max())
    size = slip(size, absolute=np.abs(w).sum(), inputs=np.linalg.norm(X, axis=1))
    found = slip(z / size, bias_whole=X @ w / size + b)
    found = slip(found, unsigned=np.abs(found), nearest=found.min())
    return slip(found, outputs=(z >= 0).astype(int))


def _distance_cases(rng) -> Iterator[Case]:
    for m, n in ((1, 2), (4, 3), (6, 2)):
        X, w = rng.normal(size=(m, n)), 2 * rng.normal(size=n) + 0.3
        b = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1))
        yield Case(f"{m} examples of {n} inputs", {"X": X, "w": w, "b": b})


distances = Step(
    "distances",
    _distances,
    _distance_cases,
    lists=True,
    texts={
        "no_bias": "the bias is missing: the boundary need not pass through 0.",
        "minus_bias": "the bias is subtracted; it is added.",
        "square": "z is divided by the square of the length of w: by the length.",
        "none": "this is z: the length of w is missing.",
        "with_bias": "the bias counts in the length: it only moves the boundary.",
        "absolute": "the absolute weights are added up: that is no length.",
        "largest": "z is divided by the largest weight: by the length of all.",
        "inputs": "z is divided by the lengths of the examples: by that of w.",
        "bias_whole": "the bias is not divided by the length of w.",
        "unsigned": "the sign is lost: it says on which side an example lies.",
        "nearest": "only the smallest came: one for each example is asked for.",
        "outputs": "these are the outputs: distances are asked for.",
    },
    demands={
        "the distance of each example from the boundary": ["none", "square", "nearest"],
        "$\\mathbf w \\cdot \\mathbf x + b = 0$": ["no_bias", "bias_whole"],
        "Positive where the neuron fires": ["unsigned"],
    },
    why="Twice the weights and twice the bias draw the same line, and double z. So z "
    "is no distance yet: divide it by the length of w. The bias moves the line and "
    "does not turn it, so it has no part in that length. The sign tells the side.",
    see="A neuron draws a line",
    goal=DRAW,
    small=lambda: Case(
        "", {"X": np.array([[1.0, 2.0]]), "w": np.array([3.0, 4.0]), "b": -1.0}
    ),
)


# --- bound ----------------------------------------------------------------------------


def _bound(slip, X, d, w, b):
    ones = np.ones((len(X), 1))
    wide = slip(np.hstack([X, ones]), no_constant=np.hstack([X, 0 * ones]))
    wide = slip(wide, const_first=np.hstack([ones, X]))
    u = np.append(w, slip(b, no_bias=0.0))
    size = np.linalg.norm(u)
    u = u / slip(size, raw=1.0, by_w=np.linalg.norm(w))
    side = slip(2 * d - 1, unsigned=np.sign(wide @ u), targets=d, turned=1 - 2 * d)
    each = side * (wide @ u)
    gamma = slip(each.min(), largest=each.max(), mean=each.mean())
    gamma = slip(gamma, left_out=lambda: each[each > 0].min())
    lengths = np.linalg.norm(slip(wide, inputs=X), axis=1)
    R = slip(lengths.max(), mean_R=lengths.mean(), shortest=lengths.min())
    R = slip(R, square_R=R**2, all_rows=np.linalg.norm(wide))
    R = slip(R, columns=np.linalg.norm(wide, axis=0).max())
    gamma = slip(gamma, endless=gamma if gamma > 0 else np.inf)
    ratio = slip((R / gamma) ** 2, no_square=R / gamma, upside_down=(gamma / R) ** 2)
    none = slip(np.inf, zero=0.0, nan=np.nan)
    most = ratio if slip(gamma > 0, any_plane=True) else none
    return gamma, R, slip(most, floor=np.floor(most), ceil=np.ceil(most))


def _bound_cases(rng) -> Iterator[Case]:
    for m, n, gap in ((5, 2, 0.3), (8, 3, 0.1), (6, 2, 0)):
        w, b = rng.normal(size=n), float(rng.uniform(0.4, 0.9))
        X = 2 * rng.normal(size=(40, n))
        z = (X @ w + b) / np.hypot(np.linalg.norm(w), b)
        X, z = X[np.abs(z) > gap][:m], z[np.abs(z) > gap][:m]
        d = (z > 0).astype(int)
        if not gap:  # the farthest and the nearest are on the wrong side
            d[[np.abs(z).argmax(), np.abs(z).argmin()]] ^= 1
        text = f"{m} examples of {n} inputs" + ", two on the wrong side" * (not gap)
        yield Case(text, {"X": X, "d": d, "w": w, "b": b})
    X, d = np.array([[0.0, 1.0], [2.0, 0.0], [-3.0, 0.0]]), np.array([1, 1, 0])
    args = {"X": X, "d": d, "w": np.array([1.0, -1.0]), "b": 1.0}
    yield Case("an example on the boundary: γ = 0", args)


bound = Step(
    "bound",
    _bound,
    _bound_cases,
    ("gamma", "R", "corrections"),
    texts={
        "no_constant": "the constant input 1 is missing.",
        "const_first": "the constant comes first in the examples, and b last in u.",
        "no_bias": "the bias is missing in the unit vector.",
        "raw": "(w, b) is not divided by its length.",
        "by_w": "(w, b) is divided by the length of w alone.",
        "unsigned": "wrong sides count as right ones: the class decides the sign.",
        "targets": "class 0 counts as 0: it lies on the other side, sign −1.",
        "turned": "the classes are exchanged: class 1 lies where the sum is positive.",
        "largest": "γ is the largest of them: it is the smallest.",
        "mean": "γ is the mean of them: it is the smallest.",
        "left_out": "examples on the wrong side are left out: they count as negative.",
        "inputs": "R lacks the constant input.",
        "mean_R": "R is the mean length: it is the largest.",
        "shortest": "R is the smallest length: it is the largest.",
        "square_R": "R is the square of the length.",
        "all_rows": "R is the length of all examples together: of the longest one.",
        "columns": "R is the length of a column: examples are rows.",
        "no_square": "the square is missing: (R/γ)².",
        "upside_down": "γ stands above R: (R/γ)².",
        "any_plane": "a plane that errs bounds nothing: infinity is asked for.",
        "zero": "0 comes for a plane that errs: infinity is asked for.",
        "nan": "NaN comes for a plane that errs: infinity is asked for.",
        "endless": "γ is infinite for a plane that errs: only the bound is.",
        "ceil": "the bound is a whole number: (R/γ)² is asked for as it is.",
        "floor": "the bound lacks its fraction: it is asked for as it is.",
    },
    demands={
        "input $x_0 = 1$": ["no_constant", "inputs"],
        "a unit vector": ["raw", "by_w", "no_bias"],
        "the smallest of these": ["largest", "mean"],
        "negative on the wrong side": ["unsigned", "targets"],
        "the length of the longest": ["mean_R", "shortest"],
        "$(R/\\gamma)^2$": ["no_square", "upside_down"],
        "`np.inf`": ["any_plane", "zero", "endless"],
        "If $\\gamma$ is not positive": ["an example on the boundary: γ = 0"],
    },
    why="The proof compares two growths: along the unit vector by at least γ a "
    "correction, in length by at most R² in the square. So γ is that of the worst "
    "example, with its class as sign, and R that of the longest, both with the "
    "constant input. One example on the wrong side makes γ negative, and the proof "
    "is silent.",
    see="When does it stop?",
    goal=STOP,
)


# --- survivors ------------------------------------------------------------------------


def _survivors(slip, X, d, epochs):
    wide = np.hstack([X, np.ones((len(X), 1))])
    wide = slip(wide, bias_first=wide[:, [-1, *range(X.shape[1])]])
    u, states, counts = np.zeros(wide.shape[1]), [], []
    u, alive = slip(u, from_ones=u + 1), 0
    for _ in range(slip(epochs, one_epoch=1)):
        if alive and slip(False, cut=True):
            states, counts, alive = [*states, u], [*counts, alive], 0
        alive, clean = slip(alive, each_epoch=0), True
        if slip(False, solved=np.all((wide @ u >= 0) == d)):
            break
        for x, target in zip(wide, d, strict=True):
            y = slip(int(x @ u >= 0), strict=int(x @ u > 0))
            if y == target:
                alive += 1
                continue
            step = slip(x, no_bias=np.append(x[:-1], 0.0))
            new = u + slip(target - y, sign=y - target) * step
            if alive or slip(False, empty=True):
                states.append(slip(u, after=new))
                counts.append(slip(alive, ended=alive + 1))
            u, alive, clean = new, slip(0, counted=1, kept=alive), False
        if slip(False, early=clean):
            break
    if slip(True, no_last=False, last_alive=alive > 0):
        states.append(u)
        counts.append(alive)
    W, c = np.array(states), np.array(counts)
    W = slip(W, running=lambda: np.cumsum(W, 0), one_array=lambda: 0 * W + u)
    used = slip(slice(None), no_zero=lambda: [*W[:-1].any(axis=1), True])
    W, c = W[used], c[used]
    if slip(False, merged=True):
        rows = list(dict.fromkeys(map(tuple, W.tolist())))
        c = np.array([c[(row == W).all(axis=1)].sum() for row in rows])
        W = np.array(rows)
    return W, slip(c, share=lambda: c / c.sum(), running_c=lambda: np.cumsum(c))


def _survivor_cases(rng) -> Iterator[Case]:
    for m, n, epochs in ((6, 2, 2), (9, 3, 3), (12, 2, 1)):
        X, d = _examples(rng, m, n)
        d[-2:] = 1 - ((X[-2:] @ np.ones(n)) > 0)  # mistakes near the end, too
        args = {"X": X, "d": d, "epochs": epochs}
        yield Case(f"{m} examples of {n} inputs, {epochs} epochs", args)
    for target in (0, 1):  # a mistake at the end
        last = np.full((1, 2), 5.0 - 10 * target)
        more = {"X": np.vstack([X, last]), "d": np.append(d, target), "epochs": 1}
        yield Case(f"a last example of class {target}", more)
    d = np.arange(8) % 2
    X = rng.normal(size=(8, 2)) / 4 + 3 * d[:, None] - 1
    yield Case("two clouds far apart, 9 epochs", {"X": X, "d": d, "epochs": 9})
    X = np.array([[-1.0, -1], [-1, 0], [1, -1], [-1, 1]])
    args = {"X": X, "d": np.array([1, 0, 1, 1]), "epochs": 2}
    yield Case("a first example of class 1, a state that comes again", args)


survivors = Step(
    "survivors",
    _survivors,
    _survivor_cases,
    ("W", "c"),
    lists=True,
    texts={
        "bias_first": "the bias comes first in the rows of W: it comes last.",
        "from_ones": "the weights begin at 1: they begin at 0.",
        "one_epoch": "one epoch is run, whatever `epochs` says.",
        "strict": "the neuron does not fire at z = 0: step(0) is 1.",
        "empty": "states that were right for no example are in it: leave them out.",
        "sign": "the error has the wrong sign: desired minus actual.",
        "ended": "the mistake that ended a state counts for it, too.",
        "counted": "the example that caused a correction counts for the new state.",
        "each_epoch": "the count begins anew with each epoch: it goes on.",
        "cut": "a state is kept at the end of each epoch: it goes on, with its count.",
        "no_bias": "the bias is not corrected.",
        "after": "the state after the correction is kept: the one before it survived.",
        "kept": "the count does not begin anew after a mistake.",
        "early": "the loop stops after an epoch without a mistake: go on.",
        "solved": "the loop stops when no example is wrong: go on.",
        "no_zero": "the zero state is left out: it counts like any other.",
        "merged": "equal states are put together: each stands in its place.",
        "one_array": "all rows are the last state: the array that was kept changes.",
        "last_alive": "the last state is left out if it was right for none.",
        "no_last": "the last state is missing: it counts, too.",
        "running": "the states are added up: they are asked for one by one.",
        "share": "shares came: counts are asked for.",
        "running_c": "the counts run on: each state begins at 0.",
    },
    demands={
        "Start from zero weights": ["from_ones"],
        "with $\\eta = 1$": ["sign", "no_bias"],
        "Do not stop early": ["early"],
        "the bias in the last column": ["bias_first"],
        "how many examples in a row it was right": ["counted", "kept", "cut"],
        "States that were right for none are left out": ["empty"],
        "it stands at the end, also with the count 0": ["no_last", "last_alive"],
        "`epochs` times": ["one_epoch"],
    },
    why="The rule throws away what it had at each mistake, also a state that was right "
    "a hundred times in a row. The example that happens to come last decides what "
    "is left. To keep the states, each with the number of examples that it "
    "survived, costs a list, and says how far each of them can be trusted.",
    see="An honest experiment",
    goal=STOP,
)


# --- held_out -------------------------------------------------------------------------


def _held_out(slip, W, c, X, d):
    wide = np.hstack([X, np.ones((len(X), 1))])
    wide = slip(wide, no_bias=np.hstack([X, np.zeros((len(X), 1))]))
    mean = slip(c @ W / c.sum(), plain_mean=W.mean(0), most=W[c.argmax()])

    wide = slip(wide, bias_first=wide[:, [-1, *range(X.shape[1])]])

    def fires(z):
        return slip(z >= 0, strict=z > 0)

    def share(y):
        right = slip(y == d, wrong=y != d)
        return slip(right.mean(), count=right.sum())

    outputs = np.where(fires(wide @ W.T), 1, slip(-1, zero_votes=0))
    each = c @ [share(y) for y in fires(wide @ W.T).T] / c.sum()
    outputs = slip(outputs, signs=np.sign(wide @ W.T))
    votes = outputs @ slip(c, one_vote=np.ones(len(c)))
    votes = slip(votes, sums=wide @ W.T @ c, tie_no=votes - 0.5)
    ayes, n = (votes + c.sum()) / 2, c.sum()
    votes = slip(votes, any_vote=ayes - 0.5, all_votes=ayes - n)
    votes = slip(votes, half_down=ayes - n // 2, half_states=ayes - len(c) / 2)
    last = share(fires(wide @ slip(W[-1], first=W[0], longest=W[c.argmax()])))
    averaged = slip(share(fires(wide @ mean)), mean_share=each)
    return last, averaged, slip(share(votes >= 0), vote_share=each)


def _held_out_cases(rng) -> Iterator[Case]:
    for m, n, k in ((30, 2, 4), (24, 3, 6), (36, 2, 5), (26, 3, 4)) * 16:
        X, d = _examples(rng, m, n)
        W = np.ones(n + 1) + 2.5 * rng.normal(size=(k, n + 1))
        W[:, -1] -= 1 + 0.4 * n
        W[-1] = 0
        W[-1, :2] = 1, -1  # so that z = 0 for the last state, without rounding, here:
        X[-8:] = rng.normal(size=(8, 1))
        args = {"W": W, "c": rng.integers(1, 4, size=k), "X": X, "d": d}
        yield Case(f"{m} examples, {k} states", args)


held_out = Step(
    "held_out",
    _held_out,
    _held_out_cases,
    ("last", "averaged", "voted"),
    pick=3,
    texts={
        "no_bias": "the biases are missing.",
        "plain_mean": "all states count the same in the average: weigh them with c.",
        "most": "one state stands for the average, that with the largest count.",
        "strict": "the output at z = 0 is 0: step(0) is 1.",
        "wrong": "these are the shares that are wrong: accuracies are asked for.",
        "count": "these are numbers of right outputs: shares are asked for.",
        "zero_votes": "no vote counts against: compare with the votes for 0.",
        "bias_first": "the first column is taken for the bias: it is the last.",
        "longest": "the state with the largest count stands for the last.",
        "mean_share": "averaged: the states' shares are averaged: average the states.",
        "vote_share": "voted: the states' shares are averaged: let them vote.",
        "one_vote": "every state has one vote: it has as many as its count.",
        "signs": "a state does not vote for 1 at z = 0: step(0) is 1.",
        "tie_no": "a tie counts as 0: it counts as 1.",
        "any_vote": "one vote for 1 is enough: the majority decides.",
        "all_votes": "one vote for 0 is enough: the majority decides.",
        "half_down": "half of the votes is rounded down: a minority can win.",
        "half_states": "half of the states is enough: half of the votes is needed.",
        "sums": "the sums vote, not the outputs: that is the averaged neuron again.",
        "first": "the first state stands for the last.",
    },
    demands={
        "the last row of `W`": ["first"],
        "the mean of the rows, weighed with `c`": ["plain_mean", "most"],
        "`c` votes for its own output": ["one_vote", "sums"],
        "the majority decides": ["half_down", "half_states"],
        "A tie counts as 1": ["tie_no"],
        "shares of right outputs": ["wrong", "count"],
    },
    why="Three neurons from one training. The last state is a matter of luck. The vote "
    "lets every state say yes or no as often as it survived; the average adds up their "
    "weights, and is one neuron again, cheap to run. Which is best on data that no "
    "plane separates can only be measured on examples that none of them has seen.",
    see="An honest experiment",
    goal=STOP,
)


# --- slopes ---------------------------------------------------------------------------


def _slopes(slip, X, w, b, j, h):
    X = slip(X, mean_row=X.mean(0, keepdims=True))
    z, gone = X @ w + b, h * X[:, j]
    gone = slip(gone, bias=h + 0 * gone, input=h * w[j] + 0 * gone, square=h * gone)
    gone = slip(gone, put=gone - w[j] * X[:, j])
    gone = slip(gone, minus=-gone, all_inputs=h * X.sum(1), before=h * X[:, j - 1])
    moved = z + gone

    def quotient(sigma):
        by = slip(h, undivided=1.0, twice=2 * h, size_h=abs(h))
        both, half = sigma(moved) - sigma(z - h * X[:, j]), h / 2 * X[:, j]
        halves = sigma(z + half) - sigma(z - half)
        change = slip(sigma(moved) - sigma(z), central=both / 2, halves=halves)
        change = slip(change, size=np.abs(change))
        return slip(change.mean(), summed=change.sum(), each=change) / by

    def step(z):
        return slip(z >= 0, strict=z > 0).astype(float)

    def smooth(z):
        return 0.5 * (1 + np.tanh(z / 2))

    found = quotient(slip(smooth, tanh=np.tanh, linear=lambda z: z))
    at = smooth(z) * (1 - smooth(z))
    found = slip(found, slope=(at * X[:, j]).mean(), slope_alone=at.mean())
    return slip((quotient(step), found), exact=(0.0, (at * X[:, j]).mean()))


def _slope_cases(rng) -> Iterator[Case]:
    for m, n, h in ((30, 2, 0.5), (40, 3, -0.7), (25, 4, 1e-3)):
        X, w = rng.normal(size=(m, n)) + 0.5, rng.normal(size=n)
        args = {"X": X, "w": w, "b": float(rng.normal() / 2), "j": n - 1}
        yield Case(f"{m} examples of {n} inputs, h = {h}", args | {"h": h})
    X = np.array([[1.0, 1], [2, 2], [1, 2], [-1, 1], [-2, -3]])
    args = {"X": X, "w": np.array([1.0, -1]), "b": 0.0, "j": 0, "h": 1.0}
    yield Case("examples on the boundary", args)


slopes = Step(
    "slopes",
    _slopes,
    _slope_cases,
    ("step", "sigmoid"),
    texts={
        "bias": "the bias moves by h: the weight does.",
        "input": "the input moves by h: the weight does.",
        "square": "the weight moves by h²: by h.",
        "put": "the weight becomes h: it goes up by h.",
        "minus": "the weight goes down by h: it goes up.",
        "all_inputs": "all weights move: only number j does.",
        "before": "the weight before it moves: j counts from 0.",
        "strict": "the neuron does not fire at z = 0: step(0) is 1.",
        "undivided": "the division by h is missing.",
        "twice": "the division is by 2 h: the weight moves to one side.",
        "size_h": "the sign of h is lost in the division.",
        "central": "this is the central difference: the weight goes up only.",
        "halves": "the weight goes half of h up and half down: it goes up by h.",
        "exact": "the derivatives came, 0 for the step: changes are asked for.",
        "slope": "the exact slope came: the change, divided by h, is asked for.",
        "slope_alone": "σ(z) (1 − σ(z)) came: the change, divided by h, is asked for.",
        "size": "the sizes of the changes are averaged: they have signs.",
        "mean_row": "one mean example changes: average the changes of all.",
        "summed": "the changes are added up: take their mean.",
        "each": "one quotient for each example came: their mean is asked for.",
        "tanh": "tanh stands in place of the sigmoid.",
        "linear": "z stands in place of the sigmoid.",
    },
    demands={
        "weight number $j$ goes up by $h$": ["minus", "all_inputs", "bias", "input"],
        "the mean change of the output": ["summed", "size", "mean_row"],
        "divided by $h$": ["undivided", "twice", "exact"],
        "$1/(1 + e^{-z})$": ["tanh", "linear"],
    },
    why="To learn, a weight must hear whether it should go up or down. A small change "
    "of it leaves all outputs of the step as they are, unless an example lies right on "
    "the boundary: the quotient is 0, and says nothing. The sigmoid answers every "
    "change, and for small h always with about the same number, its slope.",
    see="From perceptron to neuron",
    goal="explain why networks that learn need a smooth activation instead of a step",
)
