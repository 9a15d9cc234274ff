"""The two processes of one notebook: a student's and a test process, kept alive.

Both are started when they are needed; a new one is brought to where the one before it
was. A cell of the course's own that fails is a `Fault`, but only in a process that no
code and no value of a student's has reached: a student must not be able to bring one
about, as it would put off his marks for ever.
"""

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from grader.books.rebuild import Placed
from grader.books.sheet import Cell, Sheet
from grader.isolated.forkserver import Forking, Forkserver, ForkserverError, shared
from grader.isolated.processes import CellRun, Dead, Judge, Student
from grader.isolated.sandbox import Limits
from grader.isolated.warm import remembers
from grader.verdicts import CourseFault, Fault, Graded

P = TypeVar("P", Student, Judge)
MOST_FILES = 200 * 2**20  # bytes of the files beside a notebook, which are one frame
TRIES = 3  # of starting a process, when the machine is out of resources
LEFT_OUT = (
    "The files handed in beside the notebook were left out: they are too big, or the "
    "course's own cells do not run with them."
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

    def judges(self) -> Forking:
        """Return who forks its test process: who has rehearsed it, if any."""
        cells = tuple(c.source for c in self.sheet.cells if c.cell_type == "code")
        forkserver = self.forkserver()
        return forkserver.rehearsed(cells) if remembers(cells) else forkserver


class Pair:
    """The processes of one notebook, and how far they have come."""

    def __init__(self, job: Job, deadline: float) -> None:
        self.job = job
        self.deadline = deadline
        size = sum(len(content) + 1024 for content in job.files.values())
        self.files = job.files if size < MOST_FILES else job.course_files
        self.failures = 0  # of course cells before any answer
        self.first = _first_of_the_student(job.cells)
        self.result = Graded(repairs=[] if self.files is job.files else [LEFT_OUT])
        self.student: Student | None = None
        self.judge: Judge | None = None
        self.timing = False
        self.replaced: dict[int, str] = {}  # other sources of cells, for follow-through
        self.fatal: set[int] = set()  # cells that end their process: not replayed
        self.kept: dict[int, int] = {}  # bytes of outputs, by cell
        self.told: list[Cell] = []  # what the test process has run: the course's cells
        self.met = False  # whether values of a student's have reached it

    def __enter__(self) -> "Pair":
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

    def code(self) -> Iterator[tuple[int, Placed]]:
        """Yield the code cells with their numbers."""
        for number, cell in enumerate(self.job.cells):
            if cell.cell_type == "code":
                yield number, cell

    def alive(self, upto: int) -> Student:
        """Return the student's process; a new one replays the cells before `upto`."""
        seed = zlib.crc32(self.job.sheet.name.encode())
        while self.student is None:
            self.student = self.started(
                lambda: Student(
                    self.job.forkserver(),
                    self.files,
                    seed,
                    checks=self.job.together,
                    kernel=self.job.sheet.kernel,
                )
            )
            self.replay(upto)
        return self.student

    def replay(self, upto: int) -> None:
        """Run the cells before `upto`; where one ends the process, there is none."""
        for number, cell in self.code():
            if number >= upto or time.monotonic() > self.deadline:
                return
            if number in self.fatal or (cell.role == "check" and not self.job.together):
                continue
            source = self.replaced.get(number, cell.source)
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

    def course(self, cell: Cell) -> None:
        """Run a cell of the course's own in the test process, or its part of it."""
        if not cell.trusted:
            self.set_up(cell)
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

    def set_up(self, cell: Cell) -> None:
        """Let later checks find what a cell defines without the student's help.

        Where there is no test process, the next one is told of it.
        """
        self.told.append(cell)
        if cell.setup and self.judge:
            with self.timed("starting processes"), suppress(Dead):
                self.judge.set_up(cell.setup, self.job.seconds)

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

    def testing(self) -> Judge:
        """Return the test process, in which the course's cells so far have run."""
        while self.judge is None:
            self.judge = self.started(
                lambda: Judge(self.job.judges(), self.job.course_files)
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

    def attached(self, number: int) -> tuple[Student, Judge]:
        """Return the student's and the test process, the one with the other to ask.

        The memory of a value that the check before got may end the test process only
        now: it is begun anew. Starting the one may cost the other, too: where both
        never fit, it matters whether they would without the student's code.
        """
        sources = {n: c.source for n, c in self.code() if n not in self.replaced}
        for attempt in range(TRIES):
            if attempt == TRIES - 1:
                self.see_that_both_fit()
            student, judge = self.alive(number), self.testing()
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


def _first_of_the_student(cells: list[Placed]) -> int:
    """Return the number of the first cell in which code of the student's may run."""
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and cell.role != "check" and not cell.own:
            return number
    return len(cells)


def named(cell: Cell) -> str:
    """Return how a course cell is named in a message."""
    if cell.grade_id:
        return f"the course's cell {cell.grade_id}"
    line = next(iter(cell.source.strip().splitlines()), "")
    return f"the course's cell that begins with {line[:60]!r}"
