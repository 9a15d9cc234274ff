"""Grade as things are handed in: ``watch`` looks at the folder, or at the exchange.

Each look grades what is new, and writes the feedback of whoever has new marks. What is
finished stands in the records: killed and started again, it goes on with the rest.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from grader import CourseError, records
from grader.autograde import autograde
from grader.books.course import Course
from grader.jobs import Options
from grader.reports import feedback
from grader.trial import tried

EVERY = 1.0  # seconds between two looks
AGAIN = 60.0  # until what a fault has stopped is tried again


def watch(
    course: Course, name: str, options: Options, *, exchange: bool = False
) -> Iterator[str]:
    """Yield a line for each submission that was graded; without end.

    A submission is taken when two looks have seen the same files: one that is being
    copied is not.
    """
    tried(course, course.assignment(name), options).demand(name)  # before anybody waits
    before, done, later = {}, {}, {}
    while True:
        if exchange:
            _collect(course, name)
        now = {
            student: _state(course, name, student)
            for student in _students(course, name)
        }
        ready = [s for s, state in now.items() if state == before.get(s) != done.get(s)]
        ready = [s for s in ready if later.get(s, 0.0) <= time.monotonic()]
        before = now
        if ready:
            chosen = replace(options, students=tuple(ready), quiet=True)
            made = autograde(course, name, chosen)
            done |= {student: now[student] for student in ready}
            for student, record in sorted(made.items()):
                try:
                    if records.error_of(record):
                        del done[student]
                        later[student] = time.monotonic() + AGAIN
                    else:
                        feedback.write(course, name, (student,))
                except CourseError as error:  # it has been deleted meanwhile
                    yield f"{student}: {error}"
                yield f"{student}: {_marks(record)}"
        time.sleep(EVERY)


def _students(course: Course, name: str) -> list[str]:
    try:
        return course.students(name)
    except OSError:  # a folder that is being moved
        return []


def _state(course: Course, name: str, student: str) -> tuple:
    """Return what tells a submission from what it was at another look."""
    folder = course.folder("submitted", student, name)
    try:
        found = sorted(folder.glob("*"))
        return tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in found)
    except OSError:
        return ()


def _marks(record: dict) -> str:
    if error := records.error_of(record):
        return f"not graded: {error}"
    steps = [s for book in record["notebooks"].values() for s in book["steps"]]
    earned, most = (sum(step[key] for step in steps) for key in ("score", "points"))
    return f"{earned:g} of {most:g}"


def _collect(course: Course, name: str) -> None:
    """Fetch what lies in nbgrader's exchange and is newer than what is here."""
    done = course.nbgrader().collect(name, update=True)
    if not done["success"]:
        raise CourseError(f"nbgrader collect {name} fails: {done['error']}")
