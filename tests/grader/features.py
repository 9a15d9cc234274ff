"""Ordinary features of nbgrader courses: what an answer and its check look like.

Each entry is an answer, its check, and perhaps a cell of the course's before them and
files beside the notebook. `test_features` grades the reference of each.
"""

from textwrap import indent


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
}
