"""The course's grader against plain `nbgrader autograde`, on the same class.

    python benchmarks/grading.py [--rounds 3] [--exercise CHAPTER/NAME] [--count 100]
                                 [--short]

The class is the reference solution and the wrong answers of the tests, in turn. Both
sides grade all of it with their commands, start-up included, in a fresh copy of the
course; ours in the sandbox, with one worker for each core. Follow-through marks are
switched off, which nbgrader does not have, and the marks of both must be equal. Then
ours grades the class with them, and shows where its time goes. Nothing else should run
on the machine.
"""

import os
import shutil
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from _ratio import finish, interleave, options, ratio, table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.course import handed_in, reference, wrong_answers  # noqa: E402
from tests.grader import classes  # noqa: E402

BAR = 15.0
# nbgrader calls alembic by name, and finds it where the environment is not activated
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def main() -> None:
    """Measure and report."""
    exercise = "fully_connected/two_hidden_layers"
    settings = options(__doc__, rounds=3, exercise=exercise, count=100)
    if settings.short:
        settings.exercise, settings.count = "perceptron/gates", 2
    chapter, name = settings.exercise.split("/")
    files = islice(cycle(submissions(settings.exercise)), settings.count)
    print(f"{os.cpu_count()} cores, {settings.count} submissions of {name}", flush=True)
    with TemporaryDirectory(prefix="grading-") as folder:
        course = classes.make(
            Path(folder) / "course",
            {f"student-{n:03}": raw for n, raw in enumerate(files)},
            settings.exercise,
        )
        marks: dict[str, list] = {}

        def side(label: str, *command: str):
            def run() -> None:
                copy = Path(folder) / label
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(course, copy)
                done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
                if done.returncode:
                    sys.exit(f"grading: {label} fails: {done.stderr[-2000:]}")
                marks.setdefault(label, classes.rows(copy)[0])

            return run

        ours = [sys.executable, "-m", "grader", "autograde", chapter]
        # plain nbgrader must be told of the assignment first; that is not timed
        nbgrader = str(Path(sys.executable).with_name("nbgrader"))
        command = [nbgrader, "generate_assignment", chapter, "--create", "--force"]
        subprocess.run(command, cwd=course, check=True, capture_output=True)
        sides = {
            "nbgrader": side("nbgrader", nbgrader, "autograde", chapter, "--create"),
            "ours": side("ours", *ours, "--no-follow-through"),
            "ours, follow-through": side("follow", *ours),
        }
        seconds = interleave(sides, settings.rounds)
        table(seconds)
        breakdown(Path(folder) / "ours")
        if marks["nbgrader"] != marks["ours"]:
            pairs = zip(marks["nbgrader"], marks["ours"], strict=True)
            differ = [(a, b) for a, b in pairs if a != b]
            sys.exit(f"grading: {len(differ)} marks differ: {differ[:3]}")
        print(f"{len(marks['ours'])} marks, all equal to nbgrader's")
    value = ratio(seconds, "nbgrader", "ours")
    finish("grading", value, BAR, short=settings.short)


def submissions(exercise: str) -> list[bytes]:
    """Return the reference and all wrong answers as files."""
    right = reference(exercise)
    wrong = [right | {w.cell: w.code} for w in wrong_answers(exercise)]
    return [handed_in(exercise, given) for given in (right, *wrong)]


def breakdown(folder: Path) -> None:
    """Print where the seconds of the workers went, a submission, from the records."""
    spent: dict[str, float] = {}
    records = classes.records(folder)
    for record in records.values():
        for result in record["notebooks"].values():
            for what, seconds in result["spent"].items():
                spent[what] = spent.get(what, 0.0) + seconds
    print(f"\na submission, in a worker ({len(records)} in the last round):")
    for what, seconds in spent.items():
        print(f"  {what:24} {seconds / len(records):8.3f} s")


if __name__ == "__main__":
    main()
