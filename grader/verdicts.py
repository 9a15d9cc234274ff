"""What grading a notebook ends in: points step by step, or a fault that gives none.

These are the words that all rooms of the grader share. The test process says a
`Verdict` of a check, `session` makes a `Step` of it and a `Graded` of a notebook, and
`records` says in which `State` the notebook is written down. Where the course or the
machine failed, there is a `Fault` instead. How these come about is not told here.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from grader import CourseError

MOST_REASON = 500


class Verdict(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    TIME = "time"  # it was stopped
    BROKEN = "broken"  # it could not be carried out

    @property
    def unclear(self) -> bool:
        """Whether the check said nothing about the answer."""
        return self in (Verdict.TIME, Verdict.BROKEN)


class State(StrEnum):
    """What became of a notebook."""

    GRADED = "graded"
    PARTLY = "partly"  # some checks said nothing
    UNREADABLE = "unreadable"
    ERROR = "error"  # a fault: the next run tries again


class Fault(Exception):
    """The course or the machine failed, and no student did: nobody gets points.

    It is raised where that shows, and is what a notebook gets in place of marks. Its
    text is one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(" ".join(reason.split())[:MOST_REASON])

    @classmethod
    def of(cls, error: Exception) -> "Fault":
        """Return the fault that an error of our own is."""
        known = isinstance(error, CourseError)
        return cls(f"{error}" if known else f"{type(error).__name__}: {error}")


class CourseFault(Fault):
    """A cell of the course's own fails."""


@dataclass
class Step:
    """The result of one check cell.

    ``followed`` says that the points come from a run in which earlier wrong answers
    were replaced by the reference. ``own_error`` is how an answer cell of the step
    itself ended, if it did not end well.
    """

    grade_id: str
    points: float
    score: float = 0.0
    verdict: Verdict = Verdict.BROKEN
    message: str = ""
    hidden: bool = False
    seconds: float = 0.0
    followed: bool = False
    own_error: str = ""


@dataclass
class Graded:
    """The result of one notebook.

    Steps, outputs by cell, what went wrong, what was left out, and the seconds spent on
    what.
    """

    steps: list[Step] = field(default_factory=list)
    outputs: dict[int, list[dict]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)
