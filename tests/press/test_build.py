"""The program that builds the book, on its own: what it lets through and what not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
import yaml

from press import build

ROOT = build.ROOT


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """Return a function that scans a page with the given body."""
    monkeypatch.setattr(build, "HTML", tmp_path)

    def scanner(body: str, name: str = "book/page") -> list[str]:
        page = tmp_path / f"{name}.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"<html><body><article>{body}</article></body></html>")
        return list(build.scan(page))

    return scanner


def test_a_clean_page_passes(scan):
    assert scan('<p>text</p><img src="a.png" alt="A line that rises.">') == []


def test_a_traceback_is_found(scan):
    (line,) = scan("<pre>Traceback (most recent call last): ...</pre>")
    assert line == "book/page.html: shows a traceback"


@pytest.mark.parametrize("alt", ["", 'alt=""', 'alt="  "', 'alt="_images/a.png"'])
def test_a_picture_without_words_is_found(scan, alt):
    assert any("alt" in line for line in scan(f'<img src="_images/a.png" {alt}>'))


def test_an_executed_page_without_outputs_is_found(scan):
    (line,) = scan("<pre>1 + 1</pre>", name="notebooks/page")
    assert "not executed" in line


def test_a_path_of_the_building_machine_is_found(scan):
    (line,) = scan(f"<pre>{ROOT}/secret.txt</pre>")
    assert "path of this machine" in line


def test_solutions_can_be_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD", tmp_path)
    every = set(build.entries(yaml.safe_load((ROOT / "_toc.yml").read_text())))
    public = build.table_of_contents(solutions=False)
    kept = set(build.entries(yaml.safe_load(public.read_text())))
    assert every - kept == {name for name in every if name.startswith("solutions/")}
    assert not any(name.startswith("solutions/") for name in build.executed(public))


def test_solutions_of_an_earlier_build_are_not_published(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD", tmp_path)
    monkeypatch.setattr(build, "HTML", tmp_path / "html")
    for name in ("execute", "build_html", "build_lite"):
        monkeypatch.setattr(build, name, lambda *arguments: None)
    for folder in ("html/solutions", "html/_sources/solutions", ".doctrees/solutions"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "gates.html").write_text("the answer")
    build.build(solutions=False)
    assert not list(tmp_path.rglob("gates.html"))


def test_exercises_are_shown_and_not_executed():
    names = build.executed(ROOT / "_toc.yml")
    assert "notebooks/perceptron" in names
    assert not any(name.startswith("exercises/") for name in names)


def test_a_change_of_the_package_makes_the_outputs_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    (tmp_path / "constraints.txt").write_text("numpy==2.4\n")
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "plots.py").write_text("a = 1\n")
    before = build.fingerprint()
    assert build.fingerprint() == before
    (tmp_path / "helpers" / "plots.py").write_text("a = 2\n")
    assert build.fingerprint() != before


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Return a function that executes notebooks of one cell, away from the book."""
    import nbformat

    (tmp_path / "notebooks").mkdir()
    (tmp_path / ".doctrees").mkdir()
    for name, value in {"ROOT": "", "BUILD": "", "CACHE": "cache"}.items():
        monkeypatch.setattr(build, name, tmp_path / value)
    monkeypatch.setattr(build, "fingerprint", lambda: "fixed")

    def executor(source: str, names: tuple[str, ...] = ("cell",)) -> None:
        paths = [tmp_path / "notebooks" / f"{name}.ipynb" for name in names]
        for path in paths:
            cell = nbformat.v4.new_code_cell(source)
            nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        build.execute(paths)

    return executor


def test_a_failing_notebook_fails_the_build_and_is_named(execute):
    with pytest.raises(build.BuildError, match=r"notebooks/cell\.ipynb"):
        execute("1 / 0")


def test_notebooks_of_equal_code_are_executed_once(execute, tmp_path):
    """Two at once would write to the same place of the cache."""
    execute("open('../runs', 'a').write('x')", names=("one", "two"))
    assert (tmp_path / "runs").read_text() == "x"


def test_a_kernel_whose_port_was_taken_is_started_again(execute, tmp_path, monkeypatch):
    start, tries = build.single_nb_execution, tmp_path / "tries"

    def second_time(*args, **kwargs):
        with tries.open("a") as file:
            file.write("x")
        if tries.stat().st_size == 1:
            raise RuntimeError("Kernel didn't respond in 60 seconds")
        return start(*args, **kwargs)

    monkeypatch.setattr(build, "single_nb_execution", second_time)
    execute("print(1)")
    assert tries.read_text() == "xx"


def test_a_picture_that_cannot_be_drawn_fails_the_build(execute):
    with pytest.raises(build.BuildError, match=r"notebooks/cell\.ipynb"):
        execute(
            "class Picture:\n"
            "    def _repr_png_(self):\n"
            "        raise RuntimeError('no LaTeX')\n"
            "Picture()"
        )


def test_nothing_of_the_builders_own_settings_reaches_an_output(
    execute, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    (home / ".config/matplotlib").mkdir(parents=True)
    matplotlibrc = home / ".config/matplotlib/matplotlibrc"
    matplotlibrc.write_text("text.usetex: True\nfigure.dpi: 7\n", encoding="utf-8")
    startup = home / ".ipython/profile_default/startup"
    startup.mkdir(parents=True)
    (startup / "mine.py").write_text("surprise = 1\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MATPLOTLIBRC", str(matplotlibrc))
    for name in ("MPLCONFIGDIR", "IPYTHONDIR"):
        monkeypatch.delenv(name, raising=False)
    execute(
        "import matplotlib as mpl\n"
        "assert not mpl.rcParams['text.usetex']\n"
        "assert mpl.rcParams['figure.dpi'] != 7\n"
        "assert 'surprise' not in globals()"
    )


def test_executing_leaves_the_surroundings_as_they_were(execute):
    before = dict(os.environ)
    execute("1 + 1")
    assert dict(os.environ) == before


def test_a_line_of_progress_says_what_is_done_and_how_much_is_left(monkeypatch):
    every = [str(ROOT / f"{name}.ipynb") for name in ("notebooks/a", "solutions/b/c")]
    # an exercise weighs a fifteenth of a notebook: 30 s for the one, 2 for the other
    assert build.progress(every[:1], every, 30) == (
        "  1/2 notebooks/a, 30 s, about 2 s left"
    )
    assert build.progress(every, every, 32) == (
        "  2/2 solutions/b/c, 32 s, all are done"
    )


def test_new_outputs_make_sphinx_read_every_page_again(execute, tmp_path):
    execute("1 + 1")
    assert not (tmp_path / ".doctrees").exists()


def test_a_broken_reference_fails_the_build_each_time(tmp_path, monkeypatch):
    (tmp_path / "_config.yml").write_text("title: A book\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    (tmp_path / "page.md").write_text("# Page\n\nSee {ref}`nowhere`.\n")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUILD", tmp_path / "_build")
    for _ in range(2):  # Sphinx by itself would be silent about an unchanged page
        with pytest.raises(build.BuildError, match="strict build fails"):
            build.build_html(tmp_path / "_toc.yml")


def test_a_full_disk_is_one_line(monkeypatch):
    usage = type("Usage", (), {"free": 1e6})
    monkeypatch.setattr(build.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(build.BuildError, match="1 MB free"):
        build.build(solutions=True)


def test_the_book_builds_without_solutions(site, tmp_path):
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(lambda n: (ROOT / n).is_file(), listing.stdout.splitlines()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    # neither the notebooks' outputs nor what runs in the browser is made again
    for made in (build.CACHE, build.BUILD / "lite", site / "lite"):
        shutil.copytree(made, tmp_path / made.relative_to(ROOT), symlinks=True)
    command = [sys.executable, "-m", "press.build", "--no-solutions"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert (tmp_path / "_build/html/exercises/perceptron/gates.html").is_file()
    paths = (tmp_path / "_build/html").rglob("*")
    assert not [path for path in paths if "solution" in path.name.lower()]


def test_a_second_build_executes_nothing(last_build):
    assert "executing" not in last_build


@pytest.mark.standins
def test_no_notebook_takes_more_than_ninety_seconds(site):
    from jupyter_cache import get_cache

    records = get_cache(build.CACHE).list_cache_records()
    seconds = {Path(r.uri).stem: r.data["execution_seconds"] for r in records}
    chapters = [seconds[path.stem] for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert len(chapters) >= 13
    # a machine that is slow, or shared, is it for all of them: there the ratio counts
    assert max(seconds.values()) < max(90, 3 * median(chapters)), seconds


def test_a_page_is_scanned_again_only_when_it_was_written_again(
    site, monkeypatch, tmp_path
):
    monkeypatch.setattr(build, "SCANNED", tmp_path / "scanned")
    assert build.new_pages() == build.pages()
    build.SCANNED.touch()
    assert build.new_pages() == []
    page = tmp_path / "page.html"
    page.touch()
    later = build.SCANNED.stat().st_mtime + 1
    os.utime(page, (later, later))
    monkeypatch.setattr(build, "pages", lambda: [page])
    assert build.new_pages() == [page]
