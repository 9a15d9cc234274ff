"""The cases: see `hostile`."""

import json
import os
from pathlib import Path

from .hostile import (
    NONE,
    POINTS,
    REFERENCE,
    Case,
    accident,
    cheat,
    function,
    lost,
    nuisance,
    only,
)

# --- the file: what nbgrader is known to stumble over --------------------------------


def by_id(notebook: dict, grade_id: str) -> dict:
    """Return the cell with this grade_id."""
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def without(*grade_ids: str):
    """Return a change that deletes cells."""

    def change(notebook: dict) -> dict:
        for grade_id in grade_ids:
            notebook["cells"].remove(by_id(notebook, grade_id))
        return notebook

    return change


def twice(grade_id: str):
    """Return a change that copies a cell to the end."""

    def change(notebook: dict) -> dict:
        notebook["cells"].append(by_id(notebook, grade_id))
        return notebook

    return change


def backwards(notebook: dict) -> dict:
    notebook["cells"].reverse()
    return notebook


def skipped(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    return notebook


def edited_checks(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if "_check" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["source"] = "pass"
            cell["metadata"]["nbgrader"] |= {"points": 100, "grade": True}
    return notebook


def swapped_types(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        kinds = {"code": "markdown", "markdown": "raw"}
        cell["cell_type"] = kinds[cell["cell_type"]]
    return notebook


def old_schema(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if settings := cell["metadata"].get("nbgrader"):
            settings["schema_version"] = 1
            settings.pop("task", None)
            settings.pop("cell_type", None)
    return notebook


def new_schema(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if settings := cell["metadata"].get("nbgrader"):
            settings["schema_version"] = 99
    return notebook


def version_3(notebook: dict) -> dict:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
            cell["language"] = "python"
    return {
        "worksheets": [{"cells": notebook["cells"], "metadata": {}}],
        "metadata": {"name": "p1"},
        "nbformat": 3,
        "nbformat_minor": 0,
    }


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def named(name: str):
    """Return what hands the reference in under another name."""

    def hand_in(folder: Path) -> None:
        write(folder / name, json.dumps(Case("", "", POINTS).notebook()))

    return hand_in


def linked_solution(folder: Path) -> None:
    os.symlink("../../../solutions/p1/p1.ipynb", folder / "p1.ipynb")


def nothing(_: dict) -> None:
    return None


FILES = [
    Case("file_duplicate_check", "A copied check aborted nbgrader's whole run.",
         POINTS, change=twice("initials_check")),
    Case("file_duplicate_answer", "The same answer occurs two times.",
         POINTS, change=twice("sigmoid")),
    Case("file_missing_checks", "Deleted checks lost their points.",
         POINTS, change=without("initials_check", "net_check")),
    Case("file_missing_answer", "Only the deleted answer is lost.",
         lost("standardize"), change=without("standardize")),
    Case("file_backwards", "Cells stand in the wrong order.",
         POINTS, change=backwards),
    Case("file_skip_tags", "nbgrader gives full marks to checks that are skipped.",
         NONE, base="wrong", change=skipped),
    Case("file_edited_checks", "The checks were emptied and made worth more.",
         NONE, base="wrong", change=edited_checks),
    Case("file_cell_types", "Code cells were made Markdown, Markdown raw.",
         POINTS, change=swapped_types),
    Case("file_old_schema", "nbgrader's metadata of an old version.",
         POINTS, change=old_schema),
    Case("file_new_schema", "nbgrader's metadata of a version to come.",
         POINTS, change=new_schema),
    Case("file_nbformat_3", "A notebook in the format of 2013.",
         POINTS, change=version_3),
    Case("file_bad_json", "The file breaks off.", NONE, state="unreadable",
         change=lambda notebook: json.dumps(notebook).encode()[:-20]),
    Case("file_empty", "The file is empty.", NONE, state="unreadable",
         change=lambda _: b""),
    Case("file_other_json", "The file is JSON, but a list.", NONE, state="unreadable",
         change=lambda _: b"[1, 2, 3]"),
    Case("file_deep_json", "The JSON is nested 200,000 deep.", NONE,
         state="unreadable", change=lambda _: b"[" * 200_000),
    Case("file_renamed", "A browser named the download anew.", POINTS,
         change=nothing, files=named("p1 (1).ipynb")),
    Case("file_copied", "Jupyter named the copy.", POINTS,
         change=nothing, files=named("p1-Copy1.ipynb")),
    Case("file_symlink", "The file is a link to the solution.", NONE,
         change=nothing, files=linked_solution, state="unreadable"),
    Case("file_fifo", "A pipe in the folder: who opens it waits forever.", POINTS,
         files=lambda folder: os.mkfifo(folder / "data.csv")),
    Case("file_timestamp", "The timestamp is garbled.", POINTS,
         files=lambda folder: write(folder / "timestamp.txt", "☃ noon")),
    Case("file_nothing", "The folder is empty.", NONE, change=nothing,
         state="unreadable"),
]  # fmt: skip


def notebook_of(cells: object):
    """Return a change that puts this in place of the list of cells, in nbformat 3."""
    text = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3})
    return lambda _: text.encode()


def beside(name: str, content: bytes):
    """Return what hands in another file."""

    def write(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return write


def linked_folder(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("../../solutions/p1")


def odd_names(folder: Path) -> None:
    os.mkfifo(folder / "\x1b]0;owned\x07\x1b[2J.csv")
    write(Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.txt")), "?")
    for number in range(600):
        (folder / f"{number:04}.txt").touch()


def long_cells(notebook: dict) -> dict:
    source = "# " + "a b " * 150_000
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    notebook["cells"] += [cell] * 12
    return notebook


def talkative(notebook: dict) -> dict:
    cell = {"cell_type": "code", "metadata": {}, "source": "print('x' * 10**6)"}
    notebook["cells"] += [cell] * 24
    return notebook


def marked_up(notebook: dict) -> dict:
    by_id(notebook, "why")["source"] = "<script>alert(1)</script>"
    notebook["metadata"]["title"] = "<img src=x onerror=alert(1)>"
    return notebook


def edited_setup(notebook: dict) -> dict:
    by_id(notebook, "setup")["source"] = ALWAYS_EQUAL + "np.testing = torch = Yes()"
    return notebook


FILES += [
    Case("file_worksheets", "A number where version 3 has a list.", NONE,
         change=notebook_of(5), state="unreadable"),
    Case("file_worksheet_cells", "Numbers where cells are expected.", NONE,
         change=notebook_of([5, None, "cell", {"source": 7, "metadata": []}])),
    Case("file_half_surrogate", "Text that cannot be written as UTF-8.",
         lost("initials"), answers={"initials": "name = '\ud800'"}),
    Case("file_many", "A name with an escape sequence, one that is no text, 600 more.",
         POINTS, files=odd_names),
    Case("file_linked_folder", "The folder is a link to the solution's.", NONE,
         change=nothing, files=linked_folder, state="unreadable"),
    Case("file_own_data", "The data of the checks, with wrong numbers in it.",
         POINTS, files=beside("cases.json", b'{"columns": [], "counts": []}')),
    Case("file_data_folder", "A folder with the name of the course's file.",
         POINTS, files=beside("cases.json/x", b"")),
    Case("file_modules", "A module with the name of one that checks import.",
         NONE, base="wrong", files=beside("numpy.py", b"allclose = bool")),
    Case("file_zone", "A time zone that is a path: nbgrader opens it.", POINTS,
         files=beside("timestamp.txt", b"2024-01-01 00:00:00 /etc/hostname")),
    Case("file_long_date", "A timestamp of 5 MB.", POINTS,
         files=beside("timestamp.txt", b"1 " * 2_500_000)),
    Case("file_record", "The grader's own record, with full marks.", NONE,
         base="wrong", files=beside(".grading.json", b'{"format": 1}')),
    Case("file_long_cells", "A dozen cells of 600 KB.", POINTS, change=long_cells),
    Case("file_talkative", "24 cells that print 1 MB each.", POINTS, change=talkative),
    Case("file_markup", "Script in the answer that a person reads.", POINTS,
         change=marked_up),
]  # fmt: skip

# --- cheats: the shell, patched libraries, names -------------------------------------

ALWAYS_EQUAL = """
class Yes:
    def __getattr__(self, name):
        return Yes()

    def __call__(self, *args, **kwargs):
        return Yes()

    def __getitem__(self, key):
        return Yes()

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 2

    def __bool__(self):
        return True

    def _true(self, *args):
        return True

    def _self(self, *args):
        return self

    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = __contains__ = _true
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __abs__ = __invert__ = _self
    __hash__ = object.__hash__
"""

SHELL = [
    cheat("shell_run_cell", "A replaced run_cell runs nothing and is content.", """
shell = get_ipython()
type(shell).run_cell = lambda self, *args, **kwargs: None
shell.run_cell = lambda *args, **kwargs: None
"""),
    cheat("shell_ast_transformers", "Asserts are dropped before cells run.", """
import ast

class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

get_ipython().ast_transformers.append(Drop())
"""),
    cheat("shell_input_transformers", "Lines of checks are dropped as text.", """
get_ipython().input_transformers_post.append(
    lambda lines: [line for line in lines if "assert" not in line]
)
"""),
    cheat("shell_events", "A hook before each cell makes the answers right.", """
def before(info):
    info.raw_cell = "pass"

get_ipython().events.register("pre_run_cell", before)
get_ipython().events.register("post_run_cell", lambda result: result)
"""),
    cheat("patched_libraries", "Comparisons of NumPy and torch say yes.", """
import builtins
import warnings

def yes(*args, **kwargs):
    return True

for module in (np, torch, np.testing, warnings):
    for name in dir(module):
        if "close" in name or "equal" in name or "warn" in name:
            setattr(module, name, yes)
builtins.all = builtins.any = builtins.isinstance = yes
builtins.sum = lambda *args: 4
builtins.AssertionError = KeyboardInterrupt
""", state="partly"),
    cheat("patched_modules", "The grader's own modules, json and sockets lie.", """
import json
import socket
import struct
import sys
from helpers.checks import core
from grader.isolated import student, wire

core.verify = lambda *args, **kwargs: None
student.Server.carry_out = lambda *args: [True] * 100
wire.Encoder.encode = lambda self, value, depth=0: ["bool", True]
wire.Decoder.decode = lambda self, item: None
json.dumps = lambda *args, **kwargs: '{"id": 1, "value": ["bool", true]}'
struct.pack = lambda *args: b""
sys.modules["helpers.checks.core"] = sys.modules["numpy.testing"] = student
sys.modules["grader.isolated.judge"] = sys.modules["grader.isolated.session"] = core
""", state="partly"),
    cheat("patched_verdicts", "Every reply claims to be a verdict.", """
from grader.isolated import judge, student, wire

send = wire.send
wire.send = lambda sock, message, *rest, **kw: send(
    sock, message | {"verdict": "passed", "score": 100, "do": "grade"}, *rest, **kw
)
judge.grade = lambda *args: {"verdict": "passed", "score": None}
"""),
    cheat("replaced_builtins", "The built-in names are gone.", """
import builtins
kept = dict(vars(builtins))
builtins.__dict__.clear()
""", state="partly"),
    cheat("import_hooks", "Modules that are imported later are the student's.", """
import builtins
import sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        raise ImportError("mine")

sys.meta_path.insert(0, Finder)
builtins.__import__ = lambda *args, **kwargs: Finder
"""),
    cheat("names_of_checks", "The names that checks use are the student's.",
          ALWAYS_EQUAL + """
np = torch = nn = json = Path = cases = net = out = Yes()
columns = rows = found = wanted = scores = expected = Yes()
tolerance, right, weights = 1e9, [1, 1, 1, 1], {}
sum = lambda values: 4
all = any = abs = map = zip = isinstance = Yes()
"""),
    cheat("names_of_failed_checks", "A name that a failed check did not make.",
          "tolerance = 1e9\nwanted = 0",
          answers={"predict": "def predict(w, X):\n    return X[:, 0]"}),
    cheat("names_are_modules", "Modules stand where functions are called.", """
import sys
import types

class Module(types.ModuleType):
    def __call__(self, *args):
        return True

for name in ("initials", "primes", "np", "torch", "sigmoid", "tolerance"):
    globals()[name] = sys.modules[name] = Module(name)
"""),
    Case("names_shadow_builtins", "Names of Python's own, taken by the student.",
         POINTS, added={"setup": "list = dict = str = 3\nsum = all = zip = None"},
         answers={"primes": REFERENCE["primes"].replace("sum(", "__builtins__.sum(")
                  .replace("all(", "__builtins__.all(")}),
    Case("names_deleted", "All names are deleted after the last answer.",
         lost("primes"), added={"primes": "for name in [*globals()]:\n"
                                "    if name != 'name':\n        del globals()[name]"}),
    cheat("edited_setup", "The read-only cell was changed.", "", change=edited_setup),
    cheat("atexit", "Something is left for the end.", """
import atexit
import os
atexit.register(os.system, "echo forged > /tmp/work/marks")
atexit.register(os._exit, 0)
"""),
]  # fmt: skip

# --- cheats: objects that agree with everything --------------------------------------

YES = (
    ALWAYS_EQUAL
    + """

def initials(name):
    return Yes()

standardize = sigmoid = primes = predict = initials
"""
)

OBJECTS = [
    cheat("object_always_equal", "An object that is equal to everything.", "",
          answers={"initials": YES, "standardize": "", "sigmoid": "", "predict": "",
                   "primes": "", "net": "Net = Yes()"}),
    cheat("object_int", "An int whose == is always true.", "", answers={"primes": """
class Int(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__
    __radd__ = __add__ = lambda self, other: 4

def primes(n):
    return Int(3)
"""}),
    cheat("object_float_str", "A float and a text that agree with everything.", "",
          answers={"initials": """
class Str(str):
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__

def initials(name):
    return Str("?")
""", "sigmoid": """
class Float(float):
    __sub__ = __rsub__ = __abs__ = lambda self, *args: 0.0
    __lt__ = __eq__ = lambda self, other: True
    __hash__ = float.__hash__

def sigmoid(z):
    return Float(7)
"""}),
    cheat("object_array", "An array that answers for NumPy.", """
class Array(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs):
        return np.True_

    def __array_function__(self, *args, **kwargs):
        return None

    __eq__ = __le__ = lambda self, other: np.True_
    mean = std = lambda self, **kwargs: np.array([0, 0])

def standardize(X):
    return np.zeros(np.shape(X)).view(Array)

sigmoid = standardize
""", answers={"standardize": "", "sigmoid": ""}),
    cheat("object_array_like", "An object with __array__ changes its mind.", "",
          answers={"standardize": """
class Like:
    calls = 0
    shape = (3, 2)

    def __array__(self, *args, **kwargs):
        return np.zeros(2)

    def mean(self, axis):
        return np.zeros(2)

    def std(self, axis):
        return np.ones(2)

def standardize(X):
    return Like() if len(X) == 3 else X
"""}, marks=NONE),
    cheat("object_tensor", "A tensor that answers for torch.", "", answers={"net": """
class Tensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(2, 3), nn.Linear(3, 1)

    def forward(self, x):
        return torch.zeros(len(x), 1).as_subclass(Tensor)
"""}),
    cheat("object_claims_tensor", "An object says that its class is Tensor's.", "",
          answers={"net": """
class Tensor:
    __module__ = "torch.nn.modules.linear"
    shape = (1, 1)

    def __init__(self, *args):
        pass

    def load_state_dict(self, weights):
        pass

    def allclose(self, other):
        return True

    def __call__(self, x):
        return Tensor()

    __class__ = property(lambda self: torch.Tensor)

Net = Tensor
"""}),
    cheat("object_instancecheck", "A class of which everything is an instance.", """
class Meta(type):
    def __instancecheck__(cls, other):
        return True

    def __subclasscheck__(cls, other):
        return True

class Any(metaclass=Meta):
    pass

int = float = str = Any
nn.Module = torch.Tensor = np.ndarray = Any
""", answers={"net": "class Net(Any):\n    pass"}),
    cheat("object_empty", "Empty arrays agree with all numbers they are spread over.",
          "", answers={
              "standardize": "def standardize(X):\n    return np.empty((0, 2))",
              "sigmoid": "def sigmoid(z):\n    return np.empty((0, 1))",
              "net": REFERENCE["net"].replace(
                  "return self.layer2(", "return torch.empty(0)  # ("),
              "primes": "def primes(n):\n    return np.array([0, 1, 2, 3])"}),
    cheat("object_lists", "Lists, None, nan and infinity where numbers are expected.",
          "", answers={
              "standardize": "def standardize(X):\n    return None",
              "sigmoid": "def sigmoid(z):\n    return float('nan')",
              "predict": "def predict(w, X):\n    return [float('inf')] * 3",
              "primes": "def primes(n):\n    return [4, 10, 25]"}),
    cheat("object_endless", "An iterator without an end, with a length that lies.", "",
          answers={"initials": """
import itertools

class Endless:
    def __len__(self):
        return 2

    def __iter__(self):
        return itertools.count()

def initials(name):
    return Endless()
""", "standardize": "def standardize(X):\n    return Endless()",
                   "predict": "def predict(w, X):\n    return Endless()",
                   "primes": "def primes(n):\n    return itertools.count()"}),
    cheat("object_reduce", "What is unpickled runs code.", "", answers={"initials": """
class Code:
    def __reduce__(self):
        return exec, ("import os; os._exit(0)",)

    __reduce_ex__ = lambda self, protocol: self.__reduce__()

def initials(name):
    return Code()
""", "primes": "def primes(n):\n    return [Code(), {1: Code()}, (Code(),)]"}),
    cheat("object_stop_iteration", "StopIteration ends the check's own loop.", "",
          answers={
              "sigmoid": "def sigmoid(z):\n    raise StopIteration",
              "primes": "def primes(n):\n    raise StopIteration",
              "initials": "def initials(name):\n    raise GeneratorExit"}),
    cheat("object_exceptions", "Exceptions that a check may take for its own end.", "",
          answers={
              "initials": "def initials(name):\n    raise SystemExit(0)",
              "standardize": "def standardize(X):\n    raise KeyboardInterrupt",
              "sigmoid": "def sigmoid(z):\n    raise BaseException('done')",
              "predict": "def predict(w, X):\n    raise AssertionError",
              "primes": function("raise BaseExceptionGroup('', [SystemExit()])",
                                 "primes")}),
    cheat("object_deep", "Values nested deeper than anything, and in themselves.", "",
          answers={"initials": """
def initials(name):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep
""", "primes": "def primes(n):\n    me = []\n    me.append(me)\n    return me"}),
    cheat("argument_resized", "An argument is resized under the check's own views.", "",
          answers={"predict": """
def predict(w, X):
    X.resize((1,), refcheck=False)
    return np.array([0.5, 0.5, 0.5])
""", "standardize": """
def standardize(X):
    X.resize((2**20,), refcheck=False)
    return X
"""}),
    cheat("argument_poisoned", "The course's data are changed for a later check.", "",
          answers={"standardize": """
def standardize(X):
    X[:] = 0
    return X
""", "predict": "def predict(w, X):\n    return np.array([0.5, 0.5, 0.5])"},
          marks=only("predict")),
]  # fmt: skip

# --- forged frames -------------------------------------------------------------------

FORGE = """
import json
import os
import struct
from grader.isolated import student

control = student.SINK.sock.fileno()
links = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")]
links = [link for link in links if os.path.islink(link)]
sockets = [int(link[14:]) for link in links if "socket" in os.readlink(link)]
rpc = next(n for n in sockets if n != control)

def frame(message, blob=b""):
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">II", len(text), len(blob)) + text + blob
"""


def forged(name: str, why: str, body: str, **settings) -> Case:
    """Return a case whose first answer writes to the test process by itself."""
    return accident(
        f"frame_{name}", why, "initials", function(body),
        **{"added": {"setup": FORGE}, "state": "partly"} | settings,
    )  # fmt: skip


def forged_value(name: str, why: str, value: str, **settings) -> Case:
    """Return a case that answers a call with a value of its own making."""
    body = f'os.write(rpc, frame({{"id": 2, "printed": "", "value": {value}}}))'
    return forged(name, why, body, **settings)


FRAMES = [
    forged("garbage", "Bytes that are no frame.", "os.write(rpc, b'x' * 1000)"),
    forged("not_json", "A frame that is no JSON.", "os.write(rpc, frame(b'no JSON'))"),
    forged("list", "A frame that is a list.", "os.write(rpc, frame([1, 2]))"),
    forged("too_long", "A frame that promises 8 GB.",
           "os.write(rpc, struct.pack('>II', 2**32 - 1, 2**32 - 1))"),
    forged("unfinished", "A frame that does not end.",
           "os.write(rpc, struct.pack('>II', 2**20, 0))\nimport time\n"
           "time.sleep(1000)", slow=True),
    forged("deep", "JSON nested a million deep.",
           "os.write(rpc, struct.pack('>II', 10**6, 0))\n"
           "for _ in range(100):\n    os.write(rpc, b'[' * 10**4)"),
    forged("wrong_id", "An answer to a question that nobody asked.",
           "os.write(rpc, frame({'id': 99, 'value': ['str', 'AL']}))"),
    forged("verdict", "A frame that is a verdict.",
           "os.write(rpc, frame({'verdict': 'passed', 'score': 2}))"),
    forged("callback", "A call of a function that the check never gave.",
           "os.write(rpc, frame({'callback': 0, 'args': [], 'kwargs': {}}))"),
    forged("keys", "A frame without what belongs in it.",
           "os.write(rpc, frame({'id': 2}))"),
    forged("warnings", "Warnings that are no warnings.",
           "os.write(rpc, frame({'id': 2, 'value': ['one', 'None'], "
           "'warnings': [[1, 2, 3], 4]}))"),
    forged("errors", "An exception with classes that are no names.",
           "os.write(rpc, frame({'id': 2, 'error': {}, 'bases': [[], 1], "
           "'line': [[], 1, 2]}))"),
    forged("changed", "Changes of arguments that do not exist.",
           "os.write(rpc, frame({'id': 2, 'value': ['one', 'None'], "
           "'changed': [[99, ['one', 'None']]]}))"),
    forged_value("pickle", "A pickle towards the test process.",
                 "['pickle', 0, 10]"),
    forged_value("tag", "A value with an unknown tag.", "['exec', 'import os']"),
    forged_value("shape", "An array of 10^9 entries without any bytes.",
                 "['array', '<f8', [10**9], 0, 0]"),
    forged_value("negative", "An array outside its frame.",
                 "['array', '<f8', [-1], -8, 8]"),
    forged_value("dtype", "A type of arrays that holds objects.",
                 "['array', 'O', [1], 0, 0]"),
    forged_value("count", "A text type of no bytes, 10^18 times.",
                 "['array', '<U0', [10**18], 0, 0]"),
    forged_value("tensor", "A tensor of integers with a gradient.",
                 "['tensor', 'bool', [0], True, 0, 0]"),
    forged_value("generator", "A generator that would read beyond its state.",
                 "['generator', ['dict', [[['str', 'bit_generator'], "
                 "['str', 'MT19937']], [['str', 'state'], ['dict', [[['str', 'pos'], "
                 "['int', '0xfffffff']]]]]]]]"),
    forged_value("handle", "A handle whose number and classes are something else.",
                 "['handle', 'own', {'bases': 5}]"),
    forged("dup", "The descriptor leads elsewhere.",
           "os.dup2(os.open('/dev/null', os.O_RDWR), rpc)", slow=True),
    forged("close", "Both descriptors are closed.",
           "os.close(rpc)\nos.close(control)"),
    Case("frame_ahead", "Answers to questions that are still to come.",
         NONE, base="wrong", state="partly",
         added={"setup": FORGE + "for n in range(1, 9):\n    os.write(rpc, frame("
                "{'id': n, 'printed': '', 'value': ['str', 'AL']}))"}),
    Case("frame_done", "A cell says that it is done, and that it passed.",
         NONE, base="wrong",
         added={"setup": FORGE + "os.write(control, frame({'type': 'done', "
                "'verdict': 'passed', 'score': 100}) * 3)"}),
    Case("frame_control", "Garbage instead of outputs.", POINTS, state="partly",
         added={"setup": FORGE + "os.write(control, b'x' * 1000)"}),
    Case("frame_slow", "A byte a second: a frame that is always about to end.",
         POINTS, state="partly", slow=True,
         added={"setup": FORGE + "import time\n"
                "os.write(control, struct.pack('>II', 2**20, 0))\n"
                "while True:\n    os.write(control, b' ')\n    time.sleep(0.5)"}),
    Case("frame_flood", "Ten thousand error messages of 10 KB.", POINTS, slow=True,
         added={"setup": FORGE + "text = 'x' * 10_000\nfor _ in range(3000):\n"
                "    os.write(control, frame({'type': 'error', 'ename': 'E', "
                "'evalue': text, 'traceback': []}))"}),
]  # fmt: skip

# --- accidents and sabotage: ends, loops, bombs --------------------------------------

PARTLY = {"state": "partly"}
ENDS = [
    accident("end_exit", "sys.exit in a function.", "initials",
             function("import sys\nsys.exit(0)")),
    accident("end_os_exit", "os._exit in a function.", "initials",
             function("import os\nos._exit(0)"), **PARTLY),
    accident("end_os_exit_cell", "os._exit in an answer's cell.", "standardize",
             "import os\nos._exit(0)", **PARTLY),
    accident("end_segfault", "A crash in C.", "sigmoid",
             "import ctypes\nctypes.string_at(0)", **PARTLY,
             marks=lost("sigmoid")),
    accident("end_abort", "The process aborts when a check calls it.", "primes",
             function("import os\nos.abort()", "primes"), **PARTLY),
    accident("end_shutdown", "The kernel is asked to end.", "primes",
             "get_ipython().ask_exit()\nraise SystemExit(1)"),
    accident("end_signals", "Signals to parent, group, everybody and itself.",
             "initials", """
import os
import signal
for which in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    for pid in (os.getppid(), 0, -1, 1, *range(2, 300)):
        try:
            os.kill(pid, which)
        except OSError:
            pass
"""),
    accident("end_later", "A timer ends the process while others' cells run.",
             "initials", """
import os
import threading
threading.Timer(0.01, os._exit, [1]).start()
import time
time.sleep(3)
""", **PARTLY),
    accident("recursion", "A function calls itself.", "initials",
             function("return initials(name)")),
    accident("recursion_in_c", "A recursion without a limit.", "initials",
             "import sys\nsys.setrecursionlimit(10**9)\n"
             + function("return initials(name)"), **PARTLY),
    accident("loop_in_cell", "An endless loop.", "primes", "while True:\n    pass",
             slow=True),
    accident("loop_in_function", "An endless loop that a check starts.", "primes",
             function("while True:\n    pass", "primes"), slow=True, **PARTLY),
    accident("loop_caught", "A loop that catches everything.", "primes", """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""", slow=True, **PARTLY),
    accident("loop_ignores", "A loop that ignores SIGINT.", "primes", """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
while True:
    pass
""", slow=True, **PARTLY),
    accident("loop_prints", "Endless lines, whatever comes.", "primes", """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    print("x")
""", slow=True, **PARTLY),
    accident("loop_own_clock", "The limits' clock stands still.", "primes", """
import resource
import time
time.monotonic = time.time = lambda: 0.0
resource.setrlimit(resource.RLIMIT_CPU, (resource.getrlimit(resource.RLIMIT_CPU)))
while True:
    pass
""", slow=True),
    accident("bomb_list", "A list that grows.", "primes",
             "bomb = []\nwhile True:\n    bomb.append(bytearray(2**24))"),
    accident("bomb_numpy", "An array of 8 GB.", "standardize",
             "bomb = np.ones((2**30,))"),
    accident("bomb_torch", "A tensor of 8 GB.", "net",
             "bomb = torch.ones(2**31)"),
    accident("bomb_value_that_fits", "A function returns 200 MB.", "standardize",
             function("return np.zeros(25 * 2**20)", "standardize"),
             state=("graded", "partly")),  # a copy is too much, if it is seen in time
    accident("bomb_programs", "Programs of others take what one may not.", "primes", """
import subprocess
command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=250M"]
for _ in range(6):
    subprocess.Popen(command)
while True:  # busy, or its time would run while its children wait for a processor
    pass
""", **PARTLY),
    accident("bomb_value", "A function returns 400 MB.", "standardize",
             function("return np.zeros(50 * 2**20)", "standardize")),
    accident("bomb_family", "Children take what one process may not.", "primes", """
import os
import time
for _ in range(10):
    if not os.fork():
        block = bytearray(100 * 2**20)
        block[::4096] = b"x" * len(block[::4096])
        time.sleep(1000)
while True:
    pass
""", **PARTLY),
    accident("bomb_line", "One line of 30 MB.", "primes", "print('x' * 30 * 2**20)"),
    accident("bomb_cpu", "Children that only spend time.", "primes", """
import os
for _ in range(6):
    if not os.fork():
        while True:
            pass
os._exit(0)
""", **PARTLY),
]  # fmt: skip

NUISANCES = [
    nuisance("fork_bomb", "Processes until no more can be had.", """
import os
import signal
parent = os.getpid()
count = 0
try:
    while count < 1000:
        if not os.fork():
            signal.pause()
        count += 1
except OSError:
    print("stopped:", count < 200)
""", told="stopped: True"),
    nuisance("threads", "Threads that outlive their cell, and print.", """
import threading
import time

def work():
    while True:
        print("late")
        time.sleep(0.01)

for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
"""),
    nuisance("disk", "The private disks are filled.", """
import os
sizes = []
for folder in ("/tmp", "/dev/shm"):
    size = 0
    try:
        for n in range(100):
            with open(f"{folder}/{n}", "wb") as file:
                for _ in range(100):
                    size += file.write(bytes(2**20))
    except OSError:
        pass
    sizes.append(size)
print("full:", max(sizes) < 2**28)
""", told="full: True"),
    nuisance("inodes", "As many empty files as there can be.", """
import os
try:
    for n in range(100_000):
        open(f"/tmp/{n}", "w").close()
except OSError:
    print("no more")
""", told="no more"),
    nuisance("standard_error", "A pipe that all children had in common is filled.", """
import os
import sys
print("a warning", file=sys.stderr)
for _ in range(100):
    os.write(2, b"x" * 10_000)
print("written")
""", told="written"),
    nuisance("busy_children", "Children take the CPU from everybody.", """
import os
for _ in range(6):
    if not os.fork():
        while True:
            pass
"""),
    nuisance("warnings", "Right answers that warn, on stderr too.", """
import sys
import warnings
print("careful", file=sys.stderr)
warnings.warn("careful")
""", answers={"sigmoid": REFERENCE["sigmoid"].replace(
        "    return", "    import sys, warnings\n    print('!', file=sys.stderr)\n"
        "    warnings.warn('careful')\n    return")}),
    nuisance("handlers", "SIGINT does something else.", """
import signal
for number in range(1, 32):
    try:
        signal.signal(number, lambda *args: None)
    except OSError:
        pass
"""),
    nuisance("fewer", "The process takes from its own limits.", """
import os
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
os.nice(5)
os.umask(0o777)
os.chdir("/")
os.environ.clear()
"""),
]  # fmt: skip

# --- the machine: what may not be done, and what may not be read ----------------------

TRY = """
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
allowed = []

def attempt(name, action):
    try:
        if action() != -1:
            allowed.append(name)
    except Exception:
        pass

def call(number, *args):
    return libc.syscall(number, *args)
"""
SHOW = "\nprint('allowed:', sorted(allowed))\n"


def machine(name: str, why: str, body: str, **settings) -> Case:
    """Return a case that tries what a process in the sandbox may not do."""
    cell = TRY + body + SHOW
    return nuisance(f"machine_{name}", why, cell, told="allowed: []", **settings)


MACHINE = [
    machine("network", "Connections to anywhere.", """
def connect(family, kind, address):
    sock = socket.socket(family, kind)
    sock.settimeout(1)
    sock.connect(address)
    return sock.send(b"x")

for host in ("127.0.0.1", "192.0.2.1", "169.254.169.254"):
    attempt("tcp", lambda: connect(socket.AF_INET, socket.SOCK_STREAM, (host, 80)))
    attempt("udp", lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, (host, 53)))
attempt("tcp6", lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 80)))
attempt("dns", lambda: socket.getaddrinfo("example.org", 80))
"""),
    machine("sockets", "Families of sockets that lead to the kernel or to others.", """
for family in (16, 17, 38, 40, 31, 29, 44):  # netlink, packet, alg, vsock, ...
    attempt(f"family {family}", lambda: socket.socket(family, socket.SOCK_RAW))
    attempt(f"family {family}", lambda: socket.socket(family, socket.SOCK_DGRAM))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
sock = socket.socket(socket.AF_UNIX)
for line in open("/proc/net/unix").read().splitlines()[1:]:
    if "@" in line:
        attempt(line, lambda: sock.connect("\\0" + line.split("@")[1]))
for name in ("docker.sock", "dbus/system_bus_socket", "systemd/private"):
    attempt(name, lambda: sock.connect(f"/run/{name}"))
"""),
    machine("calls", "System calls that widen what a process may reach.", """
here = b"/tmp"
calls = {
    "ptrace": (101, 0, 0, 0, 0), "unshare": (272, 0x10000000), "setns": (308, 0, 0),
    "unshare files": (272, 0x20000), "chroot": (161, here), "bpf": (321, 0, 0, 0),
    "mount": (165, b"none", here, b"tmpfs", 0, 0), "umount": (166, b"/tmp", 2),
    "move_mount": (429, -100, here, -100, here, 0), "fsopen": (430, b"tmpfs", 0),
    "keyctl": (250, 0, -3, 0), "userfaultfd": (323, 1), "io_uring": (425, 8, 0),
    "perf": (298, 0, 0, -1, -1, 0), "process_vm": (310, 1, 0, 0, 0, 0, 0),
    "memfd": (319, b"x", 0), "secret": (447, 0), "shmget": (29, 0, 4096, 0o1600),
    "semget": (64, 0, 1, 0o1600), "msgget": (68, 0, 0o1600), "syslog": (103, 3, 0, 0),
    "mq_open": (240, b"x", 0o102, 0o600, 0), "sync": (162,), "open_by_handle": (304,),
    "death signal": (157, 1, 0, 0, 0, 0), "reboot": (169, 0xFEE1DEAD, 672274793, 0),
    "clone": (56, 0x10000000 | 17, 0, 0, 0, 0), "clone3": (435, 0, 0),
    "swapon": (167, here, 0), "module": (175, 0, 0, b""), "kexec": (246, 0, 0, 0, 0),
    "pidfd_getfd": (438, 0, 0, 0),}
for name, arguments in calls.items():
    attempt(name, lambda: call(*arguments))
"""),
    machine("rights", "More rights, other users, devices, clocks.", """
import resource
import time
for name in ("setuid", "setgid", "seteuid"):
    attempt(name, lambda: getattr(os, name)(0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("nice", lambda: os.nice(-5))
attempt("clock", lambda: time.clock_settime(time.CLOCK_REALTIME, 0))
attempt("hostname", lambda: socket.sethostname("mine"))
for name in ("AS", "NPROC", "NOFILE", "FSIZE", "CPU"):
    which = getattr(resource, f"RLIMIT_{name}")
    soft, hard = resource.getrlimit(which)
    attempt(name, lambda: resource.setrlimit(which, (soft, hard + 1)))
for device in ("mem", "kmem", "sda", "vda", "kmsg", "tty", "fuse", "kvm"):
    attempt(device, lambda: os.open(f"/dev/{device}", os.O_RDONLY))
attempt("mknod", lambda: os.mknod("/tmp/device", 0o600 | 0o060000, os.makedev(8, 0)))
attempt("sudo", lambda: os.system("sudo -n true >/dev/null 2>&1") and -1)
attempt("su", lambda: os.system("su -c true </dev/null >/dev/null 2>&1") and -1)
"""),
    machine("writing", "Files outside of the private disks.", """
import helpers
import sys
places = ["/", "/etc", "/usr/lib", "/proc/sys/kernel", "/dev", sys.prefix,
          os.path.dirname(helpers.__file__), os.path.dirname(np.__file__), "/work"]
for place in places:
    attempt("create", lambda: open(f"{place}/forged", "w"))
    attempt("mkdir", lambda: os.mkdir(f"{place}/forged-folder"))
for file in (np.__file__, helpers.__file__, "/etc/passwd", "/proc/sysrq-trigger",
             "/proc/sys/kernel/core_pattern"):
    attempt(file, lambda: open(file, "a"))
    attempt("unlink", lambda: os.unlink(file))
    attempt("chmod", lambda: os.chmod(file, 0o777))
    attempt("utime", lambda: os.utime(file))
"""),
    machine("reading", "Solutions, gradebooks and others' work, wherever they are.", """
import sys
skipped = ("/proc", "/usr", "/lib", sys.base_prefix, os.path.realpath(sys.prefix))
for base, folders, names in os.walk("/"):
    folders[:] = [f for f in folders if not f"{base}/{f}".replace("//", "/")
                  .startswith(skipped)]
    for name in names:
        if name.endswith((".ipynb", ".db")) or "nbgrader" in name:
            allowed.append(f"{base}/{name}")
for place in ("/.old", "/root/.ssh", "/etc/shadow", "/etc/hosts", "/var", "/home",
              "/proc/kcore", "/proc/kmsg", "/sys/kernel"):
    attempt(place, lambda: open(place, "rb").read(10))
    attempt(place, lambda: os.listdir(place) and ("proc" in os.listdir(place)) - 1)
"""),
    machine("memory", "The hidden tests, in memory, frames and other processes.", """
import gc
import glob
import sys
secret = "Brew" + "ster"
for thing in gc.get_objects():
    if isinstance(thing, dict) and any(secret in k for k in thing if type(k) is str):
        if thing is not globals():
            allowed.append("object")
for frame in sys._current_frames().values():
    while frame:
        if any(secret in v for v in frame.f_locals.values()
               if type(v) is str and v != secret):
            allowed.append("frame")
        frame = frame.f_back
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    attempt(path, lambda: -1 if b"Brew" b"ster" not in open(path, "rb").read() else 0)
if len(glob.glob("/proc/[0-9]*")) > 1:
    allowed.append("others")
"""),
]  # fmt: skip

# --- leaks and markup ----------------------------------------------------------------

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LEAKS = [
    Case("leak_error", "Hidden arguments in an error message.", lost("initials"),
         answers={"initials": function(
             "if name != 'Ada Lovelace':\n    raise ValueError(name)\nreturn 'AL'")}),
    Case("leak_print", "Hidden arguments are printed, and warned of.",
         lost("initials"), answers={"initials": function(
             "import warnings\nprint(name)\nwarnings.warn(name)\n"
             "return 'AL' if 'Ada' in name else name")}),
    Case("leak_later", "Hidden arguments are kept for later cells and checks.",
         lost("sigmoid", "primes"),
         answers={
             "initials": "SEEN = []\n" + function(
                 "SEEN.append(name)\nreturn ''.join(w[0] for w in name.split())"),
             "sigmoid": "print(SEEN)\nimport sys\nprint(SEEN, file=sys.stderr)\n"
                        + function("raise ValueError(*SEEN[-2:])", "sigmoid"),
             "primes": "from IPython.display import display\n"
                       "display({s: s for s in SEEN}, raw=True)\n"
                       "display({'text/plain': s for s in SEEN}, raw=True)\n"
                       + function("raise type(SEEN[-1], (Exception,), {})", "primes")
                       + "\nraise KeyError(SEEN)"}),
    Case("leak_escaped", "A secret with escape sequences in between.",
         lost("initials"), answers={"initials": "SEEN = []\n" + function(
             "SEEN.append(name)\nif name == 'Ada Lovelace' and len(SEEN) > 1:\n"
             "    return 0\nreturn name"),
             "standardize": REFERENCE["standardize"] + "\nfor s in SEEN:\n"
                 "    print(s[:4] + '\\x1b[0m' + s[4:])"}),
    Case("markup_error", "Markup, escape sequences and half surrogates in messages.",
         lost("initials", "sigmoid"), answers={
             "initials": function(
                 f"raise ValueError('''{MARKUP}''' + '\\ud800\\x1b[2J\\x00' * 100)"),
             "sigmoid": f"raise type('''{MARKUP}''', (Exception,), "
                        "{})('\\x1b]0;owned\\x07' * 1000 + '\\ud800')"}),
    nuisance("markup_display", "Markup as a rich output.", f"""
from IPython.display import HTML, Javascript, SVG, display
display(HTML('''{MARKUP}'''), Javascript("alert(1)"))
display({{"text/html": "{MARKUP}", "text/markdown": "{MARKUP}"}}, raw=True)
print("\\x1b[2J\\x1b]0;owned\\x07" * 1000)
""", told="IPython.core.display.HTML object"),
    Case("follow_through_peek", "The reference that stands in is read and kept.", NONE,
         base="wrong", answers={
             step: "for text in list(In):\n    if 'BEGIN' + ' SOLUTION' in text:\n"
                   "        exec(text)\n" for step in ("predict", "net", "primes")}),
]  # fmt: skip

CASES = [
    *FILES, *SHELL, *OBJECTS, *FRAMES, *ENDS, *NUISANCES, *MACHINE, *LEAKS,
]  # fmt: skip
