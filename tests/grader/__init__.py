"""Whole classes through the grader, honest, hostile and interrupted."""

import sys

import pytest

from grader.isolated import sandbox
from grader.pipeline import Options

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the grader's system")


def options(**settings) -> Options:
    """How the tests grade: in the sandbox, where this machine has one."""
    locked = all(works for _, works, _ in sandbox.check())
    return Options(**{"sandbox": locked, "quiet": True} | settings)
