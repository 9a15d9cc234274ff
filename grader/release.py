"""Does an exercise survive its own grader? The reference and the empty release, run.

Both go through the path that submissions take, by `session.grade`, but one after
another and without a class, records or a gradebook.
"""

from collections.abc import Iterator
from dataclasses import replace

from grader.books.course import Assignment, Course
from grader.books.rebuild import Placed
from grader.books.sheet import Sheet
from grader.isolated import session
from grader.jobs import Options, job
from grader.verdicts import Fault


def check_release(course: Course, name: str, options: Options) -> list[str]:
    """Grade the reference and the empty release of an assignment.

    Returns
    -------
    list of str
        What is wrong, a line each: points that the reference loses or the release gets.
    """
    assignment = course.assignment(name)
    options = replace(options, follow_through=False)
    return [
        f"{name}/{sheet.name}{fault}"
        for sheet in assignment.sheets
        for who in ("reference", "release")
        for fault in _faults(course, assignment, options, sheet, who)
    ]


def _faults(
    course: Course, assignment: Assignment, options: Options, sheet: Sheet, who: str
) -> Iterator[str]:
    right = who == "reference"
    cells = [
        Placed(c, c.cell_type, c.source if right else c.release) for c in sheet.cells
    ]
    made = job(course, assignment, options, who, sheet, cells, assignment.files)
    result = session.grade(made)
    if isinstance(result, Fault):
        yield f": {result}"
        return
    for line in result.problems:
        yield f": {line}"
    for step in result.steps:
        if step.score != (step.points if right else 0):
            yield (
                f"/{step.grade_id}: the {who} gets {step.score:g} of "
                f"{step.points:g}: {step.message}"
            )
