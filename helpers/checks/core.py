"""What all checks share: run a student's function, compare, name the mistake.

A check is a call of `verify`: cases, a reference and the mistakes that students are
known to make. A mistake is named only if it reproduces the student's results in all
cases, within tolerance. What nobody thought of goes through `_generic`: signs,
factors, transposes, missing terms, orders, edges.
"""

import contextlib
import copy
import io
import linecache
import random
import re
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MEANING = {
    "m": "the number of examples",
    "n": "the number of features",
    "k": "the number of classes",
}


class CheckFailed(AssertionError):
    """A failed check; the message is for the student and never shows a solution."""

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the message without our own frames."""
        return ["CheckFailed", *str(self).splitlines()]


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    `scales` names sizes (for factors such as 1/m), `aids` names quantities that may
    have been forgotten or returned (such as σ′(z)); the arguments count as aids.
    """

    label: str
    args: Mapping[str, Any]
    scales: Mapping[str, float] = field(default_factory=dict)
    aids: Mapping[str, Any] = field(default_factory=dict)


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


# --- public: compare, verify, partial ------------------------------------------------


def compare(
    name: str,
    got: Any,
    expected: Any,
    *,
    mistakes: Sequence[tuple[str, Any]] = (),
    inputs: Mapping[str, Any] | None = None,
    scales: Mapping[str, float] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    case: str = "",
) -> None:
    """Raise `CheckFailed` with a diagnosis unless `got` equals `expected`.

    `mistakes` are pairs (message, array or callable without arguments); `inputs` and
    `scales` name arrays and sizes that a diagnosis may speak of.
    """
    wrong = {
        (i, text): _outcome(c) if callable(c) else c
        for i, (text, c) in enumerate(mistakes)
    }
    sample = Sample(case, got, expected, wrong, inputs or {}, scales or {})
    if text := _judge(name, [sample], rtol, atol):
        raise CheckFailed(text)


def verify(
    name: str,
    function: Callable,
    cases: Sequence[Case],
    reference: Callable,
    *,
    mistakes: Sequence[tuple[str, Callable]] = (),
    parts: Sequence[str] = (),
    warn: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> None:
    """Run `function` on all cases and compare with `reference`, part by part.

    `reference` and the mistakes take the case's arguments. `parts` names the entries
    of a returned tuple; a list of arrays is judged layer by layer. `warn`, if given,
    is the failure's text when the function causes a floating-point warning.
    """
    results, changed, warned = [], [], []
    for case in cases:
        args = copy.deepcopy(dict(case.args))
        try:
            value, seen = _run(function, args, name)
        except NotImplementedError as stub:
            raise CheckFailed(str(stub)) from None
        except CheckFailed as failure:
            value, seen = Raised(str(failure)), []
        results.append(value)
        warned += [case.label] * bool(seen)
        changed += [k for k in args if not _same(args[k], case.args[k], 0, 0)]
    wanted = [_outcome(reference, *copy.deepcopy(list(c.args.values()))) for c in cases]
    aside = (
        f"Your function changed its argument {changed[0]} in place." if changed else ""
    )
    nothing: list[dict] = [{} for _ in cases]
    if _verdict(name, cases, results, wanted, nothing, parts, rtol, atol):
        wrong = [
            {
                (i, text): _outcome(f, *copy.deepcopy(list(c.args.values())))
                for i, (text, f) in enumerate(mistakes)
            }
            for c in cases
        ]
        report = _verdict(name, cases, results, wanted, wrong, parts, rtol, atol)
        note = _unsteady(name, function, cases, results) or aside
        raise CheckFailed(report + (f"\n{note}" if note else ""))
    if changed:
        unchanged(name, changed[0])
    if warn and warned:
        raise CheckFailed(f"✗ {name} ({warned[0]}): right values, but {warn}")
    passed(name, len(cases))


def passed(name: str, count: int, what: str = "case") -> None:
    """Print the one line of a passed check (stdout: stderr costs points)."""
    print(f"✓ {name}: {count} {what}{'s' * (count != 1)}")


def partial(points: float, outcomes: Mapping[str, Callable[[], Any]]) -> float:
    """Run the labelled cases and return the points earned, for nbgrader.

    nbgrader awards the number that is the last expression of a test cell
    (`nbgrader.utils.determine_grade`), as text that `float` reads: a Python float, as
    a NumPy scalar prints otherwise and would count as full marks.

    Raises
    ------
    CheckFailed
        No case is right.
    """
    lines, right = [], 0
    for label, run in outcomes.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                run()
        except Exception as error:
            body = str(error) or type(error).__name__
            lines.append(f"✗ {label}\n{textwrap.indent(body, '    ')}")
        else:
            right += 1
            lines.append(f"✓ {label}")
    text = "\n".join(lines)
    if not right:
        raise CheckFailed(text)
    print(f"{text}\n{right} of {len(outcomes)} right")
    share = right / len(outcomes)
    return float(points) if right == len(outcomes) else round(float(points) * share, 2)


# --- public: run a student's function ------------------------------------------------


def call(function: Callable, *args: Any, name: str = "") -> Any:
    """Return `function(*args)`; an exception becomes a `CheckFailed` with a hint."""
    name = name or getattr(function, "__name__", "your function")
    try:
        return _run(
            function, {f"argument {i + 1}": a for i, a in enumerate(args)}, name
        )[0]
    except NotImplementedError as stub:
        raise CheckFailed(str(stub)) from None


@contextlib.contextmanager
def watch(arrays: Mapping[str, Any], name: str = "your function") -> Iterator[None]:
    """Raise `CheckFailed` if one of the named arrays is changed inside the block."""
    before = copy.deepcopy(dict(arrays))
    yield
    for key in arrays:
        unchanged(name, key, before[key], arrays[key])


def unchanged(name: str, key: str, before: Any = 0, after: Any = 1) -> None:
    """Raise `CheckFailed` unless `after` equals `before` exactly."""
    if not _same(after, before, 0, 0):
        hint = "Work on a copy: `-=` and `w[...] =` change the caller's array."
        raise CheckFailed(
            f"✗ {name}: your function changed its argument {key} in place.\n{hint}"
        )


@contextlib.contextmanager
def quiet() -> Iterator[tuple[io.StringIO, list]]:
    """Capture prints and warnings, and put the global random states back."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 the student's
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if hasattr(torch, "get_rng_state") else None
    out = io.StringIO()
    try:
        with (
            warnings.catch_warnings(record=True) as seen,
            np.errstate(all="warn", under="ignore"),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("always")
            yield out, seen
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch_state is not None:
            torch.set_rng_state(torch_state)


def _run(function: Callable, args: Mapping[str, Any], name: str) -> tuple[Any, list]:
    if not callable(function):
        raise CheckFailed(f"✗ {name}: {_kind(function)} came where a function belongs.")
    try:
        with quiet() as (out, seen):
            value = function(*args.values())
            if hasattr(value, "__next__"):
                value = list(value)
    except NotImplementedError:
        raise NotImplementedError(
            f"✗ {name}: not yet written. Replace the line that raises "
            "NotImplementedError by your solution."
        ) from None
    except CheckFailed:
        raise
    except (Exception, SystemExit) as error:
        raise CheckFailed(_explain(error, function, args, name)) from None
    if value is None and out.getvalue().strip():
        raise CheckFailed(
            f"✗ {name}: your function prints its result instead of returning it "
            "(it returns None)."
        )
    floating = [w for w in seen if issubclass(w.category, RuntimeWarning)]
    return value, floating


HINTS = (
    (
        r"matmul|not aligned",
        "a matrix product of shapes that do not fit: is a transpose missing or one "
        "too many, or is the order of the factors reversed?",
    ),
    (
        r"broadcast",
        "an elementwise operation on shapes that do not fit: is a matrix product or a "
        "transpose missing, or is an array of the wrong layer used?",
    ),
    (
        r"truth value of an array",
        "`if`, `and` or `or` on a whole array: this needs an elementwise form.",
    ),
    (
        r"positional argument|unexpected keyword",
        "the function's arguments differ from the task's signature, or a call inside "
        "passes too many or too few.",
    ),
    (
        r"only .*(scalar|length-1|0-dim)",
        "an array stands where a single number is needed.",
    ),
    (r"NoneType", "a value is None: does a function that you call lack its return?"),
    (r"recursion", "the function calls itself without an end."),
    (
        r"index .*out of (bounds|range)|out of range",
        "an index beyond the end: count the entries again (lists of L layers end at L "
        "− 1).",
    ),
    (
        r"has no attribute|not subscriptable|not iterable",
        "a value has another type than the line expects (a number where an array is "
        "needed, a list for an array).",
    ),
    (
        r"not defined|referenced before|not associated",
        "a name is misspelt, assigned too late, or its cell has not been run.",
    ),
)


def _explain(error: BaseException, function: Any, args: Mapping, name: str) -> str:
    lines = [f"✗ {name}: {type(error).__name__}: {error}"]
    code = getattr(function, "__code__", None)
    home = code.co_filename if code else None
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == home]
    if own:
        source = (linecache.getline(home, own[-1].lineno or 0) or "").strip()
        lines.append(f"  in {own[-1].name}, at the line: {source}")
    shapes = [
        f"{k} {np.shape(a)}" for k, a in args.items() if isinstance(a, np.ndarray)
    ]
    if shapes:
        lines.append(f"  shapes of the arguments: {', '.join(shapes)}")
    text = f"{type(error).__name__}: {error}"
    hint = next((h for pattern, h in HINTS if re.search(pattern, text)), "")
    return "\n".join(lines + _wrap("Likely mistake: ", hint))


def _outcome(function: Callable, *args: Any) -> Any:
    """Return what a reference or a known mistake gives; mistakes may raise."""
    try:
        with quiet():
            value = function(*args)
            return list(value) if hasattr(value, "__next__") else value
    except Exception as error:
        return Raised(str(error))


def _unsteady(name: str, function: Callable, cases: Sequence, results: list) -> str:
    """Say so when a second call with the same arguments gives another result."""
    for case, first in zip(cases, results, strict=True):
        if isinstance(first, Raised):
            continue
        try:
            with quiet():  # which puts back what the two seeds change
                random.seed(20_001)
                np.random.seed(20_001)  # noqa: NPY002
                second, _ = _run(function, copy.deepcopy(dict(case.args)), name)
        except (CheckFailed, NotImplementedError):
            continue
        if not _same(second, first, 1e-12, 1e-12):
            return (
                "Two calls with the same arguments give different results: is a start "
                "value random, or is something kept between the calls?"
            )
    return ""


# --- judging: structure, form, values ------------------------------------------------


def _verdict(name, cases, results, wanted, wrong, parts, rtol, atol) -> str:
    """Judge all cases; return the report of the first wrong part, or nothing."""
    whole = _named(results, wanted, wrong, rtol, atol)
    reports = {}
    for i, part in enumerate(parts or ("",)):
        samples = []
        for case, got, want, bad in zip(cases, results, wanted, wrong, strict=True):
            if parts:
                if not isinstance(got, Raised) and (fault := _tuple_fault(got, parts)):
                    return _report(
                        name, case.label, "wrong kind of result", [whole, fault]
                    )
                pick = lambda v, i=i: v[i] if _listed(v) and len(v) > i else v  # noqa: E731
                got, want = pick(got), want[i]
                bad = {t: pick(v) for t, v in bad.items()}
            samples += _layers(case, got, want, bad)
        label = f"{name}, {part}" if part else name
        if text := _judge(label, samples, rtol, atol, whole):
            reports[part] = text
        elif part:
            reports[part] = ""
    faulty = [part for part, text in reports.items() if text]
    if not faulty:
        return ""
    right = [part for part in reports if not reports[part]]
    tail = f"\nRight: {', '.join(right)}." if right else ""
    raised = any(isinstance(r, Raised) for r in results)
    if (others := faulty[1:]) and not raised:
        tail += f"\nAlso wrong: {', '.join(others)}."
    return reports[faulty[0]] + tail


def _tuple_fault(got: Any, parts: Sequence[str]) -> str:
    form = f"({', '.join(parts)})"
    if not _listed(got):
        return f"The {len(parts)} results {form} are expected; {_kind(got)} came."
    if len(got) != len(parts):
        return f"The {len(parts)} results {form} are expected; {len(got)} came."
    return ""


def _layers(case: Case, got: Any, want: Any, bad: Mapping) -> list[Sample]:
    """Split a list of arrays into one sample for each layer."""
    aids = {**case.args, **case.aids}
    numbers = _listed(want) and all(np.ndim(w) == 0 for w in want)
    if not _listed(want) or numbers or not _listed(got) or len(got) != len(want):
        return [Sample(case.label, got, want, bad, aids, case.scales)]

    def entry(value, i):
        return value[i] if _listed(value) and len(value) == len(want) else Raised("")

    return [
        Sample(
            f"{case.label}; entry {i} of the list, counted from 0",
            got[i],
            want[i],
            {t: entry(v, i) for t, v in bad.items()},
            aids,
            case.scales,
        )
        for i in range(len(want))
    ]


def _judge(name, samples: list[Sample], rtol, atol, whole: str = "") -> str:
    """Return the report about the first wrong sample, or nothing if all are right."""
    faults = [_fault(s.got, s.expected) for s in samples]
    bad = [
        s
        for s, fault in zip(samples, faults, strict=True)
        if fault or not _same(s.got, s.expected, rtol, atol)
    ]
    if not bad:
        return ""
    triple = [[getattr(s, a) for s in samples] for a in ("got", "expected", "mistakes")]
    known = whole or _named(*triple, rtol, atol)
    raised = next((s for s in samples if isinstance(s.got, Raised)), None)
    if raised:
        lines = [*raised.got.message.splitlines(), f"  case: {raised.label}"]
        if known:
            lines = [x for x in lines if not x.startswith(("Likely", "    "))]
        return "\n".join(
            lines + _wrap("Likely mistake: ", known) + _which(samples, bad)
        )
    index = next((i for i, fault in enumerate(faults) if fault), None)
    if index is not None:
        headline, hint = faults[index]
        if headline == "wrong shape":
            hint = known or _shape_hint(samples[index], rtol, atol) or hint
            known = ""
        return _report(name, samples[index], headline, [known, hint])
    known = known or _generic(samples, rtol, atol)
    if not known and len(bad) < len(samples):
        triple = [[getattr(s, a) for s in bad] for a in ("got", "expected", "mistakes")]
        known = _named(*triple, rtol, atol) or _generic(bad, rtol, atol)
        known = f"In the cases that fail: {known}" if known else ""
    tail = _which(samples, bad)
    facts = [] if known else _wrap("Look: ", _observe(bad[0], rtol, atol))
    return "\n".join([_report(name, bad[0], "wrong values", [known]), *facts, *tail])


def _named(results, wanted, wrong, rtol, atol) -> str:
    """Return the first known mistake that gives the student's results in all cases."""
    for key in wrong[0] if wrong else ():
        would = [w.get(key, Raised("")) for w in wrong]
        agree = all(
            _same(g, w, rtol, atol) for g, w in zip(results, would, strict=True)
        )
        # A case in which both merely raise an exception proves nothing.
        proof = any(
            not isinstance(g, Raised) and not _same(w, e, rtol, atol)
            for g, w, e in zip(results, would, wanted, strict=True)
        )
        if agree and proof:
            return key[1]
    return ""


def _which(samples: list[Sample], bad: list[Sample]) -> list[str]:
    right = [s.label for s in samples if not any(s is b for b in bad)]
    if not right or len(samples) < 2:
        return []
    wrong = [s.label for s in bad]
    return [
        f"Wrong in {len(wrong)} of {len(samples)}:",
        *(f"  ✗ {x}" for x in wrong[:4]),
        *(f"  ✓ {x}" for x in right[:4]),
    ]


def _report(name, sample: Sample | str, headline, diagnoses: Sequence[str]) -> str:
    label = sample if isinstance(sample, str) else sample.label
    lines = [f"✗ {name}{f' ({label})' if label else ''}: {headline}"]
    for text in dict.fromkeys(diagnoses):
        lines += _wrap("Likely mistake: ", text)
    if isinstance(sample, str):
        return "\n".join(lines)
    got, expected = sample.got, sample.expected
    lines += [f"expected  {_show(expected)}", f"got       {_show(got)}"]
    if headline == "wrong values":
        g, e = _floats(got), _floats(expected)
        gap = np.abs(g - e)
        at = np.unravel_index(np.nanargmax(gap), gap.shape)
        where = f" at [{', '.join(map(str, at))}]" if at else ""
        lines.append(f"largest error{where}: expected {e[at]:.6g}, got {g[at]:.6g}")
    return "\n".join(lines)


def _show(value: Any) -> str:
    array = _floats(value)
    if array is None:
        return textwrap.shorten(f"{_kind(value)}: {value!r}", 150)
    kind = f"{np.asarray(value).dtype} {array.shape}"
    if array.ndim == 0:
        return f"{np.asarray(value).item()!r:.12} ({np.asarray(value).dtype})"
    if array.size <= 24:
        text = np.array2string(np.asarray(value), precision=4, suppress_small=True)
        return kind + "\n" + textwrap.indent(text, "    ")
    low, high, mean = np.min(array), np.max(array), np.mean(array)
    first = ", ".join(f"{v:.4g}" for v in array.ravel()[:4])
    return f"{kind}, from {low:.4g} to {high:.4g}, mean {mean:.4g}; begins {first} …"


def _wrap(prefix: str, text: str) -> list[str]:
    return textwrap.wrap(prefix + text, 84, subsequent_indent="    ") if text else []


def _listed(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _kind(value: Any) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__} itself (are its parentheses missing?)"
    count = f" of length {len(value)}" if _listed(value) else ""
    return f"a value of type {type(value).__name__}{count}"


def _floats(value: Any) -> np.ndarray | None:
    """Return `value` as a float array, or None if it is none."""
    if isinstance(value, str | bytes | Raised) or type(value).__module__[:5] == "torch":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None


def _same(got: Any, want: Any, rtol: float, atol: float) -> bool:
    """Compare structures of numbers; two exceptions count as the same."""
    if isinstance(got, Raised) or isinstance(want, Raised):
        return isinstance(got, Raised) and isinstance(want, Raised)
    if _listed(got) or _listed(want):
        if not hasattr(got, "__len__") or not hasattr(want, "__len__"):
            return False
        pairs = zip(got, want, strict=False)
        return len(got) == len(want) and all(_same(*p, rtol, atol) for p in pairs)
    g, w = _floats(got), _floats(want)
    if g is None or w is None:
        return got is want
    return g.shape == w.shape and np.allclose(g, w, rtol, atol, equal_nan=True)


def _fault(got: Any, expected: Any) -> tuple[str, str] | None:
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
    if _listed(expected):
        numbers = all(np.ndim(e) == 0 for e in expected)
        if not _listed(got) and not (numbers and np.ndim(got) == 1):
            return kind, f"a list is expected; {_kind(got)} came."
        if len(got) != len(expected):
            return _length_fault(len(got), len(expected))
        return next(filter(None, map(_fault, got, expected)), None)
    if _listed(got):
        if np.ndim(expected) == 0 and len(got) == expected:
            return kind, "a list came: the number asked for is its length."
        extra = " (a trailing comma?)" if isinstance(got, tuple) else ""
        return kind, f"one array is expected; {_kind(got)} came{extra}."
    values = _floats(got)
    if values is None or np.asarray(got).dtype.kind not in "biuf":
        if np.asarray(got).dtype.kind == "c":
            return "wrong dtype", "the result is complex: real numbers are expected."
        return kind, f"numbers in a regular array are expected; {_kind(got)} came."
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


def _shape_hint(sample: Sample, rtol: float, atol: float) -> str:
    got, e = _floats(sample.got), np.asarray(_floats(sample.expected))
    equal = lambda a: _same(a, e, rtol, atol)  # noqa: E731
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
                if _same(got, reduce(e, axis=axis, keepdims=keep), rtol, atol):
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
        if not _listed(value) and _same(got, value, rtol, atol):
            return f"this is {name} itself, unchanged."
    return ""


def _axis(axis: int) -> str:
    return f"axis {axis} ({('the rows: examples', 'the columns: features')[axis % 2]})"


# --- generic recognition: what a wrong array is, if nobody thought of it -------------

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


def _generic(samples: list[Sample], rtol: float, atol: float) -> str:
    """Recognize what was done to the expected result; the same in all samples."""
    if any(_listed(s.expected) and not _listed(s.got) for s in samples):
        return ""
    got = [np.asarray(_floats(s.got)) for s in samples]
    expected = [np.asarray(_floats(s.expected)) for s in samples]
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
            if all(_same(g, b, rtol, atol) for g, b in zip(got, base, strict=True)):
                return text
        free = not any(_same(s.got, s.expected, rtol, atol) for s in samples)
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
        values = [_floats(s.mistakes.get(key, Raised(""))) for s in samples]
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
        values = [_floats(s.aids.get(aid, Raised(""))) for s in samples]
        if any(v is None for v in values):
            continue
        for text, change in WITH_AID:
            with contextlib.suppress(ValueError):
                made = [change(e, v) for e, v in zip(expected, values, strict=True)]
                if all(v.shape == e.shape for v, e in zip(made, expected, strict=True)):
                    yield text.format(aid), made


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
    if len(np.unique(np.round(e, 9))) < 4 or np.ptp(g) == 0:
        return ""
    slope, shift = np.polyfit(e, g, 1)
    if not np.allclose(g, slope * e + shift, rtol, atol):
        return ""
    return f"every entry is {slope:.4g} times the expected one plus {shift:.4g}."


def _observe(sample: Sample, rtol: float, atol: float) -> str:
    """Say where the wrong entries lie: a fact, where there is no diagnosis."""
    got, e = np.asarray(_floats(sample.got)), np.asarray(_floats(sample.expected))
    wrong = ~np.isclose(got, e, rtol, atol)
    count = f"{wrong.sum()} of {wrong.size} entries are wrong"
    if wrong.ndim == 0 or wrong.all():
        return ""
    for name, value in sample.aids.items():
        value = _floats(value)
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
