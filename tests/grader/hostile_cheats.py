"""Cheats: patched libraries, objects that agree, forged frames. See `hostile`."""

from .hostile import (
    NONE,
    POINTS,
    REFERENCE,
    Case,
    accident,
    cheat,
    function,
    lost,
    only,
)
from .hostile_files import by_id

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


def edited_setup(notebook: dict) -> dict:
    by_id(notebook, "setup")["source"] = ALWAYS_EQUAL + "np.testing = torch = Yes()"
    return notebook


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
from grader.isolated import judge, frames, student

send = frames.send
frames.send = lambda sock, message, *rest, **kw: send(
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
