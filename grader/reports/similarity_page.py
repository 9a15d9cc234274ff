"""The page that shows two answers side by side to the person who decides.

It says what the comparison can tell and what it cannot; `similarity` compares.
"""

import re
from collections.abc import Sequence
from html import escape

from grader.reports.similarity import LONG, SHARE, Match

MOST = 100  # pairs on a page
MOST_SOURCE = 20_000  # characters of an answer
OPEN = 3  # pairs that are unfolded at first
# what could reorder or hide text: controls, marks of direction, halves of pairs
UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #f3f5f8;
  --line: #8a94a3; --note: #7a3300; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181d;
  --soft: #1f252d; --line: #76818f; --note: #ffb27a; } }
body { font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); background:
  var(--paper); max-width: 90rem; margin: 0 auto; padding: 1rem; }
p, ul { max-width: 48rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; padding:
  .5rem 1rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary:focus-visible, pre:focus-visible { outline: 3px solid #e69f00; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr));
  gap: 1rem; }
.two > div { min-width: 0; }
h3 { font-size: 1rem; margin: .5rem 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .75rem; overflow: auto; max-height: 40rem;
  font-size: .85rem; unicode-bidi: isolate; }
.note { color: var(--note); }
"""

ABOUT = f"""
<p>This page lists answers that have more unusual code in common than we would expect of
people who work alone. It compares code after comments, docstrings, annotations and
layout are gone, and once more with local names replaced. What the assignment handed
out, what the reference answer has, and what a third of the class wrote is left out;
short answers never appear.</p>
<p><strong>It is evidence for a person to look at, and neither a mark nor a
verdict.</strong> Two students may have worked together where that was allowed, read the
same page, asked the same assistant, or had the same idea; in a small class nothing can
be told from how rare something is. The page does not know who wrote first. Somebody
whose answers are not here may have copied from a source that nobody else used. Read
both answers, and ask before you judge.</p>
<p>The <em>strength</em> orders the list; it is no probability. A <em>piece</em> is a
short run of code (up to {LONG} words and signs), counted less the more students have
it; pairs below {SHARE:.0%} of the shorter answer's pieces are not listed.</p>
"""


def page(found: Sequence[Match], title: str, most: int = MOST) -> str:
    """Return a page without scripts or other files, for `found` as `matches` gives it.

    Parameters
    ----------
    found : sequence of Match
        The strongest first.
    title : str
        The assignment and notebook.
    most : int
        Pairs to show; the page says how many it leaves out.
    """
    heading = escape(_shown(title))
    shown = "".join(_pair(match, i < OPEN) for i, match in enumerate(found[:most]))
    count = f"{len(found)} {'pair' if len(found) == 1 else 'pairs'} of answers"
    if len(found) > most:
        count += f", of which the {most} strongest are shown"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>Similar answers: {heading}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<h1>Similar answers: {heading}</h1>{ABOUT}"
        f"<h2>{count}</h2>\n{shown}</body>\n</html>\n"
    )


def _pair(match: Match, unfolded: bool) -> str:
    step, one, two = (escape(_shown(t)) for t in (match.step, *match.students))
    sides = "".join(
        f'<div><h3>{name}</h3><pre dir="ltr" tabindex="0">{_source(source)}</pre></div>'
        for name, source in zip((one, two), match.sources, strict=True)
    )
    return (
        f"<details{' open' if unfolded else ''}>"
        f"<summary><strong>{step}</strong>: {one} and {two}, "
        f"strength {match.strength:.2f}</summary>\n"
        f'<p>{_facts(match)}</p>\n<div class="two">{sides}</div></details>\n'
    )


def _facts(match: Match) -> str:
    how = "after renaming of local names" if match.renamed else "with the same names"
    facts = (
        f"{match.shared:.0f} unusual pieces in common {how}, {match.share:.0%} of "
        f"those of the shorter answer. {match.answered} students answered this step. "
    )
    if match.also:
        names = escape(_shown(", ".join(match.also)))
        facts += f"<strong>{len(match.also)} more wrote the same</strong>: {names}. "
    else:
        facts += "Nobody else wrote this. "
    if match.unparsed:
        facts += '<span class="note">One of them is no valid Python.</span>'
    return facts


def _source(source: str) -> str:
    cut = source[:MOST_SOURCE]
    rest = len(source) - len(cut)
    note = f'\n<span class="note">… {rest} more characters</span>' if rest else ""
    return escape(_shown(cut)) + note


def _shown(text: str) -> str:
    return UNSHOWN.sub("\ufffd", text)
