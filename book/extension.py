"""What the book needs beyond Jupyter Book: explorations, quizzes, alt text of plots.

* ``{exploration} NAME`` shows an interactive figure; its script is loaded only by the
  page that uses it.
* ``{quiz} NAME`` shows ``book/quizzes/NAME.json``, which has the format of jupyterquiz.
  We draw it ourselves with native form controls, because they work with the keyboard,
  with a screen reader, and in a page that has no kernel.
* ``{reported}`` is the table of all reported figures beside ours; its lines say what
  each of them is and why ours differs. The numbers come from the recorded results.
* The alt text that `helpers.plots.show` writes into an output's metadata becomes the
  alt text of the picture in the page.
"""

import hashlib
import json
import re
import shutil
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from myst_nb.core.render import NbElementRenderer
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book.contents import about_extension

BOOK = Path(__file__).parent
ASSETS = "_course"  # the folder of our scripts in the built site
# results of the full profile, kept, and those of this build
RESULTS = (BOOK / "results", BOOK.parent / "_build" / "results")


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def scripts_of(name: str) -> list[str]:
    """Return the scripts that an exploration needs, in the order to load them.

    What a script requires when Node runs it (``require("./engine.js")``), its page
    loads before it.
    """
    source = (BOOK / "explorations" / f"{name}.js").read_text("utf-8")
    required = re.findall(r'\brequire\("\./([\w-]+\.js)"\)', source)
    return [*dict.fromkeys(["common.js", *required]), f"{name}.js"]


class _Interactive(SphinxDirective):
    """What both directives share."""

    required_arguments = 1

    def asset(self, path: str) -> str:
        """Return the address of one of our files, relative to the page."""
        return "../" * self.env.docname.count("/") + f"{ASSETS}/{path}"

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse one line of MyST (with mathematics) without the paragraph around it."""
        parent = nodes.Element()
        self.state.nested_parse(StringList([text], "quiz"), self.content_offset, parent)
        first = parent.children[0] if parent.children else nodes.paragraph()
        return first.children

    def note_file(self, path: Path) -> None:
        """Rebuild the page when `path` changes."""
        if not path.is_file():
            raise self.error(
                f"{self.name} {self.arguments[0]!r}: {path.name} is missing"
            )
        self.env.note_dependency(str(path))


class Exploration(_Interactive):
    """An interactive figure: a still picture until its script takes over."""

    option_spec = {  # noqa: RUF012  docutils reads it from the class
        "still": directives.unchanged_required,
        "alt": directives.unchanged_required,
    }
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the figure, its still picture, its caption and its scripts."""
        name = self.arguments[0]
        missing = {"still", "alt"} - self.options.keys()
        if missing:
            raise self.error(f"exploration {name!r} lacks :{missing.pop()}:")
        self.note_file(BOOK / "explorations" / f"{name}.js")
        scripts = scripts_of(name)
        for script in scripts:
            self.note_file(BOOK / "explorations" / script)
        caption = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, caption)
        style = self.asset("explorations/explorations.css")
        return [
            _html(
                f'<link rel="stylesheet" href="{style}">'
                f'<figure class="exploration" id="exploration-{name}" '
                f'data-exploration="{name}"><div class="exploration-stage">'
            ),
            nodes.image(uri=self.options["still"], alt=self.options["alt"]),
            _html("</div><figcaption>"),
            *caption.children,
            _html(
                "</figcaption></figure>"
                + "".join(
                    f'<script src="{self.asset(f"explorations/{script}")}"></script>'
                    for script in scripts
                )
            ),
        ]


class Quiz(_Interactive):
    """The questions of a chapter, with an answer to each answer."""

    def run(self) -> list[nodes.Node]:
        """Return one field set for each question, then the script."""
        name = self.arguments[0]
        path = BOOK / "quizzes" / f"{name}.json"
        self.note_file(path)
        result = [_html(f'<div class="quiz" data-quiz="{name}">')]
        for number, question in enumerate(json.loads(path.read_text()), start=1):
            result += self.question(f"{name}-{number}", number, question)
        return [
            *result,
            _html(
                f'</div><script src="{self.asset("quiz.js")}"></script>'
                f'<script src="{self.asset("progress.js")}"></script>'
            ),
        ]

    def question(self, ident: str, number: int, question: dict) -> list[nodes.Node]:
        """Return the nodes of one question."""
        kind = question["type"]
        draw = {"multiple_choice": self.choices, "numeric": self.numeric}
        if kind not in draw:
            raise self.error(f"quiz question {ident}: unknown type {kind!r}")
        # progress.js remembers a question by what it asks: a changed one is new
        key = hashlib.sha256(json.dumps(question).encode()).hexdigest()[:12]
        return [
            _html(
                f'<fieldset class="quiz-question" data-type="{kind}" data-key="{key}">'
            ),
            _html(f'<legend><span class="quiz-number">{number}.</span> '),
            *self.inline(question["question"]),
            _html("</legend>"),
            *draw[kind](ident, question["answers"]),
            _html("</fieldset>"),
        ]

    def choices(self, ident: str, answers: list[dict]) -> list[nodes.Node]:
        """Return radio buttons, then the feedback to each."""
        result = []
        for index, answer in enumerate(answers):
            correct = json.dumps(answer["correct"])
            result += [
                _html(
                    f'<label class="quiz-answer"><input type="radio" name="{ident}" '
                    f'value="{index}" data-correct="{correct}"><span>'
                    f'<span class="visually-hidden">Answer {index + 1}: </span>'
                ),
                *self.inline(answer["answer"]),
                _html("</span></label>"),
            ]
        return result + self.feedback(answers)

    def numeric(self, ident: str, answers: list[dict]) -> list[nodes.Node]:
        """Return an input for a number, then the feedback to each expected one."""
        rules = [
            {key: answer[key] for key in ("type", "value", "range") if key in answer}
            | {"correct": answer.get("correct", False)}
            for answer in answers
        ]
        control = (
            f'<label class="quiz-value">Your answer: <input type="text" '
            f'inputmode="decimal" autocomplete="off" name="{ident}" '
            f'data-rules="{escape(json.dumps(rules))}"></label> '
            '<button type="button" class="quiz-check">Check</button>'
        )
        return [_html(control), *self.feedback(answers)]

    def feedback(self, answers: list[dict]) -> list[nodes.Node]:
        """Return what is said to each answer; without a script all of it shows."""
        result = [_html('<div class="quiz-feedback" aria-live="polite">')]
        for index, answer in enumerate(answers):
            correct = json.dumps(answer.get("correct", False))
            verdict = "Right." if answer.get("correct") else "Not quite."
            result += [
                _html(
                    f'<p data-for="{index}" data-correct="{correct}">'
                    f"<strong>{verdict}</strong> "
                ),
                *self.inline(answer["feedback"]),
                _html("</p>"),
            ]
        return [*result, _html("</div>")]


class Reported(SphinxDirective):
    """A table of what the literature reports, what this build and the full run gave.

    A line is ``chapter/key | what it is | why ours differs``; all recorded results that
    have a reported figure must be listed.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        listed = {}
        for line in filter(str.strip, self.content):
            key, what, why = (part.strip() for part in line.split("|"))
            listed[key] = what, why
        full, quick = (self.results(folder) for folder in RESULTS)
        known = {key for key, entry in (full | quick).items() if reported_in(entry)}
        for key in sorted(known ^ listed.keys()):
            fault = "is not listed" if key in known else "has no reported figure"
            raise self.error(f"reported: {key} {fault}")
        rows = [
            "| experiment | reported | our full run | this build | why they differ |",
            "|---|---|---|---|---|",
        ]
        for key, (what, why) in listed.items():
            chapter, entry = key.split("/")[0], quick.get(key) or full[key]
            cells = [
                f"{what} ([notebook](../notebooks/{chapter}.ipynb))",
                f"{number(entry['reported'], entry)} ({entry['source']})",
                measured(full.get(key)),
                measured(quick.get(key)),
                why,
            ]
            rows.append(f"| {' | '.join(cells)} |")
        table = nodes.Element()
        self.state.nested_parse(StringList(rows, "reported"), 0, table)
        return table.children

    def results(self, folder: Path) -> dict[str, dict]:
        """Return the recorded results of a folder by ``chapter/key``."""
        found = {}
        for path in sorted(folder.glob("*.json")):
            self.env.note_dependency(str(path))
            entries = json.loads(path.read_text("utf-8"))["results"]
            found |= {f"{path.stem}/{key}": entry for key, entry in entries.items()}
        return found


def reported_in(entry: dict) -> bool:
    """Tell whether a recorded result stands beside one of the literature."""
    return entry.get("reported") is not None


def number(value: float, entry: dict) -> str:
    """Return a number with its unit, to four digits."""
    return f"{value:.4g} {entry.get('unit') or ''}".strip()


def measured(entry: dict | None) -> str:
    """Return a recorded result with its spread, its seeds and its data, if made up."""
    if entry is None:
        return "not measured"
    text = number(entry["value"], entry)
    if entry["n_seeds"] > 1:
        low, high = (number(entry[bound], {}) for bound in ("min", "max"))
        text += f" ({low} to {high}, {entry['n_seeds']} seeds)"
    return text + (f", on {entry['data']}" if entry.get("is_standin") else "")


def use_alt_text_of_outputs() -> None:
    """Let a picture in an output carry its own alt text.

    myst-nb 1.4 reads width and height from an output's metadata but takes alt text only
    from the cell, which a plot function cannot write to.
    """
    original = NbElementRenderer.render_image

    def render_image(self, data):
        images = original(self, data)
        alt = data.output_metadata.get(data.mime_type, {}).get("alt")
        for image in images if alt else []:
            image["alt"] = alt
        return images

    NbElementRenderer.render_image = render_image


def drop_scripts(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Take out Thebe, which pages load from another host, and MathJax without need."""
    unwanted = ["thebe"]
    if 'class="math' not in context.get("body", ""):
        unwanted.append("mathjax")  # 1.2 MB for a page without a formula
    context["script_files"] = [
        script
        for script in context["script_files"]
        if not any(
            name in f"{script} {getattr(script, 'attributes', '')}".lower()
            for name in unwanted
        )
    ]


def mend_roles(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Mend what a screen reader stumbles over: toggles without a name, empty lists.

    The theme's toggles of the contents have an icon and no name; docutils calls the
    bibliography a list, and gives its entries a role that no list may have.
    """
    toctree = context.get("generate_toctree_html")

    def named(*arguments, **options):
        soup = toctree(*arguments, **options)
        for summary in soup.select("li > details > summary"):
            chapter = summary.find_parent("li").a.get_text(strip=True)
            summary["aria-label"] = f"Sections of {chapter}"
        return soup

    if toctree:
        context["generate_toctree_html"] = named
    if "body" in context:
        context["body"] = (
            context["body"]
            .replace(
                '<div role="list" class="citation-list">', '<div class="citation-list">'
            )
            .replace(' role="doc-biblioentry"', "")
        )


def copy_assets(app: Sphinx, error: Exception | None) -> None:
    """Copy our scripts and styles into the built site."""
    if error or app.builder.format != "html":
        return
    # the icons come from the style sheet: without this script a page is 1.5 MB lighter
    icons = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    icons.write_text("", encoding="utf-8")
    # Sphinx copies them only when a page has changed
    shutil.copytree(BOOK / "static", icons.parents[1], dirs_exist_ok=True)
    target = Path(app.outdir) / ASSETS
    shutil.copytree(BOOK / "explorations", target / "explorations", dirs_exist_ok=True)
    for script in (BOOK / "quizzes").glob("*.js"):
        shutil.copy(script, target / script.name)


def setup(app: Sphinx) -> dict:
    """Register everything with Sphinx."""
    use_alt_text_of_outputs()
    app.add_directive("exploration", Exploration)
    app.add_directive("quiz", Quiz)
    app.add_directive("reported", Reported)
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("html-page-context", mend_roles, priority=900)
    app.connect("build-finished", copy_assets)
    return about_extension(__file__)
