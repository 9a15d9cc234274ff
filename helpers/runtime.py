"""Where and how a notebook runs: device, seeds, budget.

The profile is read from the environment variable ``COURSE_PROFILE``: ``quick`` (the
default: any cell takes at most 30 s and any notebook 60 s on a quiet core) or ``full``
(the budget of the literature).
"""

import os
import random
from typing import TypeVar

import numpy as np

T = TypeVar("T")
PROFILES = ("quick", "full")


def profile() -> str:
    """Return the profile, ``"quick"`` or ``"full"``.

    Raises
    ------
    ValueError
        If ``COURSE_PROFILE`` holds anything else.
    """
    name = os.environ.get("COURSE_PROFILE", "quick")
    if name not in PROFILES:
        known = " or ".join(PROFILES)
        raise ValueError(f"COURSE_PROFILE={name!r} is unknown: set it to {known}")
    return name


def budget(*, quick: T, full: T) -> T:
    """Return the value that belongs to the profile.

    Parameters
    ----------
    quick, full
        Anything: a number of epochs, a list of seeds.
    """
    return {"quick": quick, "full": full}[profile()]


def device():
    """Return the best device that PyTorch sees: CUDA, Apple's MPS, or the CPU.

    The environment variable ``COURSE_DEVICE`` (``cpu``, ``cuda:1``) overrules that.

    Returns
    -------
    torch.device
    """
    import torch

    if chosen := os.environ.get("COURSE_DEVICE"):
        return torch.device(chosen)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def seed_everything(seed: int) -> np.random.Generator:
    """Seed Python, NumPy and (where installed) PyTorch.

    Parameters
    ----------
    seed : int
        0 ≤ seed < 2³².

    Returns
    -------
    numpy.random.Generator
        A generator with the same seed, for the NumPy code that follows.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  libraries still draw from the global state
    try:
        import torch
    except ModuleNotFoundError:
        pass
    else:
        torch.manual_seed(seed)
    return np.random.default_rng(seed)


def weight_file() -> str:
    """Return the file of trained weights that ``COURSE_WEIGHTS`` names, or nothing.

    The course downloads no weights: who has a file of torchvision's ResNet-18 sets the
    variable before Jupyter starts.
    """
    return os.environ.get("COURSE_WEIGHTS", "")


def environment() -> str:
    """Name the place where the notebook runs: ``"colab"``, ``"binder"`` or ``"local"``.

    Source: Colab sets ``COLAB_RELEASE_TAG``, Binder sets ``BINDER_SERVICE_HOST``.
    """
    if "COLAB_RELEASE_TAG" in os.environ:
        return "colab"
    if "BINDER_SERVICE_HOST" in os.environ:
        return "binder"
    return "local"
