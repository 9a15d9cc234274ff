"""Print the built book into one PDF: ``make pdf``.

All pages are joined into one document, in the order of the table of contents, and
Chromium prints it: formulas, code and pictures look as they do in the book, links lead
to the page within the PDF, and its outline comes from the headings. Explorations are
their still pictures, because no script of theirs is loaded, and quizzes print without
the feedback.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

from helpers import _terminal
from press.archive import NAME, VERSION, missing_book
from press.build import BUILD, HTML, ROOT, entries

PDF = BUILD / f"{NAME}.pdf"
JOINED = BUILD / "book.html"
STYLE = ROOT / "press" / "print.css"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu"]  # root, as in containers, has no sandbox
NEEDED = (
    f"pdf: this machine has no Chromium to print with: install one of "
    f"{', '.join(BROWSERS)}, or run .venv/bin/playwright install chromium"
)
FOOTER = """<div style="width: 100%; font: 12px sans-serif; text-align: center">
<span class="pageNumber"></span></div>"""
# an exercise and its solution have the same title
ROOMS = {"exercises": "Do: ", "solutions": "Solution: "}
TYPESET_MS = 600_000  # all formulas of the book on one page, also on a slow machine


def main() -> None:
    """Print the book, or say in one line what is missing."""
    missing_book("pdf")
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    JOINED.write_text(joined(toc), "utf-8")
    try:
        print_to(PDF, JOINED)
    finally:
        JOINED.unlink()
    print(f"pdf: {PDF.relative_to(ROOT)}, {PDF.stat().st_size / 1e6:.0f} MB")


def joined(toc: dict) -> str:
    """Return one HTML document that holds the built pages of a table of contents."""
    pages = {
        name: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for name in entries(toc)
        if (path := HTML / f"{name}.html").is_file()
    }
    tags = [str(tag) for name, page in pages.items() for tag in head(page, name)]
    styles = "".join(dict.fromkeys(tags))  # a page without formulas has no MathJax
    body = "".join(str(article) for article in articles(pages))  # names their rooms
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light" data-mode="light">
<head><meta charset="utf-8"><title>Neuron by Neuron</title>
{styles}<style>{STYLE.read_text("utf-8")}</style></head>
<body>
<header class="print-cover"><p class="print-title">Neuron by Neuron</p>
<p>Deep learning from one neuron to the transformer</p>
<p>Version {VERSION}</p></header>
<nav class="print-contents"><p class="print-title">Contents</p>
{contents(toc, pages)}</nav>
<main>{body}</main></body></html>"""


def contents(toc: dict, pages: dict[str, BeautifulSoup]) -> str:
    """Return the list of parts and pages, each with a link to its place."""
    lines = []
    for part in [{"root": toc["root"]}, *toc["parts"]]:
        links = [
            f'<a href="#{place(name)}">{title(pages[name])}</a>'
            for name in entries(part)
            if name in pages
        ]
        if "caption" in part:  # is the link, where the part has a page of its own
            own = links.pop() if len(links) == 1 else part["caption"]
            lines.append(f'<p class="part">{own}</p>')
        items = (f"<li>{link}</li>" for link in links)
        lines.append(f"<ul>{''.join(items)}</ul>" if links else "")
    return "".join(lines)


def title(page: BeautifulSoup) -> str:
    """Return the title of a page, with its number."""
    return page.select_one("article h1").decode_contents()


def head(page: BeautifulSoup, name: str) -> Iterator[Tag]:
    """Yield what a page needs to look right: styles, and MathJax with its settings."""
    for tag in page.head.select('link[rel="stylesheet"]'):
        tag["href"] = resource(tag["href"], name)
        yield tag
    for tag in page.head.select("script"):
        if "mathjax" in tag.get("src", ""):
            tag["src"] = resource(tag["src"], name)
            yield tag
        elif "window.MathJax" in tag.text:
            yield tag


def articles(pages: dict[str, BeautifulSoup]) -> Iterator[Tag]:
    """Yield the article of each page, ready to stand in one document with the others.

    Ids get the page's name before them, links between pages become links to these ids,
    and what needs a script is opened.
    """
    for name, page in pages.items():
        article = page.find("article")
        for tag in article.select("script, .headerlink, button"):
            tag.decompose()
        for tag in article.select("details"):
            tag["open"] = ""
        for tag in article.select("[id]"):
            tag["id"] = place(name, tag["id"])
        for tag in article.select("[src]"):
            tag["src"] = resource(tag["src"], name)
        for tag in article.select("link[href]"):
            tag["href"] = resource(tag["href"], name)
        for tag in article.select("input[name]"):
            tag["name"] = place(name, tag["name"])
        for tag in article.select("a[href]"):
            link(tag, name, pages)
        heading = article.find("h1")
        heading.insert(0, ROOMS.get(name.split("/")[0], ""))
        article["id"] = place(name)
        yield article


def link(tag: Tag, name: str, pages: dict) -> None:
    """Let a link lead to its page in the document; one to a file leads nowhere."""
    address = urlsplit(tag["href"])
    if address.scheme or address.netloc:
        return
    target = name
    if address.path:
        folder = os.path.dirname(name)
        path = os.path.normpath(os.path.join(folder, unquote(address.path)))
        target = path.removesuffix(".html")
    if target in pages:
        tag["href"] = f"#{place(target, unquote(address.fragment))}"
    else:
        del tag["href"]


def place(name: str, ident: str = "") -> str:
    """Return the id that a page, or a place in it, has in the joined document."""
    return f"{name}:{ident}" if ident else name


def resource(address: str, name: str) -> str:
    """Return the address of a page's resource as seen from the joined document."""
    if urlsplit(address).scheme:
        return address
    path = os.path.normpath(os.path.join(HTML.name, os.path.dirname(name), address))
    return Path(path).as_posix()


def print_to(target: Path, document: Path) -> None:
    """Print a document with the first browser that is there."""
    from playwright.sync_api import Error, sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        except Error:
            sys.exit(NEEDED)
        print_with(browser, target, document)
        browser.close()


def print_with(browser, target: Path, document: Path) -> None:
    """Print a document once all its formulas are typeset."""
    page = browser.new_page()
    page.set_default_timeout(TYPESET_MS)
    page.goto(document.as_uri(), wait_until="load")
    page.evaluate("window.MathJax ? MathJax.startup.promise : null")
    page.pdf(
        path=target,
        format="A4",
        scale=0.85,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
        margin={"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
        outline=True,
        tagged=True,
    )
    page.close()


if __name__ == "__main__":
    _terminal.run(main)
