"""The appendices: their tables agree with the sources, and what they claim holds."""

import json
import os
import re
import socket
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup

from benchmarks._taught import taught
from helpers import data
from press.contents import chapters
from press.directives import appendices

ROOT = appendices.ROOT
BOOK = ROOT / "book"
REAL = Path(os.environ.get("COURSE_DATA_MIRROR") or "/nowhere")
CHAPTERS = list(chapters())


def text(page: str) -> str:
    return (BOOK / f"{page}.md").read_text("utf-8")


def table(source: str, first: str) -> list[list[str]]:
    """Return the cells of the rows of the Markdown table whose head begins so."""
    lines = source[source.index(first) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[2:]]


# --- glossary ---------------------------------------------------------------------


def glossary() -> list[tuple[str, str]]:
    body = re.search(r"```\{glossary\}\n(.*?)\n```", text("glossary"), re.DOTALL)
    return [tuple(block.split("\n", 1)) for block in body.group(1).split("\n\n")]


def test_the_terms_of_the_glossary_are_unique_and_in_order():
    terms = [entry[0].casefold() for entry in glossary()]
    wrong = [term for term in terms if terms.count(term) > 1]
    wrong += [b for a, b in pairwise(terms) if a > b]
    assert not wrong, f"sort these entries of the glossary, once each: {wrong}"
    assert len(terms) >= 80


def chapter_of(term: str, meaning: str = "") -> str:
    """The page that an entry of the glossary leads to, if it is one."""
    pages = re.findall(r"→ \[[^\]]+\]\((\w+)\.md\)$", meaning)
    return pages[0] if len(pages) == 1 else ""


def test_each_term_leads_to_a_chapter():
    known = {*CHAPTERS, "language_models"}
    wrong = [entry[0] for entry in glossary() if chapter_of(*entry) not in known]
    assert not wrong, f"end these entries with → [title](chapter.md): {wrong}"


@pytest.mark.parametrize("chapter", [*CHAPTERS, "language_models"])
def test_a_chapter_has_terms_in_the_glossary_and_uses_them(chapter):
    terms = [entry[0] for entry in glossary() if chapter_of(*entry) == chapter]
    assert terms, f"write an entry of the glossary that leads to {chapter}.md"
    page = text(chapter).casefold()  # saturation: saturate, saturated
    unused = [term for term in terms if term.casefold().split()[0][:7] not in page]
    assert not unused, f"{chapter}.md uses none of {unused}: lead to another page"


# --- corrections ------------------------------------------------------------------


def corrections() -> list[list[str]]:
    rows = table(text("corrections"), "| claim |")
    return [[cell for cell in row if cell] for row in rows]


def corrected(row: list[str]) -> str | None:
    """The chapter of a correction, where the row is whole."""
    link = re.fullmatch(r"\[.+\]\((\w+)\.md\)", row[-1])
    return link.group(1) if link and len(row) == 4 else None


def test_each_correction_is_whole():
    broken = [row for row in corrections() if corrected(row) not in CHAPTERS]
    assert not broken, f"fill in claim, why, check and [title](chapter.md): {broken}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_corrections_with_checks_in_its_own_notebook(chapter):
    checks = [row[2] for row in corrections() if corrected(row) == chapter]
    assert checks, f"write a row of corrections.md that leads to {chapter}.md"
    for check in checks:
        notebooks = set(re.findall(r"notebooks/(\w+)\.ipynb", check))
        wanted = {chapter} if notebooks or "he notebook" in check else set()
        assert notebooks == wanted, f"link to notebooks/{chapter}.ipynb in: {check}"


def test_the_checks_in_one_line_hold():
    torch = pytest.importorskip("torch")
    nn, F = torch.nn, torch.nn.functional
    assert type(torch.autograd.Variable(torch.ones(2))) is torch.Tensor
    z, y = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    twice = F.cross_entropy(F.log_softmax(z, dim=1), y)
    assert torch.allclose(F.cross_entropy(z, y), twice, atol=1e-6)
    below = -1 - torch.rand(1, 1, 4, 4)
    assert F.max_pool2d(below, 2, padding=1).max() < -1
    model = nn.Linear(2, 1)
    before = model.weight.clone()
    model(torch.ones(1, 2)).sum().backward()
    assert torch.equal(model.weight, before)
    assert model(torch.ones(1, 2)).requires_grad
    layer, x = nn.LSTM(2, 3), torch.randn(4, 1, 2)
    zeros = torch.zeros(1, 1, 3)
    assert torch.equal(layer(x)[0], layer(x, (zeros, zeros))[0])
    pool = nn.MaxPool2d(2, padding=1)
    x, sizes = torch.zeros(1, 1, 28, 28), [28]
    for step in (nn.Conv2d(1, 6, 4), pool, nn.Conv2d(6, 16, 2), pool):
        x = step(x)
        sizes.append(x.shape[-1])
    assert sizes == [28, 25, 13, 12, 7]


# --- data sets --------------------------------------------------------------------


@pytest.fixture
def no_downloads(monkeypatch, tmp_path):
    """Load from a mirror, or take a stand-in; leave the cache as the book found it."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))


def test_the_list_of_files_has_each_checksum_and_address(site):
    page = (site / "book" / "datasets.html").read_text("utf-8")
    article = BeautifulSoup(page, "html.parser").article
    addresses = {link["href"] for link in article.select("a[href]")}
    registry = (ROOT / "helpers" / "data" / "registry.py").read_text("utf-8")
    sums = re.findall(r"\b[0-9a-f]{64}\b", registry)
    assert len(sums) == 13
    listed = [code.text for code in article.select("li code")]
    assert [code for code in listed if len(code) == 64] == sums
    assert "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz" in addresses
    names = [row.td.text for row in article.table.select("tbody tr")]
    assert names == list(data.names())


@pytest.mark.standins
def test_the_counts_of_the_data_sets_are_those_of_the_files(no_downloads):
    facts = {row[0].strip("`"): row[1:] for row in table(text("datasets"), "| name |")}
    assert list(facts) == list(data.names())
    for name, (train, test, one, classes) in facts.items():
        have = data.load(name)
        if have.is_standin or name == "shapes":  # of any size
            continue
        x = have.train.x
        expected = int(train.replace(",", ""))
        if name != "cifar10":  # four of its batches may be missing
            assert len(x) == expected, name
        if have.test is not None:
            assert len(have.test.x) == int(test.replace(",", "")), name
        if isinstance(x, str):
            assert one == f"1 of {len(set(x))} characters"
        elif x.ndim > 2:
            assert one.startswith(" × ".join(map(str, x.shape[1:]))), name
        if have.classes:
            assert classes.startswith(str(len(have.classes))), name


@pytest.mark.standins
@pytest.mark.skipif(not REAL.is_dir(), reason="no folder with the real data")
def test_what_the_page_says_of_the_real_sets_is_so(no_downloads):
    page = text("datasets")
    counts = np.bincount(data.mnist().train.y)
    assert (counts.argmax(), counts.argmin()) == (1, 5)
    assert f"{counts.max():,} times" in page
    assert f"{counts.min():,} times" in page
    assert f"{data.seeds().train.x[:, 0].mean():.2f} mm²" in page
    poems = re.split(r"\n\s*\n", data.sonnets().train.x.replace("\r\n", "\n"))
    lines = [line for poem in poems for line in poem.split("\n") if line.strip()]
    assert len([poem for poem in poems if poem.strip()]) == 154
    assert f"{len(lines):,} lines" in page


# --- instructors ------------------------------------------------------------------


def minutes(path: Path, pattern: str) -> int:
    return sum(map(int, re.search(pattern, path.read_text("utf-8")).groups()))


def test_both_syllabuses_name_every_chapter_and_exercise_once(site):
    page = (site / "book" / "instructors.html").read_text("utf-8")
    plans = BeautifulSoup(page, "html.parser").article.select("table")[:2]
    names = [*CHAPTERS, "language_models"]
    sheets = [f"{p.parent.name}/{p.stem}" for p in ROOT.glob("exercises/*/*.ipynb")]
    pages = r"about (\d+) minutes to read, (\d+) to run"
    assert len(plans) == 2
    for plan in plans:
        rows = plan.select("tbody tr")
        links = [link["href"].split("#")[0] for link in plan.select("a")]
        assert sorted(links) == sorted(
            [f"{name}.html" for name in names]
            + [f"../notebooks/{name}.html" for name in names]
            + [f"../exercises/{sheet}.html" for sheet in sheets]
        )
        for row in rows[:-1]:
            cells = row.select("td")
            stated = [
                minutes(BOOK / link["href"].replace(".html", ".md"), pages)
                for link in cells[2].select("a")
            ]
            assert int(cells[1].text) == sum(stated)
        total = int(rows[-1].select("td")[1].text.replace(",", ""))
        assert total == sum(int(row.select("td")[1].text) for row in rows[:-1])


@pytest.mark.parametrize(
    ("weeks", "fault"),
    [
        (["perceptron"], "stands in 0 weeks"),
        ([*CHAPTERS, "rbf"], "stands in 2 weeks"),
        ([*CHAPTERS, "transformers"], "unknown"),
    ],
)
def test_a_syllabus_that_leaves_out_or_repeats_a_chapter_fails_the_build(weeks, fault):
    said = mock.Mock(content=weeks, error=RuntimeError)
    with pytest.raises(RuntimeError, match=fault):
        appendices.Syllabus.rows(said)


# --- environment ------------------------------------------------------------------


def test_the_times_of_the_build_are_those_of_its_cache(site):
    page = (site / "book" / "environment.html").read_text("utf-8")
    versions, times = BeautifulSoup(page, "html.parser").article.select("table")
    rows = {r.a["href"]: r.select("td") for r in times.select("tbody tr") if r.a}
    assert len(rows) == len(CHAPTERS) + 1
    cells = rows["../notebooks/backpropagation.html"]
    kept = appendices.get_cache(appendices.CACHE)
    record = kept.match_cache_file(ROOT / "notebooks" / "backpropagation.ipynb")
    assert cells[1].text == f"{record.data['execution_seconds']:.0f}"
    numpy_row = versions.find("td", string="numpy")
    assert numpy_row.find_next("td").text == np.__version__


def test_the_extras_of_the_page_are_those_of_the_package():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sentence = re.search(r"The extras are (.*?)\.", text("environment")).group(1)
    extras = set(project["optional-dependencies"])
    assert set(re.findall(r"`(\w+)`", sentence)) | {"all"} == extras


def test_the_appendices_stand_in_the_contents():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"][-1]
    listed = [Path(entry["file"]).name for entry in contents["chapters"]]
    pages = {path.stem for path in BOOK.glob("*.md")} - {*CHAPTERS, "intro"}
    assert sorted(listed) == sorted(pages)


# --- language models --------------------------------------------------------------


def test_attention_with_equal_keys_is_the_mean_of_the_values():
    attention = taught("language_models")["attention"]
    rng = np.random.default_rng(0)
    Q, V = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    out, weights = attention(Q, np.ones((5, 4)), V)
    assert np.allclose(weights, 1 / 5)
    assert np.allclose(out, V.mean(axis=0))
    out, _ = attention(Q, np.ones((5, 4)), V, causal=True)
    running = np.cumsum(V, axis=0) / np.arange(1, 6)[:, None]
    assert np.allclose(out, running)


def test_attention_survives_large_scores():
    attention = taught("language_models")["attention"]
    X = 1e3 * np.eye(3)
    _, weights = attention(X, X, X)
    assert np.allclose(weights, np.eye(3))


def test_one_head_is_attention():
    names = taught("language_models")
    X, one = np.random.default_rng(0).normal(size=(6, 4)), np.eye(4)
    whole = names["multi_head"](X, np.vstack([one, one, one]), one, heads=1)
    assert np.allclose(whole, names["attention"](X, X, X)[0])


def test_the_notebook_switches_reports_off_before_the_library_is_imported():
    cells = json.loads((ROOT / "notebooks/language_models.ipynb").read_text())["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    off = code.index('"LANGSMITH_TRACING": "false"')
    assert off < code.index("from langchain_core")


def test_a_chain_connects_to_nowhere_even_if_the_user_has_asked_for_reports(
    monkeypatch,
):
    """Run the notebook's own set-up under a user's setting that reports calls."""
    prompts = pytest.importorskip("langchain_core.prompts")
    from langchain_core.language_models.fake import FakeListLLM
    from langsmith import utils

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    utils.get_env_var.cache_clear()
    assert utils.tracing_is_enabled()  # so there is something to switch off
    cells = json.loads((ROOT / "notebooks/language_models.ipynb").read_text())["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    line = re.search(r"^os\.environ \|= .*$", code, re.MULTILINE).group()
    with mock.patch.dict(os.environ):
        exec(line, {"os": os})
        utils.get_env_var.cache_clear()
        assert not utils.tracing_is_enabled()
        attempts = mock.Mock(side_effect=OSError("no network"))
        with mock.patch.multiple(socket.socket, connect=attempts, connect_ex=attempts):
            model = FakeListLLM(responses=["yes"])
            chain = prompts.PromptTemplate.from_template("{question}") | model
            assert chain.invoke({"question": "Is anybody there?"}) == "yes"
        assert attempts.call_count == 0
    utils.get_env_var.cache_clear()
