"""The repository's address: one setting; launch links and set-up cells agree."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from press.build import ROOT, entries
from press.configure import configure, repository

NOTEBOOKS = [
    name
    for name in entries(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    if not name.startswith("book/")
]


@pytest.fixture
def fork(tmp_path):
    """A checkout of the files as they are, with a repository of its own."""
    names = subprocess.check_output(
        ["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in names.rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    return tmp_path


def places(root: Path, address: str) -> set[str]:
    command = ["git", "grep", "-lF", address, "--", ":!tests"]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return set(found.stdout.splitlines())


def test_a_fork_has_its_own_address_everywhere_and_no_other(fork):
    old = repository(fork)
    everywhere = places(fork, f"github.com/{old}")
    assert everywhere >= {"_config.yml", "README.md", "book/intro.md"}
    assert everywhere >= {f"{name}.ipynb" for name in NOTEBOOKS}
    new = "/".join(("some-one", "a.fork"))  # in one piece it would be found in here
    configure(new, fork)
    assert repository(fork) == new
    assert places(fork, f"github.com/{new}") == everywhere
    assert places(fork, f"github.com/{old}") == set()
    assert places(fork, old) == set()
    configure(old, fork)  # and back: nbgrader's own checksums, and nothing else touched
    assert subprocess.check_output(["git", "diff", "--stat"], cwd=fork) == b""


@pytest.mark.parametrize("bad", ["", "book", "a/b/c", "https://x.org/a/b", "a/b c"])
def test_an_address_of_another_form_is_refused_in_one_line(bad, fork):
    with pytest.raises(ValueError, match="not of the form owner/name"):
        configure(bad, fork)
    assert subprocess.check_output(["git", "diff", "--stat"], cwd=fork) == b""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_opens_in_binder_and_colab_and_downloads(site, name):
    page = BeautifulSoup((site / f"{name}.html").read_text(), "html.parser")
    links = {link["href"] for link in page.select(".article-header-buttons a")}
    repo = repository()
    assert (
        f"https://mybinder.org/v2/gh/{repo}/main?urlpath=lab/tree/{name}.ipynb" in links
    )
    colab = "https://colab.research.google.com/github"
    assert f"{colab}/{repo}/blob/main/{name}.ipynb" in links
    (source,) = {
        link for link in links if link.endswith(".ipynb") and "_sources" in link
    }
    downloaded = (site / f"{name}.html").parent / source
    assert json.loads(downloaded.read_text()) == json.loads(
        (ROOT / f"{name}.ipynb").read_text()
    )


def test_no_page_but_the_launch_links_names_another_repository(site):
    named = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
    for page in site.glob("book/*.html"):
        soup = BeautifulSoup(page.read_text(), "html.parser")
        (buttons,) = soup.select(".article-header-buttons")
        assert {m[1] for m in named.finditer(str(buttons))} == {repository()}, page
