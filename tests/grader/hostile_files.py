"""What is handed in: files that nbgrader is known to stumble over. See `hostile`."""

import json
import os
from pathlib import Path

from .hostile import (
    NONE,
    POINTS,
    Case,
    lost,
)


def by_id(notebook: dict, grade_id: str) -> dict:
    """Return the cell with this grade_id."""
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def without(*grade_ids: str):
    """Return a change that deletes cells."""

    def change(notebook: dict) -> dict:
        for grade_id in grade_ids:
            notebook["cells"].remove(by_id(notebook, grade_id))
        return notebook

    return change


def twice(grade_id: str):
    """Return a change that copies a cell to the end."""

    def change(notebook: dict) -> dict:
        notebook["cells"].append(by_id(notebook, grade_id))
        return notebook

    return change


def backwards(notebook: dict) -> dict:
    notebook["cells"].reverse()
    return notebook


def skipped(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    return notebook


def edited_checks(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if "_check" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["source"] = "pass"
            cell["metadata"]["nbgrader"] |= {"points": 100, "grade": True}
    return notebook


def swapped_types(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        kinds = {"code": "markdown", "markdown": "raw"}
        cell["cell_type"] = kinds[cell["cell_type"]]
    return notebook


def old_schema(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if settings := cell["metadata"].get("nbgrader"):
            settings["schema_version"] = 1
            settings.pop("task", None)
            settings.pop("cell_type", None)
    return notebook


def new_schema(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if settings := cell["metadata"].get("nbgrader"):
            settings["schema_version"] = 99
    return notebook


def version_3(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
            cell["language"] = "python"
    return {
        "worksheets": [{"cells": notebook["cells"], "metadata": {}}],
        "metadata": {"name": "p1"},
        "nbformat": 3,
        "nbformat_minor": 0,
    }


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def named(name: str):
    """Return what hands the reference in under another name."""

    def hand_in(folder: Path) -> None:
        write(folder / name, json.dumps(Case("", "", POINTS).notebook()))

    return hand_in


def linked_solution(folder: Path) -> None:
    os.symlink("../../../solutions/p1/p1.ipynb", folder / "p1.ipynb")


def nothing(_: dict) -> None:
    return None


FILES = [
    Case("file_duplicate_check", "A copied check aborted nbgrader's whole run.",
         POINTS, change=twice("initials_check")),
    Case("file_duplicate_answer", "The same answer occurs two times.",
         POINTS, change=twice("sigmoid")),
    Case("file_missing_checks", "Deleted checks lost their points.",
         POINTS, change=without("initials_check", "net_check")),
    Case("file_missing_answer", "Only the deleted answer is lost.",
         lost("standardize"), change=without("standardize")),
    Case("file_backwards", "Cells stand in the wrong order.",
         POINTS, change=backwards),
    Case("file_skip_tags", "nbgrader gives full marks to checks that are skipped.",
         NONE, base="wrong", change=skipped),
    Case("file_edited_checks", "The checks were emptied and made worth more.",
         NONE, base="wrong", change=edited_checks),
    Case("file_cell_types", "Code cells were made Markdown, Markdown raw.",
         POINTS, change=swapped_types),
    Case("file_old_schema", "nbgrader's metadata of an old version.",
         POINTS, change=old_schema),
    Case("file_new_schema", "nbgrader's metadata of a version to come.",
         POINTS, change=new_schema),
    Case("file_nbformat_3", "A notebook in the format of 2013.",
         POINTS, change=version_3),
    Case("file_bad_json", "The file breaks off.", NONE, state="unreadable",
         change=lambda notebook: json.dumps(notebook).encode()[:-20]),
    Case("file_empty", "The file is empty.", NONE, state="unreadable",
         change=lambda _: b""),
    Case("file_other_json", "The file is JSON, but a list.", NONE, state="unreadable",
         change=lambda _: b"[1, 2, 3]"),
    Case("file_deep_json", "The JSON is nested 200,000 deep.", NONE,
         state="unreadable", change=lambda _: b"[" * 200_000),
    Case("file_renamed", "A browser named the download anew.", POINTS,
         change=nothing, files=named("p1 (1).ipynb")),
    Case("file_copied", "Jupyter named the copy.", POINTS,
         change=nothing, files=named("p1-Copy1.ipynb")),
    Case("file_symlink", "The file is a link to the solution.", NONE,
         change=nothing, files=linked_solution, state="unreadable"),
    Case("file_fifo", "A pipe in the folder: who opens it waits forever.", POINTS,
         files=lambda folder: os.mkfifo(folder / "data.csv")),
    Case("file_timestamp", "The timestamp is garbled.", POINTS,
         files=lambda folder: write(folder / "timestamp.txt", "☃ noon")),
    Case("file_nothing", "The folder is empty.", NONE, change=nothing,
         state="unreadable"),
]  # fmt: skip


def notebook_of(cells: object):
    """Return a change that puts this in place of the list of cells, in nbformat 3."""
    text = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3})
    return lambda _: text.encode()


def beside(name: str, content: bytes):
    """Return what hands in another file."""

    def write(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return write


def linked_folder(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("../../solutions/p1")


def odd_names(folder: Path) -> None:
    os.mkfifo(folder / "\x1b]0;owned\x07\x1b[2J.csv")
    write(Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.txt")), "?")
    for number in range(600):
        (folder / f"{number:04}.txt").touch()


def long_cells(notebook: dict) -> dict:
    source = "# " + "a b " * 150_000
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    notebook["cells"] += [cell] * 12
    return notebook


def talkative(notebook: dict) -> dict:
    cell = {"cell_type": "code", "metadata": {}, "source": "print('x' * 10**6)"}
    notebook["cells"] += [cell] * 24
    return notebook


def marked_up(notebook: dict) -> dict:
    by_id(notebook, "why")["source"] = "<script>alert(1)</script>"
    notebook["metadata"]["title"] = "<img src=x onerror=alert(1)>"
    return notebook


FILES += [
    Case("file_worksheets", "A number where version 3 has a list.", NONE,
         change=notebook_of(5), state="unreadable"),
    Case("file_worksheet_cells", "Numbers where cells are expected.", NONE,
         change=notebook_of([5, None, "cell", {"source": 7, "metadata": []}]),
         state="unreadable"),
    Case("file_half_surrogate", "Text that cannot be written as UTF-8.",
         lost("initials"), answers={"initials": "name = '\ud800'"}),
    Case("file_many", "A name with an escape sequence, one that is no text, 600 more.",
         POINTS, files=odd_names),
    Case("file_linked_folder", "The folder is a link to the solution's.", NONE,
         change=nothing, files=linked_folder, state="unreadable"),
    Case("file_own_data", "The data of the checks, with wrong numbers in it.",
         POINTS, files=beside("cases.json", b'{"columns": [], "counts": []}')),
    Case("file_data_folder", "A folder with the name of the course's file.",
         POINTS, files=beside("cases.json/x", b"")),
    Case("file_modules", "A module with the name of one that checks import.",
         NONE, base="wrong", files=beside("numpy.py", b"allclose = bool")),
    Case("file_zone", "A time zone that is a path: nbgrader opens it.", POINTS,
         files=beside("timestamp.txt", b"2024-01-01 00:00:00 /etc/hostname")),
    Case("file_long_date", "A timestamp of 5 MB.", POINTS,
         files=beside("timestamp.txt", b"1 " * 2_500_000)),
    Case("file_record", "The grader's own record, with full marks.", NONE,
         base="wrong", files=beside(".grading.json", b'{"format": 1}')),
    Case("file_long_cells", "A dozen cells of 600 KB.", POINTS, change=long_cells),
    Case("file_talkative", "24 cells that print 1 MB each.", POINTS, change=talkative),
    Case("file_markup", "Script in the answer that a person reads.", POINTS,
         change=marked_up),
]  # fmt: skip
