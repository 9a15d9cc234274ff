"""No step is answered by the function of its name in the chapter's notebook."""

import ast
import itertools

import pytest

from grader.books.names import tree_of
from press.evidence import answers, judged
from tests.course import EXERCISES, ROOT, notebook, sheet

# The notebook has one of the two functions that these steps ask for: its paste alone is
# tried. Elsewhere what the notebook lacks is the reference's.
HALF_THERE = {"equations_slope"}


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


@pytest.mark.parametrize("chapter", sorted({e.split("/")[0] for e in EXERCISES}))
def test_no_step_takes_the_function_of_the_notebook(chapter):
    copied, names = definitions(chapter)
    tasks, steps = [], []
    sheets = [sheet(name) for name in EXERCISES if name.split("/")[0] == chapter]
    for cell, task in itertools.chain.from_iterable(map(answers, sheets)):
        body = tree_of(cell.source).body
        asked = {n.name for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        rest = [ast.unparse(n) for n in body if getattr(n, "name", "") not in names]
        rest = [] if cell.grade_id in HALF_THERE else rest
        if asked & names and task["checks"]:
            steps.append((cell.grade_id, *sorted(asked & names)))
            tasks.append(task | {"answer": "\n".join([copied, *rest])})
    told = judged(chapter, tasks, causes=False)
    assert [step for step, said in zip(steps, told, strict=True) if said is None] == []
