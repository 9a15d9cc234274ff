"""What a class did not understand: how many were right in each step, and the mistakes.

A mistake has the name that the check gave it. Nothing in the report says who made it:
no names, and of an example only the program, without comments, texts or own names of
files.
"""

import ast
import builtins
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from grader import CourseError, records
from grader.books.course import Course
from grader.books.files import save
from grader.reports.feedback import answer_to, document
from grader.reports.lesson import Lesson, lessons
from grader.reports.marks import text as text_of
from grader.verdicts import Verdict

RIGHT, LATER = "right", "right, with the reference in place of earlier answers"
CAUSE = re.compile(r"^( *)Likely mistake: (.*(?:\n\1 {4}.*)*)", re.MULTILINE)
HEAD = re.compile(r"✗ [^\n]*?: ([^\n]+)")
STOPPED = {
    Verdict.TIME: "stopped at the time limit",
    Verdict.BROKEN: "could not be run to its end",
}
UNWRITTEN = "not written"
UNKNOWN = (
    "wrong values",
    "wrong shape",
    "wrong kind of result",
    "not what is asked for",
)
LONG = 1500  # characters of an example
MOST_LETTERS = 4  # of a name that is shown whatever it is


@dataclass
class Seen:
    """What a class did in one step."""

    title: str
    points: float
    lesson: Lesson
    names: Counter = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many were checked."""
        return self.names.total()

    @property
    def right(self) -> int:
        """How many had it right, earlier mistakes aside."""
        return self.names[RIGHT] + self.names[LATER]

    @property
    def mistakes(self) -> list[tuple[str, int]]:
        """The mistakes by count."""
        return [(n, c) for n, c in self.names.most_common() if n not in (RIGHT, LATER)]


def insight(course: Course, name: str) -> dict[tuple[str, str], Seen]:
    """Return what the class did in each step, by notebook and `grade_id`."""
    assignment, found = course.assignment(name), {}
    told = {sheet.name: lessons(course, sheet) for sheet in assignment.sheets}
    known = {s.name: "\n".join(c.source for c in s.cells) for s in assignment.sheets}
    texts = {
        (s.name, c.grade_id): c.source for s in assignment.sheets for c in s.checks
    }
    kept = [records.read(course, name, student) for student in course.students(name)]
    if not any(kept):
        raise CourseError(f"nobody is graded for {name}: run `autograde {name}` first")
    for record in filter(None, kept):
        for notebook, result in record["notebooks"].items():
            for step in result["steps"]:
                key = notebook, step["grade_id"]
                lesson = told.get(notebook, {}).get(step["grade_id"], Lesson())
                title = step["title"] or step["grade_id"]
                seen = found.setdefault(key, Seen(title, step["points"], lesson))
                mistake = name_of(step, texts.get(key, ""))
                seen.names[mistake] += 1
                if mistake not in seen.examples:
                    answer = answer_to(result["cells"], step["grade_id"])
                    code = anonymous(answer, known.get(notebook, ""))
                    seen.examples[mistake] = code
    return found


def name_of(step: dict, check: str = "") -> str:
    """Return the one name under which the result of a step is counted.

    It is the check's own, or the kind of an error: what a student wrote is no name.
    """
    verdict, message = Verdict(step["verdict"]), step["message"]
    if verdict == Verdict.PASSED:
        return LATER if step["followed"] else RIGHT
    if verdict in STOPPED:
        return STOPPED[verdict]
    if "not yet written" in message:
        return UNWRITTEN
    if cause := CAUSE.search(message):
        return " ".join(cause[2].split())
    if head := HEAD.search(message):
        name = _kind_of_error(head[1]) or head[1].strip()
        return f"{name} (no cause is known)" if name in UNKNOWN else name
    said = (message or step["own_error"]).partition("\n  at ")[0].strip()
    if said.startswith("NotImplementedError"):
        return UNWRITTEN
    if kind := _kind_of_error(said):
        return kind
    last = said.splitlines()[-1:]
    ours = [line[:120] for line in last if line.split(": ")[-1].strip() in check]
    if ours:
        return ours[0]
    return "the check fails: no name is known" if said else "no points, no message"


def _kind_of_error(said: str) -> str:
    """Return the kind of an error without its text; empty if this is none."""
    if not (found := re.match(r"([A-Za-z_]\w*): ", said)):
        return ""
    name = found[1]
    if isinstance(getattr(builtins, name, None), type):
        return name
    own = name.endswith(("Error", "Exception", "Warning"))
    return "an exception of their own" if own else ""


def anonymous(source: str, known: str = "") -> str:
    """Return a program without what may name a person: comments, texts, own names.

    Names and long numbers that occur in the sheet, `known`, stay.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    kept = {*re.findall(r"\w+", known), *dir(builtins)}
    names: dict[str, str] = {}

    def other(name: str) -> str:
        long = len(name) > MOST_LETTERS and name not in kept
        return names.setdefault(name, f"name{len(names) + 1}") if long else name

    for node in ast.walk(tree):
        for field_ in ("id", "arg", "name", "attr"):
            if isinstance(name := getattr(node, field_, None), str):
                own = field_ != "attr" or name in names
                setattr(node, field_, other(name) if own else name)
        if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
            continue
        if isinstance(node.value, str | bytes):
            node.value = "…" if isinstance(node.value, str) else b""
        elif isinstance(node.value, int) and node.value > 9999:
            node.value = node.value if str(node.value) in kept else ...
    return ast.unparse(tree)[:LONG]


# --- what people read -----------------------------------------------------------------


def write(course: Course, name: str) -> tuple[Path, Path]:
    """Write the report as a page and as a table; return both files."""
    found = insight(course, name)
    folder = course.root / "reports"
    return (
        save(folder / f"{name}-insight.html", page(name, found)),
        save(folder / f"{name}-insight.csv", table(found)),
    )


def table(found: dict[tuple[str, str], Seen]) -> str:
    """Return a line of CSV for each step and what was made of it."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["notebook", "step", "what", "count", "of", "section"])
    for (notebook, step), seen in found.items():
        for what, count in seen.names.most_common():
            row = [notebook, step, text_of(what), count]
            lines.writerow([*row, seen.total, seen.lesson.section])
    return text.getvalue()


def page(name: str, found: dict[tuple[str, str], Seen]) -> str:
    """Return the report as a page, hardest steps first."""
    ordered = sorted(found.items(), key=lambda item: item[1].right / item[1].total)
    total = max((seen.total for seen in found.values()), default=0)
    parts = [
        f"<h1>{escape(name)}: what {total} students understood</h1>",
        "<p>Hardest step first. A mistake has the name that its check gave it; its "
        "example is without comments and texts.</p>",
        *(_section(notebook, seen) for (notebook, _), seen in ordered),
    ]
    return document(f"{name}: insight", "\n".join(parts))


def _section(notebook: str, seen: Seen) -> str:
    total, lesson = seen.total, seen.lesson
    kind = "full" if seen.right == total else "part" if seen.right else "none"
    lines = [
        f"<section class={kind}><h2><span>{escape(seen.title)}</span>"
        f"<span>{seen.right} of {total}</span></h2>",
        f"<p class=note>{escape(notebook)}, worth {seen.points:g}</p>",
        _bars(seen),
    ]
    if lesson.section:
        place = escape(lesson.section)
        link = f'<a href="{escape(lesson.link)}">{place}</a>' if lesson.link else place
        lines.append(f"<p>In the book: {link}.</p>")
    for mistake, count in seen.mistakes:
        code = seen.examples.get(mistake)
        if code and mistake != UNWRITTEN:
            lines.append(
                f"<details><summary>{count} of {total}: {escape(mistake)}</summary>"
                f"<pre>{escape(code)}</pre></details>"
            )
    return "".join([*lines, "</section>"])


def _bars(seen: Seen) -> str:
    """Draw how many fall under each name; the numbers stand beside the bars."""
    rows = [("right", seen.right, "good"), *((*m, "bad") for m in seen.mistakes)]
    total = seen.total
    drawn = [
        f'<tr><td>{escape(name)}</td><td class=points>{count}</td><td width="160">'
        f'<svg width="160" height="12" aria-hidden="true"><rect height="12" '
        f'width="{160 * count / total:.0f}" fill="var(--{color})"/></svg></td></tr>'
        for name, count, color in rows
        if count or name == "right"
    ]
    return f"<table>{''.join(drawn)}</table>"
