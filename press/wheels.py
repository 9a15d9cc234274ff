"""The wheels that a browser copy installs from the site: `helpers`, and `comm`.

With `helpers` go the small data sets of scikit-learn, which is dear to start there.

Equal files give equal wheels, so that a site changes only where something has changed.
"""

import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from helpers.data.bundled import BUNDLED, bundled
from press.contents import BUILD, ROOT

# Pyodide's names of the packages that a notebook in the browser may need
PACKAGES = {"numpy": "numpy", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}


def package() -> list[Path]:
    """Return the files of `helpers`: its modules, and the text of its stand-in."""
    files = (ROOT / "helpers").rglob("*")
    return sorted(path for path in files if path.suffix in (".py", ".txt"))


def write_helpers(folder: Path) -> Path:
    """Write `helpers` as a wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    files = {path.relative_to(ROOT).as_posix(): path for path in package()}
    files["helpers/LICENSE"] = ROOT / "LICENSE"
    files |= {f"helpers/data/{name}.npz": write_bundled(name) for name in BUNDLED}
    return write_wheel(
        folder,
        project["name"],
        project["version"],
        [f"Requires-Python: {project['requires-python']}"],  # a copy names its packages
        files,
    )


def write_bundled(name: str) -> Path:
    """Write the arrays of a small data set."""
    path = BUILD / "bundled" / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    x, y = bundled(name)
    np.savez_compressed(path, x=x, y=y)
    return path


def write_comm(folder: Path) -> Path:
    """Write the installed `comm` as a wheel.

    The kernel needs it, and neither brings it along nor finds it in Pyodide's own
    distribution: it would ask the Python Package Index at every start.
    """
    installed = distribution("comm")
    files = {
        path.as_posix(): Path(path.locate())
        for path in installed.files
        if path.suffix == ".py" or path.name == "LICENSE"
    }
    return write_wheel(folder, "comm", installed.version, [], files)


def write_wheel(
    folder: Path, name: str, version: str, fields: list[str], files: dict[str, Path]
) -> Path:
    """Write a wheel of pure Python (PyPA: binary distribution format 1.0).

    Equal files give an equal wheel: no time stamps, no build tool.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    about = f"{stem}.dist-info"
    contents = {inside: path.read_bytes() for inside, path in files.items()}
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    contents[f"{about}/METADATA"] = "\n".join([*metadata, *fields, ""]).encode()
    contents[f"{about}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: book\n"
        b"Root-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{inside},," for inside in (*contents, f"{about}/RECORD")]
    contents[f"{about}/RECORD"] = "\n".join([*record, ""]).encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for inside, content in contents.items():
            entry = zipfile.ZipInfo(inside)  # 1980, the same on every machine
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return wheel
