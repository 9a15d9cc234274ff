"""Plain files: of others, with limits and no links followed; and our own, whole."""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from grader import CourseError
from grader.books.rebuild import MOST_BYTES

MOST_FILES, MOST_FILE_BYTES = 500, 200 * 2**20  # all together
MOST_DEPTH = 20  # of folders in folders
MOST_NOTES = 10
SKIPPED = {".ipynb_checkpoints", "__pycache__", "__MACOSX", ".git"}


def read_files(
    folder: Path, books: Collection[str] | None = None
) -> tuple[dict[str, bytes], list[str]]:
    """Read the plain files below `folder`; return them, and notes on what was left out.

    `books` are the notebooks without which there is no submission (those of the
    instructor's folder, where there are none, are left out). Of a notebook that is too
    big there is only the beginning, which is too big as well.
    """
    files: dict[str, bytes] = {}
    notes: list[str] = []
    total = 0
    paths = list(_paths(folder, notes))
    for path in sorted(paths, key=lambda p: p.suffix.lower() != ".ipynb"):
        label = path.relative_to(folder).as_posix()
        book = path.name.lower().endswith(".ipynb")
        if books is None and book:
            continue
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                notes.append(f"{label} is not a plain file: it was left out.")
                continue
            size = min(status.st_size, MOST_BYTES + 1) if book else status.st_size
            if total + size > MOST_FILE_BYTES or len(files) >= MOST_FILES:
                notes.append(f"{label} was left out: too many or too big files.")
                continue
            total += size
            with path.open("rb") as file:
                files[label] = file.read(size)
        except OSError as error:
            if label in (books or ()):
                raise CourseError(f"{path} cannot be read: {error.strerror}") from None
            notes.append(f"{label} cannot be read: {error.strerror}.")
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"… and {len(notes) - MOST_NOTES} more."]
    return files, notes


def _paths(folder: Path, notes: list[str]) -> Iterator[Path]:
    """Yield all that is no folder below one; note what is left out."""
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
        names = [n for n in names if not n.startswith("._")]  # what macOS adds
        yield from (place / n for n in names)
        deeper = [place / n for n in sorted(folders - SKIPPED, reverse=True)]
        if deeper and len(label.parts) >= MOST_DEPTH:
            notes.append(f"{label.as_posix()[:60]}… is nested too deeply: left out.")
            continue
        waiting += deeper


def save(path: Path, text: str) -> Path:
    """Replace a file as a whole: what lay there stays if that cannot be done."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise CourseError(f"{path} cannot be written: {error.strerror}") from None
    return path
