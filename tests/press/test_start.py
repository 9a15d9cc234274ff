"""JupyterLab's start page: the course in order, and how much of it is written."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from jupyter_server.services.contents.filemanager import FileContentsManager

from press import start
from press.contents import ROOT, chapters
from tests.course import EXERCISES, reference, sheet

LINK = re.compile(r"\]\(\.\./([^)]+)\)")


@pytest.fixture
def own_course(tmp_path, monkeypatch):
    """A copy of what the page is made from, in which somebody works."""
    for room in ("exercises", "notebooks"):
        shutil.copytree(ROOT / room, tmp_path / room)
    (tmp_path / "book").mkdir()
    for name in chapters():
        shutil.copy(ROOT / f"book/{name}.md", tmp_path / "book")
    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "PAGE", tmp_path / "_build" / "start.md")
    return tmp_path


def answer(path, answers: dict[str, str]) -> None:
    """Write these answers into a sheet."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        ident = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(ident, cell["source"])
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_all_notebooks_and_sheets_are_listed_in_the_order_of_the_book():
    listed = LINK.findall(start.page().split("|--:|")[1])
    expected = []
    for name, sheets in chapters().items():
        expected += [f"notebooks/{name}.ipynb", *sheets]
    assert listed == [*expected, "notebooks/language_models.ipynb"]
    assert all((ROOT / path).is_file() for path in listed)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_released_sheet_is_unwritten_and_an_answered_one_is_written(
    own_course, exercise
):
    path = f"exercises/{exercise}.ipynb"
    answers = reference(exercise)
    assert start.read(path)[2:] == (0, len(answers))
    ident, code = next(iter(answers.items()))
    answer(own_course / path, {ident: code})
    assert start.read(path)[2:] == (1, len(answers))
    answer(own_course / path, answers)
    assert start.read(path)[2:] == (len(answers), len(answers))


@pytest.mark.parametrize("source", ["", "  \n", "x = 1\nraise NotImplementedError()"])
def test_what_is_empty_or_holds_the_line_is_not_written(source):
    assert not start.is_written(source)


def test_the_page_says_with_which_sheet_to_go_on(own_course):
    first, *_, last = [path for paths in chapters().values() for path in paths]
    assert f"Begin with [{start.read(first).title}](../{first})" in start.page()
    exercise = last.removeprefix("exercises/").removesuffix(".ipynb")
    ident, code = next(iter(reference(exercise).items()))
    answer(own_course / last, {ident: code})
    assert f"**1 of {steps()} steps are written. Go on with [" in start.page()
    assert f"Go on with [{start.read(last).title}](../{last})" in start.page()
    for each in EXERCISES:
        answer(own_course / f"exercises/{each}.ipynb", reference(each))
    assert f"**All {steps()} steps are written.**" in start.page()


def steps() -> int:
    return sum(
        cell.role == "answer" for each in EXERCISES for cell in sheet(each).cells
    )


@pytest.mark.parametrize(
    "content", [None, "not a notebook", "[]", "{}", '{"cells": [{}]}']
)
def test_a_sheet_that_cannot_be_read_is_said_to_be_so(own_course, content):
    path = own_course / "exercises/perceptron/gates.ipynb"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    assert "gates (cannot be read)" in start.page()


def test_saving_a_sheet_writes_the_page_and_never_fails(
    own_course, monkeypatch, capsys
):
    (option,) = [o for o in start.OPTIONS if "post_save_hook" in o]
    manager = FileContentsManager(
        root_dir=str(own_course), post_save_hook=option.split("=")[1]
    )
    name = "exercises/perceptron/gates.ipynb"
    notebook = nbformat.read(own_course / name, as_version=4)
    model = {"type": "notebook", "content": notebook}
    other = model | {"content": nbformat.v4.new_notebook()}
    manager.save(other, "notebooks/mine.ipynb")
    assert not start.PAGE.exists()
    manager.save(model, name)
    assert "0 of 6" in start.PAGE.read_text("utf-8")
    assert [path.name for path in start.PAGE.parent.iterdir()] == ["start.md"]

    def full():
        raise OSError("no space left")

    monkeypatch.setattr(start, "write", full)
    manager.save(model, name)
    assert "no space left" in capsys.readouterr().err


def test_markdown_opens_as_a_page_by_settings_that_jupyterlab_has():
    from jupyterlab.commands import get_app_dir

    settings = json.loads((ROOT / "press/lab/overrides.json").read_text("utf-8"))
    assert "Markdown Preview" in str(settings)
    for plugin, values in settings.items():
        schema = Path(get_app_dir(), "schemas", *plugin.split(":")).with_suffix(".json")
        assert (
            values.keys() <= json.loads(schema.read_text("utf-8"))["properties"].keys()
        )
