"""The second and third level of help: why it matters, and a case worked out.

The first level is the message of the failed check. `hint` says more about the step that
failed last, a level with each call.
"""

import inspect
from typing import Any

import numpy as np

_failed: dict[str, Any] = {"step": None, "level": 1}


def remember(step: Any) -> None:
    """Note which step failed: `hint` speaks about it."""
    if _failed["step"] is not step:
        _failed.update(step=step, level=1)


def hint() -> None:
    """Print the next level of help about the step whose check failed last."""
    step = _failed["step"]
    if step is None:
        print("Nothing has failed yet: run the check of a step first.")
        return
    levels = [text for text in (why(step), worked(step)) if text]
    if not levels:
        print(f"{step.name}: the message of the check is all the help there is.")
        return
    print(levels[min(_failed["level"], len(levels)) - 1])
    _failed["level"] += 1


def why(step: Any) -> str:
    """Return the second level: why it matters, and where the chapter treats it."""
    place = f"\nRead again in the chapter: “{step.see}”." if step.see else ""
    return f"{step.name}: {step.why}{place}" if step.why else ""


def worked(step: Any) -> str:
    """Return the third level: a small case, other than the check's, worked out."""
    if step.small is None:
        return ""
    case = step.small()
    given = [f"  {name} = {_short(value)}" for name, value in case.args.items()]
    found = step.outcome((), case)
    results = [
        f"  {name or step.name} → {_short(value)}"
        for name, value in found.items()
        if name != "changed"
    ]
    return "\n".join([f"{step.name}, for example, with", *given, "gives", *results])


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_short, value)) + "]"
    if callable(value):
        return inspect.getdoc(value) or getattr(value, "__name__", "a function")
    return np.array2string(np.asarray(value), precision=4, separator=", ")
