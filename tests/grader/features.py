"""Ordinary features of nbgrader courses: what an answer and its check look like.

Each entry is an answer, its check, and perhaps a cell of the course's before them and
files beside the notebook. `test_features` grades the reference of each.
"""

from textwrap import indent

import nbformat

from tests.grader import tiny


def solved(body: str, head: str = "def f(x):") -> str:
    """Return an answer cell; without `head` the whole cell is the answer."""
    lines = f"### BEGIN SOLUTION\n{body}\n### END SOLUTION"
    return f"{head}\n{indent(lines, '    ')}" if head else lines


POINT = solved(
    "def __init__(self, x):\n    self.x = x\ndef __eq__(self, other):\n"
    "    return self.x == other.x\ndef __lt__(self, other):\n"
    "    return self.x < other.x\ndef __add__(self, other):\n"
    "    return Point(self.x + other.x)\ndef __repr__(self):\n"
    "    return f'Point({self.x})'\ndef __len__(self):\n    return self.x\n"
    "def __enter__(self):\n    return self\ndef __exit__(self, *_):\n    pass\n"
    "def __contains__(self, y):\n    return y < self.x\ndef area(self):\n"
    "    return self.x ** 2",
    "class Point:",
)
SQUARES = solved("return [i ** 2 for i in range(1, n + 1)]", "def squares(n):")
SUM = solved("return sum(squares(n))", "def sum_of_squares(n):")

# name: (answer, check, the course's cell before it, files beside)
FEATURES: dict[str, tuple] = {
    "numbers, texts, lists, dicts": (
        solved("return {'a': [x, 1.5, 'b', (None, True)]}"),
        "assert f(1) == {'a': [1, 1.5, 'b', (None, True)]}",
    ),
    "a variable": (solved("a = 5", ""), "assert a == 5"),
    "partial credit": (solved("return x"), "2 * (f(1) == 1) + 2 * (f(2) == 2)"),
    "an exception is expected": (
        solved("if x < 0:\n    raise ValueError(x)\nreturn 1"),
        "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False\n"
        "assert f(1)",
    ),
    "NumPy": (
        solved("return x * 2"),
        "import numpy as np\nnp.testing.assert_allclose(f(np.ones(3)), 2)",
    ),
    "what is printed": (
        solved("print('hello', x)"),
        "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as o:\n"
        "    f(1)\nassert o.getvalue() == 'hello 1\\n'",
    ),
    "a generator": (solved("yield from range(x)"), "assert list(f(3)) == [0, 1, 2]"),
    "a function passed": (solved("return x(2)"), "assert f(lambda a: a + 1) == 3"),
    "a function returned": (
        solved("return lambda a: a + x"),
        "assert f(1)(2) == 3",
    ),
    "methods and attributes": (POINT, "p = Point(3)\nassert (p.area(), p.x) == (9, 3)"),
    "len and in": (POINT, "assert len(Point(3)) == 3 and 2 in Point(3)"),
    "repr and str": (POINT, "assert repr(Point(3)) == str(Point(3)) == 'Point(3)'"),
    "own objects equal": (POINT, "assert Point(3) == Point(3)"),
    "own objects added": (POINT, "assert (Point(1) + Point(2)).x == 3"),
    "own objects sorted": (
        POINT,
        "assert [p.x for p in sorted([Point(2), Point(1)])] == [1, 2]",
    ),
    "isinstance of an own class": (POINT, "assert isinstance(Point(3), Point)"),
    "a subclass of the student's class": (
        POINT,
        "class Q(Point):\n    pass\nassert Q(3).area() == 9",
    ),
    "with": (POINT, "with Point(3) as p:\n    assert p.x == 3"),
    "the name of a type": (POINT, "assert type(Point(3)).__name__ == 'Point'"),
    "in place": (solved("x.append(1)"), "l = []\nf(l)\nassert l == [1]"),
    "a new list": (
        solved("return sorted(x)"),
        "l = [2, 1]\nassert f(l) is not l and f(l) == [1, 2]",
    ),
    "a copy": (
        solved("return list(x)"),
        "l = [1]\nr = f(l)\nl.append(2)\nassert r == [1]",
    ),
    "a seed in the check": (
        solved("import random\nreturn random.random()"),
        "import random\nrandom.seed(1)\na = f(0)\nrandom.seed(1)\nassert f(0) == a",
    ),
    "a docstring": (
        solved("'Add one.'\nreturn x + 1"),
        "assert f.__doc__ == 'Add one.'",
    ),
    "the source of an answer": (
        solved("return sum(x)"),
        "import inspect\nassert 'for' not in inspect.getsource(f)\nassert f([1]) == 1",
    ),
    "the signature": (
        solved("return x", "def f(x, y=2):"),
        "import inspect\nassert list(inspect.signature(f).parameters) == ['x', 'y']\n"
        "assert f(1) == 1",
    ),
    "globals": (solved("n = 3", ""), "assert 'n' in globals() and n == 3"),
    "input is replaced": (
        solved("return int(input())"),
        "from unittest.mock import patch\nwith patch('builtins.input', lambda: '3'):\n"
        "    assert f(0) == 3",
    ),
    "a function is replaced": (
        solved("return time.time() + x", "import time\ndef f(x):"),
        "from unittest import mock\nwith mock.patch('time.time', lambda: 1):\n"
        "    assert f(2) == 3",
    ),
    "nbgrader's quick start": (
        f"{SQUARES}\n{SUM}",
        "assert sum_of_squares(2) == 5\norig_squares = squares\ndel squares\ntry:\n"
        "    sum_of_squares(1)\nexcept NameError:\n    pass\nelse:\n"
        "    raise AssertionError('it does not use squares')\nfinally:\n"
        "    squares = orig_squares",
    ),
    "the current figure": (
        solved("plt.plot([1, 2])\nplt.title('t')"),
        "f(0)\nassert plt.gca().get_title() == 't'",
        "import matplotlib.pyplot as plt",
    ),
    "axes returned": (
        solved("fig, ax = plt.subplots()\nax.plot([1, 2])\nreturn ax"),
        "assert len(f(0).lines) == 1",
        "import matplotlib.pyplot as plt",
    ),
    "a file written by an answer": (
        solved("with open('out.txt', 'w') as o:\n    o.write(str(x))"),
        "f(3)\nassert open('out.txt').read() == '3'",
    ),
    "a file beside the notebook": (
        solved("return open('data.csv').read()"),
        "assert f(0) == open('data.csv').read() != ''",
        "",
        {"data.csv": b"a,b\n"},
    ),
    "a module beside the notebook": (
        solved("return beside.twice(x)"),
        "import beside\nassert f(2) == beside.twice(2)",
        "import beside",
        {"beside.py": b"def twice(x):\n    return 2 * x\n"},
    ),
    "a class of a module beside the notebook": (
        solved("return boxes.Box(x)"),
        "assert isinstance(f(2), boxes.Box) and f(2).v == 2",
        "import boxes",
        {"boxes.py": b"class Box:\n    def __init__(self, v):\n        self.v = v\n"},
    ),
    "a class of the course": (
        solved("return Box(x)"),
        "assert isinstance(f(2), Box) and f(2).v == 2",
        "class Box:\n    def __init__(self, v):\n        self.v = v",
    ),
    "a variable of the course is changed": (
        solved("table['a'] = 2", ""),
        "assert table == {'a': 2}",
        "table = {}",
    ),
    "Counter": (
        solved("return Counter(x)", "from collections import Counter\ndef f(x):"),
        "assert f('aab') == Counter('aab') and f('aab').most_common(1)[0][0] == 'a'",
    ),
    "namedtuple": (
        solved(
            "return P(x, 2)",
            "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef f(x):",
        ),
        "assert f(1).b == 2 and f(1) == (1, 2)",
    ),
    "Decimal and Fraction": (
        solved(
            "return Decimal(x) / 4, Fraction(x, 4)",
            "from decimal import Decimal\nfrom fractions import Fraction\ndef f(x):",
        ),
        "assert f(1) == (Decimal('0.25'), Fraction(1, 4))",
    ),
    "dates": (
        solved("return date(2026, 1, x)", "from datetime import date\ndef f(x):"),
        "assert f(2) == date(2026, 1, 2)",
    ),
    "pandas": (
        solved("return x[x.a > 1]"),
        "d = pd.DataFrame({'a': [1, 2, 3]})\nassert f(d).equals(d[d.a > 1])\n"
        "assert list(f(d).a) == [2, 3] and f(d).shape == (2, 1)",
        "import pandas as pd",
    ),
    "sympy": (
        solved("return sympy.diff(x ** 2, x)"),
        "s = sympy.Symbol('s')\nassert f(s) == 2 * s",
        "import sympy",
    ),
    "torch gradients": (
        solved("return (x ** 2).sum()"),
        "t = torch.ones(2, requires_grad=True)\nf(t).backward()\n"
        "assert t.grad.tolist() == [2, 2]",
        "import torch",
    ),
    "a warning": (
        solved(
            "warnings.warn('old', DeprecationWarning)", "import warnings\ndef f(x):"
        ),
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n"
        "    warnings.simplefilter('always')\n    f(1)\nassert len(w) == 1",
    ),
    "unittest": (
        solved("return x + 1"),
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(f(1), 2)\n"
        "r = unittest.main(argv=['x'], exit=False).result\nassert r.wasSuccessful()",
    ),
    "%%capture": (
        solved("print(x)"),
        "%%capture out\nf(3)\nassert True",
    ),
    "!command and %pip in an answer": (
        "!echo hello\n%pip --version\n" + solved("return x + 1"),
        "assert f(1) == 2",
    ),
    "an async function": (
        solved("return x + 1", "async def f(x):"),
        "import asyncio\nassert asyncio.run(f(1)) == 2",
    ),
    "recursion is counted": (
        solved("return 1 if x < 2 else x * f(x - 1)"),
        "calls = 0\noriginal = f\ndef f(x):\n    global calls\n    calls += 1\n"
        "    return original(x)\nassert f(3) == 6 and calls == 3",
    ),
    "sets, bytes, complex numbers, ranges": (
        solved("return {1}, frozenset([x]), b'a', 1j, range(3), slice(1)"),
        "assert f(2) == ({1}, {2}, b'a', 1j, range(3), slice(1))",
    ),
    "None": (solved("x.sort()"), "l = [2, 1]\nassert f(l) is None and l == [1, 2]"),
    "nearly equal": (
        solved("return x / 3"),
        "import math\nassert math.isclose(f(1), 0.3333, rel_tol=1e-3)",
    ),
    "NumPy scalars and dtypes": (
        solved("return np.float32(x)", "import numpy as np\ndef f(x):"),
        "assert f(2).dtype == np.float32 and isinstance(f(2), np.floating)",
    ),
    "arrays of texts": (
        solved("return np.array(['b', 'a'])", "import numpy as np\ndef f(x):"),
        "assert np.sort(f(0)).tolist() == ['a', 'b']",
    ),
    "structured arrays": (
        solved("return np.array([(x, 2)], 'i4,f8')", "import numpy as np\ndef f(x):"),
        "assert f(1)['f1'].tolist() == [2]",
    ),
    "masked arrays": (
        solved("return np.ma.masked_less(x, 2)", "import numpy as np\ndef f(x):"),
        "assert f(np.arange(4)).sum() == 5 and np.ma.is_masked(f(np.arange(4)))",
    ),
    "sparse matrices": (
        solved(
            "return csr_matrix(x)", "from scipy.sparse import csr_matrix\ndef f(x):"
        ),
        "assert f([[0, 1]]).nnz == 1 and f([[0, 1]]).toarray().tolist() == [[0, 1]]",
    ),
    "an estimator of scikit-learn": (
        solved(
            "return Ridge().fit(x, x)",
            "from sklearn.linear_model import Ridge\ndef f(x):",
        ),
        "import numpy as np\nX = np.eye(3)\nm = f(X)\n"
        "assert m.coef_.shape == (3, 3) and m.score(X, X) > 0.2",
    ),
    "a Series of pandas": (
        solved("return x.groupby('a').b.mean()"),
        "d = pd.DataFrame({'a': [1, 1, 2], 'b': [1, 3, 4]})\n"
        "assert f(d)[1] == 2 and f(d).index.tolist() == [1, 2]",
        "import pandas as pd",
    ),
    "a table beside the notebook": (
        solved(
            "return pd.read_csv('data.csv').a.sum()", "import pandas as pd\ndef f(x):"
        ),
        "assert f(0) == 3",
        "",
        {"data.csv": b"a,b\n1,2\n2,3\n"},
    ),
    "a torch module": (
        solved("return nn.Linear(x, 1)", "from torch import nn\ndef f(x):"),
        "import torch\nm = f(2)\nassert isinstance(m, nn.Module)\n"
        "assert m(torch.ones(5, 2)).shape == (5, 1)\n"
        "assert sum(p.numel() for p in m.parameters()) == 3",
    ),
    "the parameters of a torch module": (
        solved(
            "import torch\nf = lambda x: torch.nn.Linear(x, 1)\n@torch.no_grad()\n"
            "def g(parameters):\n    for p in parameters:\n        p.zero_()",
            "",
        ),
        "m = f(2)\nnamed = m.named_parameters()\nassert next(named)[0] == 'weight'\n"
        "assert [name for name, _ in named] == ['bias'] and not [*named]\n"
        "assert any(p.any() for p in m.parameters())\ng(m.parameters())\n"
        "assert not any(p.any() for p in m.parameters())\n"
        "assert m.training and not m.eval().training and not m.training",
    ),
    "an exception of a function passed": (
        solved("try:\n    return x()\nexcept ZeroDivisionError:\n    return None"),
        "assert f(lambda: 1 / 0) is None and f(lambda: 2) == 2",
    ),
    "a function passed that asks for what it is given": (
        solved(
            "return x(Point(3))",
            "class Point:\n    def __init__(self, x):\n        self.x = x\ndef f(x):",
        ),
        "assert f(lambda p: p.x + 1) == 4",
    ),
    "await in a check": (
        solved("return x", "async def f(x):"),
        "assert (await f(2)) == 2",
    ),
    "a result that is not shown": (solved("return x"), "4 * f(0);"),
    "numbers of another library": (
        solved("return array('d', x)", "from array import array\ndef f(x):"),
        "import numpy as np\nassert np.allclose(f([1, 2]), [1, 2])",
    ),
    "threads in a check": (
        solved("return x"),
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool:\n    assert [*pool.map(f, [1])] == [1]",
    ),
    "own classes that inherit from built-in ones": (
        solved(
            "import collections\nfrom enum import IntEnum\nclass Stock(dict):\n"
            "    def most(self):\n        return max(self, key=self.get)\n"
            "class Vector(list):\n    def __init__(self, *x):\n"
            "        super().__init__(x)\n        self.norm = sum(v * v for v in x)\n"
            "Point = collections.namedtuple('Point', 'x y')\n"
            "Color = IntEnum('Color', 'RED BLUE')\ndef f(v):\n    return v.norm",
            "",
        ),
        "s, v, p = Stock(a=1, b=2), Vector(3, 4), Point(1, 2)\n"
        "assert (s, s.most(), s['a']) == ({'a': 1, 'b': 2}, 'b', 1)\n"
        "assert (v, v.norm, len(v), v[0], f(v)) == ([3, 4], 25, 2, 3, 25)\n"
        "assert isinstance(v, list) and (p.x, p[1], p) == (1, 2, (1, 2))\n"
        "assert Color.RED == 1 and Color.RED.name == 'RED'\n"
        "import copy\nassert copy.deepcopy(v) == [3, 4]",
    ),
    "a step of a torch optimizer": (
        solved("x.zero_grad()\n(w ** 2).backward()\nx.step()", "def f(x, w):"),
        "w = torch.tensor(1.0, requires_grad=True)\n"
        "f(torch.optim.SGD([w], lr=0.25), w)\nassert w.item() == 0.5",
        "import torch",
    ),
    "an Enum": (
        solved("RED = 1", "from enum import Enum\nclass Color(Enum):"),
        "assert Color.RED.value == 1 and Color(1) is Color.RED",
    ),
    "a dataclass": (
        solved(
            "x: int\ny: int = 2",
            "from dataclasses import dataclass\n@dataclass\nclass P:",
        ),
        "assert P(1) == P(1, 2) and P(1).y == 2",
    ),
    "defaultdict and deque": (
        solved(
            "d = defaultdict(list)\nd[x].append(1)\nreturn d, deque([x])",
            "from collections import defaultdict, deque\ndef f(x):",
        ),
        "d, q = f('a')\nassert d['a'] == [1] and d['b'] == [] and q.popleft() == 'a'",
    ),
    "a path": (
        solved("return Path(x) / 'b'", "from pathlib import Path\ndef f(x):"),
        "assert str(f('a')) == 'a/b' and f('a').name == 'b'",
    ),
    "a match of a regular expression": (
        solved("return re.match('(a+)b', x)", "import re\ndef f(x):"),
        "assert f('aab').group(1) == 'aa' and f('b') is None",
    ),
    "a database": (
        solved(
            "c = sqlite3.connect(':memory:')\nc.execute('create table t (a)')\n"
            "c.execute('insert into t values (?)', (x,))\nreturn c",
            "import sqlite3\ndef f(x):",
        ),
        "assert f(3).execute('select a from t').fetchall() == [(3,)]",
    ),
    "a decorator": (
        solved("def inner(*a):\n    return 2 * x(*a)\nreturn inner"),
        "@f\ndef g(a):\n    return a\nassert g(3) == 6",
    ),
    "an iterator class": (
        solved(
            "def __init__(self):\n    self.n = 0\ndef __iter__(self):\n"
            "    return self\ndef __next__(self):\n    self.n += 1\n"
            "    if self.n > 2:\n        raise StopIteration\n    return self.n",
            "class I:",
        ),
        "assert list(I()) == [1, 2]",
    ),
    "a property and its setter": (
        solved(
            "def __init__(self):\n    self._x = 0\n@property\ndef x(self):\n"
            "    return self._x\n@x.setter\ndef x(self, v):\n    self._x = v + 1",
            "class P:",
        ),
        "p = P()\np.x = 2\nassert p.x == 3",
    ),
    "static and class methods": (
        solved(
            "n = 2\n@staticmethod\ndef a(x):\n    return x\n@classmethod\n"
            "def b(cls):\n    return cls.n",
            "class P:",
        ),
        "assert P.a(1) == 1 and P.b() == P.n == 2",
    ),
    "a class that inherits": (
        solved("class A:\n    pass\nclass B(A):\n    pass", ""),
        "assert issubclass(B, A) and isinstance(B(), A)",
    ),
    "an abstract class": (
        solved(
            "from abc import ABC, abstractmethod\nclass A(ABC):\n"
            "    @abstractmethod\n    def f(self):\n        pass",
            "",
        ),
        "try:\n    A()\nexcept TypeError:\n    pass\nelse:\n    assert False",
    ),
    "items of own objects": (
        solved(
            "def __init__(self):\n    self.d = {}\ndef __getitem__(self, k):\n"
            "    return self.d[k]\ndef __setitem__(self, k, v):\n"
            "    self.d[k] = v",
            "class D:",
        ),
        "d = D()\nd['a'] = 1\nassert d['a'] == 1",
    ),
    "a counter in a closure": (
        solved("n = 0\ndef g():\n    nonlocal n\n    n += x\n    return n\nreturn g"),
        "g = f(2)\nassert (g(), g()) == (2, 4)",
    ),
    "a cache": (
        solved("return x", "from functools import lru_cache\n@lru_cache\ndef f(x):"),
        "f(1)\nf(1)\nassert f.cache_info().hits >= 1",
    ),
    "annotations and defaults": (
        solved("def f(x: int, y: int = 2) -> int:\n    return x + y", ""),
        "assert f.__annotations__['x'] is int and f.__defaults__ == (2,)",
    ),
    "the number of arguments": (
        solved("return x + y", "def f(x, y):"),
        "assert f.__code__.co_argcount == 2 and f(1, 2) == 3",
    ),
    "stars and keywords": (
        solved("return a, k", "def f(*a, **k):"),
        "assert f(1, 2, c=3) == ((1, 2), {'c': 3})",
    ),
    "doctest": (
        solved("'>>> f(1)\\n2'\nreturn x + 1"),
        "import doctest\nassert doctest.testmod().failed == 0 and f(1) == 2",
    ),
    "pytest.raises": (
        solved("return 1 / x"),
        "import pytest\nwith pytest.raises(ZeroDivisionError):\n    f(0)",
    ),
    "log messages": (
        solved("logging.getLogger('a').warning(x)", "import logging\ndef f(x):"),
        "import unittest\nwith unittest.TestCase().assertLogs('a') as seen:\n"
        "    f('b')\nassert 'b' in seen.output[0]",
    ),
    "time is measured": (
        solved("return sum(range(x))"),
        "import time\nt = time.perf_counter()\nf(10)\n"
        "assert time.perf_counter() - t < 5",
    ),
    "a saved figure": (
        solved("plt.plot([1, 2])\nplt.savefig('plot.png')"),
        "from pathlib import Path\nf(0)\nassert Path('plot.png').stat().st_size > 9",
        "import matplotlib.pyplot as plt",
    ),
    "await": (
        solved("import asyncio\nx = await asyncio.sleep(0, 3)", ""),
        "assert x == 3",
    ),
    "%%time": ("%%time\n" + solved("x = 2", ""), "assert x == 2"),
    "%%bash": ("%%bash\necho 3 > n.txt", "assert open('n.txt').read() == '3\\n'"),
    "%%bash in a check": ("%%writefile n.txt\n3", "%%bash\ngrep -q 3 n.txt"),
    "%%writefile": (
        "%%writefile own.py\ndef twice(x):\n    return 2 * x",
        "import own\nassert own.twice(2) == 4",
    ),
    "threads": (
        solved(
            "from threading import Thread\nl = []\n"
            "t = Thread(target=l.append, args=(x,))\nt.start()\nt.join()\nreturn l"
        ),
        "assert f(1) == [1]",
    ),
    "processes": (
        solved(
            "with multiprocessing.get_context('fork').Pool(2) as p:\n"
            "    return p.map(abs, x)",
            "import multiprocessing\ndef f(x):",
        ),
        "assert f([-1, 2]) == [1, 2]",
    ),
    "a widget": (
        solved(
            "return widgets.IntSlider(value=x)",
            "import ipywidgets as widgets\ndef f(x):",
        ),
        "assert f(3).value == 3",
    ),
    "the network": (
        solved("import socket\nreturn socket.create_connection(('192.0.2.1', 80), 1)"),
        "assert f(0)",
    ),
    "input at the top of a cell": (solved("x = input()", ""), "assert x == ''"),
}


def _check(source: str, number: int, **more):
    cell = tiny.check(source, f"check{number}")
    cell.metadata["nbgrader"] |= more
    return cell


def _markdown(source: str, **more):
    cell = tiny.answer(source, "text")
    cell.metadata["nbgrader"] |= more
    return nbformat.v4.new_markdown_cell(source, metadata=cell.metadata)


HIDDEN = (
    "assert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(3) == 4\n### END HIDDEN TESTS"
)
PLUS = solved("return x + 1")
# name: the cells of a notebook
SHEETS: dict[str, list] = {
    "hidden tests": [tiny.answer(PLUS), _check(HIDDEN, 1)],
    "several checks of one answer": [
        tiny.answer(PLUS),
        _check("assert f(1) == 2", 1),
        _check("assert f(2) == 3", 2),
    ],
    "several answers before one check": [
        tiny.answer(PLUS),
        tiny.answer("### BEGIN SOLUTION\nb = 2\n### END SOLUTION", "b"),
        _check("assert f(b) == 3", 1),
    ],
    "a helper that a check defines": [
        tiny.answer(PLUS),
        _check("def agrees(a):\n    return f(a) == a + 1\nassert agrees(1)", 1),
        _check("assert agrees(5)", 2),
    ],
    "several solutions in a cell": [
        tiny.answer(
            "a = 1\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION\nc = 3\n"
            "### BEGIN SOLUTION\nd = 4\n### END SOLUTION"
        ),
        _check("assert (a, b, c, d) == (1, 2, 3, 4)", 1),
    ],
    "a check without points": [
        tiny.answer(PLUS),
        _check("assert f(1) == 2", 1, points=0),
        _check("assert f(2) == 3", 2),
    ],
    "more points than the sum (extra credit)": [
        tiny.answer(PLUS),
        _check("2 * (f(1) == 2) + 2 * (f(2) == 3)", 1),
    ],
    "a cell that is meant to raise": [
        tiny.setup("1 / 0", tags=["raises-exception"]),
        tiny.answer(PLUS),
        _check("assert f(1) == 2", 1),
    ],
    "a text that a person reads": [
        tiny.answer(PLUS),
        _check("assert f(1) == 2", 1),
        _markdown("your answer", grade=True, points=3),
    ],
    "a program that a person reads": [
        tiny.answer("### BEGIN SOLUTION\nx = 1\n### END SOLUTION"),
        _check("assert x == 1", 1),
        tiny.answer("### BEGIN SOLUTION\nplot = 2\n### END SOLUTION", "plot"),
    ],
    "a task": [
        tiny.answer(PLUS),
        _check("assert f(1) == 2", 1),
        _markdown(
            "Draw.\n=== BEGIN MARK SCHEME ===\n2 for axes\n=== END MARK SCHEME ===",
            task=True,
            solution=False,
            points=2,
        ),
    ],
}
SHEETS["a program that a person reads"][2].metadata["nbgrader"] |= {
    "grade": True,
    "points": 2,
}
