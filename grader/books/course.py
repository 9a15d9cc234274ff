"""Where a class lies on disk: nbgrader's configuration, assignments and submissions.

All that students and instructors wrote is read here, and nothing is judged: what is in
an instructor's notebook is told in `sheet`, how a student's fits into it, in `rebuild`.
"""

import glob
import hashlib
import json
import os
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_config_path
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader import PACKAGES, CourseError
from grader.books.files import read_files
from grader.books.handed_in import Submission, submission_of
from grader.books.sheet import Sheet, load
from grader.isolated.warm import needed

NO_LIMIT = 900.0  # seconds, where nbgrader sets none (-1): that of the notebook
CONFIG = "nbgrader_config.py"
ANYBODY = "\0"  # in place of a student: in no path
AUTOTESTS = "autotests.yml"
# what no name of a student holds: line breaks, and what turns the order of letters
UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Assignment:
    """An assignment as the instructor wrote it."""

    name: str
    sheets: tuple[Sheet, ...]
    files: dict[str, bytes]

    def sheet(self, name: str) -> Sheet:
        """Return the notebook of this name."""
        return next(sheet for sheet in self.sheets if sheet.name == name)

    @property
    def modules(self) -> frozenset[str]:
        """What it imports and a forkserver had better have imported before."""
        return needed(c.source for sheet in self.sheets for c in sheet.cells)


class Course:
    """A class of nbgrader's, as its `nbgrader_config.py` describes it."""

    def __init__(self, root: Path) -> None:
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

    def _leads_away(self, folder: Path) -> bool:
        """Tell whether links lead from a submission to another place."""
        base = self.root / self.folders.submitted_directory
        if not folder.is_relative_to(base):
            return False
        return folder.resolve() != base.resolve() / folder.relative_to(base)

    def nbgrader(self, **folders: str) -> NbGraderAPI:
        """Return nbgrader's own commands for this course, with `folders` of its own."""
        config = deepcopy(self.config)
        config.CourseDirectory.update({"root": str(self.root)} | folders)
        return NbGraderAPI(config=config)

    # --- what is graded ---

    def assignments(self) -> list[str]:
        """Return the names of all assignments that have a source."""
        source = self.folder("source", ".", "x").parent
        return sorted({path.parent.name for path in source.glob("*/*.ipynb")})

    def assignment(self, name: str) -> Assignment:
        """Read an assignment from the instructor's folder."""
        self.demand(name)
        folder = self.folder("source", ".", name)
        paths = sorted(folder.glob("*.ipynb"))
        try:
            sheets = tuple(load(path, self._generating(folder)) for path in paths)
        except Exception as error:
            text = f"the source of {name} cannot be read: {error}"
            raise CourseError(text) from error
        files, _ = read_files(folder)
        return Assignment(name, sheets, files)

    def _generating(self, folder: Path) -> Config:
        """Return the settings with which nbgrader makes a release of a source."""
        config = deepcopy(self.config)
        name = config.InstantiateTests.get("autotest_filename", AUTOTESTS)
        if not (folder / name).exists():  # nbgrader looks in the working folder, too
            config.InstantiateTests.autotest_filename = str(self.root / name)
        return config

    def demand(self, name: str) -> None:
        """Raise if there is no such assignment."""
        if not any(self.folder("source", ".", name).glob("*.ipynb")):
            there = ", ".join(self.assignments()) or "none"
            raise CourseError(f"there is no assignment {name!r}; there are: {there}")

    def students(self, assignment: str) -> list[str]:
        """Return the students who handed something in."""
        return [n for n in self._names(assignment) if not UNFIT.search(n)]

    def nameless(self, assignment: str) -> list[str]:
        """Return the names of folders that are no name: see `UNFIT`."""
        return [n for n in self._names(assignment) if UNFIT.search(n)]

    def _names(self, assignment: str) -> list[str]:
        path = str(self.folder("submitted", ANYBODY, assignment))
        pattern = re.escape(path).replace(ANYBODY, "(?P<student>[^/]+)")
        folders = Path(glob.escape(path).replace(ANYBODY, "*"))
        base = Path(folders.anchor)
        found = base.glob(str(folders.relative_to(base)))
        matches = (re.fullmatch(pattern, str(p)) for p in found if p.is_dir())
        names = {m["student"] for m in matches if m}
        return sorted(names | self._locked(assignment))

    def strays(self, assignment: str) -> list[Path]:
        """Return the notebooks of an assignment that lie in no submission's folder."""
        paths = (self.folder("submitted", ANYBODY, n) for n in self.assignments())
        patterns = (re.escape(str(p)).replace(ANYBODY, "[^/]+") for p in paths)
        submissions = re.compile(f"({'|'.join(patterns)})/.*")
        submitted = self.root / self.folders.submitted_directory
        titles = self.folder("source", ".", assignment).glob("*.ipynb")
        found = (
            path
            for name in [glob.escape(path.name) for path in titles]
            for folders in ("", "*/", "*/*/")
            for path in submitted.glob(f"{folders}{name}")
        )
        return sorted(p for p in found if not submissions.fullmatch(str(p)))

    def _locked(self, assignment: str) -> set[str]:
        """Return the students whose folders cannot be looked into."""
        parts = self.folder("submitted", "*", assignment).parts
        place = Path(*parts[: parts.index("*")]) if "*" in parts else None
        if not place or not place.is_dir():
            return set()
        folders = (entry for entry in os.scandir(place) if entry.is_dir())
        return {f.name for f in folders if not os.access(f, os.R_OK | os.X_OK)}

    def submission(self, student: str, assignment: Assignment) -> Submission:
        """Read what a student handed in; nothing in it can raise."""
        folder = self.folder("submitted", student, assignment.name)
        if self._leads_away(folder):
            files, notes = {}, ["The folder is a link to another one: it was ignored."]
        else:
            books = {f"{sheet.name}.ipynb" for sheet in assignment.sheets}
            files, notes = read_files(folder, books)
        return submission_of(student, assignment.sheets, files, notes)


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


def digest_of(assignment: Assignment) -> str:
    """Return a hash of all that marks depend on besides the submission itself."""
    digest = hashlib.sha256()
    for sheet in assignment.sheets:
        cells = [[c.grade_id, c.source, c.points] for c in sheet.cells]
        how = [sheet.follow_through, sheet.one_process]
        digest.update(json.dumps([sheet.name, how, cells]).encode())
    for name, content in sorted(assignment.files.items()):
        digest.update(name.encode() + b"\0" + content)
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
