"""Live pages: exercises that are written, checked and kept where they are read.

An exercise that needs no PyTorch (`press.needs`) gets an editor in each answer cell.
Python runs in the reader's browser, with the course's own checks. Where there is a
build of PyTorch for it (`pytorch`), the others are live, too.

* `__init__` names the cells in the page, folds steps into the chapters' pages, and
  loads the script there;
* `pack` writes what the script fetches: the cells of a sheet, the checks, the runner;
* `runner.py` runs cells inside the worker; `page/` is the page's side of it.
"""

from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from press.contents import ASSETS, ROOT
from press.live import pack, pytorch


def live_exercise(page: str) -> str | None:
    """Return the live exercise that a page shows, ``perceptron/gates``, or None."""
    room, _, exercise = page.partition("/")
    is_live = room == "exercises" and ROOT / f"{page}.ipynb" in pack.exercises()
    return exercise if is_live else None


class NameCells(SphinxPostTransform):
    """Give each code cell of a live exercise the name that the script looks for."""

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


class OfferSteps(SphinxPostTransform):
    """Put a folded step at the end of the section of a chapter that it goes with."""

    default_priority = 710

    def run(self, **_) -> None:
        """Add the folds; without JavaScript they lead to the exercise."""
        room, _, chapter = self.env.docname.partition("/")
        if room != "book" or not (ROOT / "exercises" / chapter).is_dir():
            return
        wanted = pack.steps_of(chapter)
        for section in list(self.document.findall(nodes.section)):
            steps = wanted.get(section[0].astext(), [])
            inner = section.first_child_matching_class(nodes.section)
            at = len(section) if inner is None else inner
            section[at:at] = [
                nodes.raw("", fold(step), format="html") for step in steps
            ]


def fold(step: pack.Offer) -> str:
    """Return the fold of one step."""
    page = f"../exercises/{step.exercise}.html"
    return (
        f'<details class="try-it" data-step="{step.exercise} {step.cell}">'
        f"<summary>Try it: {escape(step.title)}</summary>"
        f'<div class="try-it-body"><p><a href="{page}#cell-{step.cell}">'
        "The whole exercise</a></p></div></details>"
    )


def add_script(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Load the script in a live exercise's page, and in a chapter's that has steps."""
    up = "../" * page.count("/")
    live = f"{up}{ASSETS}/live"
    if exercise := live_exercise(page):
        script, own = "page.mjs", f'data-sheet="{exercise}" '
        own += f'data-release="{up}_sources/{page}.ipynb"'
    elif 'class="try-it"' in context.get("body", ""):
        script, own = "try.mjs", ""
    else:
        return
    context["body"] += (
        f'<link rel="stylesheet" href="{live}/live.css">'
        f'<script data-live data-script="{live}/{script}" {own}>'
        # a page from a file may load no module
        'if (location.protocol !== "file:") '
        "import(document.currentScript.dataset.script);</script>"
    )


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the files of the live pages into the site."""
    if not error and app.builder.format == "html":
        pack.write(Path(app.outdir) / ASSETS / "live")


def setup(app: Sphinx) -> None:
    """Register all of it."""
    app.add_config_value("torch_wasm", sorted(pytorch.given()), "env")  # what is live
    app.add_post_transform(NameCells)
    app.add_post_transform(OfferSteps)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write)
