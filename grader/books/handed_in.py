"""What a student handed in: which file is which notebook, and what lies beside.

A file is taken for a notebook by its name, else by the cells that it holds. Where
several hold the same one, that with the most answers is taken, and both the teacher and
the student are told.
"""

import hashlib
import io
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.books.rebuild import (
    MOST_BYTES,
    Given,
    NotANotebook,
    answers,
    overlap,
    read,
)
from grader.books.sheet import Sheet

SAME_SHEET = 0.5  # share of named cells from which on a file is taken for the notebook
MOST_NAMED = 5  # files that a message names
MOST_ZIPPED = 50  # files of an archive
DATE = re.compile(r"[\w:+., -]{1,60}([A-Z][a-z]+(/[A-Z][A-Za-z_]+){1,2})?")
NOTEBOOK = ".ipynb"
ALIKE = re.compile(r"\.ipynb|\.json$", re.IGNORECASE)  # as browsers and mail rename it


@dataclass
class Submission:
    """What a student handed in, read and not yet judged.

    `notebooks` holds the cells by notebook name; `unreadable` says why one is missing.
    """

    student: str
    digest: str
    files: dict[str, bytes] = field(default_factory=dict)
    notebooks: dict[str, list[Given]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    repairs: dict[str, list[str]] = field(default_factory=dict)
    timestamp: datetime | None = None
    notes: list[str] = field(default_factory=list)

    def beside(self, course: dict[str, bytes]) -> dict[str, bytes]:
        """Return the files to work with: the course's, and those that fit beside."""
        taken = {*course, *(str(p) for name in course for p in Path(name).parents)}
        fits = {
            name: content
            for name, content in self.files.items()
            if name not in taken
            and not any(str(p) in course for p in Path(name).parents)
        }
        return fits | course


def submission_of(
    student: str, sheets: tuple[Sheet, ...], files: dict[str, bytes], notes: list[str]
) -> Submission:
    """Return the submission that these files are; nothing in them can raise."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(name.encode(errors="replace") + b"\0" + content + b"\0")
    result = Submission(student, digest.hexdigest(), notes=notes)
    raw = files.pop("timestamp.txt", b"").decode("utf-8-sig", "replace").strip()
    if raw:
        result.timestamp = _timestamp(raw, result.notes)
    books = {n: b for n, b in files.items() if ALIKE.search(n)}
    result.files = {n: b for n, b in files.items() if not n.endswith(NOTEBOOK)}
    for name, content in files.items():
        if name.lower().endswith(".zip"):
            books |= _unzipped(name, content)
    _assign(result, sheets, books, files)
    return result


def _unzipped(name: str, content: bytes) -> dict[str, bytes]:
    """Return the notebooks of an archive, by their place in it."""
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    # one that cannot be read holds nothing
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist()[:MOST_ZIPPED]:
            base = PurePosixPath(entry.filename).name
            if left > 0 and ALIKE.search(base) and not base.startswith("._"):
                with archive.open(entry) as file:
                    raw = found[f"{name}/{entry.filename}"] = file.read(left + 1)
                left -= len(raw)
    return found


def _assign(
    result: Submission,
    sheets: tuple[Sheet, ...],
    books: dict[str, bytes],
    files: dict[str, bytes],
) -> None:
    """Find the file of each notebook among `books`."""
    readable: dict[str, list[Given]] = {}
    faults: dict[str, str] = {}
    for name, raw in sorted(books.items()):
        try:
            readable[name] = read(raw)
        except NotANotebook as fault:
            faults[name] = str(fault)
    expected = {f"{sheet.name}{NOTEBOOK}" for sheet in sheets}
    for sheet in sheets:
        name = f"{sheet.name}{NOTEBOOK}"
        result.repairs[sheet.name] = []
        shares = {
            n: overlap(sheet, cells)
            for n, cells in readable.items()
            if n == name or n not in expected
        }
        fit = [n for n, share in shares.items() if share >= SAME_SHEET]
        if shares.get(name) and name not in fit:
            fit.append(name)
        if not fit:
            result.unreadable[sheet.name] = _why_none(name, readable, faults, files)
            continue
        worked = {n: answers(sheet, readable[n]) for n in fit}
        best = max(fit, key=lambda n: (worked[n], n == name, shares[n], n))
        others = sorted(n for n in fit if n != best and readable[n] != readable[best])
        if others:
            result.notes.append(
                f"Several files hold {name}: {best} was taken, which has the most "
                f"answers ({worked[best]}), not {_listed(others)}."
            )
        elif best != name:
            text = f"The file {best} was taken for {name}."
            result.repairs[sheet.name].append(text)
        result.notebooks[sheet.name] = readable[best]


def _why_none(name: str, readable: dict, faults: dict, files: dict) -> str:
    """Return why there is no notebook of this name."""
    if name in readable:
        return f"{name}: nothing of this assignment is in it: is it another notebook?"
    if name in faults:
        return f"{name}: {faults[name]}"
    text = f"{name}: no such file was handed in"
    return f"{text}; there are: {_listed(sorted(files))}" if files else text


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(n[:80] for n in names[:MOST_NAMED]) + more


def _timestamp(raw: str, notes: list[str]) -> datetime | None:
    from nbgrader.utils import parse_utc

    try:
        if not DATE.fullmatch(raw):  # nbgrader opens a time zone that is a path
            raise ValueError
        return parse_utc(raw)
    except Exception:  # what dateutil raises is nowhere written down
        notes.append(
            f"The timestamp {raw[:60]!r} is not a date: it was ignored. (Formgrader "
            "stops at it until the file is mended or deleted.)"
        )
        return None
