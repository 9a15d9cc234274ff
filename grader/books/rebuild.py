"""Rebuild a submission: the instructor's notebook with the student's answers in it.

Nothing of a student's file is trusted but the sources of answers and added cells:
order, metadata, tags, locks and the text of the course's own cells come from the
instructor. What was repaired is said in the feedback. Files are found and read in
`course`; nothing runs here.
"""

import functools
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from grader.books.names import ANSWERS, RUNNING, names_of
from grader.books.sheet import Cell, Sheet

MOST_BYTES = 20 * 2**20
STUB = re.compile(r"^\s*raise NotImplementedError", re.MULTILINE)
RUN_BY = re.compile(rf"\A\s*%%({'|'.join(RUNNING)})\b.*\n")
FENCE = re.compile(
    r"```(?:python|py|ipython)?[ \t]*\n(.*?)\n?```", re.DOTALL | re.IGNORECASE
)
INLINE = re.compile(
    r"data:(image/(?:png|jpeg|gif));base64,([A-Za-z0-9+/=\s]+?)(?=[)\"'>]|$)"
)
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
    tags: tuple[str, ...] = ()
    attachments: object = None  # as they came

    @functools.cached_property
    def text(self) -> str:
        """The source without what layout is."""
        return _squeeze(self.source)


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
        return self.role in ANSWERS and _squeeze(self.source) != _released(self.cell)


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
    settings, tags = metadata.get("nbgrader"), metadata.get("tags")
    grade_id = settings.get("grade_id") if isinstance(settings, dict) else ""
    cell_id = cell.get("id")
    kind = cell.get("cell_type")
    attachments = cell.get("attachments")
    if kind != "code" and INLINE.search(source):
        attachments = dict(attachments) if isinstance(attachments, dict) else {}

        def attached(found: re.Match) -> str:
            attachments[name := f"inline-{len(attachments)}"] = {found[1]: found[2]}
            return f"attachment:{name}"

        source = INLINE.sub(attached, source)
    source = source.replace("\r\n", "\n").lstrip("\ufeff")[:MOST_SOURCE]
    return Given(
        cell_type=kind if kind in ("code", "markdown", "raw") else "markdown",
        source=source.encode(errors="replace").decode(),  # no half surrogates
        grade_id=grade_id if isinstance(grade_id, str) else "",
        cell_id=cell_id if isinstance(cell_id, str) else "",
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        attachments=attachments,
    )


def overlap(sheet: Sheet, cells: list[Given]) -> float:
    """Return the share of the sheet's named cells that occur, or of its answers."""
    matches, _ = _match(sheet, cells)
    named = {n for n, cell in enumerate(sheet.cells) if cell.grade_id}
    answers = {n for n in named if sheet.cells[n].role == "answer"}
    shares = [
        len(matches.keys() & kind) / len(kind) for kind in (named, answers) if kind
    ]
    return max(shares, default=1.0)


def likeness(sheet: Sheet, cells: list[Given]) -> float:
    """Return the share of the sheet's own texts that occur word by word."""
    own = {_released(c) for c in sheet.cells if c.role not in ANSWERS} - {""}
    return len(own & {cell.text for cell in cells}) / max(1, len(own))


def answers(sheet: Sheet, cells: list[Given]) -> int:
    """Return how many answers differ from what was handed out."""
    return sum(placed.answered for placed in rebuild(sheet, cells)[0])


def rebuild(sheet: Sheet, given: list[Given]) -> tuple[list[Placed], list[str]]:
    """Return the notebook to run, and one line for everything that was repaired."""
    matches, repairs = _match(sheet, given)
    of = {index: number for number, index in matches.items()}
    worked = [i for i, n in of.items() if given[i].text != _released(sheet.cells[n])]
    after: dict[int, int] = {}  # of which cell of the sheet each cell stands behind
    added: dict[int, list[Placed]] = {}
    anchor = -1
    for index, cell in enumerate(given):
        anchor = after[index] = of.get(index, anchor)
        if index not in of and cell.source.strip() and not _is_copy(sheet, cell):
            if _is_stub(cell) and bound(cell.source) <= _defined(given, worked):
                repairs.append("A second, empty cell of an answer was left out.")
                continue
            placed = Placed(None, cell.cell_type, cell.source, cell.attachments)
            added.setdefault(anchor, []).append(placed)
    cells = list(added.get(-1, ()))
    for number, own in enumerate(sheet.cells):
        theirs = given[matches[number]] if number in matches else None
        placed = _place(own, theirs, repairs)
        # an answer may hold such a line by right: an abstract method
        stub = STUB.search(placed.source) and not STUB.search(own.source)
        if own.role == "answer" and (stub or not placed.answered):
            wanted = bound(own.source)
            # not a later step that defines the same name anew
            others = [
                i
                for i in range(len(given))
                if i not in of
                or (i in worked and not wanted <= bound(sheet.cells[of[i]].source))
            ]
            if wanted and wanted <= _defined(given, others):
                later = [i for i in others if wanted <= _defined(given, [i])]
                later = [i for i in later if after[i] > number]
                # no stub over what the student defined; a merged cell runs here, too
                source = given[later[0]].source if later else ""
                placed = Placed(own, own.cell_type, source)
                repairs.append(f"What {own.grade_id} defines stands in another cell.")
        cells.append(placed)
        cells += added.get(number, ())
    order = [of[index] for index in sorted(of) if sheet.cells[of[index]].grade_id]
    if order != sorted(order):
        repairs.append("The cells were put back in the order of the assignment.")
    if any(len(cell.source) == MOST_SOURCE for cell in given):
        repairs.append("A cell of more than 1 MiB of text was cut.")
    kept = {i: sheet.cells[number].tags for i, number in of.items()}
    if any({*c.tags}.difference(kept.get(i, ())) for i, c in enumerate(given)):
        repairs.append("Tags of cells were removed.")
    return cells, repairs


def _match(sheet: Sheet, given: list[Given]) -> tuple[dict[int, int], list[str]]:
    """Find each cell of the sheet in the submission: number → index.

    By its name; if its metadata were lost, by its id, then its text, then by the names
    that it defines.
    """
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
        answer = own.role in ANSWERS  # of others the copy that has been left as it was
        fit = [i for i in found if (given[i].text != _released(own)) == answer]
        matches[number] = (fit or found)[0]
    for alike in (_by_id, _by_text, _by_names):
        for number, own in enumerate(sheet.cells):
            if number in matches:
                continue
            if found := [i for i in free if alike(own, given[i])]:
                matches[number] = found[0]
                free.remove(found[0])
                if own.grade_id:
                    lost = f"The cell {own.grade_id} had lost its name: it was found "
                    repairs.append(lost + "by what it holds.")
    for number, own in enumerate(sheet.cells):
        if own.grade_id and number not in matches:
            what = "an empty one" if own.role in ANSWERS else "it"
            repairs.append(f"The cell {own.grade_id} was missing: {what} was put back.")
    return matches, repairs


def _by_id(own: Cell, cell: Given) -> bool:
    return cell.cell_id in {own.cell_id, own.grade_id} - {""}


def _by_text(own: Cell, cell: Given) -> bool:
    return cell.text == _released(own) != ""


def _by_names(own: Cell, cell: Given) -> bool:
    return own.role == "answer" and bool(bound(own.source) & bound(_python(cell)))


def _defined(given: list[Given], indices: Iterable[int]) -> set[str]:
    """Return the names that these code cells define, where that is no stub."""
    cells = [given[i] for i in indices if given[i].cell_type == "code"]
    return set().union(*(bound(c.source) for c in cells if not _is_stub(c)))


@functools.lru_cache(maxsize=MOST_CELLS)
def bound(source: str) -> frozenset[str]:
    """Return the names that a cell defines; none where that is dear, or IPython fails.

    What runs its cell is looked into: ``%%time``.
    """
    with suppress(Exception):
        if len(source) < MOST_PARSED:
            return frozenset(names_of(RUN_BY.sub("", source))[0])
    return frozenset()


def _is_stub(cell: Given) -> bool:
    return cell.cell_type == "code" and bool(STUB.search(cell.source))


def _python(cell: Given) -> str:
    """Return the code of a cell, which may have become text, in a fence perhaps."""
    fenced = None if cell.cell_type == "code" else FENCE.fullmatch(cell.source.strip())
    return fenced[1] if fenced else cell.source


def _is_copy(sheet: Sheet, cell: Given) -> bool:
    """Tell whether a surplus cell is a copy of one that belongs to the course."""
    own = next((c for c in sheet.cells if c.grade_id == cell.grade_id != ""), None)
    if own is None or own.role in ANSWERS:
        return False
    return cell.text in (_released(own), _squeeze(own.source))


def _place(own: Cell, theirs: Given | None, repairs: list[str]) -> Placed:
    if own.role in ANSWERS:
        if theirs is None:
            return Placed(own, own.cell_type, own.release)
        source = _python(theirs) if own.cell_type == "code" else theirs.source
        if theirs.cell_type != own.cell_type:
            repairs.append(
                f"The cell {own.grade_id} was of type {theirs.cell_type}: it was made "
                f"a {own.cell_type} cell again."
            )
        return Placed(own, own.cell_type, source, theirs.attachments)
    if own.role == "course" and not own.locked and theirs is not None:
        return Placed(own, own.cell_type, theirs.source)
    if own.locked and theirs and theirs.text != _released(own):
        repairs.append(
            f"The read-only cell {own.grade_id} had been changed: the course's own "
            "text was used."
        )
    return Placed(own, own.cell_type, own.source)


def _released(own: Cell) -> str:
    return _squeeze(own.release)


def _squeeze(source: str) -> str:
    return " ".join(source.split())
