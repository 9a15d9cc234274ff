"""Pack the built book into one zip that works from a disk: ``make zip``.

The same build gives the same bytes. What needs a server stays out, and links to it
lead to the book's website, or nowhere where it has none.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import yaml

from helpers import _terminal
from press.build import BUILD, HTML, ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "version"
]
NAME = f"neuron-by-neuron-{VERSION}"
ZIP = BUILD / f"{NAME}.zip"
SERVED = "lite"  # JupyterLite asks its own server for files: file:// has none
LICENSES = ("LICENSE", "LICENSE-TEXT.md", "CITATION.cff")
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip knows: no build has its own
TO_SERVED = re.compile(rf' href="(?:\.\./)*({SERVED}/[^"]*)"')


def main() -> None:
    """Pack the book, or say in one line why not."""
    missing_book("zip")
    pack(HTML, ZIP, website())
    print(f"zip: {ZIP.relative_to(ROOT)}, {ZIP.stat().st_size / 1e6:.0f} MB")


def missing_book(command: str) -> None:
    """End with one line where no book has been built."""
    if not (HTML / "index.html").is_file():
        sys.exit(f"{command}: there is no book yet: run make book")


def website() -> str:
    """Return the address of the published book, which may be unknown."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return settings.get("html", {}).get("baseurl", "")


def pack(html: Path, target: Path, website: str) -> None:
    """Write the zip of a built book, with all of it in one folder."""
    partial = target.with_suffix(".part")  # a broken run leaves no zip behind
    with ZipFile(partial, "w", ZIP_DEFLATED) as archive:
        for name, content in contents(html, website):
            info = ZipInfo(f"{target.stem}/{name}", DATE)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    partial.replace(target)


def contents(html: Path, website: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file, in order."""
    for name in LICENSES:
        yield name, (ROOT / name).read_bytes()
    for path in sorted(html.rglob("*"), key=lambda path: path.as_posix()):
        name = path.relative_to(html)
        if path.is_dir() or name.parts[0] == SERVED or name.name == ".buildinfo":
            continue
        content = path.read_bytes()
        if path.suffix == ".html":
            content = offline(content.decode(), website).encode()
        yield name.as_posix(), content


def offline(page: str, website: str) -> str:
    """Let links to what needs a server lead to the website; without one, nowhere.

    A link without an address is plain text for mouse, keyboard and screen reader; a
    button without one is hidden by course.css.
    """
    if not website:
        return TO_SERVED.sub("", page)
    return TO_SERVED.sub(rf' href="{website.rstrip("/")}/\1"', page)


if __name__ == "__main__":
    _terminal.run(main)
