"""The engine of the checks: references that carry their slips.

A check is a `Step`: a reference that names, at each quantity, what learners put in its
place; cases; and, for each sentence of the sheet that demands something, the slips that
disregard it. `verify` is the short form: one reference, and each mistake as a function.

- `watch`: warnings about floats where the machine gives none (in the browser);
- `values`: numbers, lists, exceptions, and whether two of them agree;
- `running`: calls of a student's function, and what an exception means;
- `operators`: mistakes that recur in every step, of arguments and of results;
- `slips`: steps, and the search for the one cause that explains all results;
- `message`, `help`: what the student reads, in three levels.

CONTRIBUTING.md has a worked example.
"""

from .help import hint
from .message import partial, passed, unchanged
from .running import CheckFailed, call, quiet
from .slips import Case, Slip, Step, verify

__all__ = [
    "Case",
    "CheckFailed",
    "Slip",
    "Step",
    "call",
    "hint",
    "partial",
    "passed",
    "quiet",
    "unchanged",
    "verify",
]
