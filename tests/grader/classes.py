"""Classes to grade: the perceptron's exercise, handed in rightly and wrongly."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import sqlalchemy

from tests.course import ROOT, handed_in, reference, wrong_answers

ASSIGNMENT, EXERCISE = "perceptron", "perceptron/gates"
MARKS = """
    SELECT student.id, assignment.name, notebook.name, base_cell.name,
           grade.auto_score, grade.manual_score, grade.needs_manual_grade,
           submitted_notebook.late_submission_penalty, submitted_assignment.timestamp
    FROM grade
    JOIN base_cell ON grade.cell_id = base_cell.id
    JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
    JOIN notebook ON submitted_notebook.notebook_id = notebook.id
    JOIN submitted_assignment
        ON submitted_notebook.assignment_id = submitted_assignment.id
    JOIN assignment ON submitted_assignment.assignment_id = assignment.id
    JOIN student ON submitted_assignment.student_id = student.id
"""
COMMENTS = """
    SELECT student.id, base_cell.name, comment.auto_comment, comment.manual_comment
    FROM comment
    JOIN base_cell ON comment.cell_id = base_cell.id
    JOIN submitted_notebook ON comment.notebook_id = submitted_notebook.id
    JOIN submitted_assignment
        ON submitted_notebook.assignment_id = submitted_assignment.id
    JOIN student ON submitted_assignment.student_id = student.id
"""


def make(folder: Path, submissions: dict[str, bytes], exercise: str = EXERCISE) -> Path:
    """Set up a course of one exercise in `folder` with what students handed in."""
    source = folder / f"solutions/{exercise}.ipynb"
    source.parent.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copy(ROOT / f"solutions/{exercise}.ipynb", source)
    for student, raw in submissions.items():
        path = folder / f"submitted/{student}/{exercise}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(raw)
    return folder


def submissions(count: int) -> dict[str, bytes]:
    """Return `count` submissions: right ones, empty ones and wrong ones in turn."""
    right = reference(EXERCISE)
    answers = [right, {}] + [right | {w.cell: w.code} for w in wrong_answers(EXERCISE)]
    files = [handed_in(EXERCISE, given) for given in answers]
    return {f"student-{n:03}": files[n % len(files)] for n in range(count)}


LOOPED = """
def fit(X, d, eta=1.0, max_epochs=100):
    w, b, mistakes = np.zeros(X.shape[1]), 0.0, []
    for _ in range(max_epochs):
        wrong = 0
        for x, target in zip(X, d):
            w, b, mistake = update(x, target, w, b, eta)
            wrong += mistake
        mistakes.append(wrong)
        if wrong == 0:
            break
    return w, b, mistakes
"""


def five() -> dict[str, bytes]:
    """Return the class of the page `book/grading.md`, by student."""
    right = reference(EXERCISE)
    wrong = {w.name: {w.cell: w.code} for w in wrong_answers(EXERCISE)}
    endless = "def fit(X, d, eta=1.0, max_epochs=100):\n    while True:\n        pass\n"
    meddled = json.loads(handed_in(EXERCISE, right | wrong["xor_is_or"]))
    for cell in meddled["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "gates_xor_check":
            cell["source"] = "2"
            cell["metadata"]["tags"] = ["skip-execution"]
    builds_on_it = right | wrong["sign_of_the_error"] | {"gates_fit": LOOPED}
    return {
        "ada": handed_in(EXERCISE, right),
        "ben": handed_in(EXERCISE, builds_on_it),
        "chen": handed_in(EXERCISE, right | {"gates_fit": endless}),
        "dora": json.dumps(meddled).encode(),
        "eve": b"",
    }


def run(folder: Path, *arguments: str, **settings) -> subprocess.CompletedProcess:
    """Run the grader's command to its end."""
    return subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, **settings
    )


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start the grader's command."""
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(*arguments: str) -> list[str]:
    from tests.grader import options

    run_here = [sys.executable, "-m", "grader", *arguments]
    if arguments[0] == "autograde" and not options().sandbox:
        run_here.append("--no-sandbox")
    return run_here


def rows(folder: Path) -> list[list[tuple]]:
    """Return all marks and comments of the gradebook, without its random ids."""
    engine = sqlalchemy.create_engine(f"sqlite:///{folder}/gradebook.db")
    with engine.connect() as connection:
        return [
            sorted(map(tuple, connection.execute(sqlalchemy.text(query))), key=repr)
            for query in (MARKS, COMMENTS)
        ]


def records(folder: Path) -> dict[str, dict]:
    """Return the record of each graded student."""
    found = folder.glob("autograded/*/[!.]*/.grading.json")  # none half written
    return {path.parts[-3]: json.loads(path.read_text()) for path in found}


def processes(needle: str = "grader.isolated.forkserver") -> set[int]:
    """Return the pids of all forkservers and their children on this machine."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if needle.encode() in line and int(entry.name) != os.getpid():
                found.add(int(entry.name))
    return found
