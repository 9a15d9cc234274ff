"""Rebuild a submission: the instructor's notebook with the student's answers in it.

Nothing of a student's file is trusted but the sources of answers and added cells:
order, metadata, tags, locks and the text of the course's own cells come from the
instructor. What was repaired is said in the feedback. Files are found and read in
`course`; nothing runs here.
"""

import json
from dataclasses import dataclass

from grader.books.sheet import Cell, Sheet

MOST_BYTES = 100 * 2**20
MOST_CELLS = 2000
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


@dataclass(frozen=True)
class Placed:
    """A cell of the rebuilt notebook: the course's (`cell`), or added by the student.

    `source` is what runs: for checks and locked cells it is the instructor's text.
    """

    cell: Cell | None
    cell_type: str
    source: str

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
        raise NotANotebook(f"the file has {len(raw) >> 20} MB")
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
    )


def overlap(sheet: Sheet, cells: list[Given]) -> float:
    """Return the share of the sheet's named cells that occur."""
    wanted = {cell.grade_id for cell in sheet.cells if cell.grade_id}
    return len(wanted & {c.grade_id for c in cells}) / len(wanted) if wanted else 0.0


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
            placed = Placed(None, cell.cell_type, cell.source)
            added.setdefault(anchor, []).append(placed)
    cells = list(added.get(-1, ()))
    for number, own in enumerate(sheet.cells):
        theirs = given[matches[number]] if number in matches else None
        cells.append(_place(own, theirs, repairs))
        cells += added.get(number, ())
    order = [of[index] for index in sorted(of) if sheet.cells[of[index]].grade_id]
    if order != sorted(order):
        repairs.append("The cells were put back in the order of the assignment.")
    if any(cell.tagged for cell in given):
        repairs.append("Tags of cells were removed.")
    return cells, repairs


def _match(sheet: Sheet, given: list[Given]) -> tuple[dict[int, int], list[str]]:
    """Find each cell of the sheet in the submission: number → index."""
    squeezed = [_squeeze(cell.source) for cell in given]
    matches: dict[int, int] = {}
    repairs: list[str] = []
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(given):
        places.setdefault(cell.grade_id, []).append(index)
    taken = set()
    for number, own in enumerate(sheet.cells):
        if not own.grade_id:
            continue
        found = places.get(own.grade_id, [])
        taken |= set(found)
        if not found:
            what = "an empty one" if own.role in ("answer", "manual") else "it"
            repairs.append(f"The cell {own.grade_id} was missing: {what} was put back.")
            continue
        if len(found) > 1:
            repairs.append(f"The cell {own.grade_id} occurs {len(found)} times.")
        empty = _squeeze(own.release)
        full = [i for i in found if squeezed[i] != empty]
        matches[number] = (full or found)[0]
    for number, own in enumerate(sheet.cells):  # the others: by id, then by text
        if own.grade_id:
            continue
        text = _squeeze(own.release)
        alike = [
            i
            for i, cell in enumerate(given)
            if i not in taken
            and ((own.cell_id and cell.cell_id == own.cell_id) or squeezed[i] == text)
        ]
        if alike:
            matches[number] = alike[0]
            taken.add(alike[0])
    return matches, repairs


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
        return Placed(own, own.cell_type, source)
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
