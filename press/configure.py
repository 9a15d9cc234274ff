"""Write the repository's address where it stands: ``make configure REPO=owner/name``.

The address is a setting of ``_config.yml``; the set-up cells, the front page and the
README repeat it, because a notebook in Colab cannot read ``_config.yml``.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
HOST = "https://github.com/"
# what GitHub allows as the name of an owner and of a repository
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


def repository(root: Path = ROOT) -> str:
    """Return ``owner/name`` of the repository that `root` is configured for."""
    settings = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    return settings["repository"]["url"].removeprefix(HOST)


def configure(new: str, root: Path = ROOT) -> list[str]:
    """Replace the old address by `new` in all tracked files; return their names.

    Raises
    ------
    ValueError
        If `new` is not of the form ``owner/name``.
    """
    if not NAME.fullmatch(new):
        raise ValueError(f"REPO={new!r} is not of the form owner/name")
    old = repository(root)
    if new == old:
        return []
    command = ["git", "grep", "-lzF", f"github.com/{old}"]
    found = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=True
    )
    names = found.stdout.rstrip("\0").split("\0")
    whole = re.compile(rf"(?<=github\.com/){re.escape(old)}(?![\w-])")
    for name in names:
        path = root / name
        text = whole.sub(new, path.read_text("utf-8"))
        path.write_text(with_checksums(text) if "exercises/" in name else text, "utf-8")
    return names


def with_checksums(text: str) -> str:
    """Return a released notebook with nbgrader's checksums of its locked cells."""
    import nbformat
    from nbgrader.utils import compute_checksum

    for cell in nbformat.reads(text, as_version=4).cells:
        old = cell.metadata.get("nbgrader", {}).get("checksum")
        if old:
            text = text.replace(old, compute_checksum(cell))
    return text


if __name__ == "__main__":
    try:
        changed = configure(sys.argv[1] if len(sys.argv) > 1 else "")
    except ValueError as error:
        sys.exit(f"configure: {error}")
    print(f"configured for {HOST}{sys.argv[1]}: {len(changed)} files changed")
