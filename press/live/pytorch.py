"""PyTorch in the page, where somebody has built it: ``TORCH_WASM=/folder``.

The folder holds wheels for the Python of ``PYODIDE_DIR`` (PyTorch, and what else it
needs that Pyodide's distribution lacks), and ``SHA256SUMS``, as ``sha256sum *.whl``
writes it. With them the exercises that need PyTorch are live, too.
"""

import functools
import hashlib
import json
import os
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

SUMS = "SHA256SUMS"


class TorchError(Exception):
    """One line that says what is wrong with the folder."""


def given() -> set[str]:
    """Return the names of the packages that the folder brings."""
    return {parse_wheel_filename(path.name)[0] for path in wheels()}


def wheels() -> list[Path]:
    """Return the wheels of the folder; none where no folder is named.

    Raises
    ------
    TorchError
        A wheel is missing, is not the one that ``SHA256SUMS`` names, or is not for the
        Python of ``PYODIDE_DIR``.
    """
    chosen = os.environ.get("TORCH_WASM")
    return checked(chosen, os.environ.get("PYODIDE_DIR")) if chosen else []


@functools.cache
def checked(chosen: str, python: str | None) -> list[Path]:
    """Return the wheels of a folder, all of which are right."""
    folder = Path(chosen).expanduser()
    if not python:
        raise TorchError("TORCH_WASM needs PYODIDE_DIR: a build fits one Pyodide only")
    if not (folder / SUMS).is_file():
        raise TorchError(f"TORCH_WASM={chosen} lacks {SUMS}: sha256sum *.whl > {SUMS}")
    lock = json.loads((Path(python).expanduser() / "pyodide-lock.json").read_text())
    found = []
    for line in (folder / SUMS).read_text("utf-8").splitlines():
        sha256, _, name = line.partition(" ")
        path = folder / name.strip(" *")
        check(path, sha256, lock["info"])
        found.append(path)
    if not any(path.name.startswith("torch-") for path in found):
        raise TorchError(f"TORCH_WASM={chosen}: {SUMS} names no wheel of PyTorch")
    return found


def check(path: Path, sha256: str, info: dict[str, str]) -> None:
    """Check that a wheel is there, is the right one, and fits a Pyodide."""
    if not path.is_file():
        raise TorchError(f"TORCH_WASM: {SUMS} names {path.name}, which is not there")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise TorchError(f"TORCH_WASM: {path.name} is not the file that {SUMS} names")
    try:
        *_, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise TorchError(f"TORCH_WASM: {error}") from None
    python = "cp" + "".join(info["python"].split(".")[:2])
    platform = f"pyemscripten_{info['abi_version']}_{info['arch']}"
    for tag in tags:
        is_pure = (tag.abi, tag.platform) == ("none", "any")
        if is_pure or (tag.interpreter, tag.platform) == (python, platform):
            return
    raise TorchError(
        f"TORCH_WASM: {path.name} is not for {python} and {platform} of PYODIDE_DIR"
    )
