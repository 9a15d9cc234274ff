"""What must not leave the grading machine: its paths, and texts of hidden tests.

`records` cleans by it whatever it writes. What a student's process is not told at all
is withheld where it would be said, in `grader.isolated.handles`.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from grader import ROOT
from grader.books.rebuild import Placed
from grader.books.sheet import Sheet

HIDDEN = "[hidden]"
CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


class Redactor:
    """Cleans texts that students or other people will read.

    Paths become short names. Texts that occur in hidden tests only (`Sheet.secrets`)
    become ``[hidden]``, unless the student's own notebook holds them.
    """

    def __init__(self, root: Path, sheet: Sheet, cells: list[Placed]) -> None:
        places = {
            str(root): "<course>",
            str(ROOT): "<course>",
            sys.prefix: "<python>",
            sys.base_prefix: "<python>",
            os.path.expanduser("~"): "<home>",
        }
        self.places = sorted(places.items(), key=lambda item: -len(item[0]))
        written = ("answer", "added", "manual")
        own = "\n".join(cell.source for cell in cells if cell.role in written)
        self.secrets = [s for s in sheet.secrets if s not in own]

    def __call__(self, text: str) -> str:
        """Return `text` without paths, secrets and what cannot be written as UTF-8."""
        text = text.encode(errors="replace").decode()
        for place, name in self.places:
            if len(place) > 1:
                text = text.replace(place, name)
        for secret in self.secrets:  # longest first
            if secret in text:  # fast, where an alternation of all would be slow
                text = re.sub(_whole(secret), HIDDEN, text)
        return text

    def outputs(self, value: Any) -> Any:
        """Return outputs of cells with every text in them cleaned."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.outputs(entry) for entry in value]
        if isinstance(value, dict):
            return {
                self(key): entry if key == "image/png" else self.outputs(entry)
                for key, entry in value.items()
            }
        return value


def plain(text: str) -> str:
    """Return `text` without what moves a terminal's cursor or the reader's eye.

    Escape sequences, control characters, and those that turn the direction of writing.
    """
    return CONTROL.sub("", text.encode(errors="replace").decode())


def _whole(secret: str) -> str:
    """Match a name as a whole word, any other text wherever it stands."""
    return rf"\b{secret}\b" if secret.isidentifier() else re.escape(secret)
