"""`make` says in one line what is wrong with the machine, and changes nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.grader import options


@pytest.fixture
def checkout(tmp_path):
    """A folder with what the environment is made from, and nothing else."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "helpers").mkdir()
    return tmp_path


def python_that(checkout: Path, statement: str) -> str:
    """Make a Python that runs `statement` before any code of the Makefile."""
    path = checkout / "python"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.argv.pop(0)\n{statement}\n"
        "exec(sys.argv[1] if sys.argv[0] == '-c' else 'sys.exit(1)')\n"
    )
    path.chmod(0o755)
    return str(path)


def run(folder: Path, *arguments: str, **variables: str):
    """Run make as from a terminal, also where make itself runs the tests."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *arguments]
    environment = own | variables
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
    )


def make(checkout: Path, *arguments: str, **variables: str) -> str:
    """Run make, which must fail, and return what it says."""
    done = run(checkout, *arguments, **variables)
    assert done.returncode != 0
    own = [
        line for line in done.stderr.splitlines() if not line.startswith("make: ***")
    ]
    return "\n".join(done.stdout.splitlines() + own)


def test_an_old_python_is_named(checkout):
    old = python_that(
        checkout, "sys.version_info = (3, 9, 1); sys.version = '3.9.1 (old)'"
    )
    line = "make: Python 3.9.1 is too old: 3.11 or newer is needed, set PYTHON="
    assert make(checkout, "book", f"PYTHON={old}") == line
    assert not (checkout / ".venv").exists()


def test_a_missing_python_is_named(checkout):
    text = make(checkout, "book", "PYTHON=python-that-is-not-there")
    assert text.startswith("make: python-that-is-not-there is not installed")


def test_a_python_without_venv_is_named(checkout):
    bare = python_that(checkout, "sys.modules['ensurepip'] = None")
    text = make(checkout, "book", f"PYTHON={bare}")
    assert "lacks venv: install it" in text
    assert len(text.splitlines()) == 1


def test_a_full_disk_is_named(checkout):
    text = make(checkout, "book", "NEEDED_MB=999999999")
    assert "MB free, 999999999 MB are needed" in text
    assert len(text.splitlines()) == 1


def test_a_missing_package_is_named(checkout):
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout)}
    text = make(checkout, "book", f"PYTHON={sys.executable}", **nothing)
    assert "make: Could not find a version that satisfies the requirement" in text
    assert "the installation failed, _build/install.log holds the rest" in text


def test_serve_without_a_book_says_what_to_do(checkout):
    assert make(checkout, "serve") == "make: there is no book yet: run make book"


@pytest.mark.skipif(not options().sandbox, reason="no sandbox on this machine")
@pytest.mark.xdist_group("grading-perceptron")
def test_grade_needs_nothing_but_submissions(checkout):
    (checkout / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "nbgrader_config.py", checkout)
    shutil.copytree(ROOT / "solutions/perceptron", checkout / "solutions/perceptron")
    handed_in = checkout / "submitted/ada/perceptron"
    shutil.copytree(ROOT / "exercises/perceptron", handed_in)
    # -o: whatever is older or newer here, the environment of these tests stays as it is
    done = run(checkout, "grade", "ASSIGNMENT=perceptron", "-o", ".venv/.ready")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (checkout / "gradebook.db").is_file()
    assert not (checkout / "exercises").exists()
    feedback = checkout / "feedback/ada/perceptron/gates.html"
    assert "not yet written" in feedback.read_text()


def test_a_release_of_one_chapter_leaves_the_others(checkout):
    (checkout / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "nbgrader_config.py", checkout)
    for chapter in ("perceptron", "rbf"):
        shutil.copytree(ROOT / "solutions" / chapter, checkout / "solutions" / chapter)
    done = run(checkout, "release", "CHAPTER=perceptron", "-o", ".venv/.ready")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = checkout.glob("exercises/*/*.ipynb")
    assert {path.parent.name for path in written} == {"perceptron"}
    said = make(checkout, "release", "CHAPTER=nope", "-o", ".venv/.ready")
    assert said == "release: there is no folder solutions/nope"


@pytest.fixture(scope="module")
def far_away(tmp_path_factory):
    """A checkout with one chapter, in folders with spaces and umlauts."""
    folder = tmp_path_factory.mktemp("Übung Kürs 2026") / "neuron by neuron"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        room, *rest = name.split("/")
        other = room in ("solutions", "exercises") and rest[0] != "perceptron"
        if (ROOT / name).is_file() and not other and room != "tests":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("pyproject.toml", "constraints.txt"):
        os.utime(
            folder / name, (0, 0)
        )  # the environment is newer: nothing is installed
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    (folder / "temporary files").mkdir()
    return folder


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("release", ""),
        ("data COURSE_OFFLINE=1 COURSE_DATA_DIR=none", "mnist/"),
        ("zip", "zip: there is no book yet: run make book"),
        ("pdf", "pdf: there is no book yet: run make book"),
        ("serve", "make: there is no book yet: run make book"),
        ("configure REPO=some-one/a.fork", "files changed"),
    ],
    ids=lambda text: text.split()[0] if text else "",
)
def test_a_command_works_in_folders_with_spaces_and_umlauts(far_away, target, says):
    own = {"TMPDIR": str(far_away / "temporary files"), "COURSE_OFFLINE": "1"}
    for locale in ({}, {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}):
        done = run(far_away, *target.split(), **own, **locale)
        assert "Traceback" not in done.stderr, done.stderr
        assert "No such file" not in done.stderr, done.stderr
        assert says in done.stdout + done.stderr
    assert not list((far_away / "temporary files").iterdir())


def test_no_recipe_leaves_the_folder_unquoted(far_away):
    for target in ("reproduce", "book", "test", "lab", "clean"):
        printed = run(far_away, "-n", target).stdout
        assert str(far_away) not in re.sub(r'"[^"]*"', "", printed), printed


def test_help_lists_every_command():
    named = {line.split()[0] for line in run(ROOT, "help").stdout.splitlines()}
    phony = (ROOT / "Makefile").read_text().split(".PHONY:")[1].splitlines()[0]
    assert named == set(phony.split())
