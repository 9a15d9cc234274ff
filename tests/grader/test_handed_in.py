"""What is handed in is found: lost metadata, merged cells, copies, other names."""

import gzip
import io
import json
import tarfile
import zipfile

import nbformat
import pytest

from grader.autograde import autograde
from grader.books import rebuild as rebuilding
from grader.books.course import Course
from grader.books.handed_in import submission_of
from grader.books.rebuild import rebuild
from tests.grader import needs_linux, options, tiny
from tests.grader.test_errors import marks

NAME = tiny.NAME
HALF = "def half(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION"
HALVES = "def half(x):\n    return x * 0.5"
CHECK_HALF = "assert half(3) == 1.5"


@pytest.fixture
def course(tmp_path):
    """A course of two steps."""
    root = tiny.course(
        tmp_path,
        tiny.setup(tiny.SETUP),
        tiny.answer(),
        tiny.check(),
        tiny.answer(HALF, "half"),
        tiny.check(CHECK_HALF, "check_half"),
    )
    return Course(root)


@pytest.fixture
def book(course):
    """What a student has worked on, as JSON; all answers are right."""
    tiny.hand_in(course.root, "model", half=HALVES)
    path = course.root / f"submitted/model/{NAME}/{NAME}.ipynb"
    return json.loads(path.read_text())


def released(course):
    sheet = course.assignment(NAME).sheets[0]
    return {c.grade_id: c.release for c in sheet.cells}


def hand_in(course, **files) -> None:
    folder = course.root / f"submitted/ada/{NAME}"
    folder.mkdir(parents=True)
    for name, content in files.items():
        raw = json.dumps(content).encode() if isinstance(content, dict) else content
        (folder / name).write_bytes(raw)


def read(course):
    """The submission, and the sources of its answers as they will run."""
    assignment = course.assignment(NAME)
    submission = course.submission("ada", assignment)
    sheet = assignment.sheets[0]
    if NAME not in submission.notebooks:
        return submission, None
    cells, _ = rebuild(sheet, submission.notebooks[NAME])
    return submission, {c.cell.grade_id: c.source for c in cells if c.cell}


def cell(book, name):
    return next(
        c for c in book["cells"] if c["metadata"]["nbgrader"]["grade_id"] == name
    )


# --- cells ---------------------------------------------------------------------------


def stripped(book):
    for c in book["cells"]:
        c["metadata"] = {}


def stripped_without_ids(book):
    for c in book["cells"]:
        c["metadata"] = {}
        c.pop("id")
    book["nbformat_minor"] = 4


def pasted(book):
    one = cell(book, "double")
    one["metadata"], one["id"] = {}, "0a1b2c"


def lost_one(book):
    cell(book, "half")["metadata"] = {}


def merged(book):
    one, two = cell(book, "double"), cell(book, "half")
    one["source"] += "\n\n\n" + two["source"]
    book["cells"].remove(two)


def merged_later(book):
    one, two = cell(book, "double"), cell(book, "half")
    two["source"] = one["source"] + "\n\n\n" + two["source"]
    book["cells"].remove(one)
    book["cells"].insert(1, book["cells"].pop(book["cells"].index(two)))


def merged_and_left(book):
    """The second cell is still there, as it was handed out."""
    one, two = cell(book, "double"), cell(book, "half")
    one["source"] += "\n\n\n" + two["source"]
    two["source"] = "def half(x):\n    raise NotImplementedError()"


def moved_to_a_cell_of_ones_own(book):
    one = cell(book, "double")
    own = {**one, "metadata": {}, "id": "own"}
    book["cells"].insert(1, own)
    book["cells"].remove(one)


def split(book):
    one = cell(book, "double")
    own = {**one, "metadata": {}, "id": "own"}
    one["source"] = "import math"
    book["cells"].insert(book["cells"].index(one) + 1, own)


CHANGES = [
    stripped,
    stripped_without_ids,
    pasted,
    lost_one,
    merged,
    merged_later,
    merged_and_left,
    moved_to_a_cell_of_ones_own,
    split,
]


@needs_linux
@pytest.mark.xdist_group("grading-handed-in")
@pytest.mark.usefixtures("forkservers")
def test_right_answers_get_all_points_wherever_they_stand(course, book):
    for change in CHANGES:
        changed = json.loads(json.dumps(book))
        change(changed)
        path = course.root / f"submitted/{change.__name__}/{NAME}/{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(changed))
    autograde(course, NAME, options())
    lost = [c.__name__ for c in CHANGES if marks(course.root, c.__name__) != 4]
    assert lost == []
    from grader.books.gradebook import Book

    with Book(course) as found:
        both = {c.__name__: found.marks(NAME, c.__name__) for c in CHANGES}
    halves = {name: m[NAME, "check_half"][0] for name, m in both.items()}
    assert set(halves.values()) == {4}, halves


def test_an_untouched_cell_stays_a_stub(course, book):
    cell(book, "half")["source"] = released(course)["half"]
    hand_in(course, **{f"{NAME}.ipynb": book})
    assert "NotImplementedError" in read(course)[1]["half"]


# --- files ---------------------------------------------------------------------------


def untouched(book, course):
    copy = json.loads(json.dumps(book))
    for c in copy["cells"]:
        name = c["metadata"]["nbgrader"]["grade_id"]
        c["source"] = released(course)[name]
    return copy


def test_the_worked_copy_beside_the_untouched_original_is_taken(course, book):
    copy = f"{NAME} (1).ipynb"
    hand_in(course, **{f"{NAME}.ipynb": untouched(book, course), copy: book})
    submission, answers = read(course)
    assert answers["half"] == HALVES
    (note,) = submission.notes
    assert note.startswith(f"Several files hold {NAME}.ipynb: {copy} was taken")
    assert f"not {NAME}.ipynb" in note


def test_of_two_copies_that_with_more_answers_is_taken(course, book):
    less = json.loads(json.dumps(book))
    cell(less, "half")["source"] = released(course)["half"]
    hand_in(course, **{f"{NAME} (1).ipynb": less, f"{NAME} (2).ipynb": book})
    submission, answers = read(course)
    assert answers["half"] == HALVES
    assert len(submission.notes) == 1


def test_a_copy_that_is_the_same_is_not_worth_a_note(course, book):
    hand_in(course, **{f"{NAME}.ipynb": book, f"{NAME}-1.ipynb": book})
    assert read(course)[0].notes == []


@pytest.mark.parametrize(
    "name",
    [
        f"{NAME}.ipynb.txt",
        f"{NAME}.json",
        f"{NAME}.IPYNB",
        f"{NAME}.ipynb.json",
        f"ada_12_345_{NAME}.ipynb",
        f"{NAME}.ipynb.download",
    ],
)
def test_what_reads_as_the_notebook_is_taken_for_it(course, book, name):
    hand_in(course, **{name: book})
    submission, answers = read(course)
    assert answers["half"] == HALVES
    assert f"The file {name} was taken for {NAME}.ipynb." in submission.repairs[NAME]


@pytest.mark.parametrize("place", [f"{NAME}.ipynb", f"work/ps/{NAME}.ipynb"])
def test_an_archive_is_looked_into(course, book, place):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("__MACOSX/._p.ipynb", b"\0")
        archive.writestr(place, json.dumps(book))
    hand_in(course, **{"work.zip": raw.getvalue()})
    submission, answers = read(course)
    assert answers["half"] == HALVES
    assert submission.repairs[NAME] == [
        f"The file work.zip/{place} was taken for {NAME}.ipynb."
    ]


def test_a_bomb_of_an_archive_is_not_unpacked(course):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(3):
            archive.writestr(f"{n}.ipynb", b" " * 30 * 2**20)
    hand_in(course, **{"bomb.zip": raw.getvalue(), "torn.zip": raw.getvalue()[:99]})
    submission, _ = read(course)
    assert "no such file was handed in" in submission.unreadable[NAME]


def test_what_lies_there_instead_is_named(course):
    hand_in(course, **{"essay.docx": b"PK", "photo.png": b"\x89PNG"})
    submission, _ = read(course)
    assert submission.unreadable[NAME] == (
        f"{NAME}.ipynb: no such file was handed in; there are: essay.docx, photo.png"
    )


def test_a_huge_notebook_is_not_parsed(course, book):
    book["cells"][0]["outputs"] = ["x" * 21 * 2**20]
    hand_in(course, **{f"{NAME}.ipynb": book})
    submission, _ = read(course)
    assert "more than 20 MB: clear its outputs" in submission.unreadable[NAME]


def test_a_folder_that_links_out_of_the_course_is_not_followed(course, book, tmp_path):
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / f"{NAME}.ipynb").write_text(json.dumps(book))
    folder = course.root / f"submitted/ada/{NAME}"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(place, target_is_directory=True)
    submission, _ = read(course)
    assert submission.notebooks == {}
    assert "a link to another one" in submission.notes[0]


def test_a_byte_order_mark_is_no_part_of_a_date(course, book):
    date = b"\xef\xbb\xbf2026-11-20 10:00:00 UTC\n"
    hand_in(course, **{f"{NAME}.ipynb": book, "timestamp.txt": date})
    submission, _ = read(course)
    assert submission.notes == []
    assert submission.timestamp.day == 20


def test_a_folder_that_is_no_name_is_told_and_left_out(course, book, capsys):
    from grader.autograde import chosen

    hand_in(course, **{f"{NAME}.ipynb": book})
    (course.root / f"submitted/e\nve/{NAME}").mkdir(parents=True)
    assert chosen(course, NAME, ()) == ["ada", "model"]
    assert "'e\\nve' is no name of a student" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (f"{NAME}.ipynb", True),
        (f"bob/{NAME}.ipynb", True),
        (f"bob/{NAME.upper()}/{NAME}.ipynb", True),
        (f"{NAME}/bob/{NAME}.ipynb", True),
        (f"bob/{NAME}/{NAME}.ipynb", False),
        (f"bob/{NAME}/deeper/{NAME}.ipynb", False),
        ("bob/notes.ipynb", False),
    ],
)
def test_a_notebook_in_the_wrong_place_is_told(course, book, capsys, place, told):
    from grader.autograde import chosen

    path = course.root / "submitted" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book))
    assert "model" in chosen(course, NAME, ())
    line = f"{path} is not graded: it does not lie in "
    assert (line in capsys.readouterr().err) == told


def test_an_assignment_may_have_signs_in_its_name_that_patterns_know(tmp_path):
    course, name = Course(tiny.course(tmp_path / "year [2026]")), "sheet (1) [new]"
    for folder in ("solutions", "submitted/ada"):
        place = course.root / folder / name
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text("{}")
    assert course.students(name) == ["ada"]
    assert course.strays(name) == []


# --- what strangers handed in --------------------------------------------------------


def cell_of(book, name):
    return next(
        c for c in book["cells"] if c["metadata"]["nbgrader"]["grade_id"] == name
    )


def code(source, **metadata):
    made = {"cell_type": "code", "metadata": metadata, "source": source}
    return made | {"execution_count": None, "outputs": []}


def sources_run(book, course) -> list[str]:
    """What runs in a submission, in order, the course's cells aside."""
    hand_in(course, **{f"{NAME}.ipynb": book})
    sheet = course.assignment(NAME).sheets[0]
    cells, _ = rebuild(sheet, read(course)[0].notebooks[NAME])
    return [c.source for c in cells if c.role in ("answer", "added")]


def test_an_answer_in_a_new_cell_below_its_check_runs_where_it_belongs(course, book):
    cell_of(book, "double")["source"] = released(course)["double"]
    book["cells"].append(code(tiny.RIGHT))
    assert sources_run(book, course)[0] == tiny.RIGHT


@pytest.mark.parametrize("kept", [{}, {"nbgrader": {"grade_id": "double"}}])
def test_an_empty_copy_does_not_run_over_the_answer(course, book, kept):
    at = book["cells"].index(cell_of(book, "double"))
    book["cells"].insert(at + 1, code(released(course)["double"], **kept))
    assert sources_run(book, course) == [tiny.RIGHT, HALVES]


def test_a_copied_check_that_became_a_helper_is_kept(course, book):
    edited = code("helper = 2", **cell_of(book, "check")["metadata"])
    book["cells"].insert(1, edited)
    assert "helper = 2" in sources_run(book, course)


@pytest.mark.parametrize(
    "source", [tiny.RIGHT, f"```python\n{tiny.RIGHT}\n```", f"\ufeff{tiny.RIGHT}"]
)
def test_an_answer_that_has_become_text_without_a_name_is_code_again(
    course, book, source
):
    cell = cell_of(book, "double")
    cell |= {"cell_type": "markdown", "source": source, "metadata": {}, "id": "x"}
    assert sources_run(book, course)[0].strip() == tiny.RIGHT


@needs_linux
@pytest.mark.xdist_group("grading-handed-in")
@pytest.mark.usefixtures("forkservers")
def test_a_module_is_found_beside_its_notebook_in_a_folder_or_an_archive(course, book):
    cell_of(book, "double")["source"] = "from own import double"
    raw = json.dumps(book).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(f"work/{NAME}.ipynb", raw)
        made.writestr("work/own.py", tiny.RIGHT)
        made.writestr("work/../../own.py", tiny.WRONG)
        made.writestr("own.py", tiny.WRONG)
    right = tiny.RIGHT.encode()
    handed_in = {
        "folder": {f"a/b/{NAME}.ipynb": raw, "a/b/own.py": right},
        "archive": {"work.zip": archive.getvalue()},
        "beside": {f"{NAME}.ipynb": raw, "own.py": right},
        "both": {f"a/{NAME}.ipynb": raw, "a/own.py/x": b"", "own.py": right},
    }
    for student, files in handed_in.items():
        for name, content in files.items():
            path = course.root / f"submitted/{student}/{NAME}/{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    found = autograde(course, NAME, options(students=tuple(handed_in)))
    scores = {
        student: [s["score"] for s in record["notebooks"][NAME]["steps"]]
        for student, record in found.items()
    }
    assert scores == {student: [4, 4] for student in handed_in}


def packed(how: str, raw: bytes) -> bytes:
    made = io.BytesIO()
    if how == "gz":
        return gzip.compress(raw)
    if how == "tar.gz":
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            entry = tarfile.TarInfo("work/mine.ipynb")
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))
        return made.getvalue()
    with zipfile.ZipFile(made, "w") as archive:
        for n in range(60 if how == "pictures" else 0):
            archive.writestr(f"{n:02}.png", b"\x89PNG")
        archive.writestr("mine.ipynb", raw)
    return packed("zip", made.getvalue()) if how == "twice" else made.getvalue()


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("p.ipynb.gz", "gz"),
        ("work.tar.gz", "tar.gz"),
        ("work.zip", "pictures"),
        ("work.zip", "twice"),
        ("p.ipynb", "zip"),
        ("p.txt", ""),
        ("p", ""),
        ("p.ipnyb", ""),
    ],
)
def test_a_notebook_is_known_by_what_it_holds(course, book, name, how):
    raw = json.dumps(book).encode()
    raw = packed(how, raw) if how else raw
    hand_in(course, **{name: raw})
    assert read(course)[1]["double"] == tiny.RIGHT


@needs_linux
def test_sheets_that_name_their_cells_alike_are_told_apart(tmp_path):
    root = tiny.course(tmp_path)
    (root / f"solutions/{NAME}/{NAME}.ipynb").unlink()
    books = {}
    for sheet, function in (("p1", "twice"), ("p2", "thrice")):
        solved = f"def {function}(x):\n    ### BEGIN SOLUTION\n    return x\n"
        cells = [
            tiny.setup(tiny.SETUP),
            tiny.answer(f"{solved}    ### END SOLUTION"),
            tiny.check(f"assert {function}(2) == 2"),
        ]
        made = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(made, root / f"solutions/{NAME}/{sheet}.ipynb")
        made.cells[1].source = f"def {function}(x): return x"
        books[sheet] = json.loads(nbformat.writes(made))
    course = Course(root)
    for n, names in enumerate([("p1 (1)", "p2 (1)"), ("p2", "p1"), ("a", "b")]):
        folder = root / f"submitted/s{n}/{NAME}"
        folder.mkdir(parents=True)
        for sheet, name in zip(("p1", "p2"), names, strict=True):
            (folder / f"{name}.ipynb").write_text(json.dumps(books[sheet]))
    for student, record in autograde(course, NAME, options()).items():
        steps = [s for book in record["notebooks"].values() for s in book["steps"]]
        assert [step["score"] for step in steps] == [4, 4], student


@needs_linux
def test_a_name_that_a_check_has_bound_is_the_answers_again(tmp_path):
    fit = "def fit():\n    ### BEGIN SOLUTION\n    return 2, 1\n    ### END SOLUTION"
    root = tiny.course(
        tmp_path,
        tiny.answer(fit, "fit"),
        tiny.check("w, b = fit()\nassert w == 2", "check_fit"),
        tiny.answer("### BEGIN SOLUTION\nw, b = fit()\n### END SOLUTION", "double"),
        tiny.check("assert (w, b) == (2, 1)"),
    )
    right = "def fit(): return 2, 1"
    tiny.hand_in(root, "empty", "raise NotImplementedError", fit=right)
    tiny.hand_in(root, "wrong", "w, b = 7, 7", fit=right)
    tiny.hand_in(root, "right", "w, b = fit()", fit=right)
    tiny.hand_in(root, "later", "w, b = 2, 1", fit="def fit(): return 3, 1")
    made = autograde(Course(root), NAME, options())
    scores = {
        student: [s["score"] for s in record["notebooks"][NAME]["steps"]]
        for student, record in made.items()
    }
    assert scores == {
        "empty": [4, 0],
        "wrong": [4, 0],
        "right": [4, 4],
        "later": [0, 4],
    }


@needs_linux
def test_a_step_that_defines_a_name_anew_is_no_cell_that_moved(tmp_path):
    first = "class Shape:\n    ### BEGIN SOLUTION\n    def area(self):\n"
    first += "        raise NotImplementedError\n    ### END SOLUTION"
    second = "class Shape:\n    ### BEGIN SOLUTION\n    def area(self):\n"
    second += "        return 1\n    ### END SOLUTION"
    root = tiny.course(
        tmp_path,
        tiny.answer(first, "abstract"),
        tiny.check("assert not hasattr(Shape, 'sides') and callable(Shape)", "one"),
        tiny.answer(second),
        tiny.check("assert Shape().area() == 1"),
    )
    solved = {
        c.grade_id: c.source for c in Course(root).assignment(NAME).sheets[0].cells
    }
    tiny.hand_in(root, "both", solved["double"], abstract=solved["abstract"])
    stub = "class Shape:\n    raise NotImplementedError()"
    tiny.hand_in(root, "one", stub, abstract=solved["abstract"])
    autograde(Course(root), NAME, options())
    assert (marks(root, "both"), marks(root, "one")) == (4, 0)


def test_a_text_beside_an_empty_answer_waits_for_a_person(tmp_path):
    why = nbformat.v4.new_markdown_cell(
        "why?", metadata=tiny.settings("why", grade=True, solution=True, points=2)
    )
    root = tiny.course(tmp_path, tiny.setup(tiny.SETUP), tiny.answer(), why)
    tiny.hand_in(root, "ada")
    tiny.hand_in(root, "eve")
    path = root / f"submitted/ada/{NAME}/{NAME}.ipynb"
    book = json.loads(path.read_text())
    text = {"cell_type": "markdown", "metadata": {}, "source": "because"}
    book["cells"].append(text)
    path.write_text(json.dumps(book))
    made = autograde(Course(root), NAME, options())
    due = {s: r["notebooks"][NAME]["manual"]["why"] for s, r in made.items()}
    assert due == {"ada": True, "eve": False}


def test_a_picture_in_the_text_is_an_attachment():
    source = "![a](data:image/png;base64,iVBORw0KGgo=) and more"
    book = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": source}]}
    (cell,) = rebuilding.read(json.dumps(book).encode())
    assert cell.source == "![a](attachment:inline-0) and more"
    assert cell.attachments == {"inline-0": {"image/png": "iVBORw0KGgo="}}


def test_archives_in_archives_are_opened_as_far_as_there_is_room(monkeypatch):
    """A bomb: each of many small archives holds a large file."""
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(10 * 2**20))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(300):
            archive.writestr(f"{n}.zip", big.getvalue())
    opened = []
    monkeypatch.setattr(
        zipfile.ZipFile,
        "read",
        lambda self, entry: opened.append(entry) or READ(self, entry),
    )
    made = submission_of("eve", (), {"bomb.zip": bomb.getvalue()}, [])
    assert made.notebooks == {}
    assert sum(entry.file_size for entry in opened) <= 60 * 2**20


READ = zipfile.ZipFile.read
