"""scikit-learn's own small data sets, which nobody has to download.

In a browser scikit-learn takes seconds to start. There the arrays lie beside this
module: `press/wheels.py` packs them.
"""

from pathlib import Path

import numpy as np

BUNDLED = ("diabetes", "digits", "iris")


def bundled(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs (n, features) float64 and targets (n,) of one of `BUNDLED`."""
    try:
        from sklearn import datasets
    except ImportError:
        with np.load(Path(__file__).with_name(f"{name}.npz")) as kept:
            return kept["x"], kept["y"]
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return x.astype(np.float64), y
