"""Rebuild a submission: the instructor's notebook with the student's answers in it.

Nothing of a student's file is trusted but the sources of answers and added cells:
order, metadata, tags, locks and the text of the course's own cells come from the
instructor. What was repaired is said in the feedback. Files are found and read in
`course`; nothing runs here.
"""

import functools
import json
import re
from contextlib import suppress
from dataclasses import dataclass

from grader.books.names import names_of
from grader.books.sheet import Cell, Sheet

MOST_BYTES = 20 * 2**20
STUB = re.compile(r"^\s*raise NotImplementedError", re.MULTILINE)
MOST_CELLS = 2000
MOST_PARSED = 20_000  # characters of a cell whose names are looked up
MOST_SOURCE = 2**20


class NotANotebook(Exception):
    """The file cannot be read as a notebook; the message says why, in one line."""


@dataclass(frozen=True)
class Given:
    """A cell as the student handed it in."""

    cell_type: str
    source: str
    grade_id: str = ""
    cell_id: str = ""
    tagged: bool = False
    attachments: object = None  # as they came


@dataclass(frozen=True)
class Placed:
    """A cell of the rebuilt notebook: the course's (`cell`), or added by the student.

    `source` is what runs: for checks and locked cells it is the instructor's text.
    """

    cell: Cell | None
    cell_type: str
    source: str
    attachments: object = None

    @property
    def role(self) -> str:
        """The role of the course's cell; ``added`` for the student's own."""
        return self.cell.role if self.cell else "added"

    @property
    def own(self) -> bool:
        """Whether this is a course cell as the instructor wrote it."""
        if self.role != "course":
            return False
        return self.source in (self.cell.source, self.cell.release)

    @property
    def answered(self) -> bool:
        """Whether this is an answer that differs from what was handed out."""
        if self.role not in ("answer", "manual"):
            return False
        return _squeeze(self.source) != _squeeze(self.cell.release)


def read(raw: bytes) -> list[Given]:
    """Return the cells of a notebook file, whatever its version or metadata."""
    if not raw.strip():
        raise NotANotebook("the file is empty")
    if len(raw) > MOST_BYTES:
        most = f"{MOST_BYTES >> 20} MB"
        raise NotANotebook(f"the file has more than {most}: clear its outputs")
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotANotebook("the file is not text (UTF-8)") from None
    except RecursionError:
        raise NotANotebook("the file is nested too deeply") from None
    except ValueError as error:
        raise NotANotebook(f"the file is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise NotANotebook("the file is JSON, but not a notebook")
    cells = content.get("cells")
    if cells is None and isinstance(sheets := content.get("worksheets"), list):
        lists = [s.get("cells") for s in sheets if isinstance(s, dict)]
        if all(isinstance(given, list) for given in lists):
            cells = [cell for given in lists for cell in given]
    if not isinstance(cells, list):
        raise NotANotebook("the file has no list of cells")
    if len(cells) > MOST_CELLS:
        raise NotANotebook(f"the file has {len(cells)} cells")
    return [_given(cell) for cell in cells if isinstance(cell, dict)]


def _given(cell: dict) -> Given:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        source = ""
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    settings = metadata.get("nbgrader")
    grade_id = settings.get("grade_id") if isinstance(settings, dict) else ""
    cell_id = cell.get("id")
    kind = cell.get("cell_type")
    source = source.replace("\r\n", "\n")[:MOST_SOURCE]
    return Given(
        cell_type=kind if kind in ("code", "markdown", "raw") else "markdown",
        source=source.encode(errors="replace").decode(),  # no half surrogates
        grade_id=grade_id if isinstance(grade_id, str) else "",
        cell_id=cell_id if isinstance(cell_id, str) else "",
        tagged=bool(metadata.get("tags")),
        attachments=cell.get("attachments"),
    )


def overlap(sheet: Sheet, cells: list[Given]) -> float:
    """Return the share of the sheet's named cells that occur, if it has any."""
    named = [n for n, cell in enumerate(sheet.cells) if cell.grade_id]
    if not named:
        return 1.0
    matches, _ = _match(sheet, cells)
    return len(matches.keys() & {*named}) / len(named)


def answers(sheet: Sheet, cells: list[Given]) -> int:
    """Return how many answers differ from what was handed out."""
    return sum(placed.answered for placed in rebuild(sheet, cells)[0])


def rebuild(sheet: Sheet, given: list[Given]) -> tuple[list[Placed], list[str]]:
    """Return the notebook to run, and one line for everything that was repaired."""
    matches, repairs = _match(sheet, given)
    of = {index: number for number, index in matches.items()}
    added: dict[int, list[Placed]] = {}
    anchor = -1
    for index, cell in enumerate(given):
        if index in of:
            anchor = of[index]
        elif cell.source.strip() and not _is_copy(sheet, cell):
            placed = Placed(None, cell.cell_type, cell.source, cell.attachments)
            added.setdefault(anchor, []).append(placed)
    cells = list(added.get(-1, ()))
    made = _defined(given, [index for index in range(len(given)) if index not in of])
    worked = [
        i
        for i, number in of.items()
        if _squeeze(given[i].source) != _squeeze(sheet.cells[number].release)
    ]
    for number, own in enumerate(sheet.cells):
        theirs = given[matches[number]] if number in matches else None
        placed = _place(own, theirs, repairs)
        stub = not placed.answered or STUB.search(placed.source)
        if own.role == "answer" and stub:
            wanted = names_of(own.source)[0]
            others = [i for i in worked if of[i] != number]
            if wanted and wanted <= made | _defined(given, others):
                later = [i for i in others if wanted <= _bound(given[i].source)]
                later = [i for i in later if of[i] > number]
                # no stub over what the student defined; a merged cell runs here, too
                source = given[later[0]].source if later else ""
                placed = Placed(own, own.cell_type, source)
                repairs.append(f"What {own.grade_id} defines stands in another cell.")
        cells.append(placed)
        cells += added.get(number, ())
    order = [of[index] for index in sorted(of) if sheet.cells[of[index]].grade_id]
    if order != sorted(order):
        repairs.append("The cells were put back in the order of the assignment.")
    if any(cell.tagged for cell in given):
        repairs.append("Tags of cells were removed.")
    return cells, repairs


def _match(sheet: Sheet, given: list[Given]) -> tuple[dict[int, int], list[str]]:
    """Find each cell of the sheet in the submission: number → index.

    By its name; if its metadata were lost, by its id, then its text, then by the names
    that it defines.
    """
    squeezed = [_squeeze(cell.source) for cell in given]
    matches: dict[int, int] = {}
    repairs: list[str] = []
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(given):
        places.setdefault(cell.grade_id, []).append(index)
    named = {cell.grade_id for cell in sheet.cells if cell.grade_id}
    taken = {i for name in named for i in places.get(name, ())}
    free = [i for i in range(len(given)) if i not in taken]
    for number, own in enumerate(sheet.cells):
        if not own.grade_id or not (found := places.get(own.grade_id, [])):
            continue
        if len(found) > 1:
            repairs.append(f"The cell {own.grade_id} occurs {len(found)} times.")
        empty = _squeeze(own.release)
        full = [i for i in found if squeezed[i] != empty]
        matches[number] = (full or found)[0]
    by_id, by_text, by_names = _like(sheet, given, squeezed)
    for alike in (by_id, by_text, by_names):
        for number, own in enumerate(sheet.cells):
            if number in matches:
                continue
            found = [i for i in free if alike(own, i)]
            if found:
                matches[number] = found[0]
                free.remove(found[0])
                if own.grade_id:
                    lost = f"The cell {own.grade_id} had lost its name: it was found "
                    repairs.append(lost + "by what it holds.")
    for number, own in enumerate(sheet.cells):
        if own.grade_id and number not in matches:
            what = "an empty one" if own.role in ("answer", "manual") else "it"
            repairs.append(f"The cell {own.grade_id} was missing: {what} was put back.")
    return matches, repairs


def _like(sheet: Sheet, given: list[Given], squeezed: list[str]) -> tuple:
    """Return three ways to tell whether a cell of the sheet is the i-th one given."""

    def by_id(own: Cell, i: int) -> bool:
        return given[i].cell_id in {own.cell_id, own.grade_id} - {""}

    def by_text(own: Cell, i: int) -> bool:
        text = _squeeze(own.release)
        return bool(text) and squeezed[i] == text

    def by_names(own: Cell, i: int) -> bool:
        if own.role != "answer" or given[i].cell_type != "code":
            return False
        return bool(names_of(own.source)[0] & _bound(given[i].source))

    return by_id, by_text, by_names


def _defined(given: list[Given], indices: list[int]) -> set[str]:
    """Return the names that these code cells define, where that is no stub."""
    found: set[str] = set()
    for index in indices:
        if given[index].cell_type == "code" and not STUB.search(given[index].source):
            found |= _bound(given[index].source)
    return found


@functools.lru_cache(maxsize=MOST_CELLS)
def _bound(source: str) -> frozenset[str]:
    """Return the names that a student's cell defines; none where that is dear."""
    with suppress(RecursionError, MemoryError):
        if len(source) < MOST_PARSED:
            return frozenset(names_of(source)[0])
    return frozenset()


def _is_copy(sheet: Sheet, cell: Given) -> bool:
    """Tell whether a surplus cell is a copy of one that belongs to the course."""
    own = next((c for c in sheet.cells if c.grade_id == cell.grade_id != ""), None)
    return own is not None and own.role not in ("answer", "manual")


def _place(own: Cell, theirs: Given | None, repairs: list[str]) -> Placed:
    if own.role in ("answer", "manual"):
        source = theirs.source if theirs else own.release
        if theirs and theirs.cell_type != own.cell_type:
            repairs.append(
                f"The cell {own.grade_id} was of type {theirs.cell_type}: it was made "
                f"a {own.cell_type} cell again."
            )
        return Placed(own, own.cell_type, source, theirs and theirs.attachments)
    if own.role == "course" and not own.locked and theirs is not None:
        return Placed(own, own.cell_type, theirs.source)
    if own.locked and theirs and _squeeze(theirs.source) != _squeeze(own.release):
        repairs.append(
            f"The read-only cell {own.grade_id} had been changed: the course's own "
            "text was used."
        )
    return Placed(own, own.cell_type, own.source)


def _squeeze(source: str) -> str:
    return " ".join(source.split())
