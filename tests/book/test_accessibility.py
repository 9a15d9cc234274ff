"""For everybody: axe-core, the keyboard, the telephone, reduced motion, the search."""

import gzip
import re
from urllib.parse import quote, unquote, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.book.pages import BOOK, EXPLORATIONS, PAGES, QUIZZES
from tests.browser import PLACE, VIEWPORT

VISITED = [*PAGES, "search", "genindex"]
every_exploration = pytest.mark.parametrize(("name", "page"), EXPLORATIONS.items())

# What repeats is measured once a page, or axe-core spends most of its time on it. Out
# of the page go all formulas but a few, which are as dark as the text around them; a
# block of code that shows no new kind of token; and a block of text in which nothing
# is new: all its elements are like earlier ones (element, classes, style,
# surroundings). What has a name or a state of its own (pictures, headings, controls)
# stays.
DROP_REPEATED = """() => {
  const formulas = [...document.querySelectorAll("mjx-container")];
  for (const formula of formulas.slice(5)) formula.replaceWith("x");
  const kind = (element) =>
    [element.tagName, element.className, element.getAttribute("style")].join(".");
  const around = (element) =>
    element === document.body ? "" : around(element.parentElement) + kind(element);
  const seen = new Set();
  const drop = (block, kinds) => {
    if (seen.size && kinds.every((kind) => seen.has(kind))) block.remove();
    else kinds.forEach((kind) => seen.add(kind));
  };
  for (const code of document.querySelectorAll("div.highlight")) {
    drop(code, [...code.querySelectorAll("span[class]")].map(kind));
  }
  for (const block of document.querySelectorAll("p:not(th p), li, tr, dt, dd")) {
    if (!block.isConnected) continue;
    if (block.querySelector("h1, h2, h3, img, svg, button, input, select")) continue;
    const parts = [block, ...block.querySelectorAll("*")];
    drop(block, parts.map((part) => around(block.parentElement) + kind(part)));
  }
}"""
# formulas that are still TeX, or that MathJax did not understand
BADLY_TYPESET = """() => [
  ...document.querySelectorAll(".math:not(:has(mjx-container)), mjx-merror")
].map((formula) => formula.textContent)"""
OF_COLOR = {"runOnly": ["color-contrast", "link-in-text-block"]}


def go_dark(tab) -> None:
    """Turn the page dark, at once: half-way through a fading nothing has contrast."""
    tab.add_style_tag(content="* { transition: none !important }")
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function("document.documentElement.dataset.theme === 'dark'")


def violations(tab, **options) -> list[str]:
    """What axe-core finds in a page: impact, rule, how often, and the first element."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE_SCRIPT)
    # preload would ask for the style sheets again
    options = {"resultTypes": ["violations"], "preload": False} | options
    run = "(options) => axe.run(document, options).then((all) => all.violations)"
    return [
        f"{rule['impact']}: {rule['id']} × {len(rule['nodes'])}: "
        f"{rule['nodes'][0]['html'][:120]}"
        for rule in tab.evaluate(run, options)
    ]


def visit(page: str):
    """A page to visit; those of a folder are one group, that several workers share."""
    folder = page.split("/")[0] if "/" in page else "book"
    marks = [pytest.mark.xdist_group(f"accessibility-{folder}")]
    if folder == "notebooks":  # what they show depends on the data
        marks.append(pytest.mark.standins)
    return pytest.param(page, marks=marks, id=page)


@pytest.mark.parametrize("page", [visit(page) for page in VISITED])
def test_a_page_opens_without_errors_is_accessible_and_fits_a_telephone(
    open_page, page, record_property
):
    """One visit for all, in both modes: loading a page is what takes time."""
    tab = open_page(page, width=390)
    tab.wait_for_timeout(300)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.evaluate(BADLY_TYPESET) == []
    tab.set_viewport_size(VIEWPORT)
    tab.evaluate(DROP_REPEATED)
    found = violations(tab)
    go_dark(tab)
    found += [f"dark, {line}" for line in violations(tab, **OF_COLOR)]
    record_property("axe", found)
    assert found == []
    assert tab.problems == []  # nothing in the console, nobody else asked


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_what_is_wrong(open_page, mode):
    tab = open_page("book/notation")
    if mode == "dark":
        go_dark(tab)
    assert violations(tab) == []
    tab.evaluate(
        """() => {
          const article = document.querySelector("article");
          article.insertAdjacentHTML("beforeend", "<p style='color: #888; "
            + "background: #777'>faint</p><button></button>");
        }"""
    )
    tab.evaluate(DROP_REPEATED)
    found = [line.split(" × ")[0] for line in violations(tab)]
    assert "critical: button-name" in found
    assert "serious: color-contrast" in found


# every control that a person can use, as the tab key should meet it: of radio buttons
# with one name, only one
CONTROLS = """(box) => {
  const seen = new Set();
  const usable = "a[href], button, input, select, textarea, summary, [role=slider], "
    + "[role=button], [tabindex='0']";
  return [...box.querySelectorAll(usable)].filter((control) => {
    if (control.disabled) return false;
    if (!control.checkVisibility({ visibilityProperty: true })) return false;
    if (control.type !== "radio") return true;
    const first = !seen.has(control.name);
    seen.add(control.name);
    return first;
  }).length;
}"""
IS_INSIDE = "(box) => box.contains(document.activeElement)"


def met_by_the_tab_key(tab, box) -> int:
    """How many controls of a box the tab key meets, from the first to the last."""
    box.evaluate("(box) => { box.tabIndex = -1; box.focus(); }")
    for count in range(500):
        tab.keyboard.press("Tab")
        if not box.evaluate(IS_INSIDE):
            return count
    raise AssertionError("the tab key does not leave the exploration")


@every_exploration
def test_an_exploration_is_used_with_the_keyboard_and_heard(open_page, name, page):
    tab = open_page(page)
    box = tab.locator(f"#exploration-{name}")
    box.locator(".exploration-body").wait_for()
    assert met_by_the_tab_key(tab, box) == box.evaluate(CONTROLS) > 0
    assert box.locator("[aria-live], [role=status], output").count() > 0


@pytest.mark.parametrize("chapter", QUIZZES)
def test_a_quiz_is_answered_with_the_keyboard_and_heard(open_page, chapter):
    tab = open_page(f"book/{chapter}")
    quiz = tab.locator(".quiz")
    assert met_by_the_tab_key(tab, quiz) == quiz.evaluate(CONTROLS) > 0
    first = quiz.locator("fieldset:has(input[type=radio])").first
    first.locator("input").first.focus()
    tab.keyboard.press("ArrowDown")
    told = first.locator("[aria-live=polite] p:visible")
    assert told.count() == 1
    assert re.match(r"(Right|Not quite)\.", told.inner_text())


@every_exploration
def test_nothing_moves_by_itself_for_those_who_asked_for_stillness(
    open_page, name, page
):
    tab = open_page(page)
    tab.emulate_media(reduced_motion="reduce")
    box = tab.locator(f"#exploration-{name}")
    box.locator(".exploration-body").wait_for()
    seen = []  # formulas are typeset at first, then all is at rest
    while len(seen) < 60 and (len(seen) < 4 or len(set(seen[-4:])) > 1):
        seen.append(box.evaluate("(box) => box.innerHTML"))
        tab.wait_for_timeout(250)
    assert len(set(seen[-4:])) == 1
    assert box.evaluate("(box) => box.getAnimations({ subtree: true }).length") == 0


@pytest.mark.parametrize("chapter", QUIZZES)
def test_the_search_finds_a_chapter_by_its_title(open_page, chapter):
    source = (BOOK / f"{chapter}.md").read_text("utf-8")
    title = re.search(r"^# (.+)$", source, re.MULTILINE)[1]
    tab = open_page("search", hash=f"?q={quote(title)}")
    results = tab.locator("#search-results li a")
    results.first.wait_for()
    tab.locator("#search-results p.search-summary").wait_for()
    found = [urlsplit(a.get_attribute("href")).path for a in results.all()[:10]]
    assert f"book/{chapter}.html" in found


def test_the_first_page_is_light_and_asks_nobody(open_page, site):
    """Under 1 MB as a server sends it, text compressed; only files of its own."""
    asked = []
    tab = open_page("search")
    tab.on("requestfinished", lambda request: asked.append(request.url))
    tab.goto(f"{tab.address}/book/intro.html", wait_until="networkidle")
    files = {
        site / unquote(urlsplit(url).path.removeprefix(f"{PLACE}/")) for url in asked
    }
    contents = [path.read_bytes() for path in files if path.is_file()]
    assert len(contents) > 10
    assert sum(min(len(c), len(gzip.compress(c))) for c in contents) < 1e6
    assert tab.problems == []
