"""What every built page needs beyond Jupyter Book: alt text, names, a foot, assets.

* The alt text that `helpers.plots.show` writes into an output's metadata becomes the
  alt text of the picture in the page.
* Scripts that a page does not need are left out, and what a screen reader stumbles over
  is mended.
* The captions of the contents lead to the pages of the parts.
* The foot of each page names the licenses, and has a link that reports a mistake.
* Our scripts and styles are copied into the site.
"""

import shutil
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from bs4 import BeautifulSoup
from myst_nb.core.render import NbElementRenderer
from sphinx.application import Sphinx

from press.contents import ASSETS, BOOK, ROOT

PRESS = ROOT / "press"
LICENSES = (
    'Text: <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>. '
    'Code: <a href="https://opensource.org/license/mit">MIT</a>.'
)
REPORT = """Page: {page}

What is wrong:

What would be right:
"""


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
        link_captions(soup)
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


def link_captions(soup: BeautifulSoup) -> None:
    """Let a caption of the contents lead to its part's page, of the same title."""
    for caption in soup.select("p.caption"):
        listed = caption.find_next_sibling("ul")
        link = listed.select_one("li > a")
        if link.get_text(strip=True) == caption.get_text(strip=True):
            here = "current" in listed.li.get("class", [])
            caption.span.replace_with(link)
            link["class"] = ["caption-text"]
            if here:
                link["aria-current"] = "page"
            listed.decompose()


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


def copy_assets(app: Sphinx, error: Exception | None) -> None:
    """Copy our scripts and styles into the built site."""
    if error or app.builder.format != "html":
        return
    # the icons come from the style sheet: without this script a page is 1.5 MB lighter
    icons = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    icons.write_text("", encoding="utf-8")
    # Sphinx copies them only when a page has changed
    shutil.copytree(PRESS / "static", icons.parents[1], dirs_exist_ok=True)
    target = Path(app.outdir) / ASSETS
    shutil.copytree(BOOK / "explorations", target / "explorations", dirs_exist_ok=True)
    for script in (PRESS / "scripts").glob("*.js"):
        shutil.copy(script, target / script.name)


def setup(app: Sphinx) -> None:
    """Register all of it."""
    use_alt_text_of_outputs()
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("html-page-context", mend_roles, priority=900)
    app.connect("html-page-context", add_foot)
    app.connect("build-finished", copy_assets)
