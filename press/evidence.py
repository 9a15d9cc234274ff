"""How sharp the checks are: each reference is changed in one place, and checked.

``make evidence`` writes `book/evidence.json`; the page `book/evidence.md` shows it. A
change is what a slip of the pen makes: another operator, comparison, constant or axis,
a statement left out. A mutant is *caught* if it loses points in its own step, hidden
tests included, and *named* if it is told a mistake. What is not caught is listed with
its line: some change nothing that a result can show. Of each step some pairs of slips
are made at once, too: are both told?
"""

import argparse
import ast
import contextlib
import copy
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from multiprocessing.pool import ThreadPool
from typing import Any

from grader.books.course import Course
from grader.books.names import tree_of
from grader.books.sheet import Cell, Sheet
from grader.isolated.warm import needed, warm_up
from grader.reports.lesson import calls_of
from helpers import _terminal
from helpers.checks.engine import CheckFailed, Slip, Step
from helpers.checks.engine.slips import Move
from press.contents import BOOK, ROOT

TARGET = BOOK / "evidence.json"
MOST = 20  # mutants of a step, chosen with a fixed seed
PAIRS = 8  # of its slips, likewise
SECONDS = 20  # a check that computes for longer has caught an endless loop
OTHER = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.FloorDiv: ast.Div},
}
NAMES = {"max": "min", "min": "max", "maximum": "minimum", "sum": "mean", "mean": "sum"}
NAMES |= {"argmax": "argmin", "argmin": "argmax", "minimum": "maximum"}
RUN = """
import json, sys
from press import evidence
getattr(evidence, sys.argv[1])(*json.load(sys.stdin))
"""


def main() -> None:
    """Measure all sheets, one on each core."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="of an exercise's name")
    only = parser.parse_args().only
    paths = ROOT.glob("exercises/*/*.ipynb")
    sheets = [f"{path.parent.name}/{path.stem}" for path in paths]
    sheets = sorted(name for name in sheets if only in name)
    rows = {}
    with ThreadPool(os.cpu_count()) as pool:
        for exercise, row in zip(sheets, pool.imap(measured, sheets), strict=True):
            rows[exercise] = row
            counts = {key: n for key, n in row.items() if key != "left"}
            print(f"{exercise}: {counts}", flush=True)
            if only:
                print(*row["left"], sep="\n")
    if not only:
        made = {"date": date.today().isoformat(), "exercises": rows}
        text = json.dumps(made, indent=1, ensure_ascii=False)
        TARGET.write_text(f"{text}\n", "utf-8")


def measured(exercise: str) -> dict:
    """Return what became of the mutants of a sheet."""
    chapter, name = exercise.split("/")
    sheet, tasks = Course(ROOT).assignment(chapter).sheet(name), []
    for cell, task in answers(sheet):
        mutants = list(mutations(cell.source))
        random.Random(0).shuffle(mutants)
        tasks += [task | {"answer": t, "line": line} for line, t in mutants[:MOST]]
    results = judged(chapter, tasks)
    pairs = list(zip(tasks, results, strict=True))
    return {
        "steps": len(sheet.checks),
        "slips": sum(len(getattr(step, "texts", ())) for step in steps_in(sheet)),
        "mutants": len(pairs),
        "caught": sum(result is not None for result in results),
        "named": sum("Likely mistake" in (result or "") for result in results),
        **apart("paired", chapter, chapter, name),
        "left": [task["line"] for task, result in pairs if result is None],
    }


def steps_in(sheet: Sheet) -> list:
    """Return what checks the steps of a sheet, each once."""
    return list({id(c.step): c.step for _, c in calls_of(sheet)}.values())


def answers(sheet: Sheet) -> Iterator[tuple[Cell, dict]]:
    """Yield each answer cell, and a task for `judge` without its answer.

    Other answers are the reference's. The checks are those up to the next answer.
    """
    cells = [cell for cell in sheet.cells if cell.cell_type == "code"]
    for place, cell in enumerate(cells):
        if cell.role != "answer":
            continue
        checks = []
        for after in cells[place + 1 :]:
            if after.role == "answer":
                break
            if after.role == "check":
                checks.append([after.source, after.points])
        first = [c.source for c in cells[:place] if c.role in ("answer", "course")]
        yield cell, {"before": first, "checks": checks}


def judged(chapter: str, tasks: list[dict], causes: bool = True) -> list[str | None]:
    """Return what `judge` says of each task."""
    return apart("judge", chapter, tasks, causes)


def apart(function: str, chapter: str, *arguments: Any) -> Any:
    """Return what a function of this module prints as JSON, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, function],
        input=json.dumps(arguments),
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT / "exercises" / chapter,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def mutations(source: str) -> Iterator[tuple[str, str]]:
    """Yield each program that differs from a program in one place, and its line."""
    tree = tree_of(source)
    given = set(handed_out(tree))
    for number, node in enumerate(ast.walk(tree)):
        if node in given:
            continue
        for change in changes(node):
            other = copy.deepcopy(tree)
            twin = next(n for i, n in enumerate(ast.walk(other)) if i == number)
            change(twin)
            text = ast.unparse(other)
            if text != ast.unparse(tree):
                yield difference(ast.unparse(tree), text), text


def handed_out(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what is no choice of the student's: defaults, and ``strict=``."""
    for node in ast.walk(tree):
        given = node.defaults if isinstance(node, ast.arguments) else []
        if isinstance(node, ast.keyword) and node.arg == "strict":
            given = [node.value]
        for expression in given:
            yield from ast.walk(expression)


def changes(node: ast.AST) -> Iterator:
    """Yield the ways in which a node of a syntax tree can be mistaken."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OTHER:
        yield lambda n: setattr(n, "op", OTHER[type(n.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER:
        yield lambda n: n.ops.__setitem__(0, OTHER[type(n.ops[0])]())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        flips = {bool: lambda v: not v, int: lambda v: v + 1, float: lambda v: v + 1}
        yield lambda n: setattr(n, "value", flips[type(n.value)](n.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda n: setattr(n, "attr", NAMES[n.attr])
    if isinstance(node, ast.FunctionDef | ast.For | ast.If):
        for place, statement in enumerate(node.body):
            if isinstance(statement, ast.Assign | ast.AugAssign):
                yield lambda n, place=place: n.body.__setitem__(place, ast.Pass())


def difference(old: str, new: str) -> str:
    """Return the first line that is another one, as it was and as it is."""
    pairs = zip(old.splitlines(), new.splitlines(), strict=False)
    was, now = next((a, b) for a, b in pairs if a != b)
    return f"{was.strip()} → {now.strip()}"


# --- two slips at once ----------------------------------------------------------------


def doubles(step: Step, most: int) -> Iterator[tuple[Move, Move, list[Move]]]:
    """Make pairs of slips that lose together; yield both, and those that are told."""
    moves = step.slips(step.drawn(0))
    pairs = [(a, b) for a in moves for b in moves if a.site < b.site]
    for a, b in random.Random(0).sample(pairs, min(most, len(pairs))):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                step(step.slipped(Slip((a.slip, b.slip))))
        except CheckFailed as failure:
            cause = in_one_line(failure).partition("Likely mistake: ")[2]
            yield a, b, [m for m in moves if in_one_line(m.text) in cause]


def in_one_line(text: Any) -> str:
    """Return a text as one line."""
    return " ".join(f"{text}".split())


def paired(chapter: str, name: str) -> None:
    """Print as JSON what became of pairs of slips: how many, both told, one of them."""
    steps = steps_in(Course(ROOT).assignment(chapter).sheet(name))
    told = [
        len({a.slip, b.slip} & {move.slip for move in named})
        for step in steps
        if isinstance(step, Step)
        for a, b, named in doubles(step, PAIRS)
    ]
    counts = {"pairs": len(told), "both": told.count(2), "one": told.count(1)}
    print(json.dumps(counts))


# --- in a process of its own ----------------------------------------------------------


def judge(tasks: list[dict], causes: bool = True) -> None:
    """Print as JSON what each mutant is told: None where its checks pass.

    Without `causes` none is looked for, which takes most of the time.
    """
    warm(tasks)
    if not causes:
        Step.explain = lambda *_: ""
    print(json.dumps([told(task) for task in tasks]))


def warm(tasks: list[dict]) -> None:
    """Import once for all mutants what they need, and what PyTorch imports late."""
    if tasks:
        warm_up(needed(text for task in tasks for text in task["before"]))
        run(tasks[0]["before"][:1], {})


def told(task: dict) -> str | None:
    """Run a mutant in a child with a limit; return what its checks say."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        return json.loads(said) if said else f"ended with status {status}"
    os.close(read)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    import signal

    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of the processor
    names: dict = {"__name__": "__main__"}
    try:
        run([*task["before"], task["answer"]], names)
        text = next(
            filter(None, (lost(*check, names) for check in task["checks"])), None
        )
    except BaseException as error:
        text = f"{error}" or type(error).__name__
    with os.fdopen(write, "w", encoding="utf-8") as pipe:
        pipe.write(json.dumps(text))
    os._exit(0)


def run(sources: list[str], names: dict) -> None:
    """Run cells."""
    for source in sources:
        exec(compile(tree_of(source), "<cell>", "exec"), names)


def lost(source: str, points: float, names: dict) -> str | None:
    """Run a check; as in nbgrader, a number at its end is the points that it gives."""
    tree, last = tree_of(source), None
    if isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(tree, "<check>", "exec"), names)
        value = last and eval(compile(last, "<check>", "eval"), names)
    is_share = isinstance(value, int | float) and not isinstance(value, bool)
    is_less = is_share and value < points
    return out.getvalue() or f"{value} of {points}" if is_less else None


if __name__ == "__main__":
    _terminal.run(main)
