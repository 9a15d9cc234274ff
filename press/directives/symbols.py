"""``{symbols}``: what the letters of a page mean, where the notation page does not say.

A line is ``$p_t$ | meaning``. The reader sees a folded table wherever the directive
stands. `undefined` lists the letters in a page's formulas that neither this table nor
the notation page defines: those that it does not have, and those to which it gives
several meanings, of which the page must choose one. A test calls it for each chapter.
"""

import re
from collections import Counter
from collections.abc import Iterator

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import BOOK

MATH = re.compile(
    r"^```\{math\}.*?^```|\$\$.*?\$\$|(?<![\\$])\$[^$\n]+\$", re.DOTALL | re.MULTILINE
)
CODE = re.compile(r"^```\w+\n.*?^```|(?<!`)`[^`\n]+`(?!`)", re.DOTALL | re.MULTILINE)
WORDS = re.compile(
    r"\\(text|mathrm|operatorname|texttt|label|begin|end|tag)\*?\{[^}]*\}|^:.*$", re.M
)
ACCENTS = "hat", "tilde", "bar"
GREEK = (
    *("alpha", "beta", "gamma", "delta", "varepsilon", "epsilon", "eta", "theta"),
    *("kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "varphi"),
    *("psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Omega"),
)
SYMBOL = re.compile(
    rf"\\({'|'.join(ACCENTS)})\s*\{{?\s*(?:\\mathbf\s*)?\{{?(\\?[A-Za-z]+)"
    rf"|\\({'|'.join(GREEK)})(?![A-Za-z])|\\[A-Za-z]+|([A-Za-z])"
)
BLOCK = re.compile(r"^```\{symbols\}\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| (?=\$)((?:[^|]|\\\|)*)\|", re.MULTILINE)
NAMED = re.compile(
    r"(?<![A-Za-z])([A-Za-z])_\{?([A-Za-z]+)\}?"
)  # n_x, W_{xh}: a name of its own
INDICES = set("ijklmntT")
ALONE = re.compile(r"\$(\\?[A-Za-z]+)\$")


class Symbols(SphinxDirective):
    """The letters that a page uses in a meaning of its own."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the folded table."""
        pairs = [line.split("|", 1) for line in self.content if line.strip()]
        for pair in pairs:
            if len(pair) != 2 or not pair[0].strip().startswith("$"):
                raise self.error(f"symbols: write `$x$ | meaning`, not {pair[0]!r}")
        lines = [
            "````{dropdown} Symbols of this page",
            "Beside those of the [notation](/book/notation.md):",
            "",
            "| symbol | meaning |",
            "|---|---|",
            *(f"| {symbol.strip()} | {meaning.strip()} |" for symbol, meaning in pairs),
            "````",
        ]
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, self.name), 0, parent)
        return parent.children


def symbols(text: str) -> set[str]:
    """Return the letters in the formulas of some Markdown, each with its accent."""
    return {found for formula in formulas(text) for found in letters(formula)}


def formulas(text: str) -> Iterator[str]:
    """Yield the formulas, without the words in them."""
    for match in MATH.finditer(CODE.sub("", BLOCK.sub("", text))):
        yield WORDS.sub(" ", match[0].removeprefix("```{math}"))


def letters(formula: str) -> Iterator[str]:
    r"""Yield the letters of a formula: ``x``, ``\hat y``, ``\delta``, ``n_x``."""
    for base, below in NAMED.findall(formula):
        if not set(below) <= INDICES:
            yield f"{base}_{below}"
    for match in SYMBOL.finditer(formula):
        accent, base, greek, letter = match.groups()
        if accent:
            yield f"\\{accent} {base}"
        elif greek or letter:
            yield f"\\{greek}" if greek else letter


def defined(text: str) -> set[str]:
    """Return the letters that the ``{symbols}`` of a page define."""
    lines = (line for block in BLOCK.findall(text) for line in block.splitlines())
    return set().union(*(letters(line.split("|", 1)[0]) for line in lines))


def of_the_notation() -> set[str]:
    """Return the letters to which the notation page gives one meaning."""
    rows = ROW.findall((BOOK / "notation.md").read_text("utf-8"))
    alone = Counter(symbol for row in rows for symbol in ALONE.findall(row))
    several = {next(letters(symbol)) for symbol, n in alone.items() if n > 1}
    return set().union(*(letters(row) for row in rows)) - several


def undefined(text: str) -> set[str]:
    """Return the letters in the formulas of a page that nothing defines."""
    return symbols(text) - defined(text) - of_the_notation()


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("symbols", Symbols)
