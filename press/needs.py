"""Which packages a notebook needs: what its cells import, and what of ours they reach.

Nothing is executed. From the names that the cells use, the search follows what each
function, class and constant of our own package uses in turn. So a sheet needs PyTorch
only if one of *its* checks does, wherever the module imports it. An import that the
code can do without (inside ``try``) is not needed.
"""

import ast
import functools
import json
import re
from collections.abc import Iterator, Set
from pathlib import Path
from typing import NamedTuple

from press.contents import ROOT

LEFT_OUT = "not-in-browser"  # the tag of a cell that a machine of one's own must run
TORCH = ("torch", "torchvision")
OURS = "helpers"
MAGIC = re.compile(r"^([ ]*)[%!].*", re.M)  # a command of IPython's


METHOD = "some class"  # the module of methods, of which only the name is known


class Place(NamedTuple):
    """A name in a module; the empty name is what an import runs.

    A method has the name ``.fit``: a class whose method no code calls does not need
    what the method needs.
    """

    module: str
    name: str


def in_browser(path: Path, given: Set[str] = frozenset()) -> bool:
    """Tell whether a notebook runs in the browser, where there is no PyTorch.

    A notebook that imports PyTorch does if the cells that use it are left out, or if
    PyTorch is among the packages that are `given` there.
    """
    return not needed(path) & set(TORCH) - given


def needed(path: Path) -> set[str]:
    """Return the packages that the cells which stay in the browser need."""
    notebook = json.loads(path.read_text("utf-8"))
    text = "\n".join(
        MAGIC.sub(r"\1pass", "".join(cell["source"]))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        and LEFT_OUT not in cell["metadata"].get("tags", [])
    )
    tree = ast.parse(text, filename=str(path))
    waiting = list(used(tree, imports(tree, "")))
    seen, methods, modules = set(), set(), set()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        if place.module == METHOD:
            methods.add(place.name)
            waiting += [
                Place(m, place.name) for m in modules if place.name in module(m)[0]
            ]
        elif is_ours(place):
            modules.add(place.module)
            waiting += reached(place)
            called = methods & set(module(place.module)[0])
            waiting += [Place(place.module, name) for name in called]
    tops = {place.module.split(".")[0] for place in seen}
    return tops - {METHOD, OURS}


def is_ours(place: Place) -> bool:
    """Tell whether a place is in our own package."""
    return place.module.split(".")[0] == OURS


@functools.cache
def module(name: str) -> tuple[dict, dict, bool]:
    """Return the definitions of a module of ours, its imports, if it is a package."""
    folder = ROOT.joinpath(*name.split("."))
    is_package = folder.is_dir()
    path = folder / "__init__.py" if is_package else folder.with_suffix(".py")
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    defined: dict[str, list[ast.AST]] = {"": []}
    for node in tree.body:
        for method in methods_of(node):
            defined.setdefault(f".{method.name}", []).append(method)
            node.body.remove(method)
        for target in targets(node):
            defined.setdefault(target, []).append(node)
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[""].append(node)
    home = name if is_package else name.rpartition(".")[0]
    return defined, imports(tree, home), is_package


def methods_of(node: ast.AST) -> list[ast.FunctionDef]:
    """Return the methods of a class that only a call by their name runs."""
    return [
        child
        for child in (node.body if isinstance(node, ast.ClassDef) else [])
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("__")
    ]


def targets(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
        return
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id


@functools.cache
def reached(place: Place) -> set[Place]:
    """Return what a name of a module of ours uses, one step further."""
    defined, known, _ = module(place.module)
    if place.name in defined:
        package = home(place.module)
        return {
            found
            for node in defined[place.name]
            if not isinstance(node, ast.Import | ast.ImportFrom)  # counts where used
            for found in used(node, known | imports(node, package), place.module)
            if place.name or not is_ours(found)  # a table of functions calls none
        }
    if place.name in known:
        return {known[place.name]}
    inner = f"{place.module}.{place.name}"
    return {Place(inner, "")} if module_exists(inner) else set()


def home(name: str) -> str:
    """Return the package in which a module's relative imports start."""
    return name if module(name)[2] else name.rpartition(".")[0]


@functools.cache
def module_exists(name: str) -> bool:
    """Tell whether a dotted name is a module of ours."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(tree: ast.AST, package: str) -> dict[str, Place]:
    """Return what the imports of some code name, but for those that it tries."""
    tried = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try)
        for child in ast.walk(node)
    }
    found = {}
    for node in ast.walk(tree):
        if id(node) in tried:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                found[alias.asname or whole] = Place(whole, "")
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            parts = [*(above if node.level else []), *filter(None, [node.module])]
            source = ".".join(parts)
            for alias in node.names:
                found[alias.asname or alias.name] = Place(source, alias.name)
    return found


def used(tree: ast.AST, known: dict[str, Place], inside: str = "") -> Iterator[Place]:
    """Yield what some code uses: of its imports, and of the module that it is in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield Place(METHOD, f".{node.attr}")
            place = (
                known.get(node.value.id) if isinstance(node.value, ast.Name) else None
            )
            if place and is_ours(place):
                yield from attribute(place, node.attr)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in known:
                yield known[node.id]
            elif inside and node.id in module(inside)[0]:
                yield Place(inside, node.id)


def attribute(place: Place, name: str) -> Iterator[Place]:
    """Yield what ``place.name`` is, if the place is a module of ours."""
    whole = ".".join(filter(None, place))
    if module_exists(whole):
        yield Place(whole, name)
