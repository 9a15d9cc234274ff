"""Grade one notebook: run it, check each step, survive whatever the student wrote.

`grade` is what the pool runs, on this machine or another: it takes a `Job`, which holds
everything by value, and returns a `Graded` or a `Fault`; it touches no file and no
database. How a process is started, asked and ended is told in `processes`.

Where the course or the machine is at fault (`Fault`), there are no points at all, and
the next run tries again. A student must not be able to bring that about, as it would
put off his marks for ever: a fault counts only in a process that no code and no value
of a student's has reached.
"""

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from grader.books.rebuild import STUB, Placed
from grader.books.sheet import Cell, Sheet
from grader.isolated import processes
from grader.isolated.forkserver import Forkserver, ForkserverError, shared
from grader.isolated.processes import CellRun, Dead, Judge, Student
from grader.isolated.sandbox import Limits
from grader.verdicts import CourseFault, Fault, Graded, Step, Verdict

P = TypeVar("P", Student, Judge)
MOST_MESSAGE = 20_000
MOST_FILES = 200 * 2**20  # bytes of the files beside a notebook, which are one frame
MOST_OUTPUT = 16 * 2**20  # bytes of all outputs of a notebook
TRIES = 3  # of starting a process, when the machine is out of resources

LEFT_OUT = (
    "The files handed in beside the notebook were left out: they are too big, or the "
    "course's own cells do not run with them."
)
UNWRITTEN = "NotImplementedError"
NOT_WRITTEN = (
    "✗ not yet written: your cell ends with NotImplementedError. Replace the line that "
    "raises it."
)


@dataclass(frozen=True)
class Job:
    """A notebook to grade. `seconds` is the limit of one cell, `budget` of them all."""

    student: str
    sheet: Sheet
    cells: list[Placed]
    files: dict[str, bytes]
    course_files: dict[str, bytes]
    limits: Limits | None
    seconds: float = 60.0
    budget: float = 900.0
    follow_through: bool = True
    modules: frozenset[str] = frozenset()  # that the forkserver imports
    together: bool = False  # whether checks run in the student's process: see `trial`

    def forkserver(self) -> Forkserver:
        """Return the warm process that forks this notebook's."""
        return shared(self.limits, self.modules)


def grade(job: Job) -> Graded | Fault:
    """Return the verdict of each step, or whose fault there is none."""
    try:
        for _ in range(TRIES):
            starts = job.forkserver().warm()
            result = _attempt(job)
            if job.forkserver().warm() == starts:
                return result  # else it died on the way, and took the student's process
    except ForkserverError as error:
        return Fault(f"the forkserver: {error}")
    return Fault("the forkserver died again and again while this notebook was graded")


def _attempt(job: Job) -> Graded | Fault:
    try:
        return _grade(job)
    except Fault as fault:
        return fault.with_traceback(None)


def _grade(job: Job) -> Graded:
    start = time.monotonic()
    with Session(job, start + job.budget) as session:
        session.run()
        if job.follow_through and job.sheet.follow_through:
            with session.timed("follow-through"):
                session.follow_through()
        spent = session.result.spent
        whole = time.monotonic() - start
        spent["else"] = max(0.0, whole - sum(spent.values()))
        return session.result


class Session:
    """The processes of one notebook, and how far it has come."""

    def __init__(self, job: Job, deadline: float) -> None:
        self.job = job
        self.deadline = deadline
        self.files = job.files if _fit(job.files) else job.course_files
        self.failures = 0  # of course cells before any answer
        self.first = _first_of_the_student(job.cells)
        self.result = Graded(repairs=[] if self.files is job.files else [LEFT_OUT])
        self.student: Student | None = None
        self.judge: Judge | None = None
        self.timing = False
        self.fatal: set[int] = set()  # cells that end their process: not replayed
        self.kept: dict[int, int] = {}  # bytes of outputs, by cell
        self.told: list[Cell] = []  # what the test process has run: the course's cells
        self.met = False  # whether values of a student's have reached it

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.drop_student()
        self.drop_judge()

    def drop_student(self) -> None:
        """End the student's process, if there is one."""
        if self.student:
            self.student.close()
        self.student = None

    def drop_judge(self) -> None:
        """End the test process, if there is one."""
        if self.judge:
            self.judge.close()
        self.judge = None

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time of a block to what was spent on `what`; the outermost counts."""
        start, outer = time.monotonic(), self.timing
        self.timing = True
        try:
            yield
        finally:
            self.timing = outer
            if not outer:
                spent = self.result.spent
                spent[what] = spent.get(what, 0.0) + time.monotonic() - start

    # --- the run as handed in ---

    def run(self) -> None:
        """Run all cells in order, each check after the answers before it."""
        sources = {n: cell.source for n, cell in self.code()}
        own_error, stub = "", None
        for number, cell in self.code():
            if cell.role == "check":
                step = self.check(number, sources)
                step.own_error = own_error
                if stub and step.message.startswith("NameError"):
                    step.message = NOT_WRITTEN
                self.result.steps.append(step)
                self.set_up(cell.cell, step)
                continue
            if cell.role == "course" and not self.job.together:
                self.course(cell.cell)
            if time.monotonic() > self.deadline:
                continue
            run = self.cell(number, cell.source)
            self.result.outputs[number] = run.outputs
            if cell.role == "answer":
                own_error = run.error
                stub = STUB.search(cell.source) and own_error.startswith(UNWRITTEN)
            if why := run.ended or run.stopped:
                text = f"Cell {number + 1}: {why}; the cells after it were run."
                self.result.problems.append(text)

    def code(self) -> Iterator[tuple[int, Placed]]:
        """Yield the code cells with their numbers."""
        for number, cell in enumerate(self.job.cells):
            if cell.cell_type == "code":
                yield number, cell

    def cell(self, number: int, source: str) -> CellRun:
        """Run a cell of the student's process, in a new one if there is none."""
        with self.timed("starting processes"):
            student = self.alive(number)
        room = min(MOST_OUTPUT - sum(self.kept.values()), processes.MOST_OUTPUT)
        with self.timed("students' cells"):
            run = student.run(number, source, self.left(number), room)
        if self.spoiled(number, run):
            return self.cell(number, source)
        self.kept[number] = run.kept
        if run.ended:
            self.fatal.add(number)
            self.drop_student()
        return run

    def alive(self, upto: int, replaced: dict[int, str] | None = None) -> Student:
        """Return the student's process; a new one replays the cells before `upto`."""
        seed = zlib.crc32(self.job.sheet.name.encode())
        while self.student is None:
            self.student = self.started(
                lambda: Student(
                    self.job.forkserver(), self.files, seed, checks=self.job.together
                )
            )
            self.replay(upto, replaced or {})
        return self.student

    def replay(self, upto: int, replaced: dict[int, str]) -> None:
        """Run the cells before `upto`; where one ends the process, there is none."""
        for number, cell in self.code():
            if number >= upto or time.monotonic() > self.deadline:
                return
            if number in self.fatal or (cell.role == "check" and not self.job.together):
                continue
            source = replaced.get(number, cell.source)
            run = self.student.run(number, source, self.left(number))
            if self.spoiled(number, run):
                return
            if run.ended:
                self.fatal.add(number)
                self.drop_student()
                return

    def started(self, start: Callable[[], P]) -> P:
        """Start a process; try again when the machine is short of something.

        What runs of this student's is ended before that: it must not be what the
        machine is short of.
        """
        reason = ""
        for attempt in range(TRIES):
            time.sleep(0.5 * attempt)
            try:
                return start()
            except (Dead, ForkserverError, TimeoutError) as error:
                reason = str(error) or "it did not start in time"
            self.drop_student()
            self.drop_judge()
        raise Fault(f"no process can be started: {reason}")

    def spoiled(self, number: int, run: CellRun) -> bool:
        """End the process if a course cell failed in which no answer had run; tell so.

        It is tried once more, then without the files that were handed in beside the
        notebook, the only thing of the student's that it has met.
        """
        cell = self.job.cells[number].cell
        if number >= self.first or not (run.ended or run.error):
            return False
        if cell.may_raise and not run.ended:
            return False
        self.drop_student()
        self.failures += 1
        if self.failures > 1:
            if self.files == self.job.course_files:
                reason = run.ended or run.error
                raise CourseFault(
                    f"{named(cell)} fails before any answer has run: {reason}"
                )
            self.files = self.job.course_files
            self.result.repairs.append(LEFT_OUT)
        return True

    def left(self, number: int) -> float:
        """Return the limit of a cell: its own, or what is left of them all.

        No student can have used up the time of a course cell before all answers.
        """
        if number < self.first:
            return self.job.seconds
        return max(0.1, min(self.job.seconds, self.deadline - time.monotonic()))

    # --- checks ---

    def course(self, cell: Cell) -> None:
        """Run a cell of the course's own in the test process, or its part of it."""
        if not cell.trusted:
            self.told.append(cell)
            if cell.setup:
                with self.timed("starting processes"), suppress(Dead, TimeoutError):
                    self.testing().set_up(cell.setup, self.job.seconds)
            return
        with self.timed("starting processes"):
            error, ours = self.told_to(self.testing(), cell)
            if ours and self.in_reach():
                error, ours = self.told_to(self.testing(), cell)
        if ours:
            raise CourseFault(error)
        self.told.append(cell)
        if error:
            self.result.problems.append(error)

    def told_to(self, judge: Judge, cell: Cell) -> tuple[str, bool]:
        """Run a course cell; return what is wrong, and whether only we can be why."""
        ours = cell.alone
        try:
            error = judge.course(cell.source, self.job.seconds)
            error = "" if cell.may_raise else error
        except Dead as dead:
            error, ours = str(dead), True
        if not error:
            return "", False
        where = "in the test process" if ours else "for want of an earlier check"
        return f"{named(cell)} fails {where}: {error}", ours

    def in_reach(self) -> bool:
        """End both processes if a student had a hand in them; tell whether so.

        His values may fill the memory of the test process, and his process the machine.
        """
        reached = self.met or self.student is not None
        if reached:
            self.drop_student()
            self.drop_judge()
        return reached

    def set_up(self, cell: Cell, step: Step) -> None:
        """Let later checks find what this one defines, although it failed."""
        self.told.append(cell)
        if (
            cell.setup
            and self.judge
            and step.verdict not in (Verdict.PASSED, Verdict.PARTIAL)
        ):
            with suppress(Dead, TimeoutError):
                self.judge.set_up(cell.setup, self.job.seconds)

    def testing(self) -> Judge:
        """Return the test process, in which the course's cells so far have run."""
        while self.judge is None:
            self.judge = self.started(
                lambda: Judge(self.job.forkserver(), self.job.course_files)
            )
            self.met = False
            error = self.retell(self.judge)
            if error and not self.in_reach():
                raise Fault(error)
        return self.judge

    def retell(self, judge: Judge) -> str:
        """Bring a new test process to where the one before it was; return our fault."""
        try:
            if self.job.sheet.imports:
                judge.course(self.job.sheet.imports, self.job.seconds)
            for cell in self.told:
                if cell.trusted:
                    error, ours = self.told_to(judge, cell)
                    if ours:
                        return error
                elif cell.setup:
                    judge.set_up(cell.setup, self.job.seconds)
        except Dead as dead:
            return f"the test process ends without a student: {dead}"
        return ""

    def check(
        self, number: int, sources: dict[int, str], replaced: dict | None = None
    ) -> Step:
        """Run a check cell against the student's process."""
        cell = self.job.cells[number].cell
        step = Step(cell.grade_id, cell.points)
        start = time.monotonic()
        if start > self.deadline:
            step.verdict, step.message = (
                Verdict.TIME,
                "The notebook's time was used up.",
            )
            return step
        question = {
            "cell": number,
            "source": cell.source,
            "hidden": [list(lines) for lines in cell.hidden],
            "seed": zlib.crc32(cell.grade_id.encode()),
        }
        try:
            with self.timed("starting processes"):
                self.alive(number, replaced)
            with self.timed("checks"):
                _judge(step, self.asked(number, question, sources, replaced))
        except (Dead, OSError) as error:  # TimeoutError is an OSError
            step.message = f"The check could not be carried out: {error}"
            self.drop_judge()
        if step.verdict.unclear:
            self.drop_student()  # it may still be busy, or be gone
        if step.verdict is Verdict.TIME and not step.message:
            step.message = f"The check took more than {self.job.seconds:g} s."
        step.seconds = time.monotonic() - start
        return step

    def asked(
        self, number: int, question: dict, sources: dict, replaced: dict | None
    ) -> dict:
        """Return what became of a check."""
        if self.job.together:
            return self.alive(number, replaced).check(question, self.left(number))
        student, judge = self.attached(number, sources, replaced)
        return judge.grade(student, question, self.left(number))

    def attached(
        self, number: int, sources: dict[int, str], replaced: dict | None
    ) -> tuple[Student, Judge]:
        """Return the student's and the test process, the one with the other to ask.

        The memory of a value that the check before got may end the test process only
        now: it is begun anew. Starting the one may cost the other, too: where both
        never fit, it matters whether they would without the student's code.
        """
        for attempt in range(TRIES):
            if attempt == TRIES - 1:
                self.see_that_both_fit()
            student, judge = self.alive(number, replaced), self.testing()
            self.met = True
            try:
                judge.attach(student, sources, self.job.sheet)
                return student, judge
            except (Dead, OSError):
                self.drop_judge()
        raise Dead("the test process ended")

    def see_that_both_fit(self) -> None:
        """Raise `Fault` if this machine has no room for two processes of our own."""
        self.drop_student()
        self.drop_judge()
        self.student = self.started(
            lambda: Student(self.job.forkserver(), self.job.course_files, seed=0)
        )
        self.testing()
        if self.student is None:
            raise Fault("the machine has no room for a test process beside a student's")
        self.drop_student()

    # --- follow-through marks ---

    def follow_through(self) -> None:
        """Check lost steps again, with the reference in place of earlier wrong ones."""
        steps = {step.grade_id: step for step in self.result.steps}
        answers: list[int] = []
        replaced: dict[int, str] = {}
        previous: list[int] = []
        for number, cell in self.code():
            if cell.role == "answer":
                answers.append(number)
            if cell.role != "check":
                continue
            own, previous = answers or previous, answers or previous
            step, answers = steps[cell.cell.grade_id], []
            if step.score >= step.points:
                continue
            tried = any(self.job.cells[n].answered for n in own)
            earlier = {n: s for n, s in replaced.items() if n not in own}
            if earlier and tried and time.monotonic() < self.deadline:
                self.again(number, step, earlier)
            replaced |= {n: self.job.cells[n].cell.source for n in own}

    def again(self, number: int, step: Step, replaced: dict[int, str]) -> None:
        """Check one step once more; nothing that this run says is kept."""
        self.drop_student()
        fatal, self.fatal = self.fatal, self.fatal - replaced.keys()
        sources = {n: cell.source for n, cell in self.code() if n not in replaced}
        again = self.check(number, sources, replaced)
        self.fatal = fatal
        if again.score > step.score:
            step.score, step.followed = again.score, True


def _first_of_the_student(cells: list[Placed]) -> int:
    """Return the number of the first cell in which code of the student's may run."""
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and cell.role != "check" and not cell.own:
            return number
    return len(cells)


def _fit(files: dict[str, bytes]) -> bool:
    return sum(len(content) + 1024 for content in files.values()) < MOST_FILES


def named(cell: Cell) -> str:
    """Return how a course cell is named in a message."""
    if cell.grade_id:
        return f"the course's cell {cell.grade_id}"
    line = next(iter(cell.source.strip().splitlines()), "")
    return f"the course's cell that begins with {line[:60]!r}"


def _judge(step: Step, reply: dict) -> None:
    """Turn the test process's reply into points: full ones only for a clear pass."""
    step.verdict = Verdict(reply["verdict"])
    step.hidden = bool(reply.get("hidden"))
    told = (reply.get("error"), reply.get("printed"))
    step.message = "\n".join(filter(None, told)).strip()[:MOST_MESSAGE]
    if step.verdict is Verdict.PASSED:
        score = reply["score"]
        step.score = step.points if score is None else score
        if not 0 <= step.score <= step.points:  # NaN too
            step.score = max(0.0, step.points if step.score > step.points else 0.0)
        if step.score < step.points:
            step.verdict = Verdict.PARTIAL
            text = f"{step.score:g} of {step.points:g} points."
            step.message = step.message or text
    elif step.verdict is Verdict.BROKEN and not step.message:
        step.message = "The student's process ended."
