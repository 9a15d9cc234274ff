"""What the commands say: lines with signs that the terminal can show.

The bar and the lines above it are the `pool`'s and `autograde`'s own.
"""

import sys

MARKS = {True: "✓", False: "✗", None: "–"}
PLAIN = str.maketrans({"✓": "ok", "✗": "NO", "–": "-", "→": "->", "…": "..."})


def say(text: str, file=None) -> None:
    """Print a line, with signs that the terminal can show."""
    file = file or sys.stdout
    encoding = getattr(file, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    print(text, file=file)


def tell(text: str) -> None:
    """Print what a person should know."""
    say(f"grading: {text}", sys.stderr)
