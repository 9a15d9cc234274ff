"""Runs the cells of an exercise in the page's worker, one after another.

There is no IPython. A cell is compiled under a file name of its own, which
`linecache` knows, so that a message can name the student's line. Each run has names of
its own: what an answer does to ``np`` or ``checks`` ends with it.
"""

import ast
import base64
import builtins
import contextlib
import io
import json
import linecache
import math
import random
import sys
import time
import traceback

import numpy as np

MOST = 20_000  # characters of a cell's prints that are kept
EVERY = 0.1  # seconds between two looks at what a running cell has printed
FIGURES = 4
NOT_HERE = "torch", "torchvision"
WATCHED = (builtins, np, np.linalg, np.random, math, json, random, time)
send = None  # set by the worker: takes what a running cell has printed so far


class Stream(io.TextIOBase):
    """Keep the first characters that are written, and count the others."""

    def __init__(self):
        self.kept, self.length, self.lost, self.last = [], 0, 0, 0.0

    def writable(self):
        return True

    def write(self, text):
        text = str(text)
        room = max(0, MOST - self.length)
        if room:
            self.kept.append(text[:room])
            self.length += min(len(text), room)
        self.lost += max(0, len(text) - room)
        is_due = clock() - self.last > EVERY or len(text) >= room
        if send and room and is_due:
            self.last = clock()
            send(clean("".join(self.kept)))
        return len(text)

    def text(self):
        tail = f"\n(… {self.lost:,} more characters are not shown)" if self.lost else ""
        return clean("".join(self.kept)) + tail


clock = time.monotonic
to_json, from_json = json.dumps, json.loads


def clean(text):
    """Return text that JSON and a page can hold: no lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def no_input(prompt="", /):
    raise RuntimeError("input() has nobody to ask here: put the value in the code.")


def raising(solve):
    """Return a function of linear algebra that raises on a singular matrix.

    NumPy finds it by the processor's flags, of which WebAssembly has none.
    """

    def raise_or_solve(a, *rest, **options):
        result = solve(a, *rest, **options)
        if np.isnan(result).any() and np.isfinite(a).all():
            raise np.linalg.LinAlgError("Singular matrix")
        return result

    return raise_or_solve


builtins.input = no_input
if sys.platform == "emscripten":
    np.linalg.inv, np.linalg.solve = map(raising, (np.linalg.inv, np.linalg.solve))
whole = {module: dict(vars(module)) for module in WATCHED}
limit, errors = sys.getrecursionlimit(), np.geterr()


def run(request):
    """Run cells given as JSON, each with id, source and role; return JSON.

    A cell that is needed (an earlier answer, the set-up) runs in silence, and its
    failure is no matter: what depends on it says so. The others end at the first that
    fails.
    """
    names, results = {"__name__": "__main__", "__builtins__": builtins}, []
    files = {}
    for cell in from_json(request):
        done = run_cell(cell["id"], cell["source"], cell["role"], names, files)
        results.append(done)
        if done["error"] and cell["role"] not in ("needed", "setup"):
            break
    return to_json({"results": results, "damaged": restore()})


def run_cell(name, source, role, names, files):
    """Run one cell; return what it printed, showed and raised."""
    file = f"<{name}>"
    lines = source.splitlines(keepends=True)
    files[file] = name
    linecache.cache[file] = (len(source), None, lines, file)
    out, err = Stream(), Stream()
    done = {"cell": name, "role": role, "error": None, "value": None, "shown": ""}
    done["figures"] = []
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        tree = ast.parse(source, file)
        is_shown = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
        last = tree.body.pop() if is_shown else None
        exec(compile(tree, file, "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), file, "eval"), names)
            if value is not None:
                done["shown"] = clean(repr(value)[:MOST])
                done["value"] = float(value) if type(value) is float else None
        done["figures"] = figures()
    except BaseException as error:
        sys.settrace(None)
        done["error"] = explain(error, files, role)
    finally:
        sys.stdout, sys.stderr = before
    return done | {"stdout": out.text(), "stderr": err.text()}


def explain(error, files, role):
    """Return an exception's message, and the help that a failed check has."""
    try:
        text = str(error)
    except Exception:
        text = ""
    kind = type(error).__name__
    if hasattr(error, "_render_traceback_"):
        return {"kind": kind, "message": clean(text)} | helped(error)
    if isinstance(error, SyntaxError):
        message = "".join(traceback.format_exception_only(error)).rstrip()
    elif kind == "NameError" and role == "check":
        message = f"✗ {text}: the cell above has to define it."
    else:
        frames = traceback.extract_tb(error.__traceback__)
        mine = [frame for frame in frames if frame.filename in files][-3:]
        where = [f"  line {f.lineno} of {files[f.filename]}: {f.line}" for f in mine]
        head = [f"{kind}: {text}" if text else kind]
        if getattr(error, "name", None) in NOT_HERE:
            head.append("It does not run in a browser: the notebook does, elsewhere.")
        message = "\n".join([*head, *where])
    return {"kind": kind, "message": clean(message[:MOST])}


def helped(error):
    """Return the other levels of help, and the difference as numbers to draw."""
    from helpers.checks.engine import help, picture

    step, found = getattr(error, "step", None), {}
    if step is not None:
        found["why"], found["see"] = step.why, step.see
        with contextlib.suppress(Exception):
            found["worked"] = help.worked(step)
    with contextlib.suppress(Exception):
        part, *pair = picture.drawable(getattr(error, "difference", None))
        found["difference"] = [part, *(np.round(a, 6).tolist() for a in pair)]
    return found


def figures():
    """Return the open figures of Matplotlib, if a cell has drawn any, as PNG."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    drawn = []
    for number in pyplot.get_fignums()[:FIGURES] if pyplot else ():
        buffer = io.BytesIO()
        pyplot.figure(number).savefig(buffer, format="png", dpi=110)
        drawn.append(base64.b64encode(buffer.getvalue()).decode())
    if pyplot:
        pyplot.close("all")
    return drawn


def restore():
    """Put interpreter settings back; tell whether a module has been damaged.

    A new worker is needed then: nobody knows what else has been changed.
    """
    sys.settrace(None)
    sys.setrecursionlimit(limit)
    np.seterr(**errors)
    linecache.checkcache = lambda *_: None  # the cells are no files
    return any(
        vars(module).get(name) is not value
        for module, names in whole.items()
        for name, value in names.items()
        if name != "_"
    )
