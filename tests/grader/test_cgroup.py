"""Memory that belongs to no process is bounded by a cgroup, where there is one."""

import os

import pytest

from grader.isolated import cgroup


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A folder that looks like the system's, in which we are the only process."""
    place = tmp_path / "user/scope"
    place.mkdir(parents=True)
    (place / "cgroup.subtree_control").write_text("")
    (place / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (tmp_path / "own").write_text("4:memory:/\n0::/user/scope\n")
    monkeypatch.setattr(cgroup, "PLACE", tmp_path)
    monkeypatch.setattr(cgroup, "OWN", tmp_path / "own")
    return place


def test_memory_is_divided_where_nobody_else_is(system):
    assert cgroup.home() == str(system)
    assert (system / "grader/cgroup.procs").read_text() == f"{os.getpid()}"
    assert (system / "cgroup.subtree_control").read_text() == "+memory"


def test_from_where_it_went_it_finds_back(system, tmp_path):
    (system / "cgroup.subtree_control").write_text("cpu memory")
    (tmp_path / "own").write_text("0::/user/scope/grader\n")
    assert cgroup.home() == str(system)


def test_others_are_sent_nowhere(system):
    (system / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
    cgroup.home()
    assert not (system / "grader").exists()


@pytest.mark.parametrize("own", ["4:memory:/\n", "0::/gone\n", ""])
def test_without_one_there_is_none(system, tmp_path, own):
    (tmp_path / "own").write_text(own)
    assert cgroup.home() == ""
    assert cgroup.around("", "notebook-1", 10) is None


def test_a_sandbox_has_its_own_and_leaves_none(system, monkeypatch):
    real = os.mkdir

    def mkdir(name, *, dir_fd):
        real(name, dir_fd=dir_fd)
        for file in ("memory.max", "cgroup.procs", "memory.oom.group"):
            (system / name / file).touch()

    monkeypatch.setattr(cgroup.os, "mkdir", mkdir)
    group = cgroup.around(str(system), "notebook-1", 10)
    group.take(17)
    own = system / "notebook-1"
    assert (own / "memory.max").read_text() == "10"
    assert (own / "cgroup.procs").read_text() == "17"
    (own / "memory.events").write_text("oom 3\noom_kill 0\noom_group_kill 0\n")
    assert not group.was_full()
    (own / "memory.events").write_text("oom 3\noom_kill 2\n")
    assert group.was_full()
    for file in own.iterdir():
        file.unlink()
    group.remove()
    assert not own.exists()
