"""What is to be run, and how: a command's options, a submission's notebooks as jobs.

`autograde` makes a `Task` of each submission, `trial` jobs of the reference. A job is
all that `session.grade` needs; where it runs is the `pool`'s business.
"""

from dataclasses import dataclass, field

from grader.books.course import Assignment, Course
from grader.books.handed_in import Submission
from grader.books.rebuild import Placed
from grader.books.sheet import Sheet
from grader.isolated.pair import Job
from grader.isolated.sandbox import Limits
from grader.verdicts import Fault, Graded


@dataclass(frozen=True)
class Options:
    """How to run: see the command's help."""

    students: tuple[str, ...] = ()
    workers: int = 2
    dask: str = ""
    sandbox: bool = True
    limits: Limits = field(default_factory=Limits)
    seconds: float | None = None
    force: bool = False
    follow_through: bool = True
    quiet: bool = False
    anyway: bool = False


@dataclass
class Task:
    """A submission under way: its jobs by notebook, and what they gave."""

    submission: Submission
    jobs: dict[str, Job] = field(default_factory=dict)
    results: dict[str, Graded | Fault] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether each job has its result."""
        return self.jobs.keys() <= self.results.keys()


def job(
    course: Course,
    assignment: Assignment,
    options: Options,
    student: str,
    sheet: Sheet,
    cells: list[Placed],
    files: dict[str, bytes],
) -> Job:
    """Return the job that grades these cells, with `files` beside the notebook."""
    return Job(
        student=student,
        sheet=sheet,
        cells=cells,
        files=files,
        course_files=assignment.files,
        limits=options.limits if options.sandbox else None,
        seconds=options.seconds or course.seconds,
        follow_through=options.follow_through,
        modules=assignment.modules,
    )
