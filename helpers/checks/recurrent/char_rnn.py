"""Checks of the sheet `recurrent/char_rnn`: vocabulary, labels, sampling, perplexity.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from ..engine import Case, CheckFailed, Step
from ..engine.values import is_list, kind_of

LETTERS = "to be, or not to be: that is the Question.\n"
OVERFLOW = "an exponential overflows: subtract the largest logit before exp."


def _log_softmax(z, axis=-1):
    return z - np.logaddexp.reduce(z, axis, keepdims=True)


# --- vocabulary -----------------------------------------------------------------------


def _vocabulary(slip, text, least):
    text = slip(text, small=text.lower())
    kinds = set(text)
    letters = {c for c in kinds if c.isalpha()}
    kinds = slip(kinds, no_spaces=kinds - set(" \n"), letters=letters)
    least = slip(least, all_kept=1, more=least + 1)
    kept = {c for c in kinds if text.count(c) >= least}
    kept = slip(kept, turned_count=kinds - kept)
    met = [c for c in dict.fromkeys(text) if c in kept]
    often = lambda v: sorted(v, key=text.count, reverse=True)  # noqa: E731
    wrong = {"by_count": often(sorted(kept)), "most_common": often(met)}
    wrong["by_appearance"] = met
    wrong["repeated"] = sorted(c for c in text if c in kept)
    characters = slip(sorted(kept), falling=sorted(kept)[::-1], **wrong)
    end = slip(["<rare>"], no_rare=[], if_needed=["<rare>"] * (kept != kinds))
    listed = [*characters, *end]
    characters = slip(
        listed, rare_first=[*end, *characters], rare_sorted=sorted(listed)
    )
    place = {c: i for i, c in enumerate(characters)}
    rare = place.get("<rare>", len(characters))
    rare = slip(rare, rare_none=-1, rare_behind=len(characters))
    index = {c: place.get(c, rare) for c in sorted(kinds)}
    numbers = {c: i if c in kept else rare for i, c in enumerate(index)}
    index = slip(index, numbered_before=numbers)
    index = slip(index, only_kept={c: place[c] for c in characters if c in kept})
    counts = {c: text.count(c) for c in index}
    turned = dict(enumerate(characters))
    index = slip(index, from_1={c: i + 1 for c, i in index.items()}, turned=turned)
    return characters, slip(index, counts=counts)


def _texts(rng) -> Iterator[Case]:
    shuffled = "".join(rng.permutation(list(LETTERS * 2)))
    for text, least in ((LETTERS, 2), (shuffled, 5), (LETTERS, 1), ("abaa", 2)):
        args = {"text": text, "least": least}
        yield Case(f"{text[:20]!r} …, least = {least}", args)


def _two_results(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe a list of texts and a dictionary from texts to whole numbers."""
    value = replay(*case.args.values())
    if not (is_list(value) and len(value) == 2):
        return {"form": kind_of(value)}
    characters, index = value
    plain = lambda v: str(v) if isinstance(v, str) else v  # noqa: E731  np.str_, too
    if is_list(characters):
        characters = list(map(plain, characters))
    if isinstance(index, dict):
        index = {plain(k): v for k, v in index.items() if k != "<rare>"}
    return {"characters": characters, "index": index}


def _vocabulary_fact(got: dict, want: dict) -> str:
    if "form" in got:
        return (
            f"two results, a list and a dictionary, are expected; {got['form']} came."
        )
    characters, index = got["characters"], got["index"]
    if not is_list(characters):
        return f"a list of characters is asked for; {kind_of(characters)} came."
    if not isinstance(index, dict):
        return f"the second result is a dictionary; {kind_of(index)} came."
    if characters != want["characters"] and set(characters) == set(want["characters"]):
        return (
            "the list is not sorted upward by the characters. (The order of a set "
            "changes from run to run, and with it the meaning of every index.)"
        )
    if set(characters) == set(want["characters"]) and index != want["index"]:
        return "index[c] is not the place of c in the list."
    return ""


vocabulary = Step(
    "vocabulary",
    _vocabulary,
    _texts,
    observe=_two_results,
    tell=_vocabulary_fact,
    texts={
        "small": "capital letters were made small: they are characters of their own.",
        "no_spaces": "blanks and line ends are missing: they are characters, too.",
        "letters": "only letters are kept: every character of the text counts.",
        "all_kept": "every character has a place of its own: the rare ones share one.",
        "more": "characters that occur `least` times count as rare: that is enough.",
        "turned_count": "the rare characters are kept, and the others are not.",
        "by_appearance": "the characters come in the order of their appearance.",
        "by_count": "the characters come in the order of their counts.",
        "most_common": "the characters come by their counts, then as they appear.",
        "repeated": "characters occur twice in the list: each should occur once.",
        "falling": "the list is sorted from the largest down: sort upward.",
        "no_rare": 'the list lacks its last entry "<rare>".',
        "if_needed": '"<rare>" is missing where no character is rare.',
        "rare_first": '"<rare>" is the first entry: it is the last.',
        "rare_sorted": '"<rare>" is sorted among the characters: it is the last entry.',
        "rare_behind": "the rare characters lead to a place behind the end.",
        "numbered_before": "the rare ones were numbered, too: count in the list.",
        "only_kept": "the rare characters are missing in the dictionary: they lead to "
        'the place of "<rare>".',
        "rare_none": 'the rare characters lead to −1: "<rare>" has a place of its own.',
        "turned": "the dictionary leads from index to character: turn it around.",
        "from_1": "the indices begin with 1: they count from 0.",
        "counts": "the dictionary counts the characters: their places are asked for.",
    },
    demands={
        "that occur at least `least` times": ["all_kept", "more", "turned_count"],
        "sorted upward": ["by_appearance", "by_count", "falling", "repeated"],
        'at its end, always, the entry `"<rare>"`': ["rare_first", "if_needed"],
        "from *every* character of the text to its place": ["only_kept", "small"],
        'the rare ones to that of `"<rare>"`': ["rare_none", "turned", "from_1"],
    },
    why="An index means a character only as long as the list stays the same. The order "
    "of a set changes from one run of Python to the next, so a model that was saved "
    "would read other letters after loading: sorting fixes the order. What is rare, or "
    "never occurred, shares one place, and the model can read any text.",
    see="A network that writes",
    goal="train a network that writes",
)


# --- examples -------------------------------------------------------------------------


def _examples(slip, indices, T):
    N = len(indices)
    n = slip((N - 1) // T, no_last=max((N - 1) // T - 1, 0), no_exact=(N - 2) // T)
    places = np.arange(n * T).reshape(n, T)
    places = slip(
        places, T_windows=places.reshape(T, n), every_nth=places.reshape(T, n).T
    )
    pieces = np.arange(N // (T + 1) * (T + 1)).reshape(-1, T + 1)
    places = slip(places, pieces=pieces[:, :-1])
    overlapping = np.arange(N - T)[:, None] + np.arange(T)
    places = slip(
        places, overlap=overlapping, too_many=np.arange(N // T * T).reshape(-1, T)
    )
    places = slip(places, rest_first=places + N - 1 - n * T)
    X = indices[places]
    Y = indices[(places + slip(1, unshifted=0, before=-1, next_window=T)) % N]
    Y = slip(Y, rolled=np.roll(X, -1, axis=1), only_last=Y[:, -1])
    to_one = indices[overlapping], indices[T:]
    cut = lambda a: a[: N // T * T].reshape(-1, T)  # noqa: E731
    too_short = lambda: (cut(indices), cut(indices[1:]).reshape(N // T, T))  # noqa: E731
    X, Y = slip((X, Y), exchanged=(Y, X))
    return slip((X, Y), turned=(X.T, Y.T), to_one=to_one, too_short=too_short)


def _examples_cases(rng) -> Iterator[Case]:
    for length, T in ((23, 5), (21, 5), (20, 5), (9, 1), (7, 6)):
        args = {"indices": rng.integers(30, size=length), "T": T}
        yield Case(f"{length} characters, T = {T}", args)


examples = Step(
    "examples",
    _examples,
    _examples_cases,
    ("X", "Y"),
    lists=True,
    texts={
        "no_last": "the last window is lost: there are ⌊(N − 1)/T⌋ windows.",
        "no_exact": "a window is lost when the text fits: there are ⌊(N − 1)/T⌋.",
        "T_windows": "T is taken for the number of windows: it is their length.",
        "every_nth": "a window takes every n-th character, not neighbors.",
        "pieces": "the text is cut into pieces of T + 1: each last one is no input.",
        "too_short": "there are ⌊(N − 1)/T⌋ windows, not ⌊N/T⌋: labels are missing.",
        "overlap": "the windows overlap: each should begin where the last one ended.",
        "too_many": "there are ⌊N/T⌋ windows; the last label is the text's first.",
        "unshifted": "the labels are the inputs: they should be shifted by one.",
        "before": "the labels are the characters before: shift them the other way.",
        "exchanged": "each label stands before its input: the label is what follows.",
        "rest_first": "what is left over is dropped at the beginning: at the end.",
        "next_window": "the labels are shifted by T, not by one.",
        "rolled": "the labels are rolled within a window: its last one is the next's.",
        "only_last": "Y holds one label for each window: every input has one.",
        "to_one": "the windows overlap, and each has one label.",
        "turned": "times and windows are exchanged: one window is one row.",
    },
    demands={
        "into windows of $T$ characters": ["T_windows", "turned"],
        "that do not overlap": ["overlap"],
        "the one that follows it in the text": ["unshifted", "before", "rolled"],
        "both of shape $(\\lfloor (N - 1)/T \\rfloor, T)$": ["only_last", "no_exact"],
        "What is left at the end is not used": ["too_many"],
    },
    why="Inputs and labels are the same text, shifted by one: after each character the "
    "network is to guess the next. The last label of a window is the first character "
    "of the next one, so the shift belongs to the text and not to the windows. The "
    "last character of all has no label: hence N − 1.",
    see="A network that writes",
    goal="train a network that writes",
    small=lambda: Case("", {"indices": np.array([5, 3, 8, 1, 9, 2]), "T": 2}),
)


# --- one_hot --------------------------------------------------------------------------


def _one_hot(slip, indices, k):
    k = slip(k, largest=int(indices.max()) + 1)
    one = np.eye(k)[indices]
    one = slip(one, from_1=np.roll(one, 1, -1), numbers=one * indices[..., None])
    rows = np.arange(len(indices))
    one_axis = lambda: one + 0 * np.eye(len(rows), k)[rows, indices][..., None]  # noqa: E731
    every = 0 * one + np.isin(np.arange(k), indices)
    one = slip(one, every_index=every, one_axis=one_axis)
    return slip(one, classes_first=np.moveaxis(one, -1, 0), flat=one.reshape(-1, k))


def _one_hot_cases(rng) -> Iterator[Case]:
    for shape, k in (((5,), 6), ((3, 4), 5), ((4,), 4)):
        args = {"indices": rng.integers(4, size=shape), "k": k}
        yield Case(f"indices {shape}, k = {k}", args)


_ones = Step(
    "one_hot",
    _one_hot,
    _one_hot_cases,
    lists=True,
    texts={
        "largest": "the number of columns is that of the largest index: it is k.",
        "classes_first": "the classes should be the last axis.",
        "flat": "the axes of the indices are joined to one: they stay, and k is added.",
        "from_1": "the ones stand one place too far: indices count from 0.",
        "every_index": "every row has a 1 for every index that occurs: its own only.",
        "one_axis": "this works for one axis only: indices have any shape.",
        "numbers": "the index itself stands where a 1 should.",
    },
    demands={
        "integers of any shape `(…)`": ["flat", "indices (3, 4), k = 5"],
        "floats of shape `(…, k)`": ["largest", "classes_first"],
        "with a 1 in the place of each index": ["from_1", "numbers"],
    },
    why="A character is no quantity: its index says which one it is, not how much. "
    "One-hot gives every character a place of its own. The number of places is "
    "that of the vocabulary, also where a short text lacks the last characters: the "
    "weights behind it have that many columns.",
    see="A network that writes",
    goal="train a network that writes",
    small=lambda: Case("", {"indices": np.array([2, 0]), "k": 4}),
)


def one_hot(function: Callable, seed: int = 0) -> None:
    """Check `one_hot(indices, k)` → (…, k) of floats."""

    def floating(indices, k):
        value = function(indices, k)
        if isinstance(value, np.ndarray) and value.dtype.kind in "biu":
            kind = "truth values" if value.dtype.kind == "b" else "integers"
            text = f"{kind} came; floats are asked for."
            raise CheckFailed(f"✗ one_hot: wrong dtype\nLikely mistake: {text}")
        return value

    _ones(floating, seed)


# --- probabilities --------------------------------------------------------------------


def _heated(slip, z, tau):
    """Return the softmax of z/τ."""
    a = slip(z / tau, no_tau=z, times_tau=z * tau)
    p = np.exp(_log_softmax(a))
    once = np.exp(_log_softmax(z))
    return slip(p, twice=_soft(p), tau_later=_soft(once / tau))


def _soft(z):
    return np.exp(_log_softmax(z))


def _probabilities(slip, z, tau):
    p = _heated(slip, z, tau)
    p = slip(p, divided=_soft(z) / tau, logarithms=_log_softmax(z / tau))
    p = slip(p, no_sum=p / p.max())
    share = lambda e: e / slip(e.sum(), no_sum=e.max())  # noqa: E731
    p = slip(p, no_shift=lambda: share(np.exp(z / tau)))
    p = slip(p, shift_late=lambda: share(np.exp(z / tau - z.max())))
    p = slip(p, cut=share(np.exp(np.clip(z / tau, -700, 700))))
    p = slip(p, cut_z=share(np.exp(np.clip(z, -500, 500) / tau)))
    power = _soft(z) ** (1 / tau)
    return slip(p, power=power, root=share(power))


def _probabilities_cases(rng) -> Iterator[Case]:
    for k, tau in ((5, 1.0), (7, 0.5), (4, 2.0)):
        yield Case(f"k = {k}, τ = {tau}", {"z": 2 * rng.normal(size=k), "tau": tau})
    for tau in (0.8, 500.0):
        z = np.array([1000.0, 999.0, -1000.0])
        yield Case(f"logits of ±1000, τ = {tau}", {"z": z, "tau": tau})


HEAT = {
    "no_tau": "the temperature has no effect: it is not used, or it cancels "
    "where a sum is made 1 again.",
    "times_tau": "the logits are multiplied by the temperature: a high temperature "
    "should make the probabilities more equal.",
    "twice": "a softmax of a softmax: probabilities lie between 0 and 1, so the second "
    "one is nearly uniform. Apply it to the logits, once.",
    "tau_later": "a softmax of a softmax: the temperature belongs to the logits, and "
    "one softmax is enough.",
}
probabilities = Step(
    "probabilities",
    _probabilities,
    _probabilities_cases,
    lists=True,
    texts=HEAT
    | {
        "divided": "the probabilities are divided by the temperature, not the logits.",
        "logarithms": "these are logarithms of probabilities.",
        "no_shift": OVERFLOW,
        "shift_late": "the largest logit is subtracted, but not divided by τ.",
        "cut": "large logits are cut off before exp, and become equal.",
        "cut_z": "large logits are cut off before τ divides them: they become equal.",
        "power": "powers of probabilities do not add up to 1: divide the logits by τ.",
        "root": "the temperature comes after the softmax, as a power 1/τ: what was "
        "rounded to 0 stays 0. Divide the logits.",
        "no_sum": "the sum of the exponentials is missing: probabilities add up to 1.",
    },
    demands={
        "$p_j = e^{z_j/\\tau} / \\sum_c e^{z_c/\\tau}$": [
            "no_tau",
            "times_tau",
            "twice",
            "no_sum",
        ],
        "Logits of ±1000 must work": ["no_shift", "cut", "shift_late", "root"],
    },
    warn=OVERFLOW,
    why="The temperature divides the logits: below 1 it draws them apart, above 1 it "
    "makes them more alike. It must happen before exp. A common amount may be taken "
    "from all of z/τ without any change, and with the largest at 0 nothing overflows. "
    "A second softmax would flatten all, without an error.",
    see="Sampling",
    goal="sample from it without the usual mistakes",
    small=lambda: Case("", {"z": np.array([2.0, 0.0]), "tau": 0.5}),
)


# --- sample ---------------------------------------------------------------------------

PLACES, STATES = 6, 3


def _network(draw: int) -> Callable:
    """Return a small network: from an index and a state to logits and a new state."""
    rng = np.random.default_rng(draw)
    shapes = ((PLACES, STATES), (STATES, STATES), (PLACES, STATES), (PLACES,))
    E, A, W, b = (1.5 * rng.normal(size=shape) for shape in shapes)

    def step(i, h):
        new = np.tanh(E[int(i)] + A @ np.asarray(h))
        return W @ new + b, new

    return step


def _sample(slip, h, first, length, tau, draw):
    step, written, i = _network(draw), [], first
    rng = slip(
        np.random.default_rng(draw),
        own=lambda: np.random.default_rng(0),
        world=lambda: np.random.RandomState(draw),  # what np.random.seed(draw) makes
    )
    if slip(False, first_twice=True):
        h = step(i, h)[1]
    for _ in range(slip(length, one_more=length + 1)):
        z, new = step(i, h)
        h = slip(new, not_carried=h, neither=h)
        p = slip(_heated(slip, z, tau), uniform=np.full(PLACES, 1 / PLACES))
        if slip(False, anew=True):
            rng = np.random.default_rng(0)
        written.append(int(slip(rng.choice(PLACES, p=p), likeliest=p.argmax())))
        i = slip(written[-1], not_fed=first, neither=first)
        i = slip(i, drawn_again=lambda p=p, rng=rng: int(rng.choice(PLACES, p=p)))
    began = [first, *written]
    return slip(written, with_first=began, no_last=began[:-1])


def _sample_cases(rng) -> Iterator[Case]:
    draw = int(rng.integers(1000))
    for first, length, tau in ((2, 30, 1.0), (0, 40, 0.6), (4, 25, 3.0), (1, 1, 1.0)):
        args = {"h": np.linspace(-0.5, 0.5, STATES), "first": first, "length": length}
        label = f"{length} character{'s' * (length > 1)}, τ = {tau}"
        yield Case(label, args | {"tau": tau, "draw": draw + first})


_written = Step(
    "sample",
    _sample,
    _sample_cases,
    texts=HEAT
    | {
        "own": "a generator of your own is used: rng came in as an argument.",
        "world": "the draws come from np.random: use the rng that came in.",
        "anew": "a generator with a fixed seed is made for every character.",
        "first_twice": "`first` is read twice: the network reads each character once.",
        "one_more": "one character too many came.",
        "not_carried": "the state is not carried on: every step starts from h.",
        "not_fed": "the drawn character is not fed back: every step reads `first`.",
        "drawn_again": "what is read next is drawn anew, not the one written down.",
        "neither": "neither the state nor the drawn character is carried on.",
        "uniform": "the draws are uniform: p is missing in rng.choice.",
        "likeliest": "the most probable character is taken each time: draw one.",
        "with_first": "`first` stands at the beginning: it was not written.",
        "no_last": "`first` stands at the beginning and the last character is missing.",
    },
    demands={
        "read `first`, draw a character, read it": ["not_fed", "first_twice"],
        "returns `(z, new_h)`": ["not_carried"],
        "Draw each character once": ["drawn_again", "likeliest", "own", "world"],
        "where `p` is the softmax of `z / tau`": ["twice", "no_tau", "uniform"],
        "a list of `length` indices, without `first`": ["one_more", "with_first"],
        "must stay as it was": ["30 characters, τ = 1.0"],
    },
    why="Whoever writes with a network carries two things from step to step: the state "
    "that it returned, and the character that was drawn, which is its next input. The "
    "draws come from a generator of their own and leave the state that came in as it "
    "was, or a look at the model changes its training.",
    see="Sampling",
    goal="sample from it without the usual mistakes",
)


def sample(function: Callable, seed: int = 0) -> None:
    """Check `sample(step, h, first, length, tau, rng)` → a list of indices."""

    def write(h, first, length, tau, draw):
        np.random.seed(draw)  # noqa: NPY002  what np.random gives is known then
        rng = np.random.default_rng(draw)
        written = function(_network(draw), h, first, length, tau, rng)
        whole = is_list(written) and all(np.ndim(i) == 0 for i in written)
        return list(map(int, written)) if whole else written

    _written(write, seed)


# --- perplexity -----------------------------------------------------------------------


def _perplexity(slip, Z, Y):
    Z, axis = slip(Z, twice=_soft(Z)), slip(1, times=0)
    log_p, p = _log_softmax(Z, axis), np.exp(_log_softmax(Z, axis))
    log_p = slip(log_p, late=lambda: np.log(p))
    total = lambda: np.exp(Z).sum(axis, keepdims=True)  # noqa: E731
    log_p = slip(log_p, no_shift=lambda: np.log(np.exp(Z) / total()))
    log_p = slip(log_p, no_shift_2=lambda: Z - np.log(total()))
    least = {f"least_{n}": np.log(np.maximum(p, 10.0**-n)) for n in (8, 10, 12)}
    log_p = slip(log_p, plus_8=np.log(p + 1e-8), **least)
    rows, y = np.arange(len(Y)), slip(Y, predicted=Z.argmax(1))
    loss = slip(-log_p[rows, y], all_classes=-log_p.ravel(), table=-log_p[:, y].ravel())
    mean = slip(loss.mean(), summed=loss.sum(), middle=np.median(loss))
    mean = slip(mean, by_all=loss.sum() / Z.size, entropy=-(p * log_p).sum(1).mean())
    return slip(
        np.exp(mean),
        no_exp=mean,
        bits=mean / np.log(2),
        base_2=2**mean,
        below_1=np.exp(-mean),
        mean_inverse=lambda: np.exp(loss).mean(),
        inverse_mean=1 / np.exp(-loss).mean(),
    )


def _perplexity_cases(rng) -> Iterator[Case]:
    yield Case("a uniform model of 7", {"Z": np.zeros((5, 7)), "Y": np.arange(5)})
    args = {"Z": np.full((4, 3), 2.5), "Y": np.array([0] * 4)}
    yield Case("a uniform model of 3", args)
    for T, k in ((6, 4), (9, 5), (5, 3), (8, 6), (7, 3), (4, 5)):
        args = {"Z": 2 * rng.normal(size=(T, k)), "Y": rng.integers(k, size=T)}
        yield Case(f"T = {T}, k = {k}", args)
    certain = {"Z": np.array([[1000.0, 0.0], [0.0, 1000.0]]), "Y": np.array([0, 1])}
    yield Case("certain and right, logits of 1000", certain)
    Z = 2 * rng.normal(size=(16, 3))
    Z[5, 1] = 1000.0
    args = {"Z": Z, "Y": np.arange(16) // 2 % 2 * 2}
    yield Case("certain and wrong once, a logit of 1000", args)


GUARD = "p is kept from 0 (1e-{}) before the logarithm: take ln p from the logits."
perplexity = Step(
    "perplexity",
    _perplexity,
    _perplexity_cases,
    texts={
        "twice": "a softmax of a softmax: Z holds logits, one softmax is enough.",
        "times": "the softmax runs over the times: each row of Z is one distribution.",
        "late": "the logarithm comes after the softmax, and meets a 0: take ln p from "
        "the logits, z minus the logarithm of the sum (log-sum-exp).",
        "no_shift": OVERFLOW,
        "no_shift_2": "the sum of the exponentials overflows: subtract the largest "
        "logit before exp.",
        "plus_8": "1e-8 is added to p before the logarithm: take ln p from the logits.",
        **{f"least_{n}": GUARD.format(n) for n in (8, 10, 12)},
        "by_all": "the sum is divided by T · k: it has T characters.",
        "entropy": "this is made of the model's own entropy: what came is not read.",
        "predicted": "the largest probability is used, not that of the character.",
        "all_classes": "the mean is taken over all classes, not what came.",
        "table": "every row is read at every label: a row has one label, its own.",
        "summed": "this is exp of the sum: the mean over the characters is asked for.",
        "middle": "the median is taken: the mean of −ln p is asked for.",
        "no_exp": "this is the mean cross-entropy: exp is missing.",
        "bits": "this is in bits per character: exp of the mean in nats is asked for.",
        "base_2": "the base is 2 but the logarithm is natural: use exp.",
        "below_1": "the sign is missing: this is exp(mean ln p), which is below 1.",
        "mean_inverse": "this is the mean of 1/p: take the mean of −ln p, then exp.",
        "inverse_mean": "this is 1 over the mean p: take the mean of −ln p, then exp.",
    },
    demands={
        "exp of the mean of $-\\ln p$": ["no_exp", "summed", "mean_inverse", "below_1"],
        "for the characters that came": ["predicted", "all_classes"],
        "A uniform model has the perplexity $k$": ["a uniform model of 7", "bits"],
        "`Z`: logits, $(T, k)$": ["times", "twice"],
        "Logits of 1000 must work": ["no_shift", "late", "least_12"],
    },
    warn="an exponential overflows or ln 0 is taken: use log-sum-exp.",
    why="The mean of −ln p is what training makes small; exp of it is a number of "
    "characters among which the model hesitates, all equally likely. A uniform model "
    "hesitates among k. One certain mistake weighs heavily, so ln p must be exact "
    "where p itself is too small for a float.",
    see="A network that writes",
    goal="judge any language model by its perplexity",
    small=lambda: Case("", {"Z": np.array([[0.0, 0.0]]), "Y": np.array([1])}),
)


# --- bigram ---------------------------------------------------------------------------


def _bigram(slip, indices, k, alpha):
    size = slip(k, from_data=int(indices.max()) + 1)
    C = np.zeros((size, size))
    pairs = list(itertools.pairwise(indices))
    circular = [*pairs, (indices[-1], indices[0])]
    for a, b in slip(pairs, circular=circular, every_second=pairs[::2]):
        C[a, b] = slip(C[a, b] + 1, once=1)
    C = slip(C, turned=C.T, singles=0 * C + C.sum(0))
    single = np.bincount(indices, minlength=size)
    C = slip(C, all_singles=0 * C + single, singles_before=0 * C + C.sum(1))
    above, below = slip((alpha, alpha * size), one=(1, size), no_below=(alpha, 0))
    whole = int(alpha), int(alpha) * size
    above, below = slip((above, below), below_once=(alpha, alpha), cut_alpha=whole)
    rows, added = C.sum(1, keepdims=True), C + above
    rows = slip(rows, occur=single[:, None])
    filled = np.where(C == 0, alpha, C)
    P = slip(added / (rows + below), only_missing=filled / filled.sum(1, keepdims=True))
    bare = np.maximum(rows, 1)
    P = slip(P, no_alpha=C / rows, no_alpha_0=C / bare, late=C / bare + alpha)
    even = np.where(rows > 0, C / bare, 1 / size)
    P = slip(P, no_below_0=added / bare)
    P = slip(P, no_axis=added / (rows + below).ravel())
    P = slip(P, no_alpha_even=even, columns=added / added.sum(0))
    return slip(P, whole=added / added.sum(), counts=added)


def _bigram_cases(rng) -> Iterator[Case]:
    for length, k, alpha in ((40, 4, 0.5), (25, 5, 1.0), (60, 3, 2.0)):
        args = {"indices": rng.integers(k - 1, size=length), "k": k, "alpha": alpha}
        yield Case(f"{length} characters, k = {k}, α = {alpha}", args)


bigram = Step(
    "bigram",
    _bigram,
    _bigram_cases,
    lists=True,
    texts={
        "from_data": "the size of the table is that of the largest index: it is k.",
        "circular": "the first character is taken to follow the last one.",
        "every_second": "every second pair is left out: pairs overlap.",
        "cut_alpha": "α is cut to a whole number: is the table made of integers?",
        "only_missing": "α is added only where no pair occurred: to each count.",
        "once": "pairs that occur again are not counted: += with indices adds once.",
        "turned": "rows and columns are exchanged: row a holds what follows a.",
        "singles": "every row holds the frequencies of all characters: count pairs.",
        "all_singles": "the single characters of the whole text are counted, not the "
        "pairs.",
        "singles_before": "every row counts the first characters of all pairs.",
        "one": "1 is added in place of α.",
        "no_below": "α is missing in the sums below: the rows do not add up to 1.",
        "no_below_0": "α is missing in the sums below, and a sum of 0 was made 1.",
        "occur": "the sums below count the text's last character: nothing follows it.",
        "below_once": "α is added once below, not k times: no row adds up to 1.",
        "no_alpha": "α is missing: what never occurred gets 0, or 0/0.",
        "no_alpha_0": "α is missing: what never occurred gets 0, whole rows of it.",
        "no_alpha_even": "α is missing: rows without a count are filled, pairs not.",
        "late": "α is added to the probabilities: it is added to the counts.",
        "columns": "the columns add up to 1: the rows should.",
        "no_axis": "the sums of the rows divide the columns: keep the axis (keepdims).",
        "whole": "the whole table adds up to 1: each row should.",
        "counts": "these are counts: divide each row by its sum.",
    },
    demands={
        "Count the pairs": ["once", "singles", "circular"],
        "add $\\alpha$ to each count": ["no_alpha", "only_missing", "one", "late"],
        "make each row add up to 1": ["columns", "whole", "no_below", "counts"],
        "of shape $(k, k)$": ["from_data"],
        "the probability that `b` comes after `a`": ["turned"],
    },
    why="Row a is a distribution: what comes after a. So it adds up to 1 by itself, "
    "and α, which each of its k entries gets, is k times in its sum. Without α a pair "
    "that the text happens to lack has the probability 0, and a single one of them "
    "makes the perplexity of a new text infinite.",
    see="A network that writes",
    goal="next to models that only count",
    small=lambda: Case("", {"indices": np.array([0, 1, 0]), "k": 2, "alpha": 1.0}),
)
