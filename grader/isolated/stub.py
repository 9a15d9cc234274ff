"""A stand-in for `helpers.checks` in a student's process, which needs no check.

The real package holds the references: a student's code could call a check, take the
reference that it is handed, and give it back. There are no files of it in the sandbox
either (`sandbox`), and the forkserver does not import it (`warm`). Only its engine,
which knows no reference, is there, imported by the forkserver: checks send modules of
it that watch a training.
"""

import importlib.abc
import importlib.machinery
import sys
import types

from grader import PACKAGES

NAME = "helpers.checks"
ENGINE = f"{NAME}.engine"
FOLDER = PACKAGES[0] / "checks"
SHOWN = ("engine", "__init__.py")  # of the folder


def _nothing(*_: object, **__: object) -> None:
    """Do nothing: checks run in the test process."""


def is_withheld(name: str) -> bool:
    """Tell whether a module may hold references."""
    return f"{name}.".startswith(f"{NAME}.") and not f"{name}.".startswith(f"{ENGINE}.")


def withheld() -> list[str]:
    """Return the files and folders that no student's process may see."""
    if not FOLDER.is_dir():
        return []
    return [str(path) for path in FOLDER.iterdir() if path.name not in SHOWN]


class _Module(types.ModuleType):
    """A module in which every name is there and does nothing."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _nothing


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if not is_withheld(name):
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
        if name == NAME:
            spec.submodule_search_locations = [str(FOLDER)]
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> _Module:
        module = _Module(spec.name, _nothing.__doc__)
        if spec.name == NAME and ENGINE in sys.modules:
            module.engine = sys.modules[ENGINE]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def withhold_checks() -> None:
    """Let every import of `helpers.checks` find the stand-in, from now on."""
    for name in [n for n in sys.modules if is_withheld(n)]:
        del sys.modules[name]
    if (parent := sys.modules.get("helpers")) is not None:
        vars(parent).pop("checks", None)
    sys.meta_path.insert(0, _Finder())
