"""Whole classes through the grader, honest, hostile and interrupted."""

import functools
import sys
import tempfile
from pathlib import Path

import pytest

from grader.isolated import sandbox
from grader.jobs import Options

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the grader's system")


@functools.cache
def empty_gradebook(course: str) -> bytes:
    """A gradebook of this course that knows nothing: nbgrader takes long to make one.

    `test_pipeline` and `test_faults` have the grader make its own.
    """
    from nbgrader.api import Gradebook

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gradebook.db")
        Gradebook(f"sqlite:///{path}", course).close()
        return path.read_bytes()


def options(**settings) -> Options:
    """How the tests grade: in the sandbox, where this machine has one."""
    locked = all(works for _, works, _ in sandbox.check())
    return Options(**{"sandbox": locked, "quiet": True} | settings)
