"""What is said of a machine, a call or a file that is not fit: one clear line."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from grader import OLDEST_PYTHON, requirements
from grader.__main__ import main
from grader.isolated import forkserver, student
from grader.records import KEPT
from tests.course import ROOT
from tests.grader import needs_linux, options, tiny
from tests.grader.classes import rows

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
LATIN_1 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
pytestmark = [pytest.mark.xdist_group("grading-machine"), needs_linux]


def doctor(*python: str, **variables: str) -> subprocess.CompletedProcess:
    """Run the command as a person does, in the checkout."""
    return subprocess.run(
        [*(python or (sys.executable, "-m", "grader")), "doctor"],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
    )


# --- doctor --------------------------------------------------------------------------


def test_doctor_begins_with_python_the_system_and_the_packages():
    lines = doctor(PYTHONUTF8="1").stdout.decode().splitlines()
    assert lines[0] == f"✓ Python {'.'.join(map(str, sys.version_info[:3]))}"
    assert lines[1].startswith("✓ Linux ")
    assert [line.split()[1] for line in lines[2:7]] == [
        "nbgrader",
        "ipython",
        "numpy",
        "matplotlib",
        "tqdm",
    ]
    assert all(re.fullmatch(r"✓ \w+ [\w.]+", line) for line in lines[2:7])
    assert "namespaces for processes, network and files" in lines[10]


def test_doctor_asks_for_what_the_package_asks_for():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    asked = {*project["dependencies"], *project["optional-dependencies"]["grading"]}
    assert {*requirements.NEEDED} - {"ipython"} <= asked


def test_doctor_and_make_and_pip_ask_for_the_same_python():
    oldest = ".".join(map(str, OLDEST_PYTHON))
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["requires-python"] == f">={oldest}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"is too old: {oldest} or newer is needed" in makefile
    assert str(OLDEST_PYTHON) in makefile


def test_an_older_python_is_named_before_anything_is_read():
    old = "sys.version_info = (3, 9, 1, 'final', 0); sys.version = '3.9.1 (old)'"
    run = "runpy.run_module('grader', run_name='__main__')"
    done = doctor(sys.executable, "-c", f"import runpy, sys; {old}; {run}")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "grading: Python 3.9.1 is too old: 3.11 or newer is needed"
    ]


def test_doctor_names_what_is_missing_and_what_to_do():
    done = doctor(sys.executable, "-S", "-m", "grader", PYTHONUTF8="1")
    assert done.returncode == 1
    lines = done.stdout.decode().splitlines()
    assert "✗ nbgrader: missing" in lines
    assert "✗ ipython: missing" in lines
    assert "– torch: missing; what needs it ends in an error" in lines
    assert "pip install -e '.[grading,torch]'" in lines[-1]
    assert not done.stderr


def test_what_may_be_missing_is_no_fault(monkeypatch, capsys):
    versions = {"torch": "", "pooch": ""}
    found = requirements.version
    monkeypatch.setattr(
        requirements, "version", lambda name: versions.get(name, found(name))
    )
    main(["doctor"])
    assert "– torch: missing" in capsys.readouterr().out
    assert False not in [works for _, works, _ in requirements.check()]


def test_no_command_starts_without_a_package_that_it_needs(monkeypatch, capsys):
    found = requirements.version
    monkeypatch.setattr(
        requirements, "version", lambda n: "0.8.1" if n == "nbgrader" else found(n)
    )
    assert main(["autograde", "perceptron"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("grading: nbgrader 0.8.1: nbgrader>=0.9,<0.10 is needed")


@pytest.mark.parametrize(
    ("there", "fits"),
    [
        ("0.9", True),
        ("0.9.6", True),
        ("0.9.7.dev1", True),
        ("0.8.4", False),
        ("0.10.0", False),
        ("1.0", False),
        ("", False),
    ],
)
def test_a_version_fits_or_not(there, fits):
    assert requirements.fits(there, "nbgrader>=0.9,<0.10") is fits


def test_doctor_survives_a_terminal_that_knows_no_check_mark():
    done = doctor(**LATIN_1)
    assert done.returncode == doctor().returncode, done.stderr
    lines = done.stdout.decode("latin-1").splitlines()
    assert lines[0].startswith("ok Python 3")
    assert "?" not in done.stdout.decode("latin-1")
    bare = doctor(sys.executable, "-S", "-m", "grader", **LATIN_1)
    lines = bare.stdout.decode("latin-1").splitlines()
    assert "NO nbgrader: missing" in lines
    assert "- torch: missing; what needs it ends in an error" in lines


# --- files cross by name and size ----------------------------------------------------


def test_only_files_below_the_folder_are_unpacked(tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    (home / "door").symlink_to(outside)
    names = ["../evil", str(outside / "evil"), "door/evil", "b/../../evil", ".", ""]
    names += ["a.txt", "b/c/d.txt", "é.txt", "a.txt/below", "b"]
    monkeypatch.chdir(home)
    student.unpack(dict.fromkeys(names, 2), b"hi" * len(names))
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")}
    plain = {"home/a.txt", "home/b/c/d.txt", "home/é.txt"}
    assert found == plain | {"home", "outside", "home/door", "home/b", "home/b/c"}
    assert (home / "b/c/d.txt").read_bytes() == b"hi"


# --- what a person may get wrong -----------------------------------------------------


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course in which one of two students is graded."""
    root = tiny.course(tmp_path_factory.mktemp("machine") / "course")
    tiny.hand_in(root, "ada")
    assert main(["--course", str(root), *call("autograde")]) == 0
    tiny.hand_in(root, "eve", tiny.WRONG)
    yield root
    forkserver.close_forkservers()


@pytest.fixture
def root(graded, tmp_path):
    return Path(shutil.copytree(graded, tmp_path / "course"))


def call(command: str, *arguments: str) -> list[str]:
    sandbox = [] if command != "autograde" or options().sandbox else ["--no-sandbox"]
    return [command, tiny.NAME, *arguments, *sandbox]


def by_hand(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run a command as somebody whom permissions stop: not even root is above them.

    Without a sandbox: root cannot make one without these rights below his own /tmp.
    """
    sandbox = ["--no-sandbox"] if arguments[0] == "autograde" else []

    def lower() -> None:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)

    return subprocess.run(
        [sys.executable, "-m", "grader", *arguments, *sandbox],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=lower,
    )


def told(text: str) -> str:
    """The one line that the grader says of a fault."""
    (line,) = [line for line in text.splitlines() if line.startswith("grading: ")]
    assert "Traceback" not in text
    return line.removeprefix("grading: ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (call("autograde", "--timeout", "-3"), "--timeout must be a number of seconds"),
        (call("autograde", "--timeout", "0"), "--timeout must be a number of seconds"),
        (call("autograde", "--timeout", "nan"), "--timeout must be a number"),
        (call("autograde", "--timeout", "inf"), "--timeout must be a number"),
        (call("autograde", "--memory", "0"), "--memory must be at least 1"),
        (["feedback", "nope"], "there is no assignment 'nope'; there are: p"),
        (["similarity", "nope"], "there is no assignment 'nope'; there are: p"),
        (["check-release", "nope"], "there is no assignment 'nope'; there are: p"),
        (["export", "nope"], "unknown assignment 'nope'; known: p"),
        (call("feedback", "--student", "zoe"), "no graded submission of zoe for p"),
        (call("feedback", "--student", "eve"), "no graded submission of eve for p"),
        (call("export", "--output", "/proc/x"), "/proc/x cannot be written"),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_answered_in_one_line(
    root, arguments, says, capsys
):
    before = rows(root)
    assert main(["--course", str(root), *arguments]) == 1
    assert says in told(capsys.readouterr().err)
    assert rows(root) == before
    assert not (root / "feedback").exists()
    assert not (root / "reports").exists()


def test_feedback_before_any_grading_says_what_to_run(tmp_path, capsys):
    root = tiny.course(tmp_path)
    tiny.hand_in(root, "ada")
    assert main(["--course", str(root), "feedback", "p"]) == 1
    said = told(capsys.readouterr().err)
    assert said == "nobody is graded for p: run `autograde p` first"


def test_a_submission_that_cannot_be_read_is_an_error_and_no_zero(root):
    """Another file that cannot be read is left out with a note."""
    before = rows(root)
    places = {"eve": "", "fay": "p", "gil": "p/p.ipynb"}
    for who in ("fay", "gil", "hal"):
        tiny.hand_in(root, who, tiny.WRONG, files={"data.csv": b"1"})
    closed = [root / "submitted" / who / place for who, place in places.items()]
    for path in (*closed, root / "submitted/hal/p/data.csv"):
        path.chmod(0)
    done = by_hand(root, "autograde", "p")
    assert done.returncode == 1, done.stderr
    assert "4 submissions run: 3 error, 1 graded" in done.stdout
    lines = [line.strip() for line in done.stderr.splitlines()]
    for who, path in zip(places, closed, strict=True):
        line = next(x for x in lines if x.startswith(f"{who}/p: "))
        assert "cannot be read: Permission denied" in line
        assert str(path) in line
    assert "hal: data.csv cannot be read: Permission denied." in lines
    marks = [[row for row in table if row[0] != "hal"] for table in rows(root)]
    assert marks == before
    for path in closed:
        path.chmod(0o755)
    done = by_hand(root, "autograde", "p")
    assert done.returncode == 0, done.stderr
    assert "3 submissions run: 3 graded" in done.stdout


@pytest.mark.parametrize("place", ["feedback", "reports"])
def test_feedback_that_cannot_be_written_is_named(root, place):
    assert main(["--course", str(root), "feedback", "p"]) == 0
    page = root / "feedback/ada/p/p.html"
    before = page.read_bytes()
    folders = [f for f in (root / place).rglob("*") if f.is_dir()]
    for folder in (*folders, root / place):
        folder.chmod(0o555)
    done = by_hand(root, "feedback", "p")
    assert done.returncode == 1
    assert "cannot be written: Permission denied" in told(done.stderr)
    assert str(root / place) in told(done.stderr)
    assert page.read_bytes() == before


OTHER_FORMS = [
    b"",
    b"[]",
    b"{}",
    b"\xff\xfe",
    b'"text"',
    b'{"format": "x"}',
    b'{"format": 1}',
    b'{"format": 1, "notebooks": {"p": []}}',
]


@pytest.mark.parametrize("content", OTHER_FORMS)
@pytest.mark.parametrize("command", ["autograde", "feedback"])
def test_a_record_of_another_form_is_named_and_left_alone(
    root, content, command, capsys
):
    path = root / f"autograded/ada/p/{KEPT}"
    path.write_bytes(content)
    before = rows(root)
    assert main(["--course", str(root), *call(command)]) == 1
    said = told(capsys.readouterr().err)
    assert said == (
        f"{path} is no record of the grader's: delete it, and `autograde` grades ada "
        "anew"
    )
    assert path.read_bytes() == content
    assert rows(root) == before


@pytest.mark.parametrize(
    ("part", "key"), [("", "rules"), ("book", "steps"), ("step", "verdict")]
)
def test_a_record_that_lacks_a_part_is_of_another_form(root, part, key, capsys):
    path = root / f"autograded/ada/p/{KEPT}"
    record = json.loads(path.read_text(encoding="utf-8"))
    book = record["notebooks"]["p"]
    del {"": record, "book": book, "step": book["steps"][0]}[part][key]
    path.write_text(json.dumps(record), encoding="utf-8")
    assert main(["--course", str(root), *call("feedback")]) == 1
    assert "is no record of the grader's" in told(capsys.readouterr().err)


def test_a_record_of_another_version_is_made_anew(root):
    path = root / f"autograded/ada/p/{KEPT}"
    path.write_text('{"format": 0}', encoding="utf-8")
    assert main(["--course", str(root), *call("autograde")]) == 0
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == 1


def test_folders_in_folders_without_end_are_left_out_with_a_note(root, capsys):
    deep = root / "submitted/eve/p"
    made = [deep := deep / "d" for _ in range(1200)]
    for folder in made:
        folder.mkdir()
    try:
        for _ in range(2):  # the second run looks for what has changed
            assert main(["--course", str(root), *call("autograde")]) == 0
    finally:
        for folder in reversed(made):
            folder.rmdir()
    assert "is nested too deeply: left out" in capsys.readouterr().err


def test_no_user_namespaces_are_named(monkeypatch):
    from grader.isolated import sandbox

    class Full:
        def unshare(self, flags):
            ctypes.set_errno(28)  # ENOSPC: "No space left on device"
            return -1

    monkeypatch.setattr(sandbox, "_libc", Full())
    with pytest.raises(sandbox.SandboxError, match="no namespaces are left"):
        sandbox.unshare()


def test_a_pipe_that_closes_ends_a_command_in_silence():
    line = f"'{sys.executable}' -u -m grader doctor | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert "Python" in done.stdout
