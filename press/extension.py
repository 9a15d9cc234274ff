"""The book's one Sphinx extension: it registers what the other modules bring.

Each module below has a ``setup`` of its own and says at its head what it is for.
"""

import hashlib

from sphinx.application import Sphinx

from press import lite, live, pages, standins
from press.contents import ROOT
from press.directives import (
    appendices,
    documents,
    evidence,
    front_page,
    interactive,
    reported,
    symbols,
)

PARTS = (
    *(interactive, reported, appendices, documents, evidence, front_page, symbols),
    *(pages, standins, lite, live),
)


def setup(app: Sphinx) -> dict:
    """Register everything; when a file of ours changes, Sphinx reads all pages anew."""
    for part in PARTS:
        part.setup(app)
    digest = hashlib.sha256()
    for path in sorted((ROOT / "press").rglob("*.py")):
        digest.update(path.read_bytes())
    return {
        "version": "1",
        "env_version": int(digest.hexdigest()[:8], 16),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
