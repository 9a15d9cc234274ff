"""The diagnostic checks: right answers pass, wrong ones are told what is wrong."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpers.checks import core, perceptron
from helpers.checks.core import Case, CheckFailed, partial, verify
from helpers.checks.engine import running
from helpers.checks.engine.picture import drawable
from helpers.checks.perceptron import gates

# --- right answers, written as a student would --------------------------------------


class Right:
    """One right answer for each function of the three exercises."""

    @staticmethod
    def step(s, t=0):
        return np.where(np.asarray(s) >= t, 1, 0)

    @staticmethod
    def predict(x, W, b):
        return Right.step(x @ np.transpose(W) + b)

    @staticmethod
    def update(x, d, w, b, eta):
        e = d - int(Right.predict(x, w, b))
        return w + eta * e * x, b + eta * e, e != 0

    @staticmethod
    def fit(X, d, eta=1.0, max_epochs=100):
        w, b, mistakes = np.zeros(X.shape[1]), 0.0, []
        for _ in range(max_epochs):
            count = 0
            for x, target in zip(X, d, strict=True):
                w, b, wrong = Right.update(x, target, w, b, eta)
                count += wrong
            mistakes.append(count)
            if count == 0:
                break
        return w, b, mistakes

    @staticmethod
    def solvable(d, grid):
        X = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
        return sum(
            np.array_equal(Right.predict(X, np.array([p, q]), b), d)
            for p, q, b in itertools.product(grid, repeat=3)
        )

    @staticmethod
    def xor(x1, x2):
        def gate(a, b, w1, w2, bias):
            return Right.step(w1 * np.asarray(a) + w2 * np.asarray(b) + bias)

        both = gate(x1, x2, -2, -1, 2)
        return gate(gate(x1, x2, 1, 1, -1), both, 2, 1, -3)


NAMES = {
    perceptron: "step predict update fit solvable",
}
CHECKS = {
    name: getattr(room, name) for room, names in NAMES.items() for name in names.split()
}
CHAPTERS = dict.fromkeys([*CHECKS, "xor"], "perceptron")
SEEDS = [0, 1, 2, 11, 12345]


def of_chapters(names):
    """Parametrize by checks, each with its chapter's name in the test's."""
    params = [pytest.param(n, id=f"{CHAPTERS[n]}-{n}") for n in names]
    return pytest.mark.parametrize("name", params)


def failure(check, function, **how) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(function, **how)
    return re.sub(r"\s+", " ", str(caught.value))


@pytest.mark.parametrize("seed", SEEDS)
@of_chapters(CHECKS)
def test_a_right_answer_passes_with_one_line_on_stdout(name, seed, capsys):
    CHECKS[name](getattr(Right, name), seed=seed)
    out, err = capsys.readouterr()
    assert re.fullmatch(rf"✓ {name}: [^\n]+\n", out)
    assert err == ""


@of_chapters(CHECKS)
def test_the_untouched_release_is_called_not_yet_written(name):
    def stub(*args, **kwargs):
        raise NotImplementedError()

    assert "not yet written" in failure(CHECKS[name], stub)


@of_chapters(CHECKS)
def test_a_forgotten_return_is_named(name):
    told = failure(CHECKS[name], lambda *a: None)
    assert re.search("is the return statement missing|NoneType came|two lists", told)


# --- wrong answers ------------------------------------------------------------------


def update_in_place(x, d, w, b, eta):
    e = d - int(x @ w + b >= 0)
    w += eta * e * x
    return w, b + eta * e, e != 0


def fit_from_random(X, d, eta=1.0, max_epochs=100):
    w, b, mistakes = Right.fit(X, d, eta, max_epochs)
    return w + np.random.normal(size=w.shape), b, mistakes  # noqa: NPY002


def fit_without_counting(X, d, eta=1.0, max_epochs=100):
    return Right.fit(X, d, eta, max_epochs)[:2]


def fit_pocket(X, d, eta=1.0, max_epochs=100):
    w, b, mistakes = Right.fit(X, d, eta, max_epochs)
    return w, b + 1, mistakes


GATES = [
    ("step", lambda s, t: np.where(s > t, 1, 0), "0 at s = t.*> in place of ≥"),
    ("step", lambda s, t: np.asarray(s >= t), "booleans"),
    ("step", lambda s, t: np.where(s >= t, 1.0, 0.0), "floating-point numbers"),
    ("step", lambda s, t: np.where(s >= t, 0, 1), "comparison points the wrong way"),
    ("step", lambda s, t: 1 if s >= t else 0, "`if`, `and` or `or` on a whole array"),
    ("step", lambda s, t: np.where(s >= t, 2, 0), "twice the expected"),
    ("step", lambda s, t: [int(v >= t) for v in np.ravel(s)], "list of length 7"),
    ("predict", lambda x, W, b: Right.step(x @ W.T), "biases b are missing"),
    ("predict", lambda x, W, b: Right.step(x @ W.T - b), "biases are subtracted"),
    ("predict", lambda x, W, b: x @ W.T + b >= 0, "booleans"),
    ("predict", lambda x, W, b: 3 * Right.predict(x, W, b), "constant times.*: 3"),
    ("update", update_in_place, "changed its argument w in place"),
    ("update", lambda x, d, w, b, eta: (w, b), r"3 results.*2 came"),
    ("update", lambda x, d, w, b, eta: w, "nothing is updated.*only w is returned"),
    (
        "update",
        lambda x, d, w, b, eta: (*Right.update(x, 1 - d, w, b, eta)[:2], False),
        "update, w.*wrong values.*Also wrong: b, mistake",
    ),
    ("fit", fit_from_random, "two calls with the same arguments give different"),
    ("fit", fit_without_counting, r"3 results \(w, b, mistakes\) are expected; 2 came"),
    ("fit", fit_pocket, r"fit, b.*same amount: 1\b.*Right: w, mistakes"),
    ("solvable", lambda d, g: 2 * Right.solvable(d, g), "twice the expected"),
    ("solvable", lambda d, g: Right.solvable(d, g) > 0, "whether there is one"),
    ("solvable", lambda d, g: list(range(Right.solvable(d, g))), "its length"),
]


@pytest.mark.parametrize(("name", "wrong", "told"), GATES)
def test_wrong_answers_of_perceptron_gates(name, wrong, told):
    assert re.search(told, failure(CHECKS[name], wrong, seed=11))


# --- independent derivations --------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "w", "b"),
    [
        ("AND", (2, 1), -3),
        ("OR", (1, 1), -1),
        ("NAND", (-2, -1), 2),
        ("NOR", (-1, -1), 0),
    ],
)
def test_the_simulated_perceptron_learns_the_weights_of_the_chapter(gate, w, b):
    X, d = np.array(gates.ROWS, dtype=float), np.array(gates.GATES[gate])
    got_w, got_b, mistakes = gates._fit(core.Slip(), X, d, 1.0, 100)
    assert (tuple(got_w), got_b, mistakes[-1]) == (w, b, 0)


# --- core: generic recognition ------------------------------------------------------

E = np.array([[0.3, -1.7, 2.2, 0.9], [1.1, 0.4, -0.6, 3.5], [-2.3, 0.8, 1.9, 0.2]])
Z = np.array([[1.5, 0.2, -0.7, 2.1], [0.4, 3.1, 1.2, -0.9], [2.6, -1.3, 0.5, 0.8]])
SCALES = {"m": 3, "n": 4}


def compare(got, expected, inputs=None, scales=None, mistakes=()):
    """Check a function that returns `got` where `expected` is right."""
    wrong = [(text, lambda *args, value=value: value) for text, value in mistakes]
    case = Case("", inputs or {}, scales or {})
    verify("f", lambda *args: got, [case], lambda *args: expected, mistakes=wrong)


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (None, "returns None: is the return statement missing"),
        (..., "placeholder"),
        (NotImplemented, "placeholder"),
        ("text", "numbers in a regular array"),
        ([[1], [1, 2]], "one array is expected"),
        ((E,), "trailing comma"),
        (np.sum, "parentheses missing"),
        (E.astype(complex), "complex"),
        (E.T, "transposed"),
        (E.T + 1, "that of the transposed result; the values differ"),
        (E.sum(0), "summed over axis 0"),
        (E.mean(0), "averaged over axis 0"),
        (E.mean(1), "averaged over axis 1"),
        (E.sum(), "summed over all entries"),
        (E.ravel(), "another arrangement"),
        (E[None], "axis of length 1"),
        (E[0], "only the first row .or entry. came"),
        (np.where(E > 3, np.nan, E), "1 entries are not finite.*NaN"),
        (np.where(E > 3, np.inf, E), "an infinity"),
        (-E, "sign is wrong"),
        (3 * E, "did not divide by m, the number of examples"),
        (E / 3, "divided by m, the number of examples"),
        (E * 3 / 4, "divided by n, the number of features, in place of m"),
        (E * 3 / 2, "m − 1"),
        (-E / 4, "divided by n.*and the sign is wrong"),
        (2 * E, "twice"),
        (E / 2, "half"),
        (1.7 * E, "constant times.*1.7"),
        (E + 0.25, "same amount: 0.25"),
        (0 * E, "every entry is 0"),
        (1 - E, "1 minus"),
        (np.abs(E), "absolute"),
        (E**2, "squared"),
        (E[::-1], "rows are in reversed"),
        (E[:, ::-1], "columns are in reversed"),
        (np.roll(E, 1, 1), "shifted right by one"),
        (np.roll(E, -1, 0), "rows are shifted up by one"),
        (E[:, [2, 0, 1, 3]], "columns are right, in another order"),
        (Z, "this is z itself"),
        (E - Z, "z is missing"),
        (E + Z, "z is counted once too often"),
        (E / Z, "a factor z is missing"),
        (E * Z, "one factor z too many"),
        (np.tile(E.mean(0), (3, 1)), "is the mean of them all"),
        (np.tile(E[0], (3, 1)), "that of the first example"),
        (np.tile(Z[1] * 7.7 + E[2], (3, 1)), "every row is the same"),
        (E * np.array([[2.0], [5.0], [0.3]]), "row is right up to a factor"),
        (E + np.array([1.0, 5.0, -2.0, 0.3]), "column is right up to a number added"),
        (np.trunc(E).astype(int), "cut off"),
        (E.astype(np.float16), "close to the expected ones"),
        (E * (1 + 1e-5), "constant times"),
        (
            E + np.array([[1e-5, 0, 0, 2e-5]] * 3),
            "close to the expected ones",
        ),
        (1 / (1 + np.exp(-E)), "sigmoid is applied once too often"),
        (np.maximum(E, 0), "negative entries have been set to 0"),
        (-E.T, "that of the transposed result; the values differ"),
        (np.where(np.arange(4) == 3, Z, E), "only the last column is wrong"),
        (np.where(Z < 0, 9.0, E), "exactly those where z < 0"),
    ],
)
def test_core_recognizes(got, told):
    with pytest.raises(CheckFailed) as caught:
        compare(got, E, inputs={"z": Z}, scales=SCALES)
    assert re.search(told, re.sub(r"\s+", " ", str(caught.value)))


def test_torch_tensor_in_place_of_an_array_is_named():
    torch = pytest.importorskip("torch")
    with pytest.raises(CheckFailed, match="torch tensor"):
        compare(torch.tensor(E), E)


def test_a_table_of_all_pairs_is_recognized_as_broadcasting():
    v = np.array([1.0, 2.5, 0.3, 7.0, -1.0])
    with pytest.raises(CheckFailed, match="table of all pairs"):
        compare(v - 2 * v[:, None], v)


def test_two_mistakes_at_once_are_both_named():
    with pytest.raises(CheckFailed) as caught:
        compare(-Z, E, mistakes=[("this is zeta.", Z)])
    assert "two things at once: this is zeta. Moreover, the sign" in " ".join(
        str(caught.value).split()
    )


def test_a_known_mistake_goes_before_a_generic_one():
    with pytest.raises(CheckFailed, match="y − a"):
        compare(-E, E, mistakes=[("y − a stands here.", -E)])


def test_a_mistake_must_explain_all_cases():
    cases = [Case("first", {"x": E}), Case("second", {"x": Z})]

    def wrong(x):
        return -x if x[0, 0] == E[0, 0] else 1.1 * x**3

    with pytest.raises(CheckFailed) as caught:
        verify("f", wrong, cases, lambda x: x, mistakes=[("minus.", lambda x: -x)])
    assert "Likely mistake" not in str(caught.value)


def test_a_diagnosis_of_the_failing_cases_says_so():
    cases = [Case("first", {"x": E}), Case("second", {"x": Z})]

    def wrong(x):
        return -x if x[0, 0] == E[0, 0] else x

    with pytest.raises(CheckFailed) as caught:
        verify("f", wrong, cases, lambda x: 1.0 * x)
    assert re.search(
        r"in the cases that fail, every entry is a constant[\s\S]*✗ first\n  ✓ second",
        str(caught.value),
    )


def test_the_message_gives_place_expected_and_got():
    with pytest.raises(
        CheckFailed, match=r"largest error at \[1, 2\]: expected -0.6, got 5"
    ):
        compare(np.where(E == -0.6, 5.0, E), E)


def test_large_arrays_are_summarized():
    big = np.random.default_rng(0).normal(size=(500, 40))
    with pytest.raises(CheckFailed) as caught:
        compare(-big, big)
    assert len(str(caught.value)) < 600


def test_what_is_right_raises_nothing():
    compare(E.copy(), E)
    compare([1, 2, 3], [1, 2, 3])
    compare(np.float64(0.5), 0.5)


arrays = st.integers(0, 2**32 - 1).map(
    lambda s: np.random.default_rng(s).normal(
        size=tuple(np.random.default_rng(s + 1).integers(2, 7, size=2))
    )
)


def told(got, expected, **how) -> str:
    with pytest.raises(CheckFailed) as caught:
        compare(got, expected, **how)
    return " ".join(str(caught.value).split())


@given(arrays)
def test_any_array_with_the_wrong_sign_is_recognized(e):
    assert "the sign is wrong" in told(-e, e)


@given(arrays, st.floats(0.01, 100))
def test_any_constant_factor_is_recognized(e, c):
    assume(min(abs(c - v) for v in (1, 2, 0.5)) > 1e-3)
    assert re.search("constant times|logarithm has base", told(c * e, e))


@given(arrays, st.integers(3, 500))
def test_a_missing_division_by_m_is_recognized(e, m):
    assert "did not divide by m, the number of examples" in told(
        m * e, e, scales={"m": m}
    )


@given(arrays)
def test_any_transposed_array_is_recognized(e):
    assert "transposed" in told(e.T, e)


@given(arrays, st.randoms(use_true_random=False))
def test_any_order_of_rows_is_recognized(e, random):
    order = list(range(len(e)))
    random.shuffle(order)
    assume(order != sorted(order))
    is_sorted = (np.array_equal(e[order], np.sort(e, axis=axis)) for axis in (0, -1))
    assume(not any(is_sorted))  # then that is true of them, too
    assert re.search(
        "rows are (right, in another|in reversed|shifted)", told(e[order], e)
    )


# --- core: running a student's function ---------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "is_dropped"),
    [
        ((5, 3), (5,), True),
        ((4, 5, 3), (4, 5), True),
        ((5, 3), (5, 4), False),
        ((5, 3), (2,), False),
    ],
)
def test_an_axis_that_a_sum_has_dropped_is_named(left, right, is_dropped):
    with pytest.raises(ValueError, match="broadcast") as caught:
        np.zeros(left) - np.zeros(right)
    assert ("keepdims" in running.hint_for(str(caught.value))) == is_dropped


def test_an_exception_gives_type_line_shapes_and_a_hint():
    def student(x, w):
        return x @ w

    with pytest.raises(CheckFailed) as caught:
        core.call(student, np.ones((4, 3)), np.ones((4, 3)))
    text = str(caught.value)
    assert "ValueError" in text
    assert "at the line: return x @ w" in text
    assert "argument 1 (4, 3), argument 2 (4, 3)" in text
    assert "transpose missing" in text


def test_no_path_of_the_machine_is_shown():
    with pytest.raises(CheckFailed) as caught:
        core.call(lambda: missing)  # noqa: F821
    assert "NameError" in str(caught.value)
    assert ".py" not in str(caught.value)


def test_printing_in_place_of_returning_is_named():
    with pytest.raises(CheckFailed, match="prints its result"):
        core.call(lambda x: print(x), 3)


def test_a_placeholder_for_a_function_is_named():
    with pytest.raises(CheckFailed, match="a function belongs"):
        core.call(None)


def test_a_student_leaves_no_trace(capsys):
    def student():
        import sys
        import warnings

        print("noise")
        print("noise", file=sys.stderr)
        warnings.warn("noise", stacklevel=1)
        np.random.seed(0)  # noqa: NPY002
        return np.log(np.zeros(1)) * 0 + 1

    np.random.seed(7)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    core.call(student)
    assert np.random.rand() == expected  # noqa: NPY002
    assert capsys.readouterr() == ("", "")


def test_a_generator_without_an_end_is_stopped():
    with pytest.raises(CheckFailed, match="your generator never stops"):
        core.call(itertools.count)


def test_an_iterator_without_an_end_among_the_results_is_stopped():
    with pytest.raises(CheckFailed, match=r"update, w .*: wrong kind of result"):
        perceptron.update(lambda x, d, w, b, eta: (itertools.count(), b, False))


@pytest.mark.parametrize("by_index", [False, True])
def test_a_perceptron_that_ignores_max_epochs_is_stopped_on_xor(by_index):
    def fit(X, d, eta=1.0, max_epochs=100):
        w, b, mistakes = np.zeros(X.shape[1]), 0.0, [1]
        while mistakes[-1]:
            mistakes.append(0)
            rows = (X[i] for i in range(len(X))) if by_index else X
            for x, target in zip(rows, d, strict=True):
                w, b, wrong = Right.update(x, target, w, b, eta)
                mistakes[-1] += wrong
        return w, b, mistakes[1:]

    told = failure(perceptron.fit, fit)
    assert re.search("✗ fit: it never stops.*goes on after max_epochs", told)
    assert "✗ XOR" in told
    assert "✓ AND" in told


def test_arrays_from_the_counted_examples_of_a_perceptron_are_plain():
    X = np.ones((4, 2)).view(gates.Finite)
    results = [X[0], X @ np.ones(2), X + 1, X.sum(axis=0), next(iter(X))]
    assert {type(r) for r in results} == {np.ndarray}
    assert type(X.sum()) is np.float64


# --- core: partial credit and what nbgrader makes of it -----------------------------


def raises():
    raise CheckFailed("✗ third: the sign is wrong")


def test_partial_gives_the_share_of_right_cases_as_a_float(capsys):
    points = partial(2, {"one": lambda: None, "two": lambda: None, "three": raises})
    out, err = capsys.readouterr()
    assert (points, type(points), err) == (1.33, float, "")
    assert "✓ one" in out
    assert "the sign is wrong" in out


def test_partial_gives_all_points_for_all_cases():
    assert partial(3, dict.fromkeys("abc", lambda: None)) == 3.0


def test_partial_without_a_right_case_fails_with_the_diagnoses():
    with pytest.raises(CheckFailed, match="the sign is wrong"):
        partial(2, {"one": raises, "two": raises})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_perceptron_for_xor_earns_all_points(seed):
    assert partial(2, perceptron.xor_cases(Right.xor, seed)) == 2.0


def test_a_half_right_perceptron_for_xor_earns_its_rows_and_is_named(capsys):
    points = partial(5, perceptron.xor_cases(lambda p, q: p | q))
    out = capsys.readouterr().out
    assert points == 3.0
    assert "✗ x1 = 1, x2 = 1" in out
    assert "this is OR" in out


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda x1, x2: None, "is the return statement missing"),
        (lambda x1, x2: x1 != x2, "booleans"),
        (lambda x1, x2: 1 - Right.xor(x1, x2), "this is the negation, XNOR"),
    ],
)
def test_a_perceptron_for_xor_wrong_in_all_rows_fails_and_is_named(wrong, told):
    with pytest.raises(CheckFailed, match=told):
        partial(2, perceptron.xor_cases(wrong, seed=11))


def test_a_perceptron_for_xor_not_yet_written_is_told_so():
    def stub(x1, x2):
        raise NotImplementedError()

    with pytest.raises(CheckFailed, match="not yet written"):
        partial(2, perceptron.xor_cases(stub))


def executed(source: str):
    """Run a grade cell of two points in a kernel, as nbgrader does."""
    pytest.importorskip("nbclient")
    import nbformat
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "grade": True,
        "solution": False,
        "points": 2,
        "grade_id": "one",
        "locked": True,
    }
    book = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(book, allow_errors=True, kernel_name="python3").execute()
    return book.cells[0]


HEAD = (
    "from helpers.checks import core\n"
    "case = core.Case('one', {'x': 1.5})\n"
    "def bad():\n    core.verify('f', abs, [case], lambda x: x**2)\n"
    "def good():\n    core.passed('f', 2)\n"
)


@pytest.mark.parametrize(
    ("last", "points"),
    [
        ("core.partial(2, {'a': good, 'b': bad, 'c': bad})", 0.67),
        ("core.partial(2, {'a': good})", 2),
        ("core.partial(2, {'a': bad})", 0),
        ("good()", 2),
        ("bad()", 0),
    ],
)
def test_nbgrader_awards_what_the_check_says(last, points):
    utils = pytest.importorskip("nbgrader.utils")
    assert utils.determine_grade(executed(HEAD + last)) == (points, 2)


def test_a_notebook_shows_the_message_without_our_frames():
    (output,) = executed(HEAD + "bad()").outputs
    assert output.output_type == "error"
    assert output.ename == "CheckFailed"
    assert output.evalue.startswith("✗ f")
    assert "core.py" not in "\n".join(output.traceback)


@pytest.mark.parametrize("shape", [(5,), (4, 6)])
def test_a_notebook_shows_a_picture_of_the_difference_and_a_table(shape):
    (picture, table, error) = executed(
        "import numpy as np\nfrom helpers.checks import core\n"
        f"failure, right = core.CheckFailed('✗ f'), np.ones({shape})\n"
        "wrong = right.copy()\nwrong.flat[2] = 7\n"
        "failure.difference = ('w', wrong, right)\nraise failure"
    ).outputs
    alt = " ".join(picture.metadata["image/png"]["alt"].split())
    size = np.prod(shape)
    assert alt.startswith(f"Expected and given values of w on one scale: 1 of {size} d")
    assert re.findall(r"<t[dh]\b[^>]*>([^<]*)<", table.data["text/html"]) == [
        *("place", "expected", "yours"),
        *("2" if len(shape) == 1 else "0, 2", "1", "7"),
    ]
    assert error.evalue == "✗ f"


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ([1, 2, 3], [1, 2, 4]),  # the message shows them whole
        ([1, 2, 3, np.nan], [1, 2, 3, 4]),
        (np.zeros((2, 2, 2)), np.ones((2, 2, 2))),
        (np.zeros(401), np.ones(401)),
    ],
)
def test_what_a_picture_would_not_make_clearer_is_not_drawn(got, expected):
    assert drawable(("w", got, expected)) is None


@pytest.mark.parametrize("got", [E.tolist(), E > 9, (E > 9) * 1.0], ids=str)
def test_a_change_that_changes_nothing_is_no_cause(got):
    expected = E if isinstance(got, list) else (E > 9).astype(int)
    with pytest.raises(CheckFailed) as caught:
        compare(got, expected)
    told = re.sub(r"\s+", " ", str(caught.value))
    assert told.count("Likely mistake:") == 1
    assert re.search("a value of type list|integers are expected", told)
