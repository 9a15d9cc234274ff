"""Mistakes that recur in every step: what befalls arguments, and what befalls results.

A `Move` is one thing that goes wrong. The slips that a reference carries are moves, too
(`slips`); those here need no chapter: they change what the reference gets or gives.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .values import floats, is_list, is_row

MEANING = {
    "N": "the number of examples",
    "m": "the number of examples",
    "n": "the number of features",
    "k": "the number of classes",
}
FEW = 6  # entries: what fewer whole numbers have in common proves nothing


@dataclass(frozen=True)
class Move:
    """One thing that goes wrong.

    `text` says it to the student; of the moves with one `site` at most one happens.
    A slip of a reference is named by `slip`; `args` changes a case's arguments,
    `result` what was observed, `instead` is a whole wrong function.
    """

    text: str
    site: Any = None
    slip: str = ""
    args: Callable[[dict], dict] | None = None
    result: Callable[[dict, Any], dict] | None = None
    instead: Callable | None = None


# --- arguments -----------------------------------------------------------------------


def argument_moves(cases: Sequence[Any]) -> Iterator[Move]:
    """Yield: two exchanged, one for another, one left out, off by one, or fixed."""
    shared = [k for k in cases[0].args if all(k in c.args for c in cases)]
    first = {k: cases[0].args[k] for k in shared if k[:1] != "_"}
    kinds = {k: (type(v), None if is_list(v) else np.ndim(v)) for k, v in first.items()}
    for a, b in itertools.combinations(first, 2):
        if kinds[a] == kinds[b] and not callable(first[a]):
            yield Move(f"{a} and {b} are exchanged.", a, args=_exchange(a, b))
    for a, b in itertools.permutations(first, 2):
        number = isinstance(first[a], int | float) and isinstance(first[b], int | float)
        if (kinds[a] == kinds[b] or number) and not callable(first[a]):
            yield Move(f"{b} stands in place of {a}.", a, args=_replace(a, b))
    for a, value in first.items():
        if isinstance(value, bool | str) or callable(value) or is_list(value):
            continue
        for fixed in (0, 1):
            if not all(np.all(np.asarray(c.args[a]) == fixed) for c in cases):
                text = f"{a} is not used: the result is that with {fixed} in its place."
                yield Move(text, a, args=_fill(a, fixed))
        if not all(isinstance(c.args[a], int | np.integer) for c in cases):
            text = f"the sign of {a} is wrong: the result is that with −{a}."
            yield Move(text, a, args=lambda v, a=a: v | {a: -np.asarray(v[a])})
            continue
        for by, text in ((-1, "too small"), (1, "too large")):
            move = lambda v, a=a, by=by: v | {a: v[a] + by}  # noqa: E731
            yield Move(f"{a} is taken one {text}.", a, args=move)
        for fixed in sorted({10, *(c.args[a] for c in cases)} - {0, 1}):
            text = f"{a} is not used: the result is that with {fixed} in its place."
            yield Move(text, a, args=_fill(a, fixed))
    rows = [k for k, v in first.items() if not is_list(v) and np.ndim(v)]
    for keep, text in ((slice(-1), "the last"), (slice(1, None), "the first")):
        for chosen in ([*rows], *([k] for k in rows if len(rows) > 1)):
            if _one_length(cases, chosen):
                names = " and ".join(chosen)
                yield Move(
                    f"{text} entry (or row) of {names} is left out.",
                    "rows",
                    args=lambda v, c=tuple(chosen), s=keep: v | {k: v[k][s] for k in c},
                )
    lists = [k for k, v in first.items() if is_list(v)]
    for n in sorted({len(c.args[lists[0]]) for c in cases} if lists else ()):
        text = f"there are not always {n} entries in {' and '.join(lists)}."
        yield Move(
            f"{text} Use their length.",
            "length",
            args=lambda v, n=n: v | {k: [v[k][i] for i in range(n)] for k in lists},
        )


def _one_length(cases: Sequence[Any], names: Sequence[str]) -> bool:
    return bool(names) and all(
        len({len(np.atleast_1d(c.args[k])) for k in names}) == 1
        and len(np.atleast_1d(c.args[names[0]])) > 1
        for c in cases
        if all(np.ndim(c.args[k]) for k in names)
    )


def _exchange(a: str, b: str) -> Callable:
    return lambda v: v | {a: v[b], b: v[a]}


def _replace(a: str, b: str) -> Callable:
    return lambda v: v | {a: v[b]}


def _fill(a: str, value: float) -> Callable:
    def fill(args: dict) -> dict:
        old = args[a]
        if np.ndim(old) == 0:
            return args | {a: type(old)(value)}
        return args | {a: np.full_like(old, value)}

    return fill


# --- results -------------------------------------------------------------------------

Change = Callable[[np.ndarray], np.ndarray]
TRANSFORMS: tuple[tuple[str, Change], ...] = (
    ("every entry is 0.", lambda e: 0 * e),
    ("the result is transposed.", lambda e: e.T),
    ("this is 1 minus the expected result.", lambda e: 1 - e),
    ("−1 and 1 came in place of 0 and 1.", lambda e: 2 * e - 1),
    ("the sign is lost: these are absolute values.", np.abs),
    ("every entry is squared.", np.square),
    ("these are the square roots of the expected values.", np.sqrt),
    ("these are the reciprocals of the expected values.", lambda e: 1 / e),
    ("this is the logarithm of the expected result.", np.log),
    ("this is the exponential of the expected result.", np.exp),
    ("the sigmoid is applied once too often.", lambda e: 1 / (1 + np.exp(-e))),
    ("a sigmoid is missing.", lambda e: np.log(e / (1 - e))),
    ("negative entries have been set to 0.", lambda e: np.maximum(e, 0)),
    ("the fractions are cut off: integers (an integer array?).", np.trunc),
    ("the values are rounded.", np.round),
    ("the rows are in reversed order.", lambda e: e[::-1]),
    ("the columns are in reversed order.", lambda e: e[..., ::-1]),
    ("the rows are shifted down by one.", lambda e: np.roll(e, 1, 0)),
    ("the rows are shifted up by one.", lambda e: np.roll(e, -1, 0)),
    ("the columns are shifted right by one.", lambda e: np.roll(e, 1, -1)),
    ("the columns are shifted left by one.", lambda e: np.roll(e, -1, -1)),
    ("every row (or entry) is that of the first example.", lambda e: 0 * e + e[:1]),
    ("every row (or entry) is that of the last example.", lambda e: 0 * e + e[-1:]),
    ("every row (or entry) is the mean of them all.", lambda e: 0 * e + e.mean(0)),
    ("every row (or entry) is the sum of them all.", lambda e: 0 * e + e.sum(0)),
    (
        "every column is the mean over the columns.",
        lambda e: 0 * e + e.mean(-1, keepdims=True),
    ),
    (
        "every column is the sum over the columns.",
        lambda e: 0 * e + e.sum(-1, keepdims=True),
    ),
    ("this is the running sum of the expected values.", np.add.accumulate),
    ("each row is divided by its sum.", lambda e: e / e.sum(-1, keepdims=True)),
    ("each column is divided by its sum.", lambda e: e / e.sum(0, keepdims=True)),
    ("the values are sorted.", lambda e: np.sort(e, 0)),
    ("the first row (or entry) is missing.", lambda e: e[1:]),
    ("the last row (or entry) is missing.", lambda e: e[:-1]),
    ("the first column is missing.", lambda e: e[:, 1:]),
    ("the last column is missing.", lambda e: e[:, :-1]),
    ("only the first row (or entry) came.", lambda e: e[0]),
    ("only the last row (or entry) came.", lambda e: e[-1]),
    ("the index of the largest entry of each row came.", lambda e: e.argmax(-1)),
    ("the largest entry of each row came, alone.", lambda e: e.max(-1)),
)
WITH_AID = (
    ("this is {0} itself, unchanged.", lambda e, v: v + 0 * e),
    (
        "{0} is missing: the result differs from the expected one by just {0}.",
        lambda e, v: e - v,
    ),
    ("{0} is counted once too often.", lambda e, v: e + v),
    ("{0} is subtracted where it should be added.", lambda e, v: e - 2 * v),
    ("{0} is added where it should be subtracted.", lambda e, v: e + 2 * v),
    ("a factor {0} is missing.", lambda e, v: e / v),
    ("there is one factor {0} too many.", lambda e, v: e * v),
)
WHOLE = {"one too large.": lambda e: e + 1, "one too small.": lambda e: e - 1}


def factors(scales: Mapping[str, float]) -> dict[str, float]:
    """Return the factors that a mistake may bring in, by what the mistake is."""
    named = {}
    for (a, size), (b, other) in itertools.combinations(scales.items(), 2):
        named[f"every entry is divided by {a} and {b}."] = 1 / size / other
        named[f"every entry is {a}·{b} times the expected one."] = size * other
    for a, size in scales.items():
        what = f"{a}, {MEANING[a]}" if a in MEANING else a
        named[
            f"every entry is {a} times the expected one: you did not divide by {what}."
        ] = size
        named[f"every entry is divided by {what}, once too often."] = 1 / size
        if size > 1:
            named[f"you divided by {a} − 1 in place of {a}."] = size / (size - 1)
        for b, other in scales.items():
            if a != b:
                wrong = f"{b}, {MEANING[b]}" if b in MEANING else b
                named[f"you divided by {wrong}, in place of {what}."] = size / other
    named |= {
        "every entry is twice the expected one: a factor 2 too many or a ½ missing.": 2,
        "every entry is half the expected one: a ½ too many or a 2 missing.": 0.5,
        "the logarithm has base 2, not e.": 1 / np.log(2),
        "the logarithm has base 10, not e.": 1 / np.log(10),
    }
    for a, size in scales.items():
        named[f"every entry is √{a} times the expected one."] = size**0.5
        named[f"every entry is divided by √{a}."] = size**-0.5
    minus = {f"{t[:-1]}, and the sign is wrong.": -c for t, c in named.items()}
    return (
        {"the sign is wrong: every entry is minus the expected one.": -1}
        | named
        | minus
    )


def _axis(axis: int) -> str:
    return f"axis {axis} ({('the rows: examples', 'the columns: features')[axis % 2]})"


def result_moves(
    cases: Sequence[Any], want: Sequence[dict], parts: Sequence[str]
) -> Iterator[Move]:
    """Yield: another order of the results, one alone; then what befalls arrays."""
    parts = [p for p in parts if p in want[0]]
    for order in list(itertools.permutations(parts))[1:] if len(parts) < 6 else ():
        text = f"the results come in the order ({', '.join(order)})."
        if len(parts) == 2:
            text = f"the pair is exchanged: ({', '.join(parts)}) is asked for."
        yield Move(text, "order", result=_ordered(parts, order))
    for part in parts if len(parts) > 1 else ():
        text = f"only {part} is returned: ({', '.join(parts)}) is asked for."
        yield Move(text, "order", result=lambda o, _, p=part: _alone(o, o[p]))
    judged = [k for k in want[0] if k != "changed" and k[:1] != "_"]
    choices = [(k,) for k in judged]
    if len(judged) > 1:
        choices.append(tuple(judged))
    for chosen in choices:
        name = chosen[0] if len(chosen) == 1 else " and ".join(chosen)
        for text, change in _changes(cases, want, chosen).items():
            yield Move(
                f"{name}: {text}" if name else text,
                chosen,
                result=lambda o, case, c=change, k=chosen: _changed(o, case, c, k),
            )


def _ordered(parts: Sequence[str], order: Sequence[str]) -> Callable:
    return lambda o, _: o | {p: o[x] for p, x in zip(parts, order, strict=True)}


def _alone(observed: dict, value: Any) -> dict:
    rest = {k: v for k, v in observed.items() if k == "changed" or k[:1] == "_"}
    return rest | {"result": value}


def _changed(observed: dict, case: Any, change: Callable, chosen: tuple) -> dict:
    made = {}
    for part in chosen:
        value = observed[part]
        if is_list(value) and not is_row(value):
            made[part] = [change(np.asarray(v, float), case) for v in value]
        else:
            made[part] = change(np.asarray(value, float), case)
    return observed | made


def _changes(cases: Sequence, want: Sequence[dict], chosen: tuple) -> dict:
    """Return what may befall the arrays of these parts: text → f(array, case)."""
    arrays = []
    for observed in want:
        for part in chosen:
            value = observed[part]
            flat = value if is_list(value) and not is_row(value) else [value]
            arrays += [floats(v) for v in flat]
    if not arrays or any(a is None for a in arrays):
        return {}
    size = sum(a.size for a in arrays)
    whole = all(np.all(a == np.round(a)) for a in arrays)
    if (whole and size < FEW) or size < 2:
        if not whole or size < 3:
            return {}
        return {t: lambda e, _, f=f: f(e) for t, f in WHOLE.items()}
    changes: dict[str, Callable] = {}
    if whole:
        changes |= {t: lambda e, _, f=f: f(e) for t, f in WHOLE.items()}
    for text in factors(cases[0].scales):
        changes[text] = lambda e, case, t=text: e * factors(case.scales)[t]
    changes |= {t: lambda e, _, f=f: f(e) for t, f in TRANSFORMS}
    for axis in range(max(a.ndim for a in arrays)):
        for how, reduce in (("summed", np.sum), ("averaged", np.mean)):
            changes[f"{how} over {_axis(axis)}: one value for each was asked for."] = (
                lambda e, _, r=reduce, x=axis: r(e, axis=x)
            )
            changes[f"{how} over {_axis(axis)}, which stays as length 1."] = (
                lambda e, _, r=reduce, x=axis: r(e, axis=x, keepdims=True)
            )
    for how, reduce in (("summed", np.sum), ("averaged", np.mean)):
        changes[f"{how} over all entries: one value for each was asked for."] = (
            lambda e, _, r=reduce: r(e)
        )
    if len(chosen) == 1:
        for aid, value in {**cases[0].args, **cases[0].aids}.items():
            if aid[:1] != "_" and not isinstance(value, bool):
                for text, change in WITH_AID:
                    changes[text.format(aid)] = _with_aid(change, aid)
    return changes


def _with_aid(change: Callable, aid: str) -> Callable:
    def changed(e: np.ndarray, case: Any) -> np.ndarray:
        value = floats({**case.args, **case.aids}[aid])
        if value is None:
            raise ValueError(f"{aid} is no array")
        made = change(e, value)
        if np.shape(made) != e.shape:
            raise ValueError("another shape")
        return made

    return changed


# --- facts, where no cause is found --------------------------------------------------


def structure(got: Sequence, expected: Sequence, rtol: float, atol: float) -> str:
    """Say what wrong arrays have in common with the expected ones: a fact, no cause."""
    got = [np.asarray(floats(g)) for g in got]
    expected = [np.asarray(floats(e)) for e in expected]
    if all(e.size == 1 for e in expected):  # a number in each case: look at all of them
        got, expected = [np.ravel(got)], [np.ravel(expected)]
    if sum(e.size for e in expected) < 3:
        return ""

    def everywhere(test: Callable[[np.ndarray, np.ndarray], Any]) -> bool:
        with contextlib.suppress(ValueError), np.errstate(all="ignore"):
            return all(test(g, e) for g, e in zip(got, expected, strict=True))
        return False

    def flat(values: np.ndarray, axis: int | None = None) -> bool:
        values = np.where(np.isnan(values), np.nanmean(values), values)  # 0 / 0
        return bool(
            np.isfinite(values).all()
            and np.allclose(values, np.mean(values, axis, keepdims=True), rtol, atol)
        )

    def listed(values: Callable) -> str:
        each = (values(g, e) for g, e in zip(got, expected, strict=True))
        with np.errstate(all="ignore"):
            return ", ".join(dict.fromkeys(f"{np.nanmean(v):.4g}" for v in each))

    def permuted(g: np.ndarray, e: np.ndarray) -> bool:
        table = np.isclose(g[:, None], e[None], rtol, atol).all(-1)
        return bool(table.any(0).all() and table.any(1).all())

    if everywhere(lambda g, e: flat(g / e)):
        ratios = listed(lambda g, e: g / e)
        return f"every entry is a constant times the expected one: {ratios}."
    if everywhere(lambda g, e: flat(g - e)):
        return f"every entry differs by the same amount: {listed(np.subtract)}."
    if everywhere(lambda g, e: np.allclose(g, e, 1e-3, 1e-5)):
        return "the values are close to the expected ones, yet not equal."
    tables = everywhere(lambda g, e: g.ndim == 2 and min(g.shape) > 1)
    for axis, what in ((0, "column"), (1, "row")) if tables else ():
        if everywhere(lambda g, e, a=axis: flat(g / e, a)):
            return f"every {what} is right up to a factor of its own."
        if everywhere(lambda g, e, a=axis: flat(g - e, a)):
            return f"every {what} is right up to a number added to it."
    if tables and everywhere(permuted):
        return "the rows are right, in another order."
    if tables and everywhere(lambda g, e: permuted(g.T, e.T)):
        return "the columns are right, in another order."
    if everywhere(
        lambda g, e: np.allclose(np.sort(g, None), np.sort(e, None), rtol, atol)
    ):
        return "these are the right numbers, in another order."
    if tables and everywhere(lambda g, e: np.allclose(g, g[:1]) and np.ptp(e, 0).any()):
        return "every row is the same."
    return ""


def where(got: Any, expected: Any, aids: Mapping, rtol: float, atol: float) -> str:
    """Say where the wrong entries of an array lie."""
    g, e = np.asarray(floats(got)), np.asarray(floats(expected))
    wrong = ~np.isclose(g, e, rtol, atol, equal_nan=True)
    count = f"{wrong.sum()} of {wrong.size} entries are wrong"
    if wrong.ndim == 0 or wrong.all():
        return ""
    for name, value in aids.items():
        value = floats(value)
        if value is None or value.shape != wrong.shape:
            continue
        for text, places in (
            ("= 0", value == 0),
            ("< 0", value < 0),
            ("> 0", value > 0),
            ("≤ 0", value <= 0),
            ("≥ 0", value >= 0),
        ):
            if np.array_equal(places, wrong):
                return f"{count}: exactly those where {name} {text}."
    for axis, what in ((0, "row"), (1, "column"))[: wrong.ndim]:
        lines = wrong.any(tuple(i for i in range(wrong.ndim) if i != axis))
        what = "entry" if wrong.ndim == 1 else what
        for end, word in ((0, "first"), (-1, "last")):
            if lines[end] and lines.sum() == 1 < lines.size:
                return f"only the {word} {what} is wrong: an error at the edge?"
            if not lines[end] and lines.sum() == lines.size - 1:
                return f"only the {word} {what} is right."
    return f"{count}; all others are right."
