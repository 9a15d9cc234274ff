"""Publishing: the workflows on GitHub, the book as a zip, and the book as a PDF."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import pytest
import yaml
from bs4 import BeautifulSoup

from press import archive, pdf
from press.build import ROOT

# ---------------------------------------------------------------- workflows

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
JOBS = [
    pytest.param(workflow, job, id=f"{name}-{key}")
    for name, workflow in WORKFLOWS.items()
    for key, job in workflow["jobs"].items()
]
MAKEFILE = (ROOT / "Makefile").read_text()


def triggers(name: str) -> dict:
    return WORKFLOWS[name][True]  # YAML 1.1 reads the key "on" as a truth value


def scripts(job: dict) -> list[str]:
    return [step["run"] for step in job.get("steps", []) if "run" in step]


def test_each_workflow_runs_when_it_should():
    assert {name: set(triggers(name)) for name in WORKFLOWS} == {
        "book": {"push", "workflow_dispatch"},
        "links": {"schedule", "workflow_dispatch"},
        "release": {"push"},
        "report": {"workflow_call"},
        "tests": {"pull_request", "workflow_dispatch"},
        "weekly": {"schedule", "workflow_dispatch"},
    }
    assert triggers("book")["push"] == {"branches": ["main"]}
    assert triggers("release")["push"] == {"tags": ["v*"]}
    for name in ("weekly", "links"):
        (entry,) = triggers(name)["schedule"]
        assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", entry["cron"])  # once a week


def test_pull_requests_are_tested_on_two_systems_and_three_versions():
    job = WORKFLOWS["tests"]["jobs"]["test"]
    assert job["strategy"]["matrix"] == {
        "os": ["ubuntu-latest", "macos-latest"],
        "python": ["3.11", "3.12", "3.13"],
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_more(name):
    allowed = {"issues": "write"} if name == "report" else {"contents": "read"}
    assert WORKFLOWS[name]["permissions"] == allowed
    if name != "report":  # which runs within another's group
        assert "group" in WORKFLOWS[name]["concurrency"]


def test_each_right_to_write_has_its_reason():
    rights = {
        (name, key): job["permissions"]
        for name, workflow in WORKFLOWS.items()
        for key, job in workflow["jobs"].items()
        if "permissions" in job
    }
    assert rights == {
        ("book", "deploy"): {"pages": "write", "id-token": "write"},
        ("links", "report"): {"issues": "write"},
        ("release", "release"): {"contents": "write"},
        ("weekly", "report"): {"issues": "write"},
    }


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_each_job_ends_and_uses_known_actions(workflow, job):
    if "uses" in job:
        assert (ROOT / job["uses"]).is_file()
        return
    assert job["timeout-minutes"] <= 90
    for step in job["steps"]:
        action = step.get("uses", "actions/none@v1")
        assert re.fullmatch(r"(actions|lycheeverse)/[\w-]+@v\d+", action)
    # an expression in a script would be run as part of it
    assert not any("${{" in script for script in scripts(job))


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_each_command_and_path_that_a_step_names_exists(workflow, job):
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for script in scripts(job):
        for target, rest in re.findall(r"\bmake ([a-z]+)([^\n]*)", script):
            assert target in targets
            for variable in re.findall(r"\b([A-Z]+)=", rest):
                assert f"$({variable})" in MAKEFILE
    for variable in job.get("env", {}):
        if variable in ("SOLUTIONS", "TORCH_INDEX"):
            assert re.search(rf"^{variable} \?=", MAKEFILE, re.MULTILINE)
    text = json.dumps(job)
    named = re.findall(r"hashFiles\('([^']+)'\)", text)
    named += re.findall(r'"cache-dependency-path": "([^"]+)"', text)
    for path in named:
        assert (ROOT / path).is_file(), path


def test_downloads_are_kept_by_the_pinned_versions_and_not_at_all_where_cold():
    for name, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            for step in job.get("steps", []):
                if "setup-python" not in step.get("uses", ""):
                    continue
                cold = name in ("weekly", "release")
                assert ("cache" in step["with"]) != cold
                if not cold:
                    assert step["with"]["cache-dependency-path"] == "constraints.txt"


def dry_run(*arguments: str) -> str:
    """Return what make would do to make the environment anew."""
    command = ["make", "-n", "-W", "pyproject.toml", ".venv/.ready", *arguments]
    own = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_cold_build_is_free_to_take_new_versions():
    (build,) = scripts(WORKFLOWS["weekly"]["jobs"]["build"])[:1]
    assert build == "make book PINNED=no"
    assert "-c constraints.txt" in dry_run()
    assert "-c constraints.txt" not in dry_run("PINNED=no")


@pytest.mark.parametrize(
    ("titles", "opened"), [("", 1), ("Another issue\n", 1), ("Broken\nX\n", 0)]
)
def test_a_failure_opens_one_issue_and_no_second(tmp_path, titles, opened):
    gh = tmp_path / "gh"
    gh.write_text(
        '#!/bin/bash\necho "$2" >>"$CALLS"\n'
        'if [ "$2" = list ]; then printf "%s" "$TITLES"; fi\n'
    )
    gh.chmod(0o755)
    (script,) = scripts(WORKFLOWS["report"]["jobs"]["issue"])
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "TITLES": titles,
        "TITLE": "Broken",
        "RUN": "an address",
    }
    subprocess.run(["bash", "-e", "-c", script], env=environment, check=True)
    assert Counter(calls.read_text().split()) == {"list": 1} | (
        {"create": 1} if opened else {}
    )


@pytest.mark.parametrize(("tag", "status"), [(f"v{archive.VERSION}", 0), ("v9.9", 1)])
def test_a_tag_that_is_not_the_version_is_no_release(tag, status):
    script = scripts(WORKFLOWS["release"]["jobs"]["release"])[0]
    environment = os.environ | {"GITHUB_REF_NAME": tag}
    command = ["bash", "-e", "-c", script]
    assert subprocess.run(command, cwd=ROOT, env=environment).returncode == status


# ---------------------------------------------------------------- zip


def made_up_book(folder: Path) -> Path:
    """A book of one page, with a link to what needs a server."""
    (folder / "lite/lab").mkdir(parents=True)
    (folder / "book").mkdir()
    (folder / "lite/lab/index.html").write_text("JupyterLite")
    (folder / "index.html").write_text("start")
    (folder / "book/page.html").write_text(
        '<a class="button" href="../lite/lab/index.html?path=x.ipynb">Run</a>'
        '<a href="elite/page.html">Other</a>'
    )
    return folder


def test_the_same_build_gives_the_same_bytes(tmp_path):
    html = made_up_book(tmp_path / "html")
    packed = []
    for name in ("first", "second"):
        target = tmp_path / name / "book.zip"
        target.parent.mkdir()
        archive.pack(html, target, "")
        packed.append(target.read_bytes())
        for path in html.rglob("*"):
            os.utime(path, (1e9, 1e9))  # another day
            path.chmod(0o755)
    assert packed[0] == packed[1]


@pytest.mark.parametrize("website", ["", "https://example.org/book/"])
def test_what_needs_a_server_stays_out_and_no_link_is_dead(tmp_path, website):
    archive.pack(made_up_book(tmp_path / "html"), tmp_path / "book.zip", website)
    with ZipFile(tmp_path / "book.zip") as packed:
        assert not any("lite/" in name for name in packed.namelist())
        page = BeautifulSoup(packed.read("book/book/page.html"), "html.parser")
    run, other = page.select("a")
    assert other["href"] == "elite/page.html"
    assert run.text == "Run"
    there = "https://example.org/book/lite/lab/index.html?path=x.ipynb"
    assert run.get("href") == (there if website else None)


@pytest.fixture(scope="module")
def unpacked(site, tmp_path_factory) -> Path:
    """The zip of the book, unpacked where names are difficult."""
    folder = tmp_path_factory.mktemp("zip") / "Bücher & mehr"
    target = folder.parent / f"{archive.NAME}.zip"
    archive.pack(site, target, "")
    with ZipFile(target) as packed:
        packed.extractall(folder)
    (top,) = folder.iterdir()
    assert top.name == archive.NAME  # one folder holds all of it
    return top


def test_each_link_in_the_zip_leads_to_a_file_in_the_zip(unpacked):
    files = {p.relative_to(unpacked).as_posix() for p in unpacked.rglob("*")}
    assert {"LICENSE", "LICENSE-TEXT.md", "CITATION.cff", "index.html"} <= files
    checked = set()
    for path in unpacked.rglob("*.html"):
        if "_static" in path.parts:  # a template of the theme's, no page
            continue
        folder = dirname(path.relative_to(unpacked).as_posix())
        for link in set(re.findall(r'\s(?:href|src)="([^"]*)"', path.read_text())):
            address = urlsplit(link)
            if address.scheme or address.netloc or not address.path:
                continue
            target = normpath(join(folder, unquote(address.path)))
            assert target in files, f"{path}: {link}"
            checked.add(target)
    assert len(checked) > 100


def test_nothing_in_the_zip_names_a_path_of_this_machine(unpacked):
    private = {str(ROOT), str(Path.home()), sys.prefix} - {"/"}
    for path in unpacked.rglob("*"):
        if path.suffix in (".html", ".js", ".css", ".json", ".md", ".ipynb", ".txt"):
            text = path.read_text(errors="replace")
            assert not any(place in text for place in private), path


def test_the_zip_works_without_a_server(open_page, unpacked):
    tab = open_page("book/intro", at=unpacked.as_uri())  # watched
    tab.goto((unpacked / "index.html").as_uri(), wait_until="commit")
    tab.wait_for_url("**/book/intro.html")
    tab.locator("article a[href='perceptron.html']").first.click()
    tab.wait_for_selector("mjx-container", state="attached")  # some are folded
    assert tab.locator("mjx-merror").count() == 0
    box = tab.locator("#exploration-perceptron")
    box.get_by_role("button", name="Start from zeros").click()
    for _ in range(6):
        box.get_by_role("button", name="Run one epoch").click()
    assert "after 6 epochs" in box.locator(".exploration-outcome").inner_text()
    question = tab.locator(".quiz-question").nth(1)
    question.get_by_text("Nothing.").click()
    assert question.locator(".quiz-feedback p:visible").count() == 1
    assert tab.problems == []


def test_search_in_the_zip_finds_pages_without_a_server(open_page, unpacked):
    tab = open_page("search", at=unpacked.as_uri(), hash="?q=backpropagation")
    tab.wait_for_selector("#search-results li a")
    found = [link.get_attribute("href") for link in tab.locator("li > a").all()]
    assert any("book/backpropagation.html" in (link or "") for link in found)
    # Sphinx may not read the found pages for an excerpt; nobody else is asked for them
    assert not [line for line in tab.problems if line.startswith("request:")]


# ---------------------------------------------------------------- PDF

FEW = {
    "root": "book/intro",
    "parts": [
        {
            "caption": "One neuron",
            "chapters": [
                {
                    "file": "book/perceptron",
                    "sections": [
                        {"file": "notebooks/perceptron"},
                        {"file": "exercises/perceptron/gates"},
                    ],
                }
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def few_pages(site) -> str:
    return pdf.joined(FEW)


def test_in_one_document_ids_are_unique_and_links_lead_within(few_pages, site):
    document = BeautifulSoup(few_pages, "html.parser")
    ids = Counter(tag["id"] for tag in document.select("[id]"))
    assert [ident for ident, count in ids.items() if count > 1] == []
    internal = [
        tag["href"] for tag in document.select("a[href]") if tag["href"][0] == "#"
    ]
    assert "#book/perceptron:learning-from-mistakes" in ["#" + i for i in ids]
    assert {"#notebooks/perceptron", "#exercises/perceptron/gates"} <= set(internal)
    assert any(":" in address for address in internal)  # to a place in a page
    for address in internal:
        assert address[1:] in ids, address
    for tag in document.select("a[href]"):
        assert re.match(r"#|https?://", tag["href"]), tag["href"]
    for tag in document.select("[src], link[href]"):
        address = urlsplit(tag.get("src") or tag["href"])
        assert (site.parent / unquote(address.path)).is_file() or address.scheme
    assert [title.text for title in document.select("main h1")][1:] == [
        "2. The perceptron",
        "Run: the perceptron",
        "Do: Gates: a perceptron that learns",
    ]


def test_an_exploration_prints_as_its_picture(few_pages):
    document = BeautifulSoup(few_pages, "html.parser")
    assert document.select_one("[data-exploration=perceptron] img")
    sources = [tag.get("src", "") for tag in document.select("script")]
    assert [source for source in sources if source and "mathjax" not in source] == []
    assert any("mathjax" in source for source in sources)


def test_the_pdf_has_an_outline_and_its_pages(chromium, few_pages, tmp_path):
    target = tmp_path / "few.pdf"
    joined = pdf.BUILD / "few.html"
    joined.write_text(few_pages)
    try:
        pdf.print_with(chromium, target, joined)
    finally:
        joined.unlink()
    content = target.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Outlines" in content
    assert b"/StructTreeRoot" in content  # tagged: a screen reader finds its way
    assert len(re.findall(rb"/Type /Page\b", content)) >= 15


def test_without_a_browser_the_pdf_says_so_in_one_line(tmp_path):
    code = "from pathlib import Path; from press import pdf; "
    code += "pdf.print_to(Path('book.pdf'), Path('book.html'))"
    nowhere = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("pdf: this machine has no Chromium")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["zip", "pdf"])
def test_without_a_book_there_is_one_line(monkeypatch, tmp_path, command):
    monkeypatch.setattr(archive, "HTML", tmp_path)
    with pytest.raises(SystemExit, match=f"^{command}: there is no book yet"):
        archive.missing_book(command)
