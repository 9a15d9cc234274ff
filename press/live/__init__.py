"""Live pages: exercises that are written, checked and kept where they are read.

An exercise that needs no PyTorch (`press.needs`) gets an editor in each answer cell.
Python runs in the reader's browser, with the course's own checks.

* `__init__` names the cells in the page and loads the script there;
* `pack` writes what the script fetches: the cells of a sheet, the checks, the runner;
* `runner.py` runs cells inside the worker; `page/` is the page's side of it.
"""

import json
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from press import needs
from press.contents import ASSETS, ROOT
from press.live import pack


def live_exercise(page: str) -> str | None:
    """Return the exercise that a page shows, if it is a live one: ``perceptron/gates``."""
    room, _, exercise = page.partition("/")
    path = ROOT / f"{page}.ipynb"
    if room != "exercises" or not path.is_file() or not needs.in_browser(path):
        return None
    return exercise


class NameCells(SphinxPostTransform):
    """Give each code cell of a live exercise the identifier that the script looks for."""

    default_priority = 700

    def run(self, **_) -> None:
        """Name the cells."""
        if live_exercise(self.env.docname) is None:
            return
        for number, node in enumerate(
            node
            for node in self.document.findall(nodes.container)
            if node.get("nb_element") == "cell_code"
        ):
            node["ids"].append(f"cell-{pack.name_of(node['cell_metadata'], number)}")


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Load the script in the page of a live exercise."""
    exercise = live_exercise(page)
    if exercise is None or "body" not in context:
        return
    up = "../" * page.count("/")
    live = f"{up}{ASSETS}/live"
    settings = escape(json.dumps(pack.settings()))
    context["body"] += (
        f'<link rel="stylesheet" href="{live}/live.css">'
        f'<script type="module" src="{live}/page.mjs" data-live="{settings}" '
        f'data-sheets="{exercise}" data-release="{up}_sources/{page}.ipynb"></script>'
    )


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the files of the live pages into the site."""
    if not error and app.builder.format == "html":
        pack.write(app.outdir / ASSETS / "live")


def setup(app: Sphinx) -> None:
    """Register all of it."""
    app.add_post_transform(NameCells)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write)
