"""What the student reads: the report of a failed check, the line of a passed one."""

import contextlib
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from . import help, operators
from .running import CheckFailed, hint_for, with_cause, wrap
from .values import Raised, floats, form_fault, is_list, is_number, kind_of, shape_fact

UNNAMED = "", "result", "fault"  # parts of which the headline does not speak
CHANGED = "your function changed its argument {} in place."
UNSTEADY = (
    "two calls with the same arguments give different results: is a number drawn anew, "
    "or is something kept between the calls?"
)


def passed(name: str, count: int, what: str = "case") -> None:
    """Print the one line of a passed check (stdout: stderr costs points)."""
    print(f"✓ {name}: {count} {what}{'s' * (count != 1)}")


def unchanged(name: str, key: str) -> NoReturn:
    """Raise `CheckFailed`: the function changed its argument `key`."""
    raise CheckFailed(in_place(name, key))


def in_place(name: str, key: str, cause: str = "") -> str:
    """Say that an argument was changed."""
    cause = cause or (
        "what the caller passed in is worked on, as `-=`, `w[...] =` and `append` do: "
        "take a copy."
    )
    return with_cause(f"✗ {name}: {CHANGED.format(key)}", cause)


def warned(step: Any, case: Any) -> str:
    """Say that right values came with a floating-point warning."""
    head = f"✗ {step.name} ({case.label}): right values, with a floating-point warning"
    return with_cause(head, step.warn)


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


def failed(
    step: Any, text: str, seen: Sequence = (), want: Sequence = ()
) -> CheckFailed:
    """Return the failure of a step, with what a picture can show."""
    failure = CheckFailed(text)
    failure.step = step
    help.remember(step)
    for got, expected in zip(seen, want, strict=True):
        if isinstance(got, dict) and isinstance(expected, dict):
            for part in step.differ(got, expected):
                pair = floats(got.get(part)), floats(expected.get(part))
                if all(v is not None for v in pair) and pair[0].shape == pair[1].shape:
                    failure.difference = (part, *pair)
                    return failure
    return failure


def report(step: Any, cases, seen, want, cause: str, note: str) -> str:
    """Return the message about an answer that is not what is asked for."""
    wrong = [step.differ(s, w) for s, w in zip(seen, want, strict=True)]
    tail = _which(cases, wrong) + wrap("Moreover, ", note if cause else "")
    raised = next((n for n, s in enumerate(seen) if isinstance(s, Raised)), None)
    if raised is not None and wrong[raised]:
        return _exception(seen[raised], cases[raised], cause or note, tail)
    n = next(n for n, parts in enumerate(wrong) if parts)
    asked = want[n].get("changed") or []  # a generator is drawn from
    changed = [k for k in seen[n].get("changed") or [] if k not in asked]
    if set().union(*wrong) == {"changed"}:
        return in_place(step.name, changed[0], cause)
    i = next(i for i, parts in enumerate(wrong) if parts - {"changed"})
    got, expected, case = seen[i], want[i], cases[i]
    part = next(k for k in {**expected, **got} if k in wrong[i] and k != "changed")
    if step.observe and not cause:
        cause = step.tell(got, expected) if step.tell else ""
    own = "".join(map(CHANGED.format, changed[:1]))
    tail += wrap("Moreover, ", own if cause or note else "")
    cause = cause or note or own
    body = _part(step, case, part, got, expected, cause, (seen, want))
    bad = [p for p in step.parts if any(p in w or "result" in w for w in wrong)]
    right = [p for p in step.parts if p not in bad]
    if right and part in step.parts:
        tail.append(f"Right: {', '.join(right)}.")
    if also := [p for p in bad if p != part and part in step.parts]:
        tail.append(f"Also wrong: {', '.join(also)}.")
    return "\n".join([body, *tail])


def _which(cases: Sequence, wrong: Sequence) -> list[str]:
    """Return in which cases the answer is wrong, where it is right in others."""
    bad = [c.label for c, parts in zip(cases, wrong, strict=True) if parts]
    good = [c.label for c, parts in zip(cases, wrong, strict=True) if not parts]
    if not good or len(cases) < 2:
        return []
    return [
        f"Wrong in {len(bad)} of {len(cases)}:",
        *(f"  ✗ {label}" for label in bad[:4]),
        *(f"  ✓ {label}" for label in good[:4]),
    ]


def _exception(raised: Raised, case: Any, cause: str, tail: list[str]) -> str:
    lines = [*raised.message.splitlines(), f"  case: {case.label}"]
    if cause:
        lines = [x for x in lines if not x.startswith(("Likely", "    "))]
    return "\n".join([*lines, *wrap("Likely mistake: ", cause), *tail])


def _part(step, case, part, got, expected, cause, runs) -> str:
    """Return the report about one part of the results in one case."""
    name = f"{step.name}, {part}" if part not in UNNAMED else step.name
    head = f"✗ {name} ({case.label})" if case.label else f"✗ {name}"
    if part not in got or part not in expected:
        fault = cause or tuple_fault(got.get("result"), step.parts)
        lines = [f"{head}: wrong kind of result", *wrap("Likely mistake: ", fault)]
        return "\n".join(lines)
    g, e, label = got[part], expected[part], case.label
    if step.observe:
        lines = [f"{head}: not what is asked for", *wrap("Likely mistake: ", cause)]
        if isinstance(g, Raised):
            lines = [f"{head}: {g.message}"]
            lines += wrap("Likely mistake: ", cause or hint_for(g.message))
        return "\n".join(lines + (_values(g, e) if floats(g) is not None else []))
    if is_list(e) and hasattr(g, "__len__") and len(e) == len(g) and _layers(e):
        j = next((j for j in range(len(e)) if not step._agree(g[j], e[j])), 0)
        g, e, label = g[j], e[j], f"{label}; entry {j} of the list, counted from 0"
        head = f"✗ {name} ({label})"
    headline, hint = form_fault(g, e) or ("wrong values", "")
    facts: list[str] = []
    if g is None and part in step.parts:
        hint = f"None came for {part}."
    if headline == "wrong shape" and floats(g) is not None:
        hint = shape_fact(floats(g), np.asarray(floats(e))) or hint
    if headline == "wrong values" and not cause and floats(g) is not None:
        facts = _facts(step, part, case, g, e, runs)
    lines = [f"{head}: {headline}", *wrap("Likely mistake: ", cause)]
    told = cause and not headline.startswith(("wrong length", "wrong dtype"))
    if hint and hint != cause and not told:
        lines += wrap("Look: " if cause else "Likely mistake: ", hint)
    return "\n".join([*lines, *_values(g, e), *facts])


def _facts(step, part, case, g, e, runs) -> list[str]:
    """Return what is true of the wrong values, where no cause is known."""
    seen, want = runs
    every = [(s.get(part), w.get(part)) for s, w in zip(seen, want, strict=True)]
    pairs = [pair for pair in every if not step._agree(*pair)]
    fact = ""
    if all(
        floats(x) is not None and floats(x).shape == np.shape(floats(y))
        for x, y in pairs
    ):
        fact = operators.structure(*zip(*pairs, strict=True), step.rtol, step.atol)
        if fact and len(pairs) < len(seen):
            fact = f"in the cases that fail, {fact}"
    aids = {**case.args, **case.aids}
    fact = fact or operators.where(g, e, aids, step.rtol, step.atol)
    return wrap("Look: ", fact)


def _layers(expected: Sequence) -> bool:
    return not all(map(is_number, expected))


def tuple_fault(got: Any, parts: Sequence[str]) -> str:
    """Say that not so many results came as are asked for."""
    form = f"({', '.join(parts)})"
    came = len(got) if is_list(got) else kind_of(got)
    return f"The {len(parts)} results {form} are expected; {came} came."


def _values(got: Any, expected: Any) -> list[str]:
    lines = [f"expected  {show(expected)}", f"got       {show(got)}"]
    g, e = floats(got), floats(expected)
    if g is None or e is None or g.shape != e.shape or not g.size:
        return lines
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        gap = np.abs(g - e)
    if np.isfinite(gap).any() and np.isfinite(g).all():
        largest = gap >= np.nanmax(gap) * (1 - 1e-9)  # the first, on every machine
        at = np.unravel_index(np.argmax(largest), gap.shape)
        place = f" at [{', '.join(map(str, at))}]" if at else ""
        lines.append(f"largest error{place}: expected {e[at]:.6g}, got {g[at]:.6g}")
    return lines


def show(value: Any) -> str:
    """Return a value as a line or two, the same on every machine."""
    array = floats(value)
    if array is None:
        return textwrap.shorten(f"{kind_of(value)}: {value!r}", 150)
    kind = np.asarray(value).dtype.kind
    kinds = {"b": "truth values", "i": "integers", "u": "integers", "f": "numbers"}
    if array.ndim == 0:
        one = {"b": "truth value", "i": "integer", "u": "integer"}.get(kind, "number")
        number = np.asarray(value).item()
        text = f"{number!r:.24}" if kind in "iub" else f"{number:.10g}"
        return f"{text} ({one})"
    what = f"{kinds.get(kind, 'values')} {array.shape}"
    if array.size <= 24:
        text = np.array2string(np.asarray(value), precision=4, suppress_small=True)
        return what + "\n" + textwrap.indent(text, "    ")
    with np.errstate(all="ignore"):  # ∞ − ∞ in a mean
        low, high, mean = np.min(array), np.max(array), np.mean(array)
    first = ", ".join(f"{v:.4g}" for v in array.ravel()[:4])
    return f"{what}, from {low:.4g} to {high:.4g}, mean {mean:.4g}; begins {first} …"
