"""What all checks share: run a student's function, compare, name the mistake.

A check is a call of `verify`: cases, a reference and the mistakes that students are
known to make. A mistake is named only if it reproduces the student's results in all
cases, within tolerance. What nobody thought of is recognized by `diagnosis`: signs,
factors, transposes, missing terms, orders, edges.
"""

import contextlib
import copy
import io
import itertools
import linecache
import random
import re
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from .diagnosis import (
    Raised,
    Sample,
    floats,
    form_fault,
    generic,
    is_list,
    kind_of,
    known_mistake,
    observe,
    same,
    shape_hint,
)

# A generator that gives so many is taken for endless: the longest right one gives 50.
MOST_RESULTS = 10_000
ENDLESS = (
    f"your generator never stops: {MOST_RESULTS:,} results came, and no end.\n"
    "Likely mistake: the loop does not change what its condition tests."
)


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


# --- public: verify, partial ---------------------------------------------------------


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
        changed += [k for k in args if not same(args[k], case.args[k], 0, 0)]
    wanted = [right for (right,) in _outcomes(cases, [reference])]
    aside = (
        f"Your function changed its argument {changed[0]} in place." if changed else ""
    )
    nothing: list[dict] = [{} for _ in cases]
    if _verdict(name, cases, results, wanted, nothing, parts, rtol, atol):
        keys = [(i, text) for i, (text, _) in enumerate(mistakes)]
        outcomes = _outcomes(cases, [f for _, f in mistakes])
        wrong = [dict(zip(keys, of_case, strict=True)) for of_case in outcomes]
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
    """Run the labeled cases and return the points earned, for nbgrader.

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


def unchanged(name: str, key: str) -> NoReturn:
    """Raise `CheckFailed`: the function changed its argument `key`."""
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
        raise CheckFailed(
            f"✗ {name}: {kind_of(function)} came where a function belongs."
        )
    try:
        with quiet() as (out, seen):
            value = function(*args.values())
            if hasattr(value, "__next__"):
                value = list(itertools.islice(value, MOST_RESULTS))
                if len(value) == MOST_RESULTS:
                    raise CheckFailed(f"✗ {name}: {ENDLESS}")
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
        r"matmul|not aligned|mat1 and mat2|batch2 tensor",
        "a matrix product of shapes that do not fit: is a transpose missing or one "
        "too many, or is the order of the factors reversed?",
    ),
    (
        r"broadcast|must match the size of tensor",
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
    # under the grader the function runs in another process: see `grading.handles`
    if line := getattr(error, "student_line", "") or _line_of(error, function):
        lines.append(f"  at the line: {line}")
    shapes = [
        f"{k} {np.shape(a)}" for k, a in args.items() if isinstance(a, np.ndarray)
    ]
    if shapes:
        lines.append(f"  shapes of the arguments: {', '.join(shapes)}")
    text = f"{type(error).__name__}: {getattr(error, 'full_text', error)}"
    hint = next((h for pattern, h in HINTS if re.search(pattern, text)), "")
    return "\n".join(lines + _wrap("Likely mistake: ", hint))


def _line_of(error: BaseException, function: Any) -> str:
    """Return the line of the function's own file where the exception arose."""
    code = getattr(function, "__code__", None)
    home = code.co_filename if code else None
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == home]
    return (linecache.getline(home, own[-1].lineno or 0) or "").strip() if own else ""


def _outcomes(cases: Sequence[Case], functions: Sequence[Callable]) -> list[list]:
    """Return, for each case, what references or known mistakes give."""
    with quiet():
        return [
            [_outcome(f, *copy.deepcopy(list(case.args.values()))) for f in functions]
            for case in cases
        ]


def _outcome(function: Callable, *args: Any) -> Any:
    """Return what a reference or a known mistake gives; mistakes may raise."""
    try:
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
        if not same(second, first, 1e-12, 1e-12):
            return (
                "Two calls with the same arguments give different results: is a start "
                "value random, or is something kept between the calls?"
            )
    return ""


# --- judging: structure, form, values ------------------------------------------------


def _verdict(name, cases, results, wanted, wrong, parts, rtol, atol) -> str:
    """Judge all cases; return the report of the first wrong part, or nothing."""
    whole = known_mistake(results, wanted, wrong, rtol, atol)
    reports = {}
    for i, part in enumerate(parts or ("",)):
        samples = []
        for case, got, want, bad in zip(cases, results, wanted, wrong, strict=True):
            if parts:
                if not isinstance(got, Raised) and (fault := _tuple_fault(got, parts)):
                    return _report(
                        name, case.label, "wrong kind of result", [whole, fault]
                    )
                pick = lambda v, i=i: v[i] if is_list(v) and len(v) > i else v  # noqa: E731
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
    if not is_list(got):
        return f"The {len(parts)} results {form} are expected; {kind_of(got)} came."
    if len(got) != len(parts):
        return f"The {len(parts)} results {form} are expected; {len(got)} came."
    return ""


def _layers(case: Case, got: Any, want: Any, bad: Mapping) -> list[Sample]:
    """Split a list of arrays into one sample for each layer."""
    aids = {**case.args, **case.aids}
    numbers = is_list(want) and all(np.ndim(w) == 0 for w in want)
    if not is_list(want) or numbers or not is_list(got) or len(got) != len(want):
        return [Sample(case.label, got, want, bad, aids, case.scales)]

    def entry(value, i):
        return value[i] if is_list(value) and len(value) == len(want) else Raised("")

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
    faults = [form_fault(s.got, s.expected) for s in samples]
    bad = [
        s
        for s, fault in zip(samples, faults, strict=True)
        if fault or not same(s.got, s.expected, rtol, atol)
    ]
    if not bad:
        return ""
    triple = [[getattr(s, a) for s in samples] for a in ("got", "expected", "mistakes")]
    known = whole or known_mistake(*triple, rtol, atol)
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
            hint = known or shape_hint(samples[index], rtol, atol) or hint
            known = ""
        return _report(name, samples[index], headline, [known, hint])
    known = known or generic(samples, rtol, atol)
    if not known and len(bad) < len(samples):
        triple = [[getattr(s, a) for s in bad] for a in ("got", "expected", "mistakes")]
        known = known_mistake(*triple, rtol, atol) or generic(bad, rtol, atol)
        known = f"In the cases that fail: {known}" if known else ""
    tail = _which(samples, bad)
    facts = [] if known else _wrap("Look: ", observe(bad[0], rtol, atol))
    return "\n".join([_report(name, bad[0], "wrong values", [known]), *facts, *tail])


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
        g, e = floats(got), floats(expected)
        gap = np.abs(g - e)
        at = np.unravel_index(np.nanargmax(gap), gap.shape)
        where = f" at [{', '.join(map(str, at))}]" if at else ""
        lines.append(f"largest error{where}: expected {e[at]:.6g}, got {g[at]:.6g}")
    return "\n".join(lines)


def _show(value: Any) -> str:
    array = floats(value)
    if array is None:
        return textwrap.shorten(f"{kind_of(value)}: {value!r}", 150)
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
