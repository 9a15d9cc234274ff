"""The picture of the difference: what was expected and what came, on one scale.

A notebook shows it above the message of a failed check; a live page draws its own from
the same numbers (`press/live`).
"""

from typing import Any

import numpy as np

MOST = 400  # numbers that a picture can show
ROWS = 12  # of the table: the places where the two differ


def drawable(difference: Any) -> tuple[str, np.ndarray, np.ndarray] | None:
    """Return the part's name and both arrays, if a picture says more than the text."""
    if difference is None:
        return None
    part, got, expected = difference
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    fits = 3 < got.size <= MOST and got.ndim in (1, 2)
    return (
        (part, got, expected) if fits and np.isfinite([got, expected]).all() else None
    )


def show(difference: Any) -> None:
    """Show the picture and a table, if a notebook's frontend is there to show them."""
    from IPython import get_ipython

    pair = drawable(difference)
    if pair is None or not hasattr(get_ipython(), "kernel"):
        return
    import matplotlib.pyplot as plt

    from helpers import plots

    part, got, expected = pair
    wrong = ~np.isclose(got, expected, rtol=1e-6, atol=1e-9)
    _, axes = plt.subplots(1, got.ndim, figsize=(6.4, 2.6), layout="constrained")
    if got.ndim == 1:
        axes.plot(expected, "o-", label="expected")
        axes.plot(got, "s--", label="yours")
        axes.legend()
    else:
        ends = {"vmin": np.min([got, expected]), "vmax": np.max([got, expected])}
        shown = {"expected": expected, "yours": got}.items()
        for ax, (title, values) in zip(axes, shown, strict=True):
            image = ax.imshow(values, **ends)
            ax.set(title=title, xticks=[], yticks=[])
        axes[1].scatter(*np.nonzero(wrong)[::-1], marker="x", color="red")
        plt.colorbar(image, ax=axes)
    name = part or "the result"
    plots.show(
        alt=f"""Expected and given values of {name} on one scale: {wrong.sum()} of
        {wrong.size} differ. The table below has the first of them."""
    )
    places = np.argwhere(wrong)[:ROWS]
    rows = [
        (", ".join(map(str, at)), f"{expected[tuple(at)]:.6g}", f"{got[tuple(at)]:.6g}")
        for at in places
    ]
    plots.table(["place", "expected", "yours"], rows)
