"""What a wrong result is: mistakes recognized from arrays alone.

Nothing here runs a student's function; `core` does, and asks about each `Sample` in
this order, until one answers:

1. `known_mistake`: a known mistake that gives the student's results in all cases;
2. `form_fault`: the form (None, a list, a dtype, NaN), with `shape_hint` for a shape;
3. `generic`: one change of the expected values that gives all samples: a factor, then
   a slip (`TRANSFORMS`, `WITH_AID`, a known mistake), a constant factor, a slip
   together with a factor, then offsets and orders (`_structure`);
4. `known_mistake` and `generic` for the failing samples alone;
5. `observe`: where the wrong entries lie, a fact in place of a diagnosis.

The order goes from what rarely fits by chance to what often does: a story with a free
constant comes late, and only if no sample is right.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MEANING = {
    "N": "the number of examples",
    "m": "the number of examples",
    "n": "the number of features",
    "k": "the number of classes",
}


@dataclass(frozen=True)
class Raised:
    """The outcome of a call that ended in an exception."""

    message: str


@dataclass(frozen=True)
class Sample:
    """One array to judge: what came, what was expected, what mistakes would give."""

    label: str
    got: Any
    expected: Any
    mistakes: Mapping[tuple[int, str], Any]  # two may have the same text
    aids: Mapping[str, Any]
    scales: Mapping[str, float]


# --- values: numbers, lists and whether they agree ----------------------------------


def is_list(value: Any) -> bool:
    """Tell whether `value` is a list or tuple: several results, not one array."""
    return isinstance(value, list | tuple)


def kind_of(value: Any) -> str:
    """Describe what kind of thing `value` is, for a message."""
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__} itself (are its parentheses missing?)"
    count = f" of length {len(value)}" if is_list(value) else ""
    return f"a value of type {type(value).__name__}{count}"


def floats(value: Any) -> np.ndarray | None:
    """Return `value` as a float array, or None if it is none."""
    if isinstance(value, str | bytes | Raised) or type(value).__module__[:5] == "torch":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None


def same(got: Any, want: Any, rtol: float, atol: float) -> bool:
    """Compare structures of numbers; two exceptions count as the same."""
    if isinstance(got, Raised) or isinstance(want, Raised):
        return isinstance(got, Raised) and isinstance(want, Raised)
    if is_list(got) or is_list(want):
        if not hasattr(got, "__len__") or not hasattr(want, "__len__"):
            return False
        pairs = zip(got, want, strict=False)
        return len(got) == len(want) and all(same(*p, rtol, atol) for p in pairs)
    g, w = floats(got), floats(want)
    if g is None or w is None:
        return got is want
    return g.shape == w.shape and np.allclose(g, w, rtol, atol, equal_nan=True)


# --- known mistakes, form, shape ----------------------------------------------------


def known_mistake(results, wanted, wrong, rtol, atol) -> str:
    """Return the first known mistake that gives the student's results in all cases."""
    for key in wrong[0] if wrong else ():
        would = [w.get(key, Raised("")) for w in wrong]
        agree = all(same(g, w, rtol, atol) for g, w in zip(results, would, strict=True))
        # A case in which both merely raise an exception proves nothing.
        proof = any(
            not isinstance(g, Raised) and not same(w, e, rtol, atol)
            for g, w, e in zip(results, would, wanted, strict=True)
        )
        if agree and proof:
            return key[1]
    return ""


def form_fault(got: Any, expected: Any) -> tuple[str, str] | None:
    """Return what is wrong with the form of a result: (headline, hint)."""
    kind = "wrong kind of result"
    if isinstance(got, Raised):
        return "exception", got.message
    if got is None:
        return kind, "your function returns None: is the return statement missing?"
    if got is Ellipsis or got is NotImplemented:
        return kind, f"the placeholder {got!r} is still there: not yet written."
    if type(got).__module__.split(".")[0] == "torch":
        return kind, "a torch tensor came where a NumPy array is expected."
    if is_list(expected):
        numbers = all(np.ndim(e) == 0 for e in expected)
        if not is_list(got) and not (numbers and np.ndim(got) == 1):
            return kind, f"a list is expected; {kind_of(got)} came."
        if len(got) != len(expected):
            return _length_fault(len(got), len(expected))
        return next(filter(None, map(form_fault, got, expected)), None)
    if is_list(got):
        if np.ndim(expected) == 0 and len(got) == expected:
            return kind, "a list came: the number asked for is its length."
        extra = " (a trailing comma?)" if isinstance(got, tuple) else ""
        return kind, f"one array is expected; {kind_of(got)} came{extra}."
    values = floats(got)
    if values is None or np.asarray(got).dtype.kind not in "biuf":
        if np.asarray(got).dtype.kind == "c":
            return "wrong dtype", "the result is complex: real numbers are expected."
        return kind, f"numbers in a regular array are expected; {kind_of(got)} came."
    target = np.asarray(expected)
    if values.shape != target.shape:
        return "wrong shape", f"shape {values.shape} came, {target.shape} is expected."
    if not np.isfinite(values).all() and np.isfinite(target).all():
        what = "NaN (not a number)" if np.isnan(values).any() else "an infinity"
        return f"{np.sum(~np.isfinite(values))} entries are not finite", (
            f"{what} arises: an exponential overflows, a logarithm meets 0, or 0 is "
            "divided by 0. Which argument does exp, log or the division get there?"
        )
    letter = np.asarray(got).dtype.kind
    if target.dtype.kind in "iu" and letter == "b":
        return "wrong dtype", "booleans (True, False) came; integers are expected."
    if target.dtype.kind in "iu" and letter == "f":
        return "wrong dtype", "floating-point numbers came; integers are expected."
    return None


def _length_fault(got: int, expected: int) -> tuple[str, str]:
    text = f"{expected} entries are expected in the list; {got} came."
    if abs(got - expected) == 1:
        text += f" One {'too few' if got < expected else 'too many'}: at which end?"
    return "wrong length", text


def shape_hint(sample: Sample, rtol: float, atol: float) -> str:
    """Say how an array of the wrong shape may have come about, or nothing."""
    got, e = floats(sample.got), np.asarray(floats(sample.expected))
    equal = lambda a: same(a, e, rtol, atol)  # noqa: E731
    if got.shape == e.shape[::-1] and got.ndim == 2:
        also = "" if equal(got.T) else " (and the values differ as well)"
        return f"the result is transposed{also}."
    if got.size == e.size and equal(got.reshape(e.shape)):
        axis = (
            "an axis of length 1 too many or too few"
            if 1 in (got.shape + e.shape)
            else "the same numbers in another arrangement"
        )
        return f"right numbers, wrong shape: {axis} ({got.shape} for {e.shape})."
    for how, reduce in (("summed", np.sum), ("averaged", np.mean)):
        axes = (None, *range(e.ndim))
        for axis in axes if got.ndim < e.ndim or 1 in got.shape else ():
            for keep in (False, True):
                if same(got, reduce(e, axis=axis, keepdims=keep), rtol, atol):
                    over = "all entries" if axis is None else _axis(axis)
                    return f"you {how} over {over}: one value for each was asked for."
        for axis in range(got.ndim) if got.ndim > e.ndim else ():
            if equal(reduce(got, axis=axis)):
                return f"the result is not yet {how} over {_axis(axis)}."
    if e.ndim <= 2 and got.ndim == 2 and got.size == max(e.size, 1) ** 2 > 1:
        return (
            f"{e.shape} has grown to {got.shape}: an array of shape (n,) was combined "
            "with one of shape (n, 1), and broadcasting made a table of all pairs."
        )
    if got.ndim == e.ndim - 1 and got.shape == e.shape[1:]:
        return "the batch axis is missing: one row for each example is expected."
    if got.ndim == 0:
        return "a single number came where an array is expected."
    if got.shape == e.shape[:-1] or got.shape == (*e.shape[:-1], 1):
        return "only one value for each row is left: too much was summed or selected."
    for name, value in sample.aids.items():
        if not is_list(value) and same(got, value, rtol, atol):
            return f"this is {name} itself, unchanged."
    return ""


def _axis(axis: int) -> str:
    return f"axis {axis} ({('the rows: examples', 'the columns: features')[axis % 2]})"


# --- generic: what a wrong array is, if nobody thought of it ------------------------

TRANSFORMS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
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
    ("every row is that of the first example.", lambda e: 0 * e + e[:1]),
    ("every row is that of the last example.", lambda e: 0 * e + e[-1:]),
    ("every row is the mean over the examples.", lambda e: 0 * e + e.mean(0)),
    ("every row is the sum over the examples.", lambda e: 0 * e + e.sum(0)),
    (
        "every column is the mean over the columns.",
        lambda e: 0 * e + e.mean(-1, keepdims=True),
    ),
    (
        "every column is the sum over the columns.",
        lambda e: 0 * e + e.sum(-1, keepdims=True),
    ),
    ("this is the running sum of the expected values.", lambda e: np.cumsum(e, 0)),
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


def generic(samples: list[Sample], rtol: float, atol: float) -> str:
    """Recognize what was done to the expected result; the same in all samples."""
    if any(is_list(s.expected) and not is_list(s.got) for s in samples):
        return ""
    got = [np.asarray(floats(s.got)) for s in samples]
    expected = [np.asarray(floats(s.expected)) for s in samples]
    size = sum(e.size for e in expected)
    if size < 3 and all(np.all(e == np.round(e)) for e in expected):
        return ""  # a few whole numbers fit too many stories
    with np.errstate(all="ignore"):
        bases = list(_bases(samples, expected))

        def ratios(base):
            return _ratio([(g, b, rtol, atol) for g, b in zip(got, base, strict=True)])

        plain = ratios(expected)
        if plain and (text := _factor_name(plain, samples)):
            return text
        for text, base in bases:
            if all(same(g, b, rtol, atol) for g, b in zip(got, base, strict=True)):
                return text
        free = not any(same(s.got, s.expected, rtol, atol) for s in samples)
        if plain and free and size > len(samples) + 1:
            each = list(dict.fromkeys(f"{c:.4g}" for c in plain if c is not None))
            return (
                f"every entry is a constant times the expected one: {', '.join(each)}."
            )
        for text, base in bases:
            if (c := ratios(base)) and (factor := _factor_name(c, samples)):
                return f"two things at once: {text} Moreover {factor}"
        # What has a free constant fits a right sample, too, and explains nothing.
        return _structure(samples, got, expected, rtol, atol) if free else ""


def _bases(samples: list[Sample], expected: list) -> Iterator[tuple[str, list]]:
    """Yield (text, arrays): what a typical slip would make of the expected result."""
    for key in samples[0].mistakes:
        values = [floats(s.mistakes.get(key, Raised(""))) for s in samples]
        if all(
            v is not None and v.shape == e.shape
            for v, e in zip(values, expected, strict=True)
        ):
            yield key[1], values
    for text, change in TRANSFORMS:
        if all(e.ndim for e in expected) or "axis" not in text:
            with contextlib.suppress(IndexError, ValueError):
                values = [change(e) for e in expected]
                if all(
                    v.shape == e.shape for v, e in zip(values, expected, strict=True)
                ):
                    yield text, values
    for aid in samples[0].aids:
        values = [floats(s.aids.get(aid, Raised(""))) for s in samples]
        if any(v is None for v in values):
            continue
        for text, change in WITH_AID:
            with contextlib.suppress(ValueError):
                made = [change(e, v) for e, v in zip(expected, values, strict=True)]
                if all(v.shape == e.shape for v, e in zip(made, expected, strict=True)):
                    yield text.format(aid), made


def _factors(scales: Mapping[str, float]) -> dict[str, float]:
    """Name the factors that a mistake may bring in."""
    named = {}
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
                named[f"every entry is divided by {a} and {b}."] = 1 / size / other
                named[f"every entry is {a}·{b} times the expected one."] = size * other
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


def _ratio(pairs: list) -> list[float | None] | None:
    """Return c for each pair with got = c·base (None where both are 0)."""
    ratios = []
    for got, base, rtol, atol in pairs:
        square = float(np.sum(base * base))
        c = float(np.sum(got * base)) / square if square > 1e-30 else None
        if not np.isfinite(square) or not np.allclose(got, (c or 0) * base, rtol, atol):
            return None
        ratios.append(c)
    return None if all(c is None or abs(c) < 1e-12 for c in ratios) else ratios


def _factor_name(ratios: list, samples: list[Sample]) -> str:
    tables = [_factors(s.scales) for s in samples]
    for text in tables[0]:
        if all(
            c is None or np.isclose(c, t.get(text, np.nan), rtol=1e-5)
            for c, t in zip(ratios, tables, strict=True)
        ):
            return text
    return ""


def _structure(samples, got, expected, rtol, atol) -> str:
    """Recognize offsets, factors and orders of rows and columns."""

    def everywhere(test: Callable[[np.ndarray, np.ndarray], bool]) -> bool:
        return all(test(g, e) for g, e in zip(got, expected, strict=True))

    def flat(values: np.ndarray, axis: int | None) -> bool:
        return np.allclose(values, np.mean(values, axis, keepdims=True), rtol, atol)

    def shuffled(g: np.ndarray, e: np.ndarray) -> bool:
        return np.allclose(np.sort(g, None), np.sort(e, None), rtol, atol)

    def repeated(axis: int) -> bool:
        return everywhere(
            lambda g, _: np.allclose(g, np.take(g, [0], axis), rtol, atol)
        )

    gap = np.concatenate([np.ravel(g - e) for g, e in zip(got, expected, strict=True)])
    if gap.size > 2 and flat(gap, None):
        return f"every entry differs by the same amount: {gap.mean():.4g}."
    if everywhere(lambda g, e: g.size > 1 and flat(g - e, None)):
        gaps = (np.mean(g - e) for g, e in zip(got, expected, strict=True))
        each = dict.fromkeys(f"{gap:.4g}" for gap in gaps)
        return f"every entry differs by the same amount: {', '.join(each)}."
    if everywhere(lambda g, e: np.allclose(g, e, 1e-3, 1e-5)):
        if all(np.asarray(s.got).dtype.itemsize <= 4 for s in samples):
            return "right to the precision of a smaller float type only: use float64."
        return "close, yet not equal: an approximation, or a step or eps too large."
    if not everywhere(lambda g, e: g.ndim == 2 and min(g.shape) > 1):
        if everywhere(shuffled):
            return "the right numbers, in another order."
        return _affine(got, expected, rtol, atol)
    for axis, what in ((0, "column"), (1, "row")):
        if everywhere(lambda g, e, a=axis: flat(g / e, a)):
            return (
                f"every {what} is right up to a factor of its own: is something "
                "normalized or summed over the wrong axis?"
            )
        if everywhere(lambda g, e, a=axis: flat(g - e, a)):
            return (
                f"every {what} is right up to a number added to it: is a term that "
                "belongs to the whole row or column missing or wrong?"
            )
    for axis, what in ((0, "rows"), (1, "columns")):
        if everywhere(lambda g, e, a=axis: _permuted(g, e, a, rtol, atol)):
            return f"the {what} are right, in another order."
    if everywhere(shuffled):
        return "the right numbers, in the wrong places."
    for axis, what in ((0, "row"), (1, "column")):
        if repeated(axis):
            return f"every {what} is the same: one result is used for all."
    return _affine(got, expected, rtol, atol)


def _permuted(g, e, axis, rtol, atol) -> bool:
    g, e = np.moveaxis(g, axis, 0), np.moveaxis(e, axis, 0)
    table = np.isclose(g[:, None], e[None], rtol, atol).all(-1)
    return bool(table.any(0).all() and table.any(1).all())


def _affine(got, expected, rtol, atol) -> str:
    e, g = (
        np.concatenate([np.ravel(x) for x in expected]),
        np.concatenate([np.ravel(x) for x in got]),
    )
    if not (np.isfinite(e).all() and np.isfinite(g).all()):
        return ""  # NaN may be expected; a fit to it fails
    if len(np.unique(np.round(e, 9))) < 4 or np.ptp(g) == 0:
        return ""
    slope, shift = np.polyfit(e, g, 1)
    if not np.allclose(g, slope * e + shift, rtol, atol):
        return ""
    return f"every entry is {slope:.4g} times the expected one plus {shift:.4g}."


# --- where the wrong entries lie ----------------------------------------------------


def observe(sample: Sample, rtol: float, atol: float) -> str:
    """Say where the wrong entries lie: a fact, where there is no diagnosis."""
    got, e = np.asarray(floats(sample.got)), np.asarray(floats(sample.expected))
    wrong = ~np.isclose(got, e, rtol, atol)
    count = f"{wrong.sum()} of {wrong.size} entries are wrong"
    if wrong.ndim == 0 or wrong.all():
        return ""
    for name, value in sample.aids.items():
        value = floats(value)
        if value is None or value.shape != wrong.shape:
            continue
        for text, where in (
            ("= 0", value == 0),
            ("< 0", value < 0),
            ("> 0", value > 0),
            ("≤ 0", value <= 0),
            ("≥ 0", value >= 0),
        ):
            if np.array_equal(where, wrong):
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
