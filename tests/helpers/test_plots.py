"""The shared pictures: what they show, on whose axes, with which words."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from sklearn.metrics import confusion_matrix

from helpers import plots

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 2.0]])
Y = np.array([0, 0, 1, 2])
ALT = "What the figure says."


def by_height(points):
    """Classify points of the plane: 0 below 1, above it 1 on the left, 2 right."""
    return np.where(points[:, 1] < 1, 0, np.where(points[:, 0] < 0.5, 1, 2))


def curves(**options):
    series = {"one": [3.0, 2.0, 1.0], "two": [[1.0, 2.0], [3.0, 4.0]]}
    return plots.curves(series, xlabel="epoch", ylabel="loss", **options)


def confusion(**options):
    return plots.confusion([0, 1, 1], [0, 1, 0], **options)


def decision_regions(**options):
    return plots.decision_regions(by_height, X, Y, **options)


def image_grid(**options):
    return plots.image_grid(np.zeros((7, 2, 2)), columns=3, **options)


on_axes = pytest.mark.parametrize("draw", [curves, confusion, decision_regions])
every = pytest.mark.parametrize(
    "draw", [curves, confusion, decision_regions, image_grid]
)


@pytest.fixture(autouse=True)
def own_figures():
    """Draw without a screen; leave no figure behind."""
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    """Catch what is displayed: pairs of figure and metadata."""
    caught = []

    def display(figure, metadata):
        caught.append((figure, metadata))

    monkeypatch.setattr("IPython.display.display", display)
    return caught


@pytest.fixture
def ax():
    return plt.figure().subplots()


# --- on whose axes -------------------------------------------------------------------


@on_axes
def test_given_axes_are_drawn_on_and_returned(draw, ax):
    assert draw(ax=ax) is ax
    assert ax.has_data()


@on_axes
def test_a_figure_with_given_axes_is_neither_shown_nor_closed(draw, ax, shown):
    draw(ax=ax)
    assert shown == []
    assert plt.get_fignums() == [ax.figure.number]


@on_axes
def test_axes_of_its_own_are_returned(draw, shown):
    assert isinstance(draw(alt=ALT), Axes)


@every
def test_a_figure_of_its_own_is_shown_once_with_its_alt_text(draw, shown):
    drawn = draw(alt=ALT)
    [(figure, metadata)] = shown
    assert figure is np.ravel(drawn)[0].figure
    assert metadata == {"image/png": {"alt": ALT}}


@every
def test_a_figure_of_its_own_is_closed(draw, shown):
    draw(alt=ALT)
    assert plt.get_fignums() == []


@every
@pytest.mark.parametrize("alt", ["", "  \n "])
def test_a_figure_without_alt_text_is_not_shown(draw, alt, shown):
    with pytest.raises(ValueError, match="alt is empty"):
        draw(alt=alt)
    assert shown == []


@on_axes
def test_a_title_is_written_above(draw, ax):
    assert draw(ax=ax, title="MNIST").get_title() == "MNIST"


def test_lines_of_alt_text_are_joined(shown):
    plt.figure()
    plots.show(
        alt="""One line,
        and another."""
    )
    assert shown[0][1]["image/png"]["alt"] == "One line, and another."


# --- colors --------------------------------------------------------------------------


def test_two_colors_of_the_palette_are_never_close():
    colors = np.array([to_rgb(color) for color in plots.PALETTE])
    gaps = [np.abs(a - b).sum() for i, a in enumerate(colors) for b in colors[:i]]
    assert min(gaps) > 0.3


def test_the_book_s_style_is_white_and_takes_the_palette(ax):
    with plt.rc_context():
        plots.use_style()
        assert plt.rcParams["figure.facecolor"] == "white"
        cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    assert tuple(cycle) == plots.PALETTE


# --- image grids ---------------------------------------------------------------------


def test_images_fill_rows_and_the_unused_axes_are_hidden(shown):
    axes = image_grid(alt=ALT)
    assert axes.shape == (3, 3)
    assert [len(a.images) for a in axes.flat] == [1] * 7 + [0] * 2
    assert not any(a.axison for a in axes.flat)


def test_each_image_stands_in_its_place_with_its_title(shown):
    images = np.arange(3)[:, None, None] * np.ones((3, 2, 2))
    axes = plots.image_grid(images, "abc", alt=ALT, columns=2)
    assert [a.get_title() for a in axes.flat] == ["a", "b", "c", ""]
    values = [a.images[0].get_array().max() for a in axes.flat[:3]]
    assert values == [0, 1, 2]


def test_few_images_make_one_row_without_gaps(shown):
    axes = plots.image_grid(np.zeros((2, 4, 4)), alt=ALT)
    assert axes.shape == (1, 2)


def test_limits_are_those_of_the_color_map(shown):
    axes = plots.image_grid(np.full((1, 2, 2), 0.3), alt=ALT, limits=(0, 2))
    assert axes[0, 0].images[0].get_clim() == (0, 2)


def test_no_images_are_refused(shown):
    with pytest.raises(ValueError, match="no images"):
        plots.image_grid(np.zeros((0, 2, 2)), alt=ALT)


# --- curves --------------------------------------------------------------------------


def test_one_run_is_a_line_at_steps_1_2_3_without_a_band(ax):
    plots.curves({"loss": [9.0, 4.0, 1.0]}, xlabel="epoch", ylabel="loss", ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 9], [2, 4], [3, 1]])
    assert len(ax.collections) == 0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 5), st.integers(2, 6)),
        elements=st.integers(-1000, 1000),
    )
)
def test_seeds_are_a_median_in_a_band_from_least_to_largest(runs):
    axes = plt.figure().subplots()
    plots.curves({"a": runs}, xlabel="step", ylabel="loss", ax=axes)
    ranked = np.sort(runs, axis=0)
    middle = (ranked[(len(runs) - 1) // 2] + ranked[len(runs) // 2]) / 2
    np.testing.assert_allclose(axes.lines[0].get_ydata(), middle)
    corners = axes.collections[0].get_paths()[0].vertices
    for step in range(runs.shape[1]):
        heights = corners[corners[:, 0] == step + 1, 1]
        assert (heights.min(), heights.max()) == (ranked[0, step], ranked[-1, step])
    plt.close(axes.figure)


def test_curves_differ_in_more_than_color(ax):
    series = {str(k): np.arange(20.0) for k in range(6)}
    plots.curves(series, xlabel="step", ylabel="loss", ax=ax)
    styles = [line.get_linestyle() for line in ax.lines]
    assert all(a != b for a, b in pairwise(styles))
    assert [line.get_color() for line in ax.lines] == list(plots.PALETTE)


def test_several_curves_have_a_legend_and_one_has_none(ax):
    plots.curves({"only": [1.0, 2.0]}, xlabel="x", ylabel="y", ax=ax)
    assert ax.get_legend() is None
    curves(ax=ax)
    assert {text.get_text() for text in ax.get_legend().texts} >= {"one", "two"}


def test_positions_and_a_logarithmic_axis_are_taken(ax):
    axes = plots.curves(
        {"a": [1.0, 10.0]}, xlabel="η", ylabel="loss", x=[0.1, 0.2], logy=True, ax=ax
    )
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [0.1, 0.2])
    assert axes.get_yscale() == "log"


# --- confusion -----------------------------------------------------------------------


def counts(axes, k):
    """Read the k × k numbers that the picture shows, from their places."""
    matrix = np.full((k, k), -1)
    for text in axes.texts:
        column, row = text.get_position()
        matrix[int(row), int(column)] = int(text.get_text())
    return matrix


def test_rows_are_true_and_columns_are_predicted_classes(ax):
    plots.confusion([0, 0, 0, 1], [1, 1, 0, 1], ax=ax)
    np.testing.assert_array_equal(counts(ax, 2), [[1, 2], [0, 1]])
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "predicted class")


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_the_counts_are_those_of_scikit_learn(pairs):
    y_true, y_pred = np.array([*pairs, (4, 4)]).T
    axes = plots.confusion(y_true, y_pred, ax=plt.figure().subplots())
    expected = confusion_matrix(y_true, y_pred, labels=range(5))
    np.testing.assert_array_equal(counts(axes, 5), expected)
    plt.close(axes.figure)


def test_large_counts_are_written_out(ax):
    labels = np.repeat([0, 1], [10_000, 20_000])
    plots.confusion(labels, labels, ax=ax)
    np.testing.assert_array_equal(counts(ax, 2), [[10_000, 0], [0, 20_000]])


def test_a_class_that_nobody_predicts_keeps_its_row(ax):
    plots.confusion([0, 2], [0, 0], ax=ax, classes=["cat", "dog", "cow"])
    np.testing.assert_array_equal(counts(ax, 3), [[1, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", "dog", "cow"]


# --- decision regions ----------------------------------------------------------------


def test_predict_is_asked_about_points_inside_the_plotted_limits(ax):
    asked = []

    def predict(points):
        asked.append(points)
        return by_height(points)

    plots.decision_regions(predict, X, Y, ax=ax)
    points = np.concatenate(asked)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert points.shape[1] == 2
    assert left <= points[:, 0].min() < points[:, 0].max() <= right
    assert bottom <= points[:, 1].min() < points[:, 1].max() <= top


def test_the_plane_reaches_beyond_the_examples_by_the_margin(ax):
    asked = []
    plots.decision_regions(
        lambda points: asked.append(points) or by_height(points), X, Y, margin=1, ax=ax
    )
    points = np.concatenate(asked)
    np.testing.assert_allclose(points.min(axis=0), [-1, -1])
    np.testing.assert_allclose(points.max(axis=0), [2, 3])


def test_each_place_has_the_color_of_the_class_predicted_there(ax):
    decision_regions(ax=ax)
    mesh = ax.collections[0]
    mesh.update_scalarmappable()
    corners = mesh.get_coordinates()  # (rows + 1, columns + 1, 2)
    centers = (corners[:-1, :-1] + corners[1:, 1:]).reshape(-1, 2) / 2
    colors = mesh.get_facecolors()[:, :3]
    palette = np.array([to_rgb(color) for color in plots.PALETTE])
    np.testing.assert_allclose(colors, palette[by_height(centers)], atol=0.01)


def test_each_example_has_the_color_of_its_class_where_it_lies(ax):
    decision_regions(ax=ax)
    for label, marks in enumerate(ax.collections[1:]):
        np.testing.assert_array_equal(marks.get_offsets(), X[label == Y])
        assert tuple(marks.get_facecolor()[0][:3]) == to_rgb(plots.PALETTE[label])
    assert len(ax.collections) == 1 + 3


def test_classes_differ_in_their_markers_too(ax):
    decision_regions(ax=ax)
    shapes = {marks.get_paths()[0].vertices.tobytes() for marks in ax.collections[1:]}
    assert len(shapes) == 3


def test_a_class_that_only_predict_knows_has_a_color(ax):
    plots.decision_regions(
        lambda points: np.full(len(points), 3), X, np.zeros(4, int), ax=ax
    )
    mesh = ax.collections[0]
    mesh.update_scalarmappable()
    color = mesh.get_facecolors()[0][:3]
    np.testing.assert_allclose(color, to_rgb(plots.PALETTE[3]), atol=0.01)


# --- tables and spreads ---------------------------------------------------------------


def test_a_table_is_html_with_named_rows_and_columns_and_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    plots.table(["gate", "b"], [("AND", -3), ("<OR>", "−1")])
    (data,) = shown
    assert data["text/html"].count('scope="col"') == 2
    assert data["text/html"].count('scope="row"') == 2
    assert "&lt;OR&gt;" in data["text/html"]
    assert data["text/plain"].splitlines() == ["gate  b ", "AND   -3", "<OR>  −1"]


def test_a_column_without_a_name_is_refused():
    with pytest.raises(ValueError, match="has no name"):
        plots.table(["", "b"], [("AND", -3)])


def test_a_row_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"1 entries in \['AND'\], not 2"):
        plots.table(["gate", "b"], [("AND",)])


def test_each_run_is_a_point_and_each_method_has_a_color_of_the_palette():
    pytest.importorskip("seaborn")
    _, ax = plt.subplots()
    results = {f"method {n}": [n, n + 1, n + 5] for n in range(7)}
    plots.spread(results, xlabel="error", bar=2.0, ax=ax)
    points = [p for p in ax.collections if len(p.get_offsets()) == 3]
    assert len(points) == 7
    assert [x for x, _ in points[2].get_offsets()] == [2, 3, 7]
    colors = [to_hex(p.get_facecolor()[0]).upper() for p in points]
    assert colors == [*map(str.upper, plots.PALETTE), plots.PALETTE[0].upper()]
    medians = [p.get_segments()[0][0][0] for p in ax.collections if p not in points]
    assert medians == [n + 1 for n in range(7)]
