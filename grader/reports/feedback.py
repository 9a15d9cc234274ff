"""Feedback: a page for each student and notebook, and a table for the instructor.

Marks and comments come from the gradebook, so that a person's corrections show; the
rest comes from the record of the run (`records.make`), in which paths of this machine
and texts of hidden tests are gone already. Distributing pages is nbgrader's.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from grader import CourseError, records
from grader.books.course import Course
from grader.books.files import save
from grader.books.gradebook import Book, Mark
from grader.books.sheet import HEADING
from grader.reports.lesson import Lesson, lesson_of, lessons
from grader.verdicts import State, Verdict

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #0a7d33; --part: #9a5b00;
  --bad: #b3261e; --soft: #8881; }
@media (prefers-color-scheme: dark) { :root { --good: #6fd08c; --part: #f0b357;
  --bad: #ff9a91; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto;
  padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); }
td.points, th.points { text-align: right; white-space: nowrap; }
section { border: 1px solid var(--line); border-left-width: .4rem; border-radius: .4rem;
  padding: .2rem 1rem .8rem; margin: 1rem 0; }
.full { border-left-color: var(--good); } .part { border-left-color: var(--part); }
.none { border-left-color: var(--bad); } .due { border-left-color: var(--line); }
h2 { font-size: 1.1rem; display: flex; justify-content: space-between; gap: 1rem; }
img { max-width: 100%; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft);
  padding: .6rem .8rem; border-radius: .3rem; font-size: .9rem; }
.note { color: GrayText; font-size: .9rem; }
.two { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
.two > div { min-width: 0; }
body.wide { max-width: none; } .scroll { overflow-x: auto; }
.wide th { vertical-align: bottom; } .wide td:first-child { white-space: nowrap; }
.wide .points { overflow-wrap: anywhere; min-width: 4rem; white-space: normal; }
"""
PICTURES = {"image/png", "image/jpeg", "image/gif"}
WORDS = {"full": "✓ all points", "part": "◐ some points", "none": "✗ no points"}
WORDS |= {"due": "… to be read by a person"}


def write(course: Course, name: str, students: tuple[str, ...] = ()) -> list[Path]:
    """Write the feedback of an assignment; return the files.

    Whoever could not be graded in the last run gets no page, and a row that says why.
    """
    kept = _kept(course, name, students)
    sheets = course.assignment(name).sheets
    told = {sheet.name: lessons(course, sheet) for sheet in sheets}
    written, rows = [], {}
    with Book(course) as book:
        for student, record in kept.items():
            marks = book.results(name, student)
            rows[student] = (record, marks)
            if students and student not in students:
                continue
            folder = course.folder("feedback", student, name)
            for notebook in record["notebooks"]:
                text = page(record, notebook, marks[notebook], told.get(notebook, {}))
                written.append(save(folder / f"{notebook}.html", text))
    report = course.root / "reports" / f"{name}.html"
    text = table(name, rows, ungraded(course, name))
    return [*written, save(report, text)]


def ungraded(course: Course, name: str) -> dict[str, str]:
    """Return who could not be graded in the last run, and why."""
    found = {s: records.read_error(course, name, s) for s in course.students(name)}
    return {student: error for student, error in found.items() if error}


def _kept(course: Course, name: str, students: tuple[str, ...]) -> dict[str, dict]:
    """Return the records of all who are graded; raise if there are none of `students`.

    Those of a run before an error are left out: they may be of another submission.
    """
    course.demand(name)
    failed = ungraded(course, name)
    found = {s: records.read(course, name, s) for s in course.students(name)}
    kept = {s: record for s, record in found.items() if record and s not in failed}
    missing = [s for s in students if s not in kept]
    if missing:
        raise CourseError(f"there is no graded submission of {missing[0]} for {name}")
    if not kept and not failed:
        raise CourseError(f"nobody is graded for {name}: run `autograde {name}` first")
    return kept


def page(record: dict, notebook: str, marks: dict, told: dict[str, Lesson]) -> str:
    """Return the page that one student gets about one notebook, in its order."""
    result = record["notebooks"][notebook]
    grades: dict[str, Mark] = marks["grades"]
    comments = dict(marks["comments"])
    total = sum(mark.score for mark in grades.values())
    most = sum(mark.points for mark in grades.values())
    penalty = marks["penalty"]
    parts = [f"<h1>{escape(notebook)}: {total - penalty:g} of {most:g}</h1>"]
    parts.append(f"<p>{escape(record['assignment'])}, {escape(record['student'])}</p>")
    if due := sum(mark.points for mark in grades.values() if mark.waits):
        parts.append(f"<p>{due:g} points wait for a person who reads.</p>")
    if penalty:
        parts.append(f"<p>Handed in late: {penalty:g} points are taken off.</p>")
    notes = [*record["notes"], *result["repairs"], *result["problems"]]
    if notes:
        parts.append("<ul>" + "".join(f"<li>{escape(n)}</li>" for n in notes) + "</ul>")
    steps = {step["grade_id"]: step for step in result["steps"]}
    cells = dict(_titled(result["cells"]))
    told_so_far: list[str] = []
    for name in dict.fromkeys([*cells, *grades]):
        title, cell = cells.get(name, ("", None))
        told_so_far += filter(None, [comments.pop(name, None)])
        if not (mark := grades.get(name)):
            continue  # a comment on an answer belongs to the check after it
        comment, told_so_far = "\n\n".join(told_so_far), []
        if step := steps.get(name):
            code = answer_to(result["cells"], name)
            lesson = lesson_of(told, name, step["message"])
            title, lines = step["title"], _checked(step, mark, code, lesson)
        else:
            lines = _by_hand(cell) if cell else [""]
        parts.append(_section(title or name, mark, lines, comment))
    for comment in (*told_so_far, *comments.values()):
        parts.append(f"<section class=due><pre>{escape(comment)}</pre></section>")
    return document(f"{notebook}: feedback", "\n".join(parts))


def _titled(cells: list[dict]) -> Iterator[tuple[str, tuple[str, dict]]]:
    """Yield the cells by `grade_id`, each with the heading that it stands under."""
    title = ""
    for cell in cells:
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "markdown" and not about.get("solution"):
            title = [title, *HEADING.findall(cell["source"])][-1]
        if name := about.get("grade_id"):
            yield name, (title, cell)


def answer_to(cells: list[dict], grade_id: str) -> str:
    """Return the student's program that a check judges: the answers before it."""
    sources: list[str] = []
    for cell in cells:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade_id") == grade_id:
            return "\n\n".join(sources)
        if about.get("grade"):
            sources = []
        if cell["cell_type"] == "code" and about.get("solution"):
            sources.append(cell["source"])
    return ""


def _section(title: str, mark: Mark, lines: list[str], comment: str) -> str:
    """Return the part of a page about one mark; the first of `lines` ends its words."""
    kind, (words, *rest) = _kind(mark), lines
    if comment:
        rest.append(f"<p>A person writes:</p><pre>{escape(comment)}</pre>")
    points = f"{_given(mark)} of {mark.points:g}"
    return (
        f"<section class={kind}><h2><span>{escape(title)}</span><span>{points}</span>"
        f"</h2><p>{WORDS[kind]}{words}.</p>{''.join(rest)}</section>"
    )


def _checked(step: dict, mark: Mark, code: str, lesson: Lesson) -> list[str]:
    """Return what a page says about a step that was checked."""
    full, lines = _kind(mark) == "full", [""]
    if step["followed"]:
        lines[0] += (
            ". These points come from a second run, in which the reference stood in "
            "place of your earlier steps that are wrong: this step itself is right"
        )
        lines.append("<p>The first run said:</p>")
    if mark.by_hand:
        lines[0] += ". A person set these points"
    if step["message"]:
        lines.append(f"<pre>{escape(step['message'])}</pre>")
    if step["own_error"]:
        lines.append("<p>Your own cell ended with an error:</p>")
        lines.append(f"<pre>{escape(step['own_error'])}</pre>")
    if step["hidden"] and step["verdict"] != Verdict.PASSED:
        text = "This came up with data that the notebook does not show."
        lines.append(f'<p class="note">{text}</p>')
    if code:
        lines.append(
            f"<details{'' if full else ' open'}><summary>Your answer</summary>"
        )
        lines.append(f"<pre>{escape(code)}</pre></details>")
    if not full and lesson.why:
        lines.append(f"<p>Why it matters: {escape(lesson.why)}</p>")
    if not full and lesson.link:
        place = f'<a href="{escape(lesson.link)}">{escape(lesson.section)}</a>'
        lines.append(f"<p>Read again: {place}.</p>")
    if step["seconds"]:
        lines.append(f'<p class="note">checked in {step["seconds"]:.1f} s</p>')
    return lines


def _by_hand(cell: dict) -> list[str]:
    """Return what a page shows of an answer that a person grades."""
    lines = ["", f"<pre>{escape(cell['source'])}</pre>"]
    shown = [output.get("data", {}) for output in cell.get("outputs", ())]
    for pictures in (*cell.get("attachments", {}).values(), *shown):
        for mime in PICTURES & pictures.keys():
            source = f"data:{mime};base64,{escape(pictures[mime])}"
            lines.append(f'<img alt="handed in" src="{source}">')
    return lines


def _given(mark: Mark) -> str:
    return "…" if mark.waits else f"{mark.score:g}"


def _kind(mark: Mark) -> str:
    if mark.due:
        return "due"
    if mark.score >= mark.points:
        return "full"
    return "part" if mark.score > 0 else "none"


def table(name: str, rows: dict[str, tuple[dict, dict]], failed: dict[str, str]) -> str:
    """Return the instructor's table of an assignment: students and steps.

    `failed` says of whoever has no marks why.
    """
    heads: dict[tuple[str, str], float] = {}
    for _, marks in rows.values():
        for notebook, result in marks.items():
            for mark in result["grades"].values():
                heads[notebook, mark.name] = mark.points
    names = (escape(name).replace("_", "_<wbr>") for _, name in heads)
    cells = "".join(f"<th class=points>{name}</th>" for name in names)
    most = sum(heads.values())
    lines = [
        f"<h1>{escape(name)}: {len(rows) + len(failed)} submissions</h1>",
        "<div class=scroll><table>",
        f"<tr><th>student</th><th>state</th><th class=points>sum</th>{cells}</tr>",
        f"<tr><td>most</td><td></td><td class=points>{most:g}</td>"
        + "".join(f"<td class=points>{points:g}</td>" for points in heads.values())
        + "</tr>",
    ]
    for student, (record, marks) in rows.items():
        states = {r["state"] for r in record["notebooks"].values()}
        state = ", ".join(sorted(states - {State.GRADED})) or State.GRADED
        given = {(b, m.name): m for b, r in marks.items() for m in r["grades"].values()}
        penalty = sum(result["penalty"] for result in marks.values())
        total = sum(mark.score for mark in given.values()) - penalty
        scores = "".join(
            f"<td class=points>{_given(given[key])}"
            f"{'…' * (given[key].due and given[key].by_hand)}</td>"
            for key in heads
        )
        lines.append(
            f"<tr><td>{escape(student)}</td><td>{state}</td>"
            f"<td class=points>{total:g}</td>{scores}</tr>"
        )
    for student, error in failed.items():
        told = f"<td colspan={len(heads) + 2}>not graded: {escape(error)}</td>"
        lines.append(f"<tr><td>{escape(student)}</td>{told}</tr>")
    lines.append("</table></div><p class=note>… waits for a person.</p>")
    told = {note for record, _ in rows.values() for note in record.get("trial", ())}
    lines += [f"<p>{escape(note)}</p>" for note in sorted(told)]
    return document(f"{name}: marks", "\n".join(lines), "wide")


def document(title: str, body: str, kind: str = "page") -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body class={kind}>{body}</body></html>\n"
    )
