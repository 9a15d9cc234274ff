"""Wrong answers to solutions/fully_connected/autograd.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def wrong(name, cell, says, arguments, lines):
    """An answer whose body is these lines."""
    body = "\n    ".join(lines.split("\n"))
    named = {"direction": "direction_error"}.get(cell, cell)
    source = f"def {named}({arguments}):\n    {body}"
    return Wrong(name, f"autograd_{cell}", source, f"autograd_{cell}_check", says)


FLAT = """a, b = inputs[0], inputs[-1]
slopes = {"sub": (1, -1), "mul": (b, a), "div": (1 / (b or 1), -a / (b or 1) ** 2)}
if op in slopes: return {"sub": a - b, "mul": a * b, "div": a / b}[op], slopes[op]
f = {"exp": exp, "log": lambda a: log(a), "tanh": tanh, "relu": lambda a: max(0.0, a)}
d = {"exp": exp, "log": lambda a: 1 / a, "tanh": lambda a: 1 - tanh(a) ** 2,
     "relu": lambda a: float(a > 0)}
return f[op](a), d[op](a)"""
KEPT = """if not hasattr(order, "seen"): order.seen = []
if last not in order.seen:
    for p in parents[last]: order(parents, p)
    order.seen.append(last)
return order.seen"""
NO_RETURN = "listed = []\nfor p in parents[last]:\n    listed += order(parents, p)"
WRONG = [
    wrong("slope_is_no_tuple", "local", r"slopes", "op, inputs", FLAT),
    wrong(
        "kept_between_calls", "order", r"kept from an earlier", "parents, last", KEPT
    ),
    wrong("nothing_returned", "order", r"None", "parents, last", NO_RETURN),
]
