"""The picture on a chapter's card: a figure that this build's run of its notebook drew.

The cell that draws it carries the tag `card`. Where the notebook has not been executed
there is no picture, and the card does without.
"""

import io
from base64 import b64decode
from pathlib import Path
from typing import NamedTuple

from jupyter_cache import get_cache
from PIL import Image, ImageChops

from press.contents import BUILD, CACHE, ROOT

TAG = "card"
FOLDER = BUILD / "cards"
WIDEST = 480  # pixels: what a card shows on a sharp screen
COLORS = 64


class Picture(NamedTuple):
    """A file below the book's folder, and what the file shows in a sentence."""

    path: Path
    alt: str


def picture(chapter: str) -> Picture | None:
    """Write the picture of a chapter, and return it if its notebook was executed."""
    notebook = executed(ROOT / "notebooks" / f"{chapter}.ipynb")
    if notebook is None:
        return None
    data, alt = tagged_figure(notebook)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"card-{chapter}.png"  # the name that it keeps in the site
    small = light(data)
    if not path.is_file() or path.read_bytes() != small:
        path.write_bytes(small)
    return Picture(path, alt.split(". ")[0].rstrip(".") + ".")


def executed(path: Path):
    """Return the notebook as this build executed it, or None."""
    cache = get_cache(CACHE)
    try:
        return cache.get_cache_bundle(cache.match_cache_file(str(path)).pk).nb
    except KeyError:  # not executed, or changed since
        return None


def tagged_figure(notebook) -> tuple[bytes, str]:
    """Return the first figure of the tagged cell, and its alternative text.

    Raises
    ------
    ValueError
        If no cell is tagged, or the one that is draws nothing.
    """
    for cell in notebook.cells:
        if TAG in cell.metadata.get("tags", ()):
            for output in cell.outputs:
                if png := output.get("data", {}).get("image/png"):
                    return b64decode(png), output.metadata["image/png"]["alt"]
    raise ValueError(f"no cell with the tag {TAG!r} draws a figure")


def light(data: bytes) -> bytes:
    """Return a figure without its white margin, of few pixels and colors, as PNG."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    white = Image.new("RGB", image.size, "white")
    image = image.crop(ImageChops.difference(image, white).getbbox())
    image.thumbnail((WIDEST, WIDEST))
    target = io.BytesIO()
    image.quantize(COLORS).save(target, "PNG", optimize=True)
    return target.getvalue()
