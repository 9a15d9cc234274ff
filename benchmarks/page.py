"""A click on a live page to its first verdict, against Pyodide as it ships: lower wins.

    PYODIDE_DIR=/folder make book
    python benchmarks/page.py [--rounds 5] [--short]

Each round opens the page for a new reader, with nothing kept. The other side is the
same page without the files that the build compiles. Later verdicts, and the first
after *Stop*, are measured beside it.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

from _ratio import finish, interleave, options, ratio, table
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import CHROMIUM, FLAGS, served  # noqa: E402
from tests.course import reference  # noqa: E402

BAR = 0.6
SITE = ROOT / "_build" / "html"
EXERCISE, CELL = "perceptron/gates", "gates_threshold"
COMPILED = ("lock", "stdlib", "compiled")
SAID = f"""() => ["right", "wrong", "none"].includes(
    document.querySelector("#cell-{CELL} .live-message").dataset.verdict)"""


def main() -> None:
    """Measure and report."""
    settings = options(__doc__, rounds=5)
    made = json.loads((SITE / "_course/live/settings.json").read_text("utf-8"))
    if not set(COMPILED) <= set(made):
        sys.exit(
            "page: the built book has no compiled Python: see the head of this file"
        )
    plain = json.dumps({k: v for k, v in made.items() if k not in COMPILED})
    later: dict[str, list[float]] = {"a later verdict": [], "after Stop": []}
    with served(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        sides = {
            "the book's own start": lambda: first(browser, address, None, later),
            "Pyodide as it ships": lambda: first(browser, address, plain, None),
        }
        seconds = interleave(sides, settings.rounds)
    table(seconds | later)
    value = ratio(seconds, *sides)
    finish("page", value, BAR, short=settings.short, lower_is_better=True)


def first(browser: Browser, address: str, plain: str | None, later: dict | None):
    """Return the seconds from the click to the first verdict of a new reader."""
    with browser.new_context() as context:
        tab = context.new_page()
        if plain:
            tab.route("**/settings.json", lambda route: route.fulfill(body=plain))
        tab.goto(f"{address}/exercises/{EXERCISE}.html")
        tab.wait_for_function("window.liveSheets")
        answer = json.dumps(reference(EXERCISE)[CELL])
        tab.evaluate(f"liveSheets[0].step('{CELL}').text = {answer}")
        seconds = verdict(tab)
        if later:
            later["a later verdict"].append(verdict(tab))
            tab.evaluate("liveSheets[0].client.stop()")
            later["after Stop"].append(verdict(tab))
        return seconds


def verdict(tab: Page) -> float:
    """Press *Run and check*; return the seconds until the check has spoken."""
    start = perf_counter()
    tab.locator(f"#cell-{CELL} .live-check").click()
    tab.wait_for_function(SAID, timeout=120_000)
    return perf_counter() - start


if __name__ == "__main__":
    main()
