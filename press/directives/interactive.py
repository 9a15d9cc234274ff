"""Interactive parts of a page: explorations and quizzes.

* ``{exploration} NAME`` shows an interactive figure; its script is loaded only by the
  page that uses it.
* ``{quiz} NAME`` shows ``book/quizzes/NAME.json``, which has the format of jupyterquiz,
  and for each question the `section` of the page that it goes with.
  We draw it ourselves with native form controls, because they work with the keyboard,
  with a screen reader, and in a page that has no kernel.
"""

import hashlib
import json
import re
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import ASSETS, BOOK


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
        for number, question in enumerate(json.loads(path.read_text("utf-8")), start=1):
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
        asked = {name: value for name, value in question.items() if name != "section"}
        key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
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


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("exploration", Exploration)
    app.add_directive("quiz", Quiz)
