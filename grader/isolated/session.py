"""Grade one notebook: run it, check each step, survive whatever the student wrote.

`grade` is what the pool runs, on this machine or another: it takes a `Job`, which holds
everything by value, and returns a `Graded` or a `Fault`; it touches no file and no
database. Where the course or the machine is at fault, there are no points at all, and
the next run tries again. How the processes are kept is told in `pair`, how they are
asked, in `processes`.
"""

import time
import zlib

from grader.books.names import ANSWERS
from grader.books.rebuild import STUB, bound
from grader.isolated import processes
from grader.isolated.forkserver import ForkserverError
from grader.isolated.pair import TRIES, Job, Pair
from grader.isolated.processes import CellRun, Dead
from grader.verdicts import Fault, Graded, Step, Verdict

MOST_MESSAGE = 20_000
MOST_OUTPUT = 16 * 2**20  # bytes of all outputs of a notebook
UNWRITTEN = "NotImplementedError"
NOT_WRITTEN = (
    "✗ not yet written: your cell ends with NotImplementedError. Replace the line that "
    "raises it."
)


def grade(job: Job) -> Graded | Fault:
    """Return the verdict of each step, or whose fault there is none.

    A fault is tried again once: a machine that ends one process may spare the next.
    """
    try:
        for attempt in range(TRIES):
            starts = job.forkserver().warm()
            result = _grade(job)
            if job.forkserver().warm() != starts:
                continue  # it died on the way, and took the student's process
            if attempt or not isinstance(result, Fault):
                return result
    except ForkserverError as error:
        return Fault(f"the forkserver: {error}")
    return Fault("the forkserver died again and again while this notebook was graded")


def _grade(job: Job) -> Graded | Fault:
    start = time.monotonic()
    try:
        with Session(job, start + job.budget) as session:
            session.run()
            if job.follow_through and job.sheet.follow_through:
                with session.timed("follow-through"):
                    session.follow_through()
    except Fault as fault:
        return fault.with_traceback(None)
    spent = session.result.spent
    whole = time.monotonic() - start
    spent["else"] = max(0.0, whole - sum(spent.values()))
    return session.result


class Session(Pair):
    """One notebook on its way."""

    def run(self) -> None:
        """Run all cells in order, each check after the answers before it."""
        own_error, stub = "", None
        for number, cell in self.code():
            if cell.role == "check":
                step = self.check(number)
                step.own_error = own_error
                if stub and step.message.startswith("NameError"):
                    step.message = NOT_WRITTEN
                self.result.steps.append(step)
                if step.verdict in (Verdict.PASSED, Verdict.PARTIAL):
                    self.told.append(cell.cell)
                else:
                    self.set_up(cell.cell)
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

    def check(self, number: int) -> Step:
        """Run a check cell against the student's process."""
        cell = self.job.cells[number].cell
        step = Step(cell.grade_id, cell.points)
        start = time.monotonic()
        if start > self.deadline:
            step.verdict = Verdict.TIME
            step.message = "The notebook's time was used up."
            return step
        question = {
            "cell": number,
            "source": cell.source,
            "hidden": [list(lines) for lines in cell.hidden],
            "seed": zlib.crc32(cell.grade_id.encode()),
            "theirs": sorted(self.asked_for(number)),
        }
        try:
            with self.timed("starting processes"):
                self.alive(number)
            with self.timed("checks"):
                _judge(step, self.asked(number, question))
        except (Dead, OSError) as error:  # TimeoutError is an OSError
            step.message = f"The check could not be carried out: {error}"
            self.drop_judge()
        if step.verdict.unclear:
            self.drop_student()  # it may still be busy, or be gone
        if step.verdict is Verdict.TIME and not step.message:
            step.message = f"The check took more than {self.job.seconds:g} s."
        step.seconds = time.monotonic() - start
        return step

    def asked_for(self, number: int) -> set[str]:
        """Return the names that the answers right before a check are to define."""
        names: set[str] = set()
        for cell in reversed(self.job.cells[:number]):
            if cell.role == "check":
                break
            if cell.role in ANSWERS and cell.cell_type == "code":
                names |= bound(cell.cell.source)
        return names

    def asked(self, number: int, question: dict) -> dict:
        """Return what became of a check."""
        if self.job.together:
            return self.alive(number).check(question, self.left(number))
        student, judge = self.attached(number)
        return judge.grade(student, question, self.left(number))

    def follow_through(self) -> None:
        """Check lost steps again, with the reference in place of earlier wrong ones."""
        steps = {step.grade_id: step for step in self.result.steps}
        answers: list[int] = []
        own: list[int] = []  # the answers to a step: those before it, or its neighbor's
        replaced: dict[int, str] = {}
        for number, cell in self.code():
            if cell.role == "answer":
                answers.append(number)
            if cell.role != "check":
                continue
            own, answers = answers or own, []
            step = steps[cell.cell.grade_id]
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
        self.replaced = replaced
        again = self.check(number)
        self.fatal, self.replaced = fatal, {}
        if again.score > step.score:
            step.score, step.followed = again.score, True


def _judge(step: Step, reply: dict) -> None:
    """Turn the test process's reply into points: full ones only for a clear pass."""
    step.verdict = Verdict(reply["verdict"])
    step.hidden = bool(reply.get("hidden"))
    told = (reply.get("error"), reply.get("printed"))
    step.message = "\n".join(filter(None, told)).strip()[:MOST_MESSAGE]
    if step.verdict is Verdict.PASSED:
        score = reply["score"]
        step.score = step.points if score is None else min(score, step.points)
        step.score = max(0.0, step.score)  # NaN is 0, too
        if step.score < step.points:
            step.verdict = Verdict.PARTIAL
            text = f"{step.score:g} of {step.points:g} points."
            step.message = step.message or text
    elif step.verdict is Verdict.BROKEN and not step.message:
        step.message = "The student's process ended."
