"""What is handed in is found: lost metadata, merged cells, copies, other names."""

import io
import json
import zipfile

import pytest

from grader.autograde import autograde
from grader.books.course import Course
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
