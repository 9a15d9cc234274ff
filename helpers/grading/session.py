"""Grade one notebook: run it, check each step, survive whatever the student wrote.

`grade` is what the pool runs, on this machine or another: it takes a `Job`, which holds
everything by value, and returns a `Graded`; it touches no file and no database.
"""

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from . import kernel
from .kernel import CellRun, Dead, Student, Tester
from .rebuild import Placed
from .sandbox import Limits
from .sheet import Cell, Sheet
from .template import Template, TemplateError, template

MOST_MESSAGE = 20_000
MOST_OUTPUT = 16 * 2**20  # bytes of all outputs of a notebook
TRIES = 3  # of starting a process, when the machine is out of resources

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
    torch: bool = True

    def template(self) -> Template:
        """Return the warm process that forks this notebook's."""
        return template(self.limits, torch=self.torch)


@dataclass
class Step:
    """The result of one check cell.

    ``verdict`` is ``passed``, ``partial``, ``failed``, ``time`` or ``broken``;
    ``followed`` says that the points come from a run in which earlier wrong answers
    were replaced by the reference. ``own_error`` is how an answer cell of the step
    itself ended, if it did not end well.
    """

    grade_id: str
    points: float
    score: float = 0.0
    verdict: str = "broken"
    message: str = ""
    hidden: bool = False
    seconds: float = 0.0
    followed: bool = False
    own_error: str = ""


@dataclass
class Graded:
    """The result of one notebook.

    Steps, outputs by cell, what went wrong, and the seconds spent on what.
    """

    steps: list[Step] = field(default_factory=list)
    outputs: dict[int, list[dict]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)


def grade(job: Job) -> Graded:
    """Run a notebook and return the verdict of each step.

    Raises
    ------
    TemplateError
        The machine lost the template again and again; this says nothing of the student.
    Stopped
        The run is being given up.
    """
    for _ in range(TRIES):
        starts = job.template().warm()
        result = _grade(job)
        if job.template().warm() == starts:
            return result  # else it died on the way, and took the student's process
    raise TemplateError("the template died while this notebook was graded")


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
        self.result = Graded()
        self.student: Student | None = None
        self.tester: Tester | None = None
        self.timing = False
        self.fatal: set[int] = set()  # cells that end their process: not replayed
        self.kept: dict[int, int] = {}  # bytes of outputs, by cell
        self.told: list[Cell] = []  # what the test process has run: the course's cells

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        for process in (self.student, self.tester):
            if process:
                process.close()

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
        own_error = ""
        for number, cell in self.code():
            if cell.role == "check":
                step = self.check(number, sources)
                step.own_error = own_error
                unwritten = own_error.startswith("NotImplementedError")
                if unwritten and step.message.startswith("NameError"):
                    step.message = NOT_WRITTEN
                self.result.steps.append(step)
                self.set_up(cell.cell, step)
                continue
            if cell.role == "course" and cell.cell.trusted:
                self.course(cell)
            if time.monotonic() > self.deadline:
                continue
            run = self.cell(number, cell.source)
            self.result.outputs[number] = run.outputs
            if cell.role == "answer":
                own_error = run.error
            if run.ended:
                text = f"Cell {number + 1}: {run.ended}; the cells after it were run."
                self.result.problems.append(text)

    def code(self) -> Iterator[tuple[int, Placed]]:
        """Yield the code cells with their numbers."""
        for number, cell in enumerate(self.job.cells):
            if cell.cell_type == "code":
                yield number, cell

    def cell(self, number: int, source: str) -> CellRun:
        """Run a cell of the student's process, in a new one if there is none."""
        try:
            with self.timed("starting processes"):
                student = self.alive(number)
        except (Dead, TemplateError) as error:
            return CellRun(ended=f"no process could be started ({error})")
        room = MOST_OUTPUT - sum(self.kept.values())
        with self.timed("students' cells"):
            run = student.run(
                number, source, self.left(), min(room, kernel.MOST_OUTPUT)
            )
        self.kept[number] = run.kept
        if run.ended:
            self.fatal.add(number)
            self.student = None
        return run

    def alive(self, upto: int, replaced: dict[int, str] | None = None) -> Student:
        """Return the student's process; a new one replays the cells before `upto`."""
        if self.student is None:
            student = self.start()
            for number, cell in self.code():
                if number >= upto or time.monotonic() > self.deadline:
                    break
                if cell.role == "check" or number in self.fatal:
                    continue
                source = (replaced or {}).get(number, cell.source)
                run = student.run(number, source, self.left())
                if run.ended:
                    self.fatal.add(number)
                    student = self.alive(upto, replaced)
                    break
            self.student = student
        return self.student

    def start(self) -> Student:
        """Start a student's process; try again when the machine is short of memory."""
        seed = zlib.crc32(self.job.sheet.name.encode())
        for attempt in range(TRIES):
            try:
                return Student(self.job.template(), self.job.files, seed)
            except (Dead, TemplateError, TimeoutError) as error:
                if attempt == TRIES - 1:
                    raise Dead(str(error) or "it did not start in time") from None
                time.sleep(0.5 * 2**attempt)
        raise AssertionError

    def left(self) -> float:
        """Return the limit of the next cell: its own, or what is left of them all."""
        return max(0.1, min(self.job.seconds, self.deadline - time.monotonic()))

    # --- checks ---

    def course(self, cell: Placed) -> None:
        """Run a cell of the course's own in the test process."""
        try:
            with self.timed("starting processes"):
                error = self.testing().course(cell.cell.source, self.job.seconds)
        except (Dead, TemplateError) as dead:
            error, self.tester = str(dead), None
        self.told.append(cell.cell)
        if error:
            name = cell.cell.grade_id or "without a name"
            text = f"The course's cell {name} fails in the test process: {error}"
            self.result.problems.append(text)

    def set_up(self, cell: Cell, step: Step) -> None:
        """Let later checks find what this one defines, although it failed."""
        self.told.append(cell)
        if cell.setup and self.tester and step.verdict not in ("passed", "partial"):
            with suppress(Dead, TimeoutError):
                self.tester.set_up(cell.setup, self.job.seconds)

    def testing(self) -> Tester:
        """Return the test process, in which the course's cells so far have run."""
        if self.tester is None:
            self.tester = Tester(self.job.template(), self.job.course_files)
            if self.job.sheet.imports:
                self.tester.course(self.job.sheet.imports, self.job.seconds)
            for cell in self.told:  # it died: begin it anew
                if cell.role == "course":
                    self.tester.course(cell.source, self.job.seconds)
                elif cell.setup:
                    self.tester.set_up(cell.setup, self.job.seconds)
        return self.tester

    def check(
        self, number: int, sources: dict[int, str], replaced: dict | None = None
    ) -> Step:
        """Run a check cell against the student's process; never raise."""
        cell = self.job.cells[number].cell
        step = Step(cell.grade_id, cell.points)
        start = time.monotonic()
        if start > self.deadline:
            step.verdict, step.message = "time", "The notebook's time was used up."
            return step
        question = {
            "source": cell.source,
            "hidden": [list(lines) for lines in cell.hidden],
            "seed": zlib.crc32(cell.grade_id.encode()),
        }
        try:
            with self.timed("starting processes"):
                student = self.alive(number, replaced)
            with self.timed("checks"):
                tester = self.attached(student, sources)
                _judge(step, tester.grade(student, question, self.left()))
        except (Dead, TemplateError, OSError) as error:  # TimeoutError is an OSError
            step.message = f"The check could not be carried out: {error}"
            if self.tester:
                self.tester.close()
            self.tester = None
        if step.verdict in ("time", "broken") and self.student:
            self.student.close()  # it may still be busy, or be gone
            self.student = None
        if step.verdict == "time" and not step.message:
            step.message = f"The check took more than {self.job.seconds:g} s."
        step.seconds = time.monotonic() - start
        return step

    def attached(self, student: Student, sources: dict[int, str]) -> Tester:
        """Return the test process, with this student's to ask.

        The memory of a value that the check before got may end it only now: it is
        begun anew once.
        """
        try:
            tester = self.testing()
            tester.attach(student, sources, self.job.sheet)
        except (Dead, OSError):
            if self.tester:
                self.tester.close()
            self.tester = None
            tester = self.testing()
            tester.attach(student, sources, self.job.sheet)
        return tester

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
        if self.student:
            self.student.close()
        self.student = None
        fatal, self.fatal = self.fatal, self.fatal - replaced.keys()
        sources = {n: cell.source for n, cell in self.code() if n not in replaced}
        again = self.check(number, sources, replaced)
        self.fatal = fatal
        if again.score > step.score:
            step.score, step.followed = again.score, True


def _judge(step: Step, reply: dict) -> None:
    """Turn the test process's reply into points: full ones only for a clear pass."""
    step.verdict = reply["verdict"]
    step.hidden = bool(reply.get("hidden"))
    told = (reply.get("error"), reply.get("printed"))
    step.message = "\n".join(filter(None, told)).strip()[:MOST_MESSAGE]
    if step.verdict == "passed":
        score = reply["score"]
        step.score = step.points if score is None else score
        if not 0 <= step.score <= step.points:  # NaN too
            step.score = max(0.0, step.points if step.score > step.points else 0.0)
        if step.score < step.points:
            step.verdict = "partial"
            text = f"{step.score:g} of {step.points:g} points."
            step.message = step.message or text
    elif step.verdict == "broken" and not step.message:
        step.message = "The student's process ended."
