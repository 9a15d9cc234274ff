"""Before a class: the reference must earn all points, the untouched release none.

Both go through the path that submissions take, by `session.grade`. This is also how it
is decided for each sheet whether its checks run in a process of their own: they do
where the reference survives it, and where no check looks at what does not cross between
two processes (`books.reach`). Else they run in the student's, in the same sandbox, with
the limits of plain nbgrader.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace

from grader import CourseError, pool
from grader.books.course import Assignment, Course, digest_of
from grader.books.files import save
from grader.books.reach import reasons
from grader.books.rebuild import Placed
from grader.books.sheet import Sheet
from grader.isolated import pair, session
from grader.jobs import Options, job
from grader.reports.redact import plain
from grader.verdicts import CourseFault, Fault, Graded

COURSE, MACHINE = "", "!"  # what stands for a step where one of these fails
MOST_SAID = 200  # characters of a check's message
REFUSED = (
    "{name} is not graded: its reference must earn all points, its untouched release "
    "none. `--anyway` grades all the same, and says so in each report.\n"
)


@dataclass
class Trial:
    """What came of it.

    `faults` are points that the reference loses or the release gets. `together` are the
    sheets that are graded in one process, and why, by the step that needs it; `broken`
    those for which the course or the machine failed, and how.
    """

    faults: list[str] = field(default_factory=list)
    together: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def demand(self, name: str) -> None:
        """Raise if marks could not be trusted."""
        if self.faults:
            lines = "\n".join(f"  {line}" for line in self.faults)
            raise CourseError(REFUSED.format(name=name) + lines)

    def lines(self, name: str) -> Iterator[str]:
        """Yield a line for each step that needs one process."""
        for sheet, steps in self.together.items():
            for step, why in steps.items():
                yield (
                    f"{name}/{sheet}/{step}: {why}; {sheet} is graded in one process, "
                    "where an answer may meddle with checks, as in plain nbgrader"
                )


def tried(course: Course, assignment: Assignment, options: Options) -> Trial:
    """Return the trial of an assignment; it is kept until something changes."""
    folder = course.root / course.folders.autograded_directory
    path = folder / f".{assignment.name}.trial.json"
    key = [digest_of(assignment), f"{options.limits}", options.seconds, course.seconds]
    key += [options.sandbox]
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return Trial(**kept["trial"])
    trial = held(course, assignment, options)
    if not trial.broken:
        with suppress(CourseError):  # where it cannot be kept, it is held again
            save(path, json.dumps({"key": key, "trial": asdict(trial)}))
    return trial


def held(course: Course, assignment: Assignment, options: Options) -> Trial:
    """Hold the trial of an assignment."""
    trial = Trial()
    with pool.executor(options) as (at, _):
        for sheet in assignment.sheets:
            hearing = _Hearing(course, assignment, options, sheet, at)
            hearing.decide(trial)
    return trial


@dataclass(frozen=True)
class _Hearing:
    """The trial of one sheet."""

    course: Course
    assignment: Assignment
    options: Options
    sheet: Sheet
    at: Executor

    def decide(self, trial: Trial) -> None:
        """Try two processes, then one; add what came of it."""
        why = {c.grade_id: "; ".join(reasons(c, self.sheet)) for c in self.sheet.checks}
        why = {step: text for step, text in why.items() if text}
        apart = {} if why else self.run(together=False)
        if not why and not apart:
            return
        if MACHINE not in apart and not self.run(together=True):
            trial.together[self.sheet.name] = why or {
                step: f"across two processes {text}" for step, text in apart.items()
            }
            return
        apart = apart or self.run(together=False)
        if not apart:
            return
        if fault := apart.get(MACHINE) or apart.get(COURSE):
            trial.broken[self.sheet.name] = fault
            return
        place = f"{self.assignment.name}/{self.sheet.name}"
        steps = {cell.grade_id for cell in self.sheet.checks}
        trial.faults += [
            f"{place}/{step}: {text}" if step in steps else f"{place}: {text}"
            for step, text in apart.items()
        ]

    def run(self, *, together: bool) -> dict[str, str]:
        """Grade both; return what is wrong, by step, `COURSE` or `MACHINE`."""
        jobs = {
            who: self.at.submit(session.grade, self.job(who, together=together))
            for who in ("reference", "release")
        }
        found: dict[str, str] = {}
        for who, future in jobs.items():
            for step, text in self.wrong(who, pool.result(future), together=together):
                found.setdefault(step, text)
        return found

    def job(self, who: str, *, together: bool) -> pair.Job:
        """Return the job that grades one of the two."""
        cells = [
            Placed(c, c.cell_type, c.source if who == "reference" else c.release)
            for c in self.sheet.cells
        ]
        options = replace(self.options, follow_through=False)
        files = self.assignment.files
        made = job(self.course, self.assignment, options, who, self.sheet, cells, files)
        return replace(made, together=together)

    def wrong(
        self, who: str, result: Graded | Fault, *, together: bool
    ) -> Iterator[tuple[str, str]]:
        """Yield the steps in which one of the two does not get what it must get."""
        if isinstance(result, Fault):
            yield COURSE if isinstance(result, CourseFault) else MACHINE, f"{result}"
            return
        right = who == "reference"
        for number, cell in enumerate(self.sheet.cells if right and together else ()):
            failed = [o for o in result.outputs.get(number, ()) if "ename" in o]
            if failed and cell.role == "course" and not cell.may_raise:
                error = f"{failed[0]['ename']}: {failed[0]['evalue']}"
                yield COURSE, f"{pair.named(cell)} fails: {error}"
                return
        for step in result.steps:
            if step.score != (step.points if right else 0):
                said = plain(" ".join(step.message.split()))[:MOST_SAID]
                yield (
                    step.grade_id,
                    f"the {who} gets {step.score:g} of {step.points:g}: {said}",
                )
        for line in result.problems if right else ():
            yield line, line
