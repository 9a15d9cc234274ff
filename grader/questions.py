"""Three short questions a student about their own program; running it gives the key.

Who wrote a program can say what it returns, which shape that has, and what changes
when a line is deleted. The student's program runs where submissions run, with the
checks of each step replaced by calls; deleted lines make other functions beside it.
What does not return the same each time is not asked about. Equal hand-ins of a student
get equal questions.
"""

import ast
import hashlib
import json
import random
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from grader import CourseError, pool
from grader.autograde import chosen
from grader.books.course import Course
from grader.books.files import save
from grader.books.names import tree_of
from grader.books.rebuild import Placed, rebuild
from grader.books.sheet import Cell, Sheet
from grader.isolated import session
from grader.jobs import Options, job
from grader.reports.feedback import document
from grader.reports.lesson import steps_of
from grader.trial import tried
from grader.verdicts import Graded

ASKED = 3
MOST = 12  # numbers in an argument or a result that a person can write down
LINES = 6  # of a function that are deleted, one at a time
CHOICES = 4
ENDS = "nothing: it ends with"
SHEET = "break-after: page; border: 0"
CODE = re.compile(r"`([^`]+)`")
MARK = f"asked {secrets.token_hex(8)}: "  # which no student can print
ROUNDED = " (rounded to 4 decimals)"
ASK = f"""
import json as _json
import numpy as _np
def _shown(value):
    if value is None or isinstance(value, (bool, str)):
        return repr(value), ""
    if isinstance(value, (list, tuple)):
        parts = [_shown(part)[0] for part in value]
        return str(type(value)(parts)).replace("'", ""), ""
    array = _np.asarray(value)
    if array.dtype.kind not in "biuf" or array.size > {MOST}:
        raise TypeError
    near = _np.round(array, 4) if array.dtype.kind == "f" else array
    if (near == 0).sum() > (array == 0).sum():
        raise TypeError
    text = _np.array2string(near, separator=", ").replace("\\n", "")
    return " ".join(text.split()), str(array.shape) if array.ndim else ""
def _ask(line, call):
    try:
        value = call()
    except Exception as error:
        kind = NameError if isinstance(error, NameError) else type(error)
        shown = kind.__name__, "error"
    else:
        try:
            shown = _shown(value)
        except Exception:
            shown = "", "unshown"
    print({MARK!r} + _json.dumps([line, *shown]))
"""


@dataclass(frozen=True)
class Question:
    """A question, its choices (none: to be written down) and its key."""

    text: str
    key: str
    choices: tuple[str, ...] = ()
    call: str = ""


@dataclass(frozen=True)
class Call:
    """A call that can be asked about: a student's function with small arguments."""

    name: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


def questions(
    course: Course, name: str, options: Options
) -> dict[str, dict[str, list[Question]]]:
    """Return the questions of each student, by notebook."""
    assignment = course.assignment(name)
    trial = tried(course, assignment, options)
    calls = {sheet.name: dict(_calls(sheet)) for sheet in assignment.sheets}
    if not any(calls.values()):
        raise CourseError(f"{name}: no call has small arguments to ask about")
    options = replace(options, follow_through=False)
    waiting = {}
    with pool.executor(options) as (at, _):
        for student in chosen(course, name, options.students):
            submission = course.submission(student, assignment)
            for sheet in assignment.sheets:
                if sheet.name not in submission.notebooks or not calls[sheet.name]:
                    continue
                cells, _ = rebuild(sheet, submission.notebooks[sheet.name])
                cells, files = _asking(cells, calls[sheet.name]), assignment.files
                made = job(course, assignment, options, student, sheet, cells, files)
                made = replace(made, together=sheet.name in trial.together)
                waiting[student, sheet.name] = made, at.submit(session.grade, made)
        found: dict[str, dict[str, list[Question]]] = {}
        for (student, sheet), (made, future) in waiting.items():
            programs = [c.source for c in made.cells if c.role == "answer"]
            seed = hashlib.sha256("\n".join([student, *programs]).encode()).digest()
            asked = _questions(future.result(), calls[sheet])
            chosen_ones = _chosen(asked, random.Random(seed))
            found.setdefault(student, {})[sheet] = chosen_ones
    return found


# --- what can be asked ----------------------------------------------------------------


def _calls(sheet: Sheet) -> Iterator[tuple[str, Call]]:
    """Yield a call for each check that has one: from its worked case, or its text."""
    steps = steps_of(sheet)
    for cell in sheet.checks:
        checked = steps.get(cell.grade_id)
        small = getattr(checked and checked.step, "small", None)
        if small and checked.function in sheet.names:
            arguments = [_code(value) for value in small().args.values()]
            if all(arguments):
                yield cell.grade_id, Call(checked.function, ", ".join(arguments))
                continue
        for node in ast.walk(tree_of(cell.release)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [*node.args, *(pair.value for pair in node.keywords)]
                if node.func.id in sheet.names and all(map(_is_literal, given)):
                    arguments = ast.unparse(node).partition("(")[2][:-1]
                    yield cell.grade_id, Call(node.func.id, arguments)
                    break


def _is_literal(node: ast.expr) -> bool:
    with suppress(ValueError):
        ast.literal_eval(node)
        return True
    return False


def _code(value: Any) -> str:
    """Return a small value as Python, an empty text for others."""
    if isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, list | tuple):
        parts = [_code(part) for part in value]
        return f"[{', '.join(parts)}]" if all(parts) else ""
    small = isinstance(value, np.ndarray) and value.size <= MOST
    return f"np.array({value.tolist()})" if small and value.dtype.kind in "bif" else ""


# --- running it -----------------------------------------------------------------------


def _asking(cells: list[Placed], calls: dict[str, Call]) -> list[Placed]:
    """Return the cells with calls in place of the checks."""
    placed, programs = [], []
    for cell in cells:
        if cell.role == "answer":
            programs.append(cell.source)
        elif cell.role == "check":
            call = calls.get(cell.cell.grade_id)
            lines = _variants(call, "\n\n".join(programs)) if call else []
            if lines and placed:
                at = max(n for n, c in enumerate(placed) if c.role == "answer")
                own = "\n\n".join([placed[at].source, *(text for _, _, text in lines)])
                placed[at] = replace(placed[at], source=own)
            cell = _printing(cell, call, lines)
        placed.append(cell)
    return placed


def _printing(cell: Placed, call: Call | None, variants: list) -> Placed:
    """Return a check that prints what calls give."""
    lines = [ASK, "import numpy as np"]
    if call:
        whole = f"_ask('', lambda: {call})"
        lines += [whole, whole]  # and once more at the end: does it return the same?
        for name, line, _ in variants:
            lines.append(f"_ask({line!r}, lambda: {name}({call.arguments}))")
        lines.append(whole)
    source = "\n".join([*lines, "assert True"])
    own: Cell = replace(cell.cell, source=source, release=source, hidden=(), setup="")
    return Placed(own, "code", source)


def _variants(call: Call, program: str) -> list[tuple[str, str, str]]:
    """Return functions that lack a line: name, the line, the program."""
    tree = tree_of(program)
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    function = next((n for n in reversed(defined) if n.name == call.name), None)
    if function is None:
        return []
    within = [n for n in ast.walk(function) if isinstance(n, ast.While)]
    endless = {id(n) for loop in within for n in ast.walk(loop)}  # without a line of it
    places = [
        (body, n)
        for node in ast.walk(function)
        if isinstance(body := getattr(node, "body", None), list)
        for n, statement in enumerate(body)
        if isinstance(statement, ast.Assign | ast.AugAssign | ast.If | ast.For)
        and statement.end_lineno - statement.lineno < 2
        and id(statement) not in endless
    ]
    texts = Counter(
        ast.unparse(n) for n in ast.walk(function) if isinstance(n, ast.stmt)
    )
    itself = [n for n in ast.walk(function) if getattr(n, "id", "") == call.name]
    found = []
    for number, (body, n) in enumerate(places[:LINES]):
        line, kept = ast.unparse(body[n]), body[n]
        if texts[line] > 1:  # which of them is deleted?
            continue
        body[n] = ast.Pass()
        function.name = name = f"_{call.name}_without_{number}"
        for reference in itself:
            reference.id = name
        found.append((name, line, ast.unparse(function)))
        body[n], function.name = kept, call.name
    return found


# --- the questions --------------------------------------------------------------------


def _questions(result: Any, calls: dict[str, Call]) -> dict[str, list[Question]]:
    """Return what can be asked, by kind."""
    found: dict[str, list[Question]] = {"value": [], "shape": [], "line": []}
    if not isinstance(result, Graded):
        return found
    for step in result.steps:
        call = calls.get(step.grade_id)
        said = [line for line in step.message.splitlines() if line.startswith(MARK)]
        answers = [json.loads(line.removeprefix(MARK)) for line in said]
        whole = [a for a in answers if not a[0]]
        if call is None or not whole or any(a != whole[0] for a in whole):
            continue
        _, value, shape = whole[0]
        if shape in ("error", "unshown"):
            continue
        note = ROUNDED if re.search(r"\.\d{4}", value) else ""
        text = f"What does your `{call}` return{note}?"
        found["value"].append(Question(text, value, call=call.name))
        if shape and shape != "(1,)":
            text = f"Which shape has the result of your `{call}`?"
            found["shape"].append(Question(text, shape, call=call.name))
        found["line"] += _about_lines(call, value, answers)
    return found


def _about_lines(call: Call, value: str, answers: list) -> Iterator[Question]:
    """Yield questions on deleted lines that change the result."""
    given = {
        line: f"{ENDS} {text}" if kind == "error" else text
        for line, text, kind in answers
        if line and kind != "unshown"
    }
    for line, key in given.items():
        if key == value:
            continue
        choices: list[str] = []
        for other in [value, *given.values(), "None", "0", "1"]:
            if not any(_alike(other, known) for known in (key, *choices)):
                choices.append(other)
        text = f"`{line}` is deleted. What does your `{call}` return then?"
        kept = sorted([key, *choices[: CHOICES - 1]])
        yield Question(text, key, tuple(kept), call.name)


def _alike(one: str, other: str) -> bool:
    """Tell whether two texts show the same value: 0 and 0."""
    with suppress(ValueError):
        return float(one) == float(other)
    return one == other


def _chosen(asked: dict[str, list[Question]], chooser: random.Random) -> list[Question]:
    """Return three questions, of as many kinds as there are.

    The choices of a question on a line show the shape of that call: only where there is
    nothing else it is asked for, too. They do not hold what another question asks for.
    """
    for kind in ("value", "shape"):
        chooser.shuffle(asked[kind])
    lines = [q for q in asked["line"] if not q.key.startswith(ENDS)] or asked["line"]
    asked["line"] = chooser.sample(lines, len(lines))
    picked: list[Question] = []
    order = ("line", "shape", "value", "value", "line", "line", "shape")
    for turn, kind in enumerate(order, 1):
        told = {q.call for q in picked if q.choices and turn < len(order)}
        apart = [q for q in asked[kind] if q.call not in told]
        fit = apart if kind == "shape" else apart or asked[kind]
        if fit and len(picked) < ASKED:
            picked.append(fit[-1])
            asked[kind].remove(fit[-1])
    keys = {q.key for q in picked}
    return [
        replace(q, choices=tuple(c for c in q.choices if c == q.key or c not in keys))
        for q in picked
    ]


# --- what people get ------------------------------------------------------------------


def write(course: Course, name: str, options: Options) -> tuple[Path, Path]:
    """Write the sheets to print, a page a student, and the key; return both files."""
    asked = questions(course, name, options)
    folder = course.root / "reports"
    return (
        save(folder / f"{name}-questions.html", _page(name, asked, keys=False)),
        save(folder / f"{name}-questions-key.html", _page(name, asked, keys=True)),
    )


def _page(name: str, asked: dict, *, keys: bool) -> str:
    parts = [f"<h1>{escape(name)}: the key</h1>"] if keys else []
    for student, books in asked.items():
        parts.append(f'<section style="{"" if keys else SHEET}">')
        parts.append(f"<h2>{escape(student)}</h2>")
        for book, several in books.items():
            items = "".join(_item(question, keys=keys) for question in several)
            none = "<p>There is nothing to ask about: no step runs.</p>"
            parts.append(f"<p class=note>{escape(book)}</p>")
            parts.append(f"<ol>{items}</ol>" if several else none)
        parts.append("</section>")
    return document(f"{name}: questions", "".join(parts))


def _item(question: Question, *, keys: bool) -> str:
    text = CODE.sub(
        r"<code style='white-space: pre-wrap'>\1</code>", escape(question.text)
    )
    lines = [f"<li><p>{text}</p>"]
    for choice in question.choices:
        mark = "☑" if keys and choice == question.key else "☐"
        lines.append(f"<p>{mark} <code>{escape(choice)}</code></p>")
    if not question.choices:
        key = f"<code>{escape(question.key)}</code>" if keys else "_" * 40
        lines.append(f"<p>{key}</p>")
    return "".join([*lines, "</li>"])
