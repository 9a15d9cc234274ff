"""Where a class lies on disk: nbgrader's configuration, assignments and submissions.

All that students and instructors wrote is read here, and nothing is judged: what is in
an instructor's notebook is told in `sheet`, how a student's fits into it, in `rebuild`.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from jupyter_core.paths import jupyter_config_path
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader import PACKAGES, CourseError
from grader.books.rebuild import Given, NotANotebook, overlap, read
from grader.books.sheet import Sheet, load
from grader.isolated.warm import needed

MOST_FILES, MOST_FILE_BYTES = 500, 50 * 2**20
NO_LIMIT = 900.0  # seconds, where nbgrader sets none (-1): that of the notebook
MOST_DEPTH = 20  # of folders in folders
MOST_NOTES = 10
SAME_SHEET = 0.5  # share of named cells from which on a file is taken for the notebook
SKIPPED = {".ipynb_checkpoints", "__pycache__", ".git"}
CONFIG = "nbgrader_config.py"
DATE = re.compile(r"[\w:+., -]{1,60}([A-Z][a-z]+(/[A-Z][A-Za-z_]+){1,2})?")


@dataclass(frozen=True)
class Assignment:
    """An assignment as the instructor wrote it."""

    name: str
    sheets: tuple[Sheet, ...]
    files: dict[str, bytes]

    @property
    def modules(self) -> frozenset[str]:
        """What it imports and a forkserver had better have imported before."""
        return needed(c.source for sheet in self.sheets for c in sheet.cells)


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

    def beside(self, assignment: Assignment) -> dict[str, bytes]:
        """Return the files to work with: the course's, and those that fit beside."""
        course = assignment.files
        taken = {*course, *(str(p) for name in course for p in Path(name).parents)}
        fits = {
            name: content
            for name, content in self.files.items()
            if name not in taken
            and not any(str(p) in course for p in Path(name).parents)
        }
        return fits | course


class Course:
    """A class of nbgrader's, as its `nbgrader_config.py` describes it.

    Parameters
    ----------
    root : Path
        The course's folder.
    """

    def __init__(self, root: Path) -> None:
        from nbgrader.coursedir import CourseDirectory

        self.root = Path(root).resolve()
        if not (self.root / CONFIG).is_file():
            raise CourseError(f"there is no {CONFIG} in {self.root}")
        self.config = _configuration(self.root)
        self.folders = CourseDirectory(config=self.config, root=str(self.root))

    # --- folders ---

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return a folder of nbgrader's; `step` is source, submitted or the like."""
        name = getattr(self.folders, f"{step}_directory")
        return Path(self.folders.format_path(name, student, assignment))

    @property
    def db_url(self) -> str:
        """The address of the gradebook."""
        return self.folders.db_url

    @property
    def course_id(self) -> str:
        """The course's name in the gradebook."""
        return self.folders.course_id or "default_course"

    @property
    def seconds(self) -> float:
        """The limit of one cell: nbgrader's `ExecutePreprocessor.timeout`."""
        limits = (
            self.config.get(name, {}).get("timeout")
            for name in ("Execute", "ExecutePreprocessor")
        )
        seconds = float(next((s for s in limits if s), 60))
        return seconds if seconds > 0 else NO_LIMIT

    def _leads_inside(self, folder: Path) -> bool:
        """Tell whether links lead from a submission to another folder of the course."""
        base = self.root / self.folders.submitted_directory
        if not folder.is_relative_to(base):
            return False
        meant = base.resolve() / folder.relative_to(base)
        real = folder.resolve()
        return real != meant and any(
            _inside(real, p) for p in (self.root, base.resolve())
        )

    # --- what is graded ---

    def assignments(self) -> list[str]:
        """Return the names of all assignments that have a source."""
        source = self.folder("source", ".", "x").parent
        found = sorted(p.parent.name for p in source.glob("*/*.ipynb"))
        return list(dict.fromkeys(found))

    def assignment(self, name: str) -> Assignment:
        """Read an assignment from the instructor's folder."""
        self.demand(name)
        folder = self.folder("source", ".", name)
        paths = sorted(folder.glob("*.ipynb"))
        try:
            sheets = tuple(load(path, self.config) for path in paths)
        except Exception as error:
            raise CourseError(
                f"the source of {name} cannot be read: {error}"
            ) from error
        files, _ = _files(folder)
        return Assignment(name, sheets, files)

    def demand(self, name: str) -> None:
        """Raise if there is no such assignment."""
        if not any(self.folder("source", ".", name).glob("*.ipynb")):
            there = ", ".join(self.assignments()) or "none"
            raise CourseError(f"there is no assignment {name!r}; there are: {there}")

    def students(self, assignment: str) -> list[str]:
        """Return the students who handed something in."""
        step, any_one = self.folders.submitted_directory, r"(?P<student>[^/]+)"
        path = self.folders.format_path(step, any_one, assignment, escape=True)
        pattern = re.compile(path)
        folders = self.folder("submitted", "*", assignment)
        base = Path(folders.anchor)
        found = base.glob(str(folders.relative_to(base)))
        matches = (pattern.fullmatch(str(p)) for p in found if p.is_dir())
        names = {m["student"] for m in matches if m}
        return sorted(names | self._locked(assignment))

    def _locked(self, assignment: str) -> set[str]:
        """Return the students whose folders cannot be looked into."""
        parts = self.folder("submitted", "*", assignment).parts
        place = Path(*parts[: parts.index("*")]) if "*" in parts else None
        if not place or not place.is_dir():
            return set()
        folders = (entry for entry in os.scandir(place) if entry.is_dir())
        return {f.name for f in folders if not os.access(f, os.R_OK | os.X_OK)}

    def submission(self, student: str, assignment: Assignment) -> Submission:
        """Read what a student handed in; nothing in it can raise.

        Raises
        ------
        CourseError
            This machine does not let us read it.
        """
        folder = self.folder("submitted", student, assignment.name)
        books = {f"{sheet.name}.ipynb" for sheet in assignment.sheets}
        files, notes = _files(folder, books)
        if self._leads_inside(folder):
            files, notes = {}, ["The folder is a link into the course: it was ignored."]
        digest = hashlib.sha256()
        for name, content in sorted(files.items()):
            digest.update(name.encode(errors="replace") + b"\0" + content + b"\0")
        result = Submission(student, digest.hexdigest(), notes=notes)
        raw = files.pop("timestamp.txt", b"").decode(errors="replace").strip()
        if raw:
            result.timestamp = _timestamp(raw, result.notes)
        books = {n: b for n, b in files.items() if n.endswith(".ipynb")}
        result.files = {n: b for n, b in files.items() if n not in books}
        _assign(result, assignment, books)
        return result


def _inside(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _configuration(root: Path) -> Config:
    """Return nbgrader's settings: the machine's, the user's, then the course's."""
    config = Config()
    for folder in (*reversed(jupyter_config_path()), str(root)):
        if Path(folder, CONFIG).is_file():
            try:
                config.merge(PyFileConfigLoader(CONFIG, path=folder).load_config())
            except Exception as error:
                raise CourseError(f"{folder}/{CONFIG} fails: {error}") from error
    return config


def _assign(
    result: Submission, assignment: Assignment, books: dict[str, bytes]
) -> None:
    """Find the file of each notebook: by name, else by the cells it holds."""
    readable: dict[str, list[Given]] = {}
    faults: dict[str, str] = {}
    for name, raw in sorted(books.items()):
        try:
            readable[name] = read(raw)
        except NotANotebook as fault:
            faults[name] = str(fault)
    for sheet in assignment.sheets:
        name = f"{sheet.name}.ipynb"
        result.repairs[sheet.name] = []
        if name not in readable:
            others = {n: overlap(sheet, cells) for n, cells in readable.items()}
            expected = {f"{s.name}.ipynb" for s in assignment.sheets}
            best = max(
                (n for n in others if n not in expected), key=others.get, default=None
            )
            if best is None or others[best] < SAME_SHEET:
                fault = faults.get(name, "no such file was handed in")
                result.unreadable[sheet.name] = f"{name}: {fault}"
                continue
            text = f"The file {best} was taken for {name}."
            result.repairs[sheet.name].append(text)
            name = best
        result.notebooks[sheet.name] = readable[name]


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


def _files(
    folder: Path, books: Collection[str] | None = None
) -> tuple[dict[str, bytes], list[str]]:
    """Read the plain files below `folder`; links, pipes and surplus are left out.

    Parameters
    ----------
    folder : Path
        Of a submission, or of the instructor's.
    books : collection of str, optional
        The notebooks without which there is no submission; the instructor's are left
        out.

    Returns
    -------
    files : dict of str to bytes
    notes : list of str
        What was left out.

    Raises
    ------
    CourseError
        The folder or one of `books` cannot be read.
    """
    files: dict[str, bytes] = {}
    notes: list[str] = []
    total = 0
    for path in _paths(folder, notes):
        label = path.relative_to(folder).as_posix()
        if books is None and path.name.endswith(".ipynb"):
            continue
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                notes.append(f"{label} is not a plain file: it was left out.")
                continue
            total += status.st_size
            if total > MOST_FILE_BYTES * 4 or len(files) >= MOST_FILES:
                notes.append(f"{label} was left out: too many or too big files.")
                continue
            files[label] = path.read_bytes()
        except OSError as error:
            if label in (books or ()):
                raise CourseError(f"{path} cannot be read: {error.strerror}") from None
            notes.append(f"{label} cannot be read: {error.strerror}.")
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"… and {len(notes) - MOST_NOTES} more."]
    return files, notes


def _paths(folder: Path, notes: list[str]) -> Iterator[Path]:
    """Yield all that is no folder below one, notebooks first; note what is left out."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        label = place.relative_to(folder)
        try:
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            text = f"cannot be read: {error.strerror}"
            if place == folder:
                raise CourseError(f"{folder} {text}") from None
            notes.append(f"{label.as_posix()} {text}.")
            continue
        folders = {e.name for e in entries if e.is_dir(follow_symlinks=False)}
        names = [e.name for e in entries if e.name not in folders]
        yield from (place / n for n in names if n.endswith(".ipynb"))
        yield from (place / n for n in names if not n.endswith(".ipynb"))
        deeper = [place / n for n in sorted(folders - SKIPPED, reverse=True)]
        if deeper and len(label.parts) >= MOST_DEPTH:
            notes.append(f"{label.as_posix()[:60]}… is nested too deeply: left out.")
            continue
        waiting += deeper


def digest_of(assignment: Assignment) -> str:
    """Return a hash of all that marks depend on besides the submission itself."""
    digest = hashlib.sha256()
    for sheet in assignment.sheets:
        cells = [[c.grade_id, c.source, c.points] for c in sheet.cells]
        digest.update(json.dumps([sheet.name, cells]).encode())
    for name, content in sorted(assignment.files.items()):
        digest.update(name.encode() + b"\0" + content)
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
