"""What the claims of all chapters share: the functions taught, and MNIST."""

import pytest

from benchmarks import _taught
from helpers import data


@pytest.fixture(scope="module")
def taught(request) -> dict:
    """What the notebook teaches that has the test file's name."""
    names = _taught.taught(request.path.stem.removeprefix("test_"))
    if "device" in names:
        names["device"] = lambda: names["torch"].device("cpu")
    return names


@pytest.fixture(scope="session")
def mnist():
    loaded = data.mnist()
    if loaded.is_standin:
        pytest.skip("the claims are about MNIST, which this machine does not have")
    return loaded
