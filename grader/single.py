"""One submission, graded by itself: for a learning platform, a bot, a script.

``grade(source, submission)`` needs no course and leaves nothing behind.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from grader import CourseError
from grader.autograde import autograde
from grader.books.course import Course
from grader.jobs import Options

ASSIGNMENT, STUDENT = "assignment", "student"
STEP = ("grade_id", "title", "points", "score", "verdict", "message", "followed")


def grade(
    source: Path, submission: Path, options: Options | None = None
) -> dict[str, Any]:
    """Grade a notebook against its source, and the files beside that.

    What is returned can be JSON: ``score`` and ``points`` of the steps that are
    checked, ``waiting`` with the cells that a person must mark, the ``state`` of the
    notebook, ``problems`` and ``repairs`` as lines of text, and ``steps`` with their
    points and messages.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, place in (
            (source, root / "source" / ASSIGNMENT),
            (submission, root / "submitted" / STUDENT / ASSIGNMENT),
        ):
            if not path.is_file():
                raise CourseError(f"{path} is no file")
            if path == source and path.suffix != ".ipynb":
                raise CourseError(f"{path} is no notebook (.ipynb)")
            place.mkdir(parents=True)
            shutil.copy(path, place / source.name)
        for beside in source.parent.iterdir():
            if beside.is_file() and beside.suffix != ".ipynb":
                shutil.copy(beside, root / "source" / ASSIGNMENT)
        (root / "nbgrader_config.py").write_text("c = get_config()\n", "utf-8")
        done = autograde(Course(root), ASSIGNMENT, options or Options(quiet=True))
    record = done[STUDENT]
    result = record["notebooks"][source.stem]
    if "error" in result:
        return {"state": result["state"], "error": result["error"]}
    steps = [{key: step[key] for key in STEP} for step in result["steps"]]
    return {
        "state": result["state"],
        "score": sum(step["score"] for step in steps),
        "points": sum(step["points"] for step in steps),
        "waiting": sorted(cell for cell, due in result["manual"].items() if due),
        "problems": [*record["notes"], *result["problems"]],
        "repairs": result["repairs"],
        "steps": steps,
    }
