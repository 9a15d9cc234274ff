"""What makes the book comfortable to use, beyond reading, running and doing.

* ``{chapters}`` is the list of chapters on the front page. The minutes come from the
  pages and exercises themselves. A small script adds which quizzes the reader has
  answered; it keeps that in the browser and asks nobody.
* The foot of each page names the licenses, and has a link that reports a mistake.
"""

import json
from html import escape
from urllib.parse import urlencode

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import BOOK, ROOT, chapters, minutes

SCRIPT = "_course/progress.js"  # where press/pages.py copies it
LICENSES = (
    'Text: <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>. '
    'Code: <a href="https://opensource.org/license/mit">MIT</a>.'
)
REPORT = """Page: {page}

What is wrong:

What would be right:
"""


class Chapters(SphinxDirective):
    """The chapters: what each is about, how long it takes, what has been answered.

    A line is ``chapter | what it is about``, in the order of the contents.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the list and its script."""
        lines = [line.split("|", 1) for line in self.content if line.strip()]
        about = {name.strip(): text.strip() for name, text in lines}
        exercises = chapters()
        if list(about) != list(exercises):
            raise self.error(f"chapters: list in this order: {', '.join(exercises)}")
        items = []
        for name, text in about.items():
            self.note_files(name, exercises[name])
            try:
                time = minutes(name, exercises[name])
            except ValueError as error:
                raise self.error(f"chapters: {error}") from error
            items += [
                f"1. [](/book/{name}.md): {text}",
                "",
                f"   {time.read} min to read, {time.run} to run, {sum(time.do)} to do. "
                f"{{raw-html}}`{self.progress(name)}`",
                "",
            ]
        listed = nodes.Element()
        self.state.nested_parse(StringList(items, "chapters"), 0, listed)
        script = "../" * self.env.docname.count("/") + SCRIPT
        summary = (
            '<div class="course-progress" hidden><p></p>'
            '<button type="button">Clear my progress</button></div>'
            f'<script src="{script}"></script>'
        )
        return [*listed.children, nodes.raw("", summary, format="html")]

    def note_files(self, name: str, exercises: list[str]) -> None:
        """Rebuild the list when a file changes that it takes something from."""
        for path in (f"book/{name}.md", f"book/quizzes/{name}.json", *exercises):
            self.env.note_dependency(str(ROOT / path))

    def progress(self, name: str) -> str:
        """Return the place for a chapter's progress, which the script fills."""
        quiz = json.loads((BOOK / "quizzes" / f"{name}.json").read_text("utf-8"))
        return (
            f'<span class="chapter-progress" data-quiz="{name}" '
            f'data-questions="{len(quiz)}" hidden></span>'
        )


def raw_html(name, rawtext, text, lineno, inliner, options=None, content=()):
    """Put HTML into a line (a role, used by the list of chapters only)."""
    return [nodes.raw("", text, format="html")], []


def add_foot(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Name the licenses at the foot of a page, and let the reader report a mistake."""
    repository = app.config.html_theme_options.get("repository_url", "")
    report = ""
    if repository:
        address = escape(report_address(repository, page))
        report = f' <a href="{address}">Report a mistake on this page</a>.'
    context["theme_extra_footer"] = f"<p>{LICENSES}{report}</p>"


def report_address(repository: str, page: str) -> str:
    """Return the address of a new issue about a page."""
    query = urlencode({"title": f"Mistake in {page}", "body": REPORT.format(page=page)})
    return f"{repository.rstrip('/')}/issues/new?{query}"


def setup(app: Sphinx) -> None:
    """Register everything with Sphinx."""
    app.add_directive("chapters", Chapters)
    app.add_role("raw-html", raw_html)
    app.connect("html-page-context", add_foot)
