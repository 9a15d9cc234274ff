"""What a forkserver imports and does once, so that none of its children has to.

`needed` reads in the sheets of an assignment which of the slow libraries they import;
`warm_up` imports these and what the course's own checks import inside their functions,
and runs what each notebook would run first. Only libraries that survive a fork are on
the list: whatever else a notebook imports, its own process imports. Forking and
watching are `forkserver`'s.

`rehearse` does once what checks do for each student alike: with the reference's answers
they load their data, and remember what the reference gives.
"""

import ast
import compileall
import contextlib
import functools
import gc
import importlib
import importlib.util
import re
import signal
from collections.abc import Iterable
from pathlib import Path

from grader import ROOT
from grader.isolated.stub import is_withheld

LIBRARIES = ("helpers", "matplotlib", "pandas", "scipy", "seaborn", "sklearn", "torch")
OWN = "helpers"
MOST_SECONDS = 120  # of a rehearsal
MAGIC = re.compile(r"(?m)^([ \t]*)[%!].*")


def needed(sources: Iterable[str]) -> frozenset[str]:
    """Return the modules worth importing for these texts of a course's cells.

    PyTorch is among them wherever it is named: a check may compare with it.
    """
    texts = list(sources)
    found = {name for text in texts for name in _imports(text)}
    if any("torch" in text for text in texts):
        found.add("torch")
    return frozenset(name for name in found if name.split(".")[0] in LIBRARIES)


def _imports(source: str) -> set[str]:
    """Return what a text imports, in functions too; `from a import b` means both."""
    found: set[str] = set()
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        for node in ast.walk(ast.parse(MAGIC.sub(r"\1pass", source))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                place = "." * node.level + (node.module or "")
                found.add(place)
                dot = "" if place.endswith(".") else "."
                found |= {f"{place}{dot}{alias.name}" for alias in node.names}
    return found


def warm_up(modules: Iterable[str]) -> None:
    """Do once what each notebook of a course with these `modules` would do first."""
    gc.disable()  # nothing of this is garbage
    import matplotlib.pyplot as plt

    from grader.isolated import judge, student  # noqa: F401  also for the children

    wanted = {*modules}
    _import_all(wanted)
    if "torch" in wanted:
        with contextlib.suppress(ImportError):
            _warm_torch()
    for cell in ("import numpy as np\n1 + 1", "1 / 0"):  # a traceback takes 0.3 s
        student.shell().run_cell(cell, store_history=False)
    plt.plot([0, 1])
    plt.gcf().canvas.draw()
    plt.close("all")
    gc.freeze()  # else the shell, which collects, looks at all of it for 0.4 s
    student.shell().reset(new_session=True)
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000)  # for the children: short lives, much memory


@functools.cache
def remembers(cells: tuple[str, ...]) -> bool:
    """Tell whether a sheet of these cells calls checks that rehearse well: our own."""
    return any(map(is_withheld, set().union(*map(_imports, cells))))


def rehearse(cells: Iterable[str]) -> None:
    """Run a sheet with the reference's answers, for what its checks remember of it.

    Nothing else of it stays: a test process begins with names of its own. A statement
    that fails is left out; where one hangs, the process ends.
    """
    import matplotlib.pyplot as plt

    from grader.isolated.checking import carry_on
    from helpers.checks.engine import Step

    names, Step.ahead = {"__name__": "__main__"}, True
    signal.alarm(MOST_SECONDS)
    for cell in cells:
        with contextlib.suppress(SyntaxError):
            carry_on(cell, names, BaseException)
    signal.alarm(0)
    plt.close("all")
    names.clear()
    Step.ahead = False
    gc.collect()
    gc.freeze()


def _import_all(wanted: set[str]) -> None:
    """Import modules, and what the course's own among them import at any depth.

    What must not be imported here is compiled, as an import would: no child of ours can
    write that down, and each would do it again.
    """
    waiting, seen = sorted(wanted), set()
    while waiting:
        name = waiting.pop()
        library = name.split(".")[0]
        needs_torch = library in ("torch", "torchvision")
        if name in seen or (needs_torch and "torch" not in wanted):
            continue
        seen.add(name)
        file, package = _withheld(name)
        if file:
            compileall.compile_file(file, quiet=2)
        elif not package:
            try:
                module = importlib.import_module(name)
            except ImportError:  # a name in a module, or not installed
                continue
            file, package = getattr(module, "__file__", None), module.__spec__.parent
        if library == OWN and file:
            found = _imports(Path(file).read_text(encoding="utf-8"))
            waiting += (
                importlib.util.resolve_name(inner, package)
                for inner in found
                if inner[:1] == "." or inner.split(".")[0] in LIBRARIES
            )


def _withheld(name: str) -> tuple[Path | None, str]:
    """Return file and package of a module of the checks, which is not imported here.

    It holds references, which no student's process may inherit.
    """
    if not is_withheld(name):
        return None, ""
    place = ROOT.joinpath(*name.split("."))
    if (file := place / "__init__.py").is_file():
        return file, name
    file = place.with_suffix(".py")
    return file if file.is_file() else None, name.rpartition(".")[0]


def _warm_torch() -> None:
    import torch

    from helpers._torchvision import import_torchvision

    import_torchvision()
    torch.set_num_threads(1)  # a child of a process with threads hangs in its first
    torch.set_num_interop_threads(1)  # parallel region
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    for optimizer in (torch.optim.SGD, torch.optim.Adam):
        step = optimizer(model.parameters(), lr=0.1)  # its lazy imports take 1.5 s
        model(torch.zeros(1, 2)).sum().backward()
        step.step()
    torch.nn.functional.conv2d(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 2, 2))
