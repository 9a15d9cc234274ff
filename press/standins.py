"""What a page says where this build had stand-ins in place of real data.

A note below the title of the chapter's page and of its notebook names them; a column of
a table that holds a number measured on one says so in its header.
"""

import json
import re
from functools import cache
from html import escape

from sphinx.application import Sphinx

from press.contents import RESULTS

GLUED = re.compile(r"notebooks/(\w+)\.ipynb::(\w+)")
SPREAD = re.compile(r"_(min|max)$")
MARK = " *(stand-in)*"
NOTE = """<div class="admonition warning standins">
<p class="admonition-title">Numbers of this build come from stand-ins</p>
<p>Where this book was built, real data could not be had. In their place stood: {}. What
the text says is true of the real data; what this build measured is not. Results of the
full runs were measured on real data.</p></div>"""


def recorded(chapter: str) -> dict:
    """Return what this build recorded for a chapter: nothing where it recorded none."""
    path = RESULTS / f"{chapter}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def is_standin(record: dict, key: str) -> bool:
    """Tell whether a glued number of a chapter's record is one of a stand-in."""
    results = record.get("results", {})
    entry = results.get(key) or results.get(SPREAD.sub("", key), {})
    return bool(entry.get("is_standin"))


def mark_tables(app: Sphinx, page: str, source: list[str]) -> None:
    """Write into the header of a table which columns hold numbers from a stand-in."""
    if page.startswith("book/"):
        source[0] = marked(source[0])


def marked(text: str) -> str:
    """Return Markdown with such columns marked in the headers of its tables."""
    lines, read = text.split("\n"), cache(recorded)  # a chapter is read once a page
    for number, line in enumerate(lines):
        if not re.fullmatch(r"\|[-:| ]+\|", line):
            continue
        columns = set()
        for row in lines[number + 1 :]:
            if not row.startswith("|"):
                break
            for column, cell in enumerate(row.split("|")):
                glued = GLUED.findall(cell)
                if any(is_standin(read(chapter), key) for chapter, key in glued):
                    columns.add(column)
        head = lines[number - 1].split("|")
        for column in columns:
            head[column] = f"{head[column].rstrip()}{MARK} "
        lines[number - 1] = "|".join(head)
    return "\n".join(lines)


def add_note(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Put the note below the title of a chapter's page and of its notebook."""
    room, name, *_ = [*page.split("/"), ""]
    if room not in ("book", "notebooks") or "body" not in context:
        return
    if standins := recorded(name).get("standins"):
        note = NOTE.format("; ".join(escape(text) for text in standins))
        context["body"] = context["body"].replace("</h1>", f"</h1>{note}", 1)


def setup(app: Sphinx) -> None:
    """Register both."""
    app.connect("source-read", mark_tables)
    app.connect("html-page-context", add_note)
