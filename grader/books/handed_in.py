"""What a student handed in: which file is which notebook, and what lies beside.

A file is taken for a notebook by its name, else by the cells that it holds, whatever it
is called and packed in. Where several hold the same one, that with the most answers is
taken, and both the teacher and the student are told.
"""

import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath

from nbgrader.utils import parse_utc

from grader.books.rebuild import (
    MOST_BYTES,
    Given,
    NotANotebook,
    answers,
    likeness,
    overlap,
    read,
)
from grader.books.sheet import Sheet

SAME_SHEET = 0.5  # share of named cells from which on a file is taken for the notebook
MOST_NAMED = 5  # files that a message names
MOST_ZIPPED = 50  # notebooks of an archive
MOST_PACKED = 3  # archives in archives
DATE = re.compile(r"[\w:+., -]{1,60}([A-Z][a-z]+(/[A-Z][A-Za-z_]+){1,2})?")
NOTEBOOK = ".ipynb"
NO_BOOK = re.compile(r"\.(png|jpe?g|gif|mp4|mov|pdf|npz|pt)$", re.IGNORECASE)
ALIKE = re.compile(r"\.ipynb|\.json$", re.IGNORECASE)  # as browsers and mail rename it
JSON = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*\{(?=.*"(?:cells|worksheets)")', re.DOTALL)


@dataclass
class Submission:
    """What a student handed in, read and not yet judged.

    `notebooks` holds the cells by notebook name, `places` the names of their files;
    `unreadable` says why one is missing. `packed` is what archives hold.
    """

    student: str
    digest: str
    files: dict[str, bytes] = field(default_factory=dict)
    packed: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    notebooks: dict[str, list[Given]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    repairs: dict[str, list[str]] = field(default_factory=dict)
    timestamp: datetime | None = None
    notes: list[str] = field(default_factory=list)

    def beside(self, name: str, course: dict[str, bytes]) -> dict[str, bytes]:
        """Return what a notebook works with: the course's files, and those that fit.

        Where it was handed in within a folder or an archive, what lies there, too.
        """
        base = PurePosixPath(self.places[name]).parent
        around = {
            str(PurePosixPath(file).relative_to(base)): content
            for file, content in (self.files | self.packed).items()
            if base.name and PurePosixPath(file).is_relative_to(base)
        }
        return _together(course, _together(self.files, around))


def _together(first: dict[str, bytes], second: dict[str, bytes]) -> dict[str, bytes]:
    """Return both, less what of the second has no room beside the first."""
    taken = {*first, *(str(p) for name in first for p in Path(name).parents)}
    fits = {
        name: content
        for name, content in second.items()
        if name not in taken
        and ".." not in Path(name).parts
        and not any(str(p) in first for p in Path(name).parents)
    }
    return fits | first


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
    result.files = {n: b for n, b in files.items() if not n.endswith(NOTEBOOK)}
    books: dict[str, bytes] = {}
    room = Room()
    for name, content in files.items():
        leaves = dict(_leaves(name, content, room))
        found = (pair for pair in leaves.items() if _may_be_a_book(*pair))
        books |= dict(islice(found, MOST_ZIPPED))
        leaves.pop(name, None)
        result.packed |= {n: b for n, b in leaves.items() if not n.endswith(NOTEBOOK)}
    _assign(result, sheets, books, files)
    return result


@dataclass
class Room:
    """How much may still be unpacked of a submission, archives in archives too."""

    left: int = 3 * MOST_BYTES
    entries: int = 5000

    def takes(self, size: int) -> bool:
        """Tell whether a file of this size still fits, and take its room."""
        fits = size <= min(self.left, MOST_BYTES) and self.entries > 0
        self.left -= size * fits
        self.entries -= 1
        return fits


def _leaves(
    name: str, content: bytes, room: Room, depth: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yield a file, or what is packed in it."""
    if depth > MOST_PACKED:
        return
    if not (packed := dict(_unpacked(content, room))):
        yield name, content
    for inner, raw in packed.items():
        place = f"{name}/{inner}" if inner else name
        yield from _leaves(place, raw, room, depth + 1)


def _may_be_a_book(name: str, content: bytes) -> bool:
    base, small = PurePosixPath(name).name, len(content) <= MOST_BYTES
    alike = ALIKE.search(base) or (small and JSON.match(content))
    return bool(alike) and not base.startswith("._")


def _unpacked(content: bytes, room: Room) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive, as far as they fit; none of what is no archive."""
    with suppress(Exception):  # one that cannot be read holds nothing more
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(min(room.left, MOST_BYTES) + 1)
            if not room.takes(len(content)):
                return
            if content[257:262] != b"ustar":
                yield "", content
                return
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for entry in archive.infolist():
                    other = NO_BOOK.search(entry.filename)
                    if not other and room.takes(entry.file_size):
                        yield entry.filename.replace("\\", "/"), archive.read(entry)
        elif content[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for entry in archive:
                    if entry.isreg() and room.takes(entry.size):
                        yield entry.name, archive.extractfile(entry).read()


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
    alike = {
        n: {s.name: likeness(s, cells) for s in sheets} for n, cells in readable.items()
    }
    for sheet in sheets:
        name = f"{sheet.name}{NOTEBOOK}"
        result.repairs[sheet.name] = []
        # sheets may have the names of cells in common: their texts tell them apart
        shares = {
            n: overlap(sheet, cells)
            for n, cells in readable.items()
            if alike[n][sheet.name] == max(alike[n].values())
            and (n == name or n not in expected or len({*alike[n].values()}) > 1)
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
        result.places[sheet.name] = best


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
