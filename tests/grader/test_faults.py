"""No grade is lost: killed, locked out, out of disk, forkserver gone, stopped."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grader import records
from grader.autograde import autograde
from grader.books.course import Course
from grader.isolated import forkserver, processes
from tests.grader import classes, empty_gradebook, needs_linux, options

COUNT = 10  # submissions
KILLS = int(os.environ.get("COURSE_KILLS", "3"))  # 20 where it is measured
pytestmark = [pytest.mark.xdist_group("grading-faults"), needs_linux]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A class graded without a disturbance, and how long that took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    classes.make(folder, classes.submissions(COUNT))
    start = time.monotonic()
    done = classes.run(folder, "autograde", classes.ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    return folder, time.monotonic() - start


@pytest.fixture
def course(tmp_path):
    """A class to grade, with a gradebook that knows nothing yet."""
    folder = classes.make(tmp_path / "course", classes.submissions(COUNT))
    empty = empty_gradebook(Course(folder).course_id)
    (folder / "gradebook.db").write_bytes(empty)
    return folder


def below(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            text = Path(f"/proc/{pid}/task/{task}/children").read_bytes()
            found += map(int, text.split())
    return found


def children(process: subprocess.Popen) -> set[int]:
    """The forkservers that a running grader has started, and all their children."""
    family = [process.pid]
    for pid in family:
        family += below(pid)
    return {*family} & classes.processes()


def forkservers(process: subprocess.Popen) -> set[int]:
    return children(process) & {*below(process.pid)}


def rehearsals(process: subprocess.Popen) -> set[int]:
    """Those that have forked test processes: no other child has grandchildren."""
    return {
        pid
        for forkserver in forkservers(process)
        for pid in below(forkserver)
        if any(map(below, below(pid)))
    }


def wait_until(condition, seconds: float = 60.0):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
    return result


def graded(course) -> int:
    return len(classes.records(course))


def test_a_gradebook_that_knows_half_an_assignment_is_completed(course, undisturbed):
    folder, _ = undisturbed
    command = [Path(sys.executable).with_name("nbgrader"), "generate_assignment"]
    command += [classes.ASSIGNMENT, "--create", "--force"]
    subprocess.run(command, cwd=course, check=True, capture_output=True)
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as book:
        for kind in ("source_cell", "solution_cells"):  # nbgrader writes them last
            book.execute(f"DELETE FROM {kind}")
        book.execute(
            "DELETE FROM base_cell WHERE type IN ('SourceCell', 'SolutionCell')"
        )
        book.commit()
    done = classes.run(course, "autograde", classes.ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    assert classes.rows(course) == classes.rows(folder)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_run_killed_at_any_moment_resumes_to_the_same_gradebook(
    seed, course, undisturbed
):
    folder, seconds = undisturbed
    (course / "gradebook.db").unlink()  # a run may be killed while it makes one, too
    running = classes.start(course, "autograde", classes.ASSIGNMENT)
    time.sleep(random.Random(seed).uniform(0.05, 1.0) * seconds)
    started = children(running)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    done = classes.run(course, "autograde", classes.ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    assert classes.rows(course) == classes.rows(folder)
    wait_until(lambda: not started & classes.processes())


def test_grading_again_gives_the_same_marks(undisturbed, tmp_path):
    folder, _ = undisturbed
    copy = tmp_path / "again"
    shutil.copytree(folder, copy)
    before = classes.rows(copy)
    done = classes.run(copy, "autograde", classes.ASSIGNMENT, "--force")
    assert done.returncode == 0, done.stderr
    assert f"{COUNT} submissions run" in done.stdout
    assert classes.rows(copy) == before


def test_a_locked_gradebook_is_waited_for(course, undisturbed):
    done = classes.run(course, "autograde", classes.ASSIGNMENT, "--student=student-000")
    assert done.returncode == 0, done.stderr
    other = sqlite3.connect(course / "gradebook.db", check_same_thread=False)
    other.isolation_level = None
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(12, lambda: other.execute("ROLLBACK"))
    release.start()
    start = time.monotonic()
    done = classes.run(course, "autograde", classes.ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start > 11  # SQLite itself would wait for 5
    release.join()
    other.close()
    assert classes.rows(course) == classes.rows(undisturbed[0])


def test_a_full_disk_is_named_and_nothing_is_lost(course, undisturbed):
    (course / "autograded").mkdir()
    small = "mount -t tmpfs -o size=48k tmpfs autograded && exec "
    line = " ".join(classes.command("autograde", classes.ASSIGNMENT))
    isolate = ["unshare", "--mount"] + ["--map-root-user"] * (os.getuid() != 0)
    if subprocess.run([*isolate, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no mounts")
    done = subprocess.run(
        [*isolate, "bash", "-c", small + line],
        cwd=course,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    said = [text for text in done.stderr.splitlines() if text.startswith("grading:")]
    assert len(said) == 1
    assert "cannot be written: No space left on device" in said[0]
    done = classes.run(course, "autograde", classes.ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    assert classes.rows(course) == classes.rows(undisturbed[0])


@pytest.mark.parametrize("who", [forkservers, rehearsals])
def test_a_forkserver_that_dies_costs_nobody_a_point(course, undisturbed, who):
    running = classes.start(course, "autograde", classes.ASSIGNMENT)
    wait_until(lambda: graded(course))
    for pid in wait_until(lambda: who(running)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    assert classes.rows(course) == classes.rows(undisturbed[0])


def test_a_test_process_that_the_machine_ends_costs_nobody_a_point(
    course, undisturbed, monkeypatch
):
    def once(*arguments):
        if next(ends, False):
            raise processes.Dead("it ended")
        return original(*arguments)

    ends, original = iter([True]), processes.Judge.course
    monkeypatch.setattr(processes.Judge, "course", once)
    autograde(Course(course), classes.ASSIGNMENT, options())
    assert next(ends, None) is None
    assert classes.rows(course) == classes.rows(undisturbed[0])


def test_an_interrupt_that_python_drops_in_a_finalizer_ends_the_run(
    course, monkeypatch
):
    def make(*arguments):
        with contextlib.suppress(KeyboardInterrupt):
            forkserver.interrupt()
        return original(*arguments)

    original = records.make
    monkeypatch.setattr(records, "make", make)
    with pytest.raises(KeyboardInterrupt):
        autograde(Course(course), classes.ASSIGNMENT, options())
    assert 0 < graded(course) < COUNT


def test_an_interrupt_leaves_no_process_and_can_be_resumed(course, undisturbed):
    running = classes.start(course, "autograde", classes.ASSIGNMENT)
    wait_until(lambda: graded(course))
    started = children(running)
    assert started
    running.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert (
        time.monotonic() - start < 10
    )  # it waits for no cell, and tries nothing again
    assert "stopped; run the same command to go on" in errors
    wait_until(lambda: not started & classes.processes(), 5)
    assert graded(course) < COUNT
    done = classes.run(course, "autograde", classes.ASSIGNMENT)
    assert done.returncode == 0, done.stderr
    assert classes.rows(course) == classes.rows(undisturbed[0])
