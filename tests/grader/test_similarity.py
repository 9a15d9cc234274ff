"""Copied answers are found however they are dressed up; honest ones are left alone."""

import dataclasses
import random
import re
import textwrap
import time
from html.parser import HTMLParser

import nbformat
import pytest

from grader.books.sheet import load
from grader.reports import similarity
from grader.reports.similarity import matches, text_of
from grader.reports.similarity_page import page

REFERENCE = """\
def train(X, d, rate):
    ### BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    for x, target in zip(X, d):
        e = target - (x @ w >= 0)
        w = w + rate * e * x
    return w
    ### END SOLUTION
"""
GIVEN = """\
import numpy as np

def show(history, every=10, width=40, symbol="*"):
    top = max(history[0], 1e-12)
    for epoch, value in enumerate(history):
        if epoch % every == 0:
            bar = symbol * int(width * value / top)
            print(f"{epoch:4d} {value:8.3f} {bar}")
"""
COPIED = """\
def train(X, d, rate):
    weights = [0.0] * len(X[0])
    history = []
    for step in range(3 * len(X)):
        row = step % len(X)
        guess = sum(a * b for a, b in zip(weights, X[row]))
        if (guess > 0) != bool(d[row]):
            sign = 1 if d[row] else -1
            weights = [a + sign * rate * b for a, b in zip(weights, X[row])]
            history.append(step)
    while len(history) > 10:
        history.pop(0)
    return np.array(weights)
"""
HELPERS = """\
def dot_product(left, right):
    total = 0.0
    for index in range(min(len(left), len(right))):
        total = total + left[index] * right[index]
    return total


def count_mistakes(rows, labels, vector):
    wrong = []
    for number, row in enumerate(rows):
        if (dot_product(row, vector) > 0.0) is not bool(labels[number]):
            wrong.append(number)
    return len(wrong), wrong[:1]


def train(X, d, rate):
    vector = np.zeros_like(X[0], dtype=float)
    for attempt in range(1000):
        mistakes, first = count_mistakes(X, d, vector)
        if not mistakes:
            break
        vector += rate * (2 * d[first[0]] - 1) * X[first[0]]
    return vector
"""
HONEST = {  # four ways of a class
    "gus": """\
        def train(X, d, rate):
            w = np.zeros(X.shape[1])
            for i in range(len(X)):
                y = int(np.dot(X[i], w) >= 0)
                w += rate * (d[i] - y) * X[i]
            return w
        """,
    "hal": """\
        def train(X, d, rate):
            n = X.shape[1]
            w = np.zeros(n)
            for row, label in zip(X, d):
                z = row.dot(w)
                prediction = 1 if z >= 0 else 0
                error = label - prediction
                if error != 0:
                    w = w + rate * error * row
            return w
        """,
    "ivy": """\
        def train(X, d, rate):
            w = 0 * X[0]
            for k, x in enumerate(X):
                if d[k] and x @ w < 0:
                    w = w + rate * x
                elif not d[k] and x @ w >= 0:
                    w = w - rate * x
            return w
        """,
    "jon": """\
        def train(X, d, rate):
            weights = np.zeros((X.shape[1],))
            outputs = []
            for i in range(X.shape[0]):
                activation = np.sum(weights * X[i])
                outputs.append(activation >= 0)
                weights = weights + rate * (d[i] - outputs[-1]) * X[i]
            return weights
        """,
}


def notebook_cell(name: str, source: str, **settings):
    cell = nbformat.v4.new_code_cell(source)
    rest = {"schema_version": 3, "grade_id": name, "grade": False, "points": 0}
    roles = {"solution": False, "locked": False, "task": False}
    cell.metadata["nbgrader"] = rest | roles | settings
    return cell


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    notebook = nbformat.v4.new_notebook()
    sigmoid = (
        "def sigmoid(z):\n    ### BEGIN SOLUTION\n"
        "    return 0.5 * (1 + np.tanh(z / 2))\n    ### END SOLUTION\n"
    )
    notebook.cells = [
        notebook_cell("given", GIVEN, locked=True),
        notebook_cell("sigmoid", sigmoid, solution=True),
        notebook_cell("train", REFERENCE, solution=True),
    ]
    path = tmp_path_factory.mktemp("sheet") / "perceptron.ipynb"
    nbformat.write(notebook, path)
    return load(path)


def a_class(**more: str) -> dict[str, dict[str, str]]:
    """Four honest students, and those with these answers to `train`."""
    sources = {name: textwrap.dedent(text) for name, text in HONEST.items()} | more
    return {name: {"train": source} for name, source in sources.items()}


def unlike(number: int) -> str:
    """Return a short answer that nobody else has."""
    return f"def train(X, d, rate):\n    return X[{number}]\n"


def renamed(source: str) -> str:
    """Rename every local name of `COPIED`, and nothing else."""
    names = ("weights", "history", "step", "row", "guess", "sign", "a", "b")
    for number, name in enumerate(names):
        source = re.sub(rf"\b{name}\b", f"other_{number}", source)
    return source


def commented(source: str) -> str:
    lines = source.splitlines()
    lines.insert(1, '    """Train the thing.\n\n    My own work."""')
    lines[3] += "  # start with nothing"
    return "\n\n# ---\n".join(lines) + "\n\n"


def laid_out(source: str) -> str:
    """Parentheses, quotes, indentation, annotations and line breaks."""
    source = source.replace("    ", "\t").replace("return np.array(weights)", (
        "return (\n\t\tnp.array( (weights) )\n\t)"
    ))  # fmt: skip
    return source.replace("history = []", "history: list[int] = [ ]").replace(
        "(X, d, rate):", "(X: 'np.ndarray', d, rate: float) -> 'np.ndarray':"
    )


def pairs(found) -> set[tuple[str, str]]:
    return {match.students for match in found}


@pytest.mark.parametrize("disguise", [str, renamed, commented, laid_out])
def test_a_copy_is_found(sheet, disguise):
    found = matches(a_class(ann=COPIED, ben=disguise(COPIED)), sheet)
    assert pairs(found) == {("ann", "ben")}
    assert found[0].share > 0.95
    assert found[0].renamed is (disguise is renamed)
    assert found[0].sources == (COPIED, disguise(COPIED))


@pytest.mark.parametrize("disguise", [commented, laid_out])
def test_comments_docstrings_annotations_and_layout_leave_no_trace(disguise):
    assert text_of(disguise(COPIED), frozenset()) == text_of(COPIED, frozenset())


def test_renaming_leaves_no_trace_where_names_do_not_count():
    one, two = (text_of(s, frozenset()) for s in (COPIED, renamed(COPIED)))
    assert one.pieces() == two.pieces()
    assert one.plain() != two.plain()


def test_renaming_two_names_into_one_is_another_program():
    merged = re.sub(r"\bsign\b", "guess", COPIED)
    one, two = (text_of(s, frozenset()) for s in (COPIED, merged))
    assert one.pieces() != two.pieces()


def test_a_copy_with_all_disguises_at_once_is_found(sheet):
    hidden = commented(laid_out(renamed(COPIED)))
    assert pairs(matches(a_class(ann=COPIED, ben=hidden), sheet)) == {("ann", "ben")}


def test_functions_in_another_order_are_found_in_full(sheet):
    parts = HELPERS.split("\n\n\n")
    moved = "\n\n\n".join([parts[2].strip(), parts[0], parts[1]])
    (match,) = matches(a_class(ann=HELPERS, ben=moved), sheet)
    assert match.students == ("ann", "ben")
    assert match.share == 1.0


def test_a_few_changed_lines_do_not_hide_a_copy(sheet):
    changed = COPIED.replace("3 * len(X)", "len(X) * 5").replace("> 10", ">= 12")
    assert changed != COPIED
    assert pairs(matches(a_class(ann=COPIED, ben=changed), sheet)) == {("ann", "ben")}


def test_a_copy_inside_a_longer_answer_is_found(sheet):
    first, second, _ = HELPERS.split("\n\n\n")
    longer = "\n\n\n".join([first, second, COPIED])
    (match,) = matches(a_class(ann=COPIED, ben=longer), sheet)
    assert match.share == 1.0  # of the shorter one


def test_one_function_in_common_among_much_else_is_not_reported(sheet):
    mistakes = HELPERS.split("\n\n\n")[1]
    one, two = f"{mistakes}\n\n\n{COPIED}", HELPERS
    assert matches(a_class(ann=one, ben=two), sheet) == []


def test_exact_copies_rank_above_renamed_ones(sheet):
    answers = a_class(ann=COPIED, ben=COPIED)
    answers |= a_class(kim=HELPERS, lea=re.sub(r"\bvector\b", "v", HELPERS))
    first, second = matches(answers, sheet)
    assert first.strength > second.strength
    assert (first.renamed, first.share) == (False, 1.0)


def test_honest_answers_to_the_same_step_are_not_reported(sheet):
    assert matches(a_class(), sheet) == []


def test_a_short_answer_is_never_reported(sheet):
    short = "def sigmoid(z):\n    return 1/(1+np.exp(-z))\n"
    answers = {name: {"sigmoid": short} for name in ("ann", "ben")}
    assert matches(answers, sheet) == []


def test_the_reference_answer_is_no_evidence_renamed_or_not(sheet):
    plain = re.sub(r" *### .*\n", "", REFERENCE)
    other = re.sub(r"\bw\b", "weights", plain)
    assert matches(a_class(ann=plain, ben=plain, kim=other, lea=other), sheet) == []


def test_what_the_course_handed_out_is_no_evidence(sheet):
    short = "\n\ndef train(X, d, rate):\n    return X[0]\n"
    assert matches(a_class(ann=GIVEN + short, ben=GIVEN + short), sheet) == []


def test_the_release_untouched_is_no_answer(sheet):
    release = sheet.cells[2].release
    found = matches(a_class(ann=COPIED, ben=COPIED, kim=release, lea=release), sheet)
    assert found[0].answered == 6


def test_what_a_third_of_the_class_wrote_is_no_evidence(sheet):
    same = {f"copy{i}": COPIED for i in range(4)}
    others = {f"x{i}": unlike(i) for i in range(4)}
    assert matches(a_class(**same, **others), sheet) == []  # 4 of 12
    more = {f"y{i}": unlike(i) for i in range(9)}
    assert matches(a_class(**same, **others, **more), sheet)  # 4 of 21


def test_the_others_who_wrote_the_same_are_named(sheet):
    others = {f"x{i}": unlike(i) for i in range(12)}
    copies = {"ann": COPIED, "ben": COPIED, "kim": COPIED, "lea": renamed(COPIED)}
    found = matches(a_class(**copies, **others), sheet)
    exact = next(match for match in found if not match.renamed)
    assert exact.students == ("ann", "ben")
    assert exact.also == ("kim", "lea")  # she has renamed all
    disguised = next(match for match in found if match.renamed)
    assert {*disguised.students, *disguised.also} == set(copies)
    assert len(found) == 2  # equal answers are looked at once


def test_answers_are_compared_within_a_step_only(sheet):
    answers = {"ann": {"train": COPIED}, "ben": {"sigmoid": COPIED}}
    assert matches(answers, sheet) == []


def test_cells_that_are_no_answers_are_left_out(sheet):
    answers = {name: {"given": COPIED, "nowhere": COPIED} for name in ("ann", "ben")}
    assert matches(answers, sheet) == []


def test_answers_that_do_not_parse_are_compared_by_tokens(sheet):
    broken = COPIED.replace("history.pop(0)", "history.pop(0")
    found = matches(a_class(ann=broken, ben=renamed(broken)), sheet)
    assert pairs(found) == {("ann", "ben")}
    assert found[0].unparsed


def test_a_broken_copy_of_a_working_answer_is_found(sheet):
    broken = COPIED.replace("history.pop(0)", "history.pop(0")
    found = matches(a_class(ann=COPIED, ben=broken), sheet)
    assert pairs(found) == {("ann", "ben")}


def test_magics_do_not_keep_an_answer_from_being_parsed(sheet):
    found = matches(a_class(ann=COPIED, ben="%matplotlib inline\n" + COPIED), sheet)
    assert pairs(found) == {("ann", "ben")}
    assert not found[0].unparsed


HOSTILE = {
    "parentheses": "(" * 50_000,
    "brackets that match": "[" * 150 + "]" * 150,
    "dictionaries": "{0:" * 90 + "1" + "}" * 90,
    "unary": "x = " + "-" * 40_000 + "1",
    "sum": "x = " + "1+" * 20_000 + "1",
    "attributes": "x" + ".a" * 20_000,
    "ifs": "".join(" " * i + "if x:\n" for i in range(99)) + " " * 99 + "pass",
    "lambdas": "lambda: " * 5_000 + "0",
    "f-strings": "f'" + '{f"' * 50 + "}",
    "a megabyte": "x = 1\n" * 180_000,
    "one long line": "x = '" + "a" * 1_000_000 + "'",
    "escaped quotes": "\\'" * 500_000,
    "open triple quotes": "'''\\" * 250_000,
    "quotes": "\"'" * 500_000,
    "null": "x = 1\0",
    "half a pair": "x = '\ud800'",
    "long number": "x = " + "9" * 10_000,
    "long hex": "x = 0x" + "f" * 40_000,
    "magics": "%timeit x\n" * 4_000 + "(",
    "our own mark": similarity.MARK * 5_000,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_source_does_no_harm(sheet, source):
    answers = a_class(ann=COPIED, ben=COPIED, mal=source, max=source + "\n#")
    start = time.process_time()
    found = matches(answers, sheet)
    assert time.process_time() - start < 10
    assert ("ann", "ben") in pairs(found)
    page(found, "x").encode()


def test_records_are_frozen_and_sorted(sheet):
    answers = a_class(ann=COPIED, ben=renamed(COPIED), kim=HELPERS, lea=HELPERS)
    found = matches(answers, sheet)
    assert [m.strength for m in found] == sorted(m.strength for m in found)[::-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        found[0].strength = 1


def test_the_order_of_the_students_changes_nothing(sheet):
    answers = a_class(ann=COPIED, ben=renamed(COPIED), kim=HELPERS, lea=HELPERS)
    assert matches(answers, sheet) == matches(dict(reversed(answers.items())), sheet)


def test_nobody_answered_and_an_empty_class(sheet):
    assert matches({}, sheet) == []
    assert matches({"ann": {}, "ben": {"train": ""}}, sheet) == []


def test_500_students_and_one_copy_among_them(sheet):
    rng = random.Random(0)
    answers = {f"s{i:03d}": {"train": different(rng)} for i in range(500)}
    original = answers["s007"]["train"]
    copy = re.sub(r"\bv(\d+)\b", r"name\1x", original)
    answers["s300"] = {"train": copy}
    start = time.process_time()
    found = matches(answers, sheet)
    assert time.process_time() - start < 20 / 8 * 2  # one of eight steps; slow machines
    assert pairs(found) == {("s007", "s300")}


def different(rng: random.Random) -> str:
    """Return an answer of 18 random statements on ten local names."""

    def v() -> str:
        return f"v{rng.randrange(10)}"

    def statement() -> str:
        number = rng.randrange(100)
        call = rng.choice(("exp", "log", "sum", "max"))
        return rng.choice(
            (
                f"{v()} = {v()} @ {v()}.T + {number}",
                f"for {v()} in range({number}):\n        {v()} += {v()}[{v()}]",
                f"{v()} = np.{call}({v()}, axis={number % 3})",
                f"if {v()} > {number}:\n        {v()} = {v()} - {v()}",
                f"{v()}.append({v()} * {v()})",
                f"{v()} = [{v()} for {v()} in zip({v()}, {v()})]",
            )
        )

    first = " = ".join(f"v{i}" for i in range(10))
    body = "\n    ".join(statement() for _ in range(18))
    return f"def train(X, d, rate):\n    {first} = rate\n    {body}\n    return v0\n"


# --- the page ------------------------------------------------------------------------


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.inside = False

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.inside = tag == "pre"
        if self.inside:
            self.sources.append("")
        assert not any(name.startswith("on") for name, _ in attrs)
        assert not {"src", "href"} & {name for name, _ in attrs}

    def handle_endtag(self, tag) -> None:
        self.inside = self.inside and tag != "pre"

    def handle_data(self, data) -> None:
        if self.inside:
            self.sources[-1] += data


def test_the_page_shows_both_sources_and_what_it_is_not(sheet):
    html = page(matches(a_class(ann=COPIED, ben=renamed(COPIED)), sheet), "perceptron")
    reader = Reader()
    reader.feed(html)
    assert reader.sources == [COPIED, renamed(COPIED)]
    assert "neither a mark nor a" in html
    assert "prefers-color-scheme: dark" in html
    assert "Nobody else wrote this" in html


def test_hostile_names_and_sources_are_shown_as_text(sheet):
    evil = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"
    source = COPIED + f"# {evil}\n# \u202e reversed \x1b[31m \ud800\n"
    found = matches(a_class(**{evil: source, "ben": source}), sheet)
    html = page(found, evil)
    reader = Reader()
    reader.feed(html)
    assert "script" not in reader.tags
    assert "img" not in reader.tags
    assert evil in reader.sources[0]
    assert not {"\u202e", "\x1b"} & set(html)
    html.encode("utf-8")


def test_a_page_of_many_pairs_says_what_it_leaves_out(sheet):
    match = matches(a_class(ann=COPIED, ben=COPIED), sheet)[0]
    html = page([match] * 30, "x", most=20)
    assert html.count("<details") == 20
    assert "30 pairs of answers, of which the 20 strongest are shown" in html


def test_a_long_source_is_cut_on_the_page(sheet):
    match = matches(a_class(ann=COPIED, ben=COPIED), sheet)[0]
    long = dataclasses.replace(match, sources=("x" * 1_000_000, "y"))
    html = page([long], "x")
    assert len(html) < 40_000
    assert "980000 more characters" in html


def test_a_page_without_pairs_says_so():
    assert "0 pairs of answers" in page([], "x")
