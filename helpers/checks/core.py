"""What a check is written with: the public names of `helpers.checks.engine`."""

from .engine import (
    Case,
    CheckFailed,
    Slip,
    Step,
    call,
    partial,
    passed,
    quiet,
    unchanged,
    verify,
)

__all__ = [
    "Case",
    "CheckFailed",
    "Slip",
    "Step",
    "call",
    "partial",
    "passed",
    "quiet",
    "unchanged",
    "verify",
]
