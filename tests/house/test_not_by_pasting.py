"""No step is answered by the function of its name in the chapter's notebook."""

import ast
import json
import os
import subprocess
import sys

import pytest

from grader.books.names import tree_of
from press.evidence import RUN
from tests.course import EXERCISES, ROOT, notebook, sheet


def definitions(chapter: str) -> tuple[str, set[str]]:
    """What a learner can copy: the notebook's functions and classes, and what they use.

    A statement that needs what only a run gives is left out.
    """
    text, names = [], set()
    for cell in notebook(ROOT / f"notebooks/{chapter}.ipynb").cells:
        for node in tree_of(cell.source).body if cell.cell_type == "code" else []:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif not isinstance(node, ast.Import | ast.ImportFrom) and not (
                isinstance(node, ast.Assign) and is_literal(node.value)
            ):
                continue
            body = ast.unparse(node).replace("\n", "\n    ")
            text.append(f"try:\n    {body}\nexcept Exception:\n    pass")
    return "\n".join(text), names


def is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_step_takes_the_function_of_the_notebook(exercise):
    copied, names = definitions(exercise.split("/")[0])
    cells = [cell for cell in sheet(exercise).cells if cell.cell_type == "code"]
    tasks, steps = [], []
    for place, cell in enumerate(cells):
        if cell.role != "answer":
            continue
        body = tree_of(cell.source).body
        asked = {n.name for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        rest = [ast.unparse(n) for n in body if getattr(n, "name", "") not in names]
        checks = []
        for after in cells[place + 1 :]:
            if after.role == "answer":
                break
            if after.role == "check":
                checks.append([after.source, after.points])
        if asked & names and checks:
            steps.append((cell.grade_id, *sorted(asked & names)))
            before = [c.source for c in cells[:place] if c.role in ("answer", "course")]
            answer = "\n".join([copied, *rest])
            tasks.append({"before": before, "answer": answer, "checks": checks})
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(tasks),
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT / "exercises" / exercise.split("/")[0],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert [step for step, said in zip(steps, told, strict=True) if said is None] == []
