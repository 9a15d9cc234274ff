"""Profile, device, seeds and place: what a notebook asks about where it runs."""

import random
import sys

import numpy as np
import pytest
import torch

from helpers import runtime

PLACES = ("COLAB_RELEASE_TAG", "BINDER_SERVICE_HOST")


@pytest.fixture(autouse=True)
def own_generators():
    """Give the global generators back as they were."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        yield
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002


# --- profile and budget --------------------------------------------------------------


def test_the_profile_is_quick_unless_something_else_is_asked_for(monkeypatch):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    assert runtime.profile() == "quick"


@pytest.mark.parametrize("name", ["Quick", "fast", "", " full"])
def test_an_unknown_profile_is_named_in_one_line_with_the_known_ones(name, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", name)
    with pytest.raises(ValueError, match="quick or full") as caught:
        runtime.profile()
    message = str(caught.value)
    assert repr(name) in message
    assert "\n" not in message


@pytest.mark.parametrize(("name", "epochs"), [("quick", 2), ("full", 50)])
def test_the_budget_follows_the_profile(name, epochs, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", name)
    assert runtime.budget(quick=2, full=50) == epochs


def test_a_budget_of_an_unknown_profile_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "huge")
    with pytest.raises(ValueError, match="COURSE_PROFILE='huge'"):
        runtime.budget(quick=1, full=2)


# --- seeds ---------------------------------------------------------------------------


def draws(seed):
    """Return draws from Python, NumPy, PyTorch and the returned generator."""
    generator = runtime.seed_everything(seed)
    return [
        random.random(),
        np.random.random(),  # noqa: NPY002
        torch.rand(1, dtype=torch.float64).item(),
        generator.random(),
    ]


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_one_seed_repeats_the_draws_of_every_library(seed):
    assert draws(seed) == draws(seed)


def test_another_seed_changes_the_draws_of_every_library():
    assert all(a != b for a, b in zip(draws(1), draws(2), strict=True))


def test_the_seed_is_the_one_that_each_library_would_take():
    python, numpy, pytorch, generator = draws(3)
    torch.manual_seed(3)
    assert python == random.Random(3).random()
    assert numpy == np.random.RandomState(3).random()
    assert pytorch == torch.rand(1, dtype=torch.float64).item()
    assert generator == np.random.default_rng(3).random()


def test_without_torch_the_other_libraries_are_seeded(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # makes `import torch` fail
    generator = runtime.seed_everything(3)
    assert random.random() == random.Random(3).random()
    assert generator.random() == np.random.default_rng(3).random()


# --- device and place ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cuda", "mps", "best"),
    [
        (True, False, "cuda"),
        (False, True, "mps"),
        (True, True, "cuda"),
        (False, False, "cpu"),
    ],
)
def test_the_best_device_that_is_there_is_chosen(cuda, mps, best, monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert runtime.device() == torch.device(best)
    monkeypatch.setenv("COURSE_DEVICE", "cuda:1")
    assert runtime.device() == torch.device("cuda", 1)


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        (None, "local"),
        ("COLAB_RELEASE_TAG", "colab"),
        ("BINDER_SERVICE_HOST", "binder"),
    ],
)
def test_the_place_is_told_by_its_own_variable(variable, place, monkeypatch):
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "anything")
    assert runtime.environment() == place
