"""What tests of the grader share."""

import pytest

from grader.isolated import forkserver


@pytest.fixture(scope="module")
def forkservers():
    """Let the tests of a module share forkservers, and end them with it."""
    forkserver.allow_forkservers()
    with forkserver.closing_forkservers():
        yield
