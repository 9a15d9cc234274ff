"""``{parts}`` and ``{chapters}``: the cards of the front page and of the part pages.

``{chapters}`` stands on a part's page. It has a line for each chapter, in the order of
the contents: ``chapter | what one can do after it``. ``{parts}`` shows the cards of all
parts, each below its title, and takes these lines from their pages. Minutes and
pictures come from the chapters themselves; a small script adds which quiz questions the
reader has answered, keeps that in the browser and asks nobody.
"""

import json
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import ASSETS, BOOK, ROOT, Part, chapters, minutes, parts
from press.pictures import picture

SCRIPT = f"{ASSETS}/progress.js"  # where press/pages.py copies it
LINES = re.compile(r"^```\{chapters\}\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Cards(SphinxDirective):
    """What both directives share: the cards of a part, and the reader's progress."""

    def cards(self, part: Part, lines: list[str]) -> nodes.Node:
        """Return the cards of a part as a list."""
        pairs = [line.split("|", 1) for line in lines if line.strip()]
        after = {name.strip(): text.strip() for name, text in pairs}
        if list(after) != list(part.chapters):
            listed = ", ".join(part.chapters)
            raise self.error(f"{part.page}: list in this order: {listed}")
        self.env.metadata[self.env.docname]["html_theme.sidebar_secondary.remove"] = ""
        numbers = {name: place for place, name in enumerate(chapters(), 1)}
        cards = nodes.bullet_list(classes=["chapter-cards"])
        for name, text in after.items():
            self.note_files(name, part.chapters[name])
            try:
                cards += self.card(name, numbers[name], text, part.chapters[name])
            except ValueError as error:
                raise self.error(f"{name}: {error}") from error
        return cards

    def card(
        self, name: str, number: int, text: str, exercises: list[str]
    ) -> nodes.Node:
        """Return the card of a chapter: what it is called, gives and takes."""
        time = minutes(name, exercises)
        card = nodes.list_item(classes=["chapter-card"])
        if drawn := picture(name):
            address = f"/{drawn.path.relative_to(ROOT).as_posix()}"
            image = nodes.image(uri=address, alt=drawn.alt, loading="lazy")
            card += nodes.paragraph("", "", image, classes=["chapter-picture"])
        title = self.paragraph(f"[](/book/{name}.md)", "chapter-title")
        title.insert(0, nodes.inline("", f"{number}", classes=["chapter-number"]))
        card += title
        card += self.paragraph(text, "chapter-after")
        took = f"{time.read} min to read, {time.run} to run, {sum(time.do)} to do. "
        done = nodes.raw("", progress(name), format="html")
        card += nodes.paragraph(took, took, done, classes=["chapter-minutes"])
        return card

    def paragraph(self, text: str, kind: str) -> nodes.Node:
        """Return a paragraph of MyST."""
        parent = nodes.Element()
        self.state.nested_parse(StringList([text], self.name), 0, parent)
        parent[0]["classes"].append(kind)
        return parent[0]

    def note_files(self, name: str, exercises: list[str]) -> None:
        """Rebuild the cards when a file changes that they take something from."""
        notebook = f"notebooks/{name}.ipynb"
        quiz = f"book/quizzes/{name}.json"
        for path in (f"book/{name}.md", quiz, notebook, *exercises):
            self.env.note_dependency(str(ROOT / path))

    def summary(self) -> nodes.Node:
        """Return the place for the progress in all chapters shown, and the script."""
        script = "../" * self.env.docname.count("/") + SCRIPT
        text = (
            '<div class="course-progress" hidden><p></p>'
            '<button type="button">Clear my progress</button></div>'
            f'<script src="{script}"></script>'
        )
        return nodes.raw("", text, format="html")


class Chapters(Cards):
    """The cards of the part on whose page the directive stands."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the cards."""
        part = next((p for p in parts() if p.page == self.env.docname), None)
        if part is None:
            raise self.error(f"chapters: {self.env.docname} is no part's page")
        return [self.cards(part, list(self.content)), self.summary()]


class Parts(Cards):
    """The cards of all parts, each below its title, which leads to the part's page."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each part, and the reader's progress."""
        found = []
        for part in parts():
            path = ROOT / f"{part.page}.md"
            self.env.note_dependency(str(path))
            listed = LINES.search(path.read_text("utf-8"))
            if listed is None:
                raise self.error(f"{part.page} has no chapters")
            name = nodes.fully_normalize_name(part.title)
            section = nodes.section(names=[name], classes=["part-cards"])
            self.state.document.note_implicit_target(section, section)
            title = self.paragraph(f"[{part.title}](/{part.page}.md)", "part")
            section += nodes.title(part.title, "", *title.children)
            cards = self.cards(part, listed[1].splitlines())
            times = (minutes(*chapter) for chapter in part.chapters.items())
            hours = sum(time.read + time.run + sum(time.do) for time in times) / 60
            took = f"{len(part.chapters)} chapters, about {hours:.0f} hours"
            section += nodes.paragraph(took, took, classes=["part-hours"])
            section += cards
            found.append(section)
        return [self.summary(), *found]


def progress(name: str) -> str:
    """Return the place for a chapter's progress, which the script fills."""
    quiz = json.loads((BOOK / "quizzes" / f"{name}.json").read_text("utf-8"))
    return (
        f'<span class="chapter-progress" data-quiz="{name}" '
        f'data-questions="{len(quiz)}" hidden></span>'
    )


def setup(app: Sphinx) -> None:
    """Register everything with Sphinx."""
    app.add_directive("chapters", Chapters)
    app.add_directive("parts", Parts)
