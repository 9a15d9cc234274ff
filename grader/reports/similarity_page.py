"""The page that shows two answers side by side to the person who decides.

It says what the comparison can tell and what it cannot; `similarity` compares.
"""

from collections.abc import Sequence
from html import escape

from grader.reports.feedback import document
from grader.reports.redact import plain
from grader.reports.similarity import LENGTH, SHARE, Match

MOST = 100  # pairs on a page
MOST_SOURCE = 20_000  # characters of an answer
OPEN = 3  # pairs that are unfolded at first

ABOUT = f"""
<p>This page lists answers that have more unusual code in common than we would expect of
people who work alone. It compares code after comments, docstrings, annotations and
layout are gone, with local names set aside. What the assignment handed out, what the
reference answer has, and what a third of the class wrote is left out; short answers
never appear.</p>
<p><strong>It is evidence for a person to look at, and neither a mark nor a
verdict.</strong> Two students may have worked together where that was allowed, read the
same page, asked the same assistant, or had the same idea; in a small class nothing can
be told from how rare something is. The page does not know who wrote first. Somebody
whose answers are not here may have copied from a source that nobody else used. Read
both answers, and ask before you judge.</p>
<p>The <em>strength</em> orders the list; it is no probability. A <em>piece</em> is a
run of {LENGTH} words and signs, counted less the more students have it; pairs below
{SHARE:.0%} of the shorter answer's pieces are not listed.</p>
"""


def page(found: Sequence[Match], title: str, most: int = MOST) -> str:
    """Return the page about `found`, the strongest first; it shows at most `most`."""
    shown = "".join(_pair(match, i < OPEN) for i, match in enumerate(found[:most]))
    count = f"{len(found)} {'pair' if len(found) == 1 else 'pairs'} of answers"
    if len(found) > most:
        count += f", of which the {most} strongest are shown"
    heading = f"Similar answers: {plain(title)}"
    body = f"<h1>{escape(heading)}</h1>{ABOUT}<h2>{count}</h2>\n{shown}"
    return document(heading, body, "wide")


def _pair(match: Match, unfolded: bool) -> str:
    step, one, two = (escape(plain(t)) for t in (match.step, *match.students))
    sides = "".join(
        f'<div><h3>{name}</h3><pre dir="ltr">{_source(source)}</pre></div>'
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
        names = escape(plain(", ".join(match.also)))
        facts += f"<strong>{len(match.also)} more wrote the same</strong>: {names}. "
    else:
        facts += "Nobody else wrote this. "
    return facts + "One of them is no valid Python." * match.unparsed


def _source(source: str) -> str:
    rest = len(source) - MOST_SOURCE
    return escape(plain(source[:MOST_SOURCE])) + (
        f"\n… {rest} more characters" if rest > 0 else ""
    )
