"""The pictures that more than one notebook draws.

Every function draws on `ax` where one is given; without it the function makes its own
figure and shows it, with `alt` as the alternative text of the picture. Colors come from
the palette of Okabe and Ito, which color-blind readers can tell apart, and are never
the only difference: markers, line styles or numbers say the same.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

# Okabe and Ito, Color Universal Design (2008), without black and yellow
PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":")

_STYLE = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "savefig.bbox": "tight",
    "font.size": 11,
    "axes.prop_cycle": plt.cycler(color=PALETTE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.edgecolor": "#55606b",
    "legend.frameon": False,
    "image.cmap": "gray_r",
    "text.usetex": False,  # a learner's own matplotlibrc may ask for a LaTeX of theirs
}


def use_style() -> None:
    """Make every figure that follows look like the book's."""
    plt.rcParams.update(_STYLE)


def show(*, alt: str) -> None:
    """Show the current figure with alternative text, and close it.

    Parameters
    ----------
    alt : str
        What a reader who cannot see the picture must know: its message, not its
        colors. It goes into the output's metadata, where the book finds it.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    from IPython.display import display

    if not alt.strip():
        raise ValueError("alt is empty: say what the figure shows")
    figure = plt.gcf()
    display(figure, metadata={"image/png": {"alt": " ".join(alt.split())}})
    plt.close(figure)


def picture(png: bytes, alt: str) -> tuple[dict, dict]:
    """Return a picture as an output's data and metadata, with alternative text."""
    data = {"image/png": b64encode(png).decode(), "text/plain": alt}
    return data, {"image/png": {"alt": alt}}


def table(head: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Show a table: as HTML where that can be shown, else as text.

    Parameters
    ----------
    head : sequence of str
        The names of the columns.
    rows : iterable of sequences
        One entry for each column; the first names the row. Numbers are shown as they
        are: round them, or hand in text.

    Raises
    ------
    ValueError
        If a column has no name, or a row has more or fewer entries than the head.
    """
    from IPython.display import display

    if not all(name.strip() for name in head):
        raise ValueError(f"table: a column of {head} has no name")

    cells = [[str(entry) for entry in row] for row in rows]
    for row in cells:
        if len(row) != len(head):
            raise ValueError(f"table: {len(row)} entries in {row}, not {len(head)}")
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines = [
        "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True))
        for row in (head, *cells)
    ]
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(entry)}</td>" for entry in others)
        + "</tr>"
        for first, *others in cells
    )
    html = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    display({"text/html": html, "text/plain": "\n".join(lines)}, raw=True)


def _own(ax: Axes | None, **size) -> tuple[Axes, bool]:
    """Return axes to draw on, and whether they are new, so that we must show them."""
    if ax is not None:
        return ax, False
    return plt.subplots(layout="constrained", **size)[1], True


def image_grid(
    images,
    titles: Sequence | None = None,
    *,
    alt: str,
    columns: int = 10,
    cmap: str = "gray_r",
    limits: tuple[float, float] | None = None,
    suptitle: str | None = None,
) -> np.ndarray:
    """Show images in rows.

    Parameters
    ----------
    images : array, shape (n, height, width) or (n, height, width, 3)
    titles : sequence of n labels, optional
        Written above the images.
    alt : str
        Alternative text.
    columns : int
        Images in a row.
    cmap : str
        Matplotlib's color map for images without a color axis.
    limits : (low, high), optional
        The values that the ends of the color map stand for; default each image's own.
    suptitle : str, optional
        Title of the whole grid.

    Returns
    -------
    array of Axes, shape (rows, columns)

    Raises
    ------
    ValueError
        If there is no image, or `alt` is empty.
    """
    images = np.asarray(images)
    if len(images) == 0:
        raise ValueError("there are no images to show")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    low, high = limits or (None, None)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(0.85 * columns, (1.1 if titles is not None else 0.9) * rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat:
        ax.axis("off")
    for index, (image, ax) in enumerate(zip(images, axes.flat, strict=False)):
        ax.imshow(image, cmap=cmap, vmin=low, vmax=high)
        if titles is not None:
            ax.set_title(str(titles[index]), fontsize=9, pad=2)
    if suptitle:
        figure.suptitle(suptitle, fontsize=11)
    show(alt=alt)
    return axes


def curves(
    series: Mapping[str, np.ndarray],
    *,
    xlabel: str,
    ylabel: str,
    alt: str = "",
    x: Sequence[float] | None = None,
    title: str | None = None,
    logy: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Plot one curve for each entry, with its spread where there are several seeds.

    Parameters
    ----------
    series : mapping from label to array, shape (steps,) or (seeds, steps)
        With several seeds the line is the median and the band spans all seeds.
    xlabel, ylabel : str
        What the axes show, with units.
    alt : str
        Alternative text; needed when the function shows the figure itself.
    x : sequence of floats, optional
        Positions of the steps; default 1, 2, ….
    title : str, optional
    logy : bool
        Use a logarithmic vertical axis.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax, own = _own(ax, figsize=(6.4, 3.8))
    styles = zip(cycle(PALETTE), cycle(LINES), cycle(MARKERS), strict=False)
    for (label, values), (color, line, marker) in zip(
        series.items(), styles, strict=False
    ):
        runs = np.atleast_2d(np.asarray(values, dtype=float))
        steps = np.arange(1, runs.shape[1] + 1) if x is None else np.asarray(x)
        few = marker if len(steps) <= 12 else ""
        ax.plot(
            steps,
            np.median(runs, axis=0),
            linestyle=line,
            marker=few,
            color=color,
            label=label,
        )
        if len(runs) > 1:
            low, high = runs.min(axis=0), runs.max(axis=0)
            ax.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title or "")
    if x is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if logy:
        ax.set_yscale("log")
    if len(series) > 1:
        ax.legend()
    if own:
        show(alt=alt)
    return ax


def spread(
    results: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    alt: str = "",
    bar: float | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show each run of some methods as a point, with the median of each as a line.

    Parameters
    ----------
    results : mapping from method to its runs
        One number for each seed.
    xlabel : str
        What the numbers are, with unit.
    alt : str
        Alternative text; needed when the function shows the figure itself.
    bar : float, optional
        A baseline, drawn as a dashed line.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    import seaborn as sns

    ax, own = _own(ax, figsize=(6.4, 0.9 + 0.45 * len(results)))
    runs = [(name, value) for name, values in results.items() for value in values]
    names, values = zip(*runs, strict=True)
    colors = dict(zip(results, cycle(PALETTE), strict=False))
    sns.stripplot(
        x=values, y=names, hue=names, palette=colors, jitter=0.15, legend=False, ax=ax
    )
    for row, own_runs in enumerate(results.values()):
        middle = np.median(own_runs)
        ax.vlines(middle, row - 0.32, row + 0.32, color="#1b1f24", linewidth=2)
    if bar is not None:
        ax.axvline(bar, color="#55606b", linestyle="--")
    ax.set(xlabel=xlabel, ylabel="", title=title or "")
    if own:
        show(alt=alt)
    return ax


def confusion(
    y_true,
    y_pred,
    *,
    alt: str = "",
    classes: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show which class (row) is taken for which (column), in counts.

    Parameters
    ----------
    y_true, y_pred : int arrays, shape (n,)
    alt : str
        Alternative text; needed when the function shows the figure itself.
    classes : sequence of str, optional
        Names of the classes 0, 1, …; default their numbers.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from sklearn.metrics import ConfusionMatrixDisplay

    ax, own = _own(ax, figsize=(5.2, 4.8))
    names = np.arange(max(np.max(y_true), np.max(y_pred)) + 1)
    if classes is not None:
        names = np.arange(len(classes))
    ConfusionMatrixDisplay.from_predictions(
        y_true,
        y_pred,
        labels=names,
        display_labels=classes,
        values_format="d",  # else 10,000 is written 1e+04
        cmap="Blues",
        colorbar=False,
        ax=ax,
    )
    ax.grid(False)
    ax.set(xlabel="predicted class", ylabel="true class", title=title or "")
    if own:
        show(alt=alt)
    return ax


def decision_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    *,
    alt: str = "",
    title: str | None = None,
    margin: float = 0.6,
    ax: Axes | None = None,
) -> Axes:
    """Shade the plane by the class that `predict` gives, with the examples on top.

    Parameters
    ----------
    predict : callable
        Maps points (m, 2) to classes (m,), numbered 0, 1, ….
    X : array, shape (n, 2)
        Examples.
    y : int array, shape (n,)
        Their classes.
    alt : str
        Alternative text; needed when the function shows the figure itself.
    title : str, optional
    margin : float
        How far the plane goes beyond the examples, in units of `X`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax, own = _own(ax, figsize=(3.8, 3.6))
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    horizontal, vertical = np.meshgrid(
        np.linspace(left, right, 201), np.linspace(bottom, top, 201)
    )
    points = np.column_stack([horizontal.ravel(), vertical.ravel()])
    regions = np.asarray(predict(points)).reshape(horizontal.shape)
    count = max(int(np.max(y)), int(regions.max())) + 1
    ax.pcolormesh(
        horizontal,
        vertical,
        regions,
        cmap=ListedColormap(PALETTE[:count]),
        vmin=-0.5,
        vmax=count - 0.5,
        alpha=0.22,
        rasterized=True,
    )
    for label in np.unique(y):
        mine = X[y == label]
        ax.scatter(
            mine[:, 0],
            mine[:, 1],
            color=PALETTE[label],
            marker=MARKERS[label],
            edgecolor="white",
            s=90 if len(X) < 20 else 28,
            linewidth=1,
            label=f"class {label}",
            zorder=3,
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title or "")
    ax.grid(False)
    ax.set_aspect("equal")
    if own:
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
        show(alt=alt)
    return ax
