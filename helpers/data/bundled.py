"""scikit-learn's own small data sets, which nobody has to download.

In a browser scikit-learn takes seconds to start. There the arrays lie beside this
module: `press/wheels.py` packs them.
"""

from pathlib import Path

import numpy as np

BUNDLED = {"diabetes": {"scaled": False}, "digits": {}, "iris": {}}  # with options


def bundled(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one of scikit-learn's data sets that are `BUNDLED`.

    Parameters
    ----------
    name : str
        ``"diabetes"`` (in the units of the measurements), ``"digits"`` or ``"iris"``.

    Returns
    -------
    x : numpy.ndarray
        Inputs, shape (n, features), float64.
    y : numpy.ndarray
        Targets, shape (n,).
    """
    try:
        from sklearn import datasets
    except ImportError:
        with np.load(Path(__file__).with_name(f"{name}.npz")) as kept:
            return kept["x"], kept["y"]
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True, **BUNDLED[name])
    return x.astype(np.float64), y
