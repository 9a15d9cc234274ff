"""Checks of the sheet `fully_connected/autograd`: reverse mode, from scratch.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from math import exp, inf, log, tanh

import numpy as np

from ..engine import Case, Slip, Step
from ..engine.slips import returned
from ..engine.values import floats, same

PAGE = {
    "see": "Automatic differentiation, by hand",
    "goal": "follow automatic differentiation through a graph, by hand",
}
# the chapter's (a − 12)²: 0 w, 1 x, 2 b, 3 w·x, 4 z, 5 a = z·w, 6 error, 7 its square
GRAPH = {
    "parents": [(), (), (), (0, 1), (3, 2), (4, 0), (5,), (6, 6)],
    "slopes": [(), (), (), (3.0, 2.0), (1.0, 1.0), (2.0, 5.0), (1.0,), (-1.0, -1.0)],
    "last": 7,
}


# --- local ----------------------------------------------------------------------------


def _local(slip, op, inputs):
    a, b = (*inputs, 1.0)[:2]
    if op == "sub":
        out, slopes = a - b, (1.0, slip(-1.0, sub_plus=1.0))
    elif op == "mul":
        out, slopes = a * b, slip((b, a), mul_own=(a, b))
    elif op == "div":
        second = slip(-a / b**2, div_plus=a / b**2, div_linear=-a / b)
        both = slip((1 / b, second), div_turned=(second, 1 / b))
        out, slopes = a / b, slip(both, div_no_a=(1 / b, -1 / b**2))
    elif op == "exp":
        out, slopes = exp(a), (slip(exp(a), exp_power=a * exp(a - 1), exp_input=a),)
    elif op == "log":
        out, slopes = log(a), (slip(1 / a, log_same=log(a), log_value=1 / log(a)),)
    elif op == "tanh":
        slope = slip(
            1 - tanh(a) ** 2, of_input=1 - a**2, sigmoid=tanh(a) - tanh(a) ** 2
        )
        out, slopes = tanh(a), (slip(slope, tanh_once=1 - tanh(a)),)
    else:
        slope = slip(float(a > 0), at_0=float(a >= 0), relu_same=max(0.0, a))
        slope = slip(slope, half=float(np.heaviside(a, 0.5)))
        out, slopes = slip(max(0.0, a), uncut=a), (slope,)
    return slip(out, value_0=a), slopes


def _operations(rng) -> Iterator[Case]:
    for op, n in (("sub", 2), ("mul", 2), ("div", 2), ("exp", 1), ("log", 1)):
        inputs = tuple(rng.uniform(0.5, 3, size=n).tolist())
        yield Case(op, {"op": op, "inputs": inputs})
    yield Case("tanh", {"op": "tanh", "inputs": (float(rng.uniform(-1.5, -0.4)),)})
    for a, text in ((0.6, "positive"), (-0.6, "negative"), (0.0, "0")):
        yield Case(f"relu, {text}", {"op": "relu", "inputs": (a,)})


local = Step(
    "local",
    _local,
    _operations,
    ("value", "slopes"),
    lists=True,
    texts={
        "sub_plus": "a − b falls by as much as b grows: its second slope is −1.",
        "mul_own": "the slope of a·b in a is the *other* factor.",
        "div_plus": "a / b falls when b grows (for a, b > 0): a sign is wrong.",
        "div_linear": "the second slope of a / b has b² below.",
        "div_no_a": "the second slope of a / b lacks its factor a.",
        "div_turned": "the two slopes of a / b are exchanged.",
        "exp_power": "the rule of powers is not that of exp: the variable is above.",
        "exp_input": "exp: the input came, where its value belongs.",
        "log_same": "the slope of log came out as log itself.",
        "log_value": "the slope of log is 1 by its input, not by its value.",
        "tanh_once": "tanh: the square is missing.",
        "of_input": "tanh: in 1 − a² stands the *result* a, not the input.",
        "sigmoid": "a (1 − a) is the slope of the sigmoid, not of tanh.",
        "at_0": "the slope of relu at 0 is 0 here.",
        "half": "the slope of relu at 0 is ½ here (a central difference?): it is 0.",
        "relu_same": "the slope of relu is 1 or 0; its value came.",
        "uncut": "the value of relu is its input, also where that is negative.",
        "value_0": "the value is the first input, unchanged.",
    },
    demands={
        "$\\partial\\,$value$/\\partial\\,$input": ["mul_own", "of_input"],
        "`sub` ($a - b$)": ["sub_plus"],
        "`div` ($a / b$)": ["div_plus", "div_linear"],
        "At 0 the slope of `relu` is 0": ["at_0"],
        "also for one input": ["exp"],
    },
    why="An operation need not know what it is used for. It knows its inputs and its "
    "value, and from these how much the value moves when one input moves alone. That "
    "is all that a library stores for each of its operations. Mind what a slope is a "
    "function of: that of tanh is short in terms of the result, that of a product is "
    "the other input.",
    **PAGE,
    small=lambda: Case("", {"op": "mul", "inputs": (4.0, -3.0)}),
)
_plain = Slip()


# --- record ---------------------------------------------------------------------------


def _record(slip, program, inputs, needs):
    values, asks = list(inputs), list(needs)
    parents, slopes = [()] * len(values), [()] * len(values)
    for op, numbers, graph in program:
        if slip(False, skipped=not graph):
            continue
        value, each = _local(_plain, op, tuple(values[i] for i in numbers))
        of = [asks[i] for i in numbers]
        ask = slip(any(of), all_=all(of), always=True, last_one=of[-1])
        ask = slip(ask, of_inputs=any(needs[i] for i in numbers if i < len(needs)))
        ask = slip(ask and graph, no_grad=ask)
        pairs = list(zip(numbers, each, strict=True))
        some = [p for p, needed in zip(pairs, of, strict=True) if needed]
        pairs = slip(some, data_too=pairs, as_dict=list(dict(some).items()))
        pairs = slip(pairs, by_number=sorted(pairs, key=lambda p: p[0]))
        pairs = pairs if slip(ask, kept_anyway=True) else []
        values.append(slip(value, stopped=value if graph else 0.0))
        asks.append(slip(ask, asks_inside=any(of)))
        ids, each = tuple(i for i, _ in pairs), tuple(s for _, s in pairs)
        own = tuple(k for k, needed in enumerate(of) if needed and ask)
        parents.append(slip(ids, nothing=ids if ask else None, by_place=own))
        slopes.append(slip(each, nothing=each if ask else None, reversed_=each[::-1]))
    n = len(inputs)
    shift = slip(parents, from_line=lambda: [tuple(i - n for i in p) for p in parents])
    out = values, asks, shift, slopes
    leaves = values, asks, shift[n:], slopes[n:]
    return slip(out, no_inputs=tuple(part[n:] for part in out), no_leaves=leaves)


def _programs(rng) -> Iterator[Case]:
    w, x, b, c = rng.uniform(0.5, 2, size=4).tolist()
    neuron = [("mul", (0, 1), True), ("sub", (3, 2), True), ("tanh", (4,), True)]
    neuron += [("mul", (5, 5), True)]
    args = {"program": neuron, "inputs": [w, x, b], "needs": [True, False, True]}
    yield Case("a neuron and its square; x is data", args)
    data = [("mul", (1, 1), True), ("mul", (3, 0), True), ("div", (4, 3), True)]
    yield Case("a result of data alone", args | {"program": data})
    off = [("mul", (0, 1), True), ("exp", (3,), False), ("mul", (3, 4), True)]
    yield Case("a line inside no_grad", args | {"program": off})
    off = [("mul", (1, 0), True), ("div", (4, 3), True), ("exp", (1,), False)]
    args = {"inputs": [w, x, b, c], "needs": [False, True, False, True]}
    yield Case("four inputs", {"program": off} | args)


record = Step(
    "record",
    _record,
    _programs,
    ("values", "asks", "parents", "slopes"),
    texts={
        "all_": "a result asks only if all its parents ask: one is enough.",
        "always": "every result asks for a gradient, also one of data alone.",
        "last_one": "only the last parent decides whether the result asks.",
        "of_inputs": "only parents that are inputs count: results that ask do, too.",
        "no_grad": "lines inside no_grad are recorded, too.",
        "asks_inside": "a result inside no_grad asks for a gradient.",
        "data_too": "parents that ask for no gradient are remembered.",
        "kept_anyway": "a result that asks for no gradient remembers its parents.",
        "as_dict": "a parent that occurs twice, as in a square, is remembered once.",
        "by_number": "the parents are sorted by their numbers: keep their order.",
        "by_place": "parents have their places in the line (0, 1): their numbers are "
        "asked for.",
        "nothing": "None stands for nothing: an empty tuple is asked for.",
        "skipped": "a line inside no_grad is left out: it is computed, and no more.",
        "stopped": "inside no_grad the value is computed as always.",
        "reversed_": "the slopes are in another order than the parents.",
        "from_line": "parents are numbered from the first line: the inputs are nodes, "
        "too, and come first.",
        "no_inputs": "the entries of the inputs are missing: they are the first nodes.",
        "no_leaves": "parents and slopes have no entries for the inputs: give them ().",
    },
    demands={
        "if at least one of its parents does": ["all_", "of_inputs", "last_one"],
        "and the line stands outside `no_grad`": ["no_grad", "asks_inside"],
        "the numbers of those parents that ask for a gradient": [
            "data_too",
            "by_place",
        ],
        "A node that asks for no gradient remembers nothing": ["kept_anyway"],
        "Nodes are numbered: first the inputs": ["from_line", "no_inputs"],
    },
    why="A graph is made by computing: each result notes who its parents were and how "
    "much it depends on each. What depends on no parameter needs no note, and under "
    "no_grad nobody takes notes: the numbers are the same, the memory is not. An "
    "evaluation without no_grad fills the memory with notes for a way back that nobody "
    "walks.",
    **PAGE,
    small=lambda: Case(
        "",
        {
            "program": [("mul", (0, 1), True)],
            "inputs": [5.0, 4.0],
            "needs": [True, False],
        },
    ),
)


# --- order ----------------------------------------------------------------------------


def _ordered(parents, last) -> list:
    """Return the nodes that lead to `last`, parents first."""
    listed: list[int] = []

    def visit(node):
        if node not in listed:
            for parent in parents[node]:
                visit(parent)
            listed.append(node)

    visit(last)
    return listed


def _met(parents, last, place) -> list:
    """Return the nodes in the reverse of the order in which a walk first meets them."""
    waiting, met = [last], []
    while waiting:
        node = waiting.pop(place)
        if node not in met:
            met.append(node)
            waiting += parents[node] if place == 0 else parents[node][::-1]
    return met[::-1]


def _paths(parents, node) -> list:
    return [n for p in parents[node] for n in _paths(parents, p)] + [node]


def _order(slip, parents, last):
    listed = _ordered(parents, last)
    every = [n for k in range(len(parents)) for n in _ordered(parents, k)]
    listed = slip(listed, every=list(dict.fromkeys(every)), by_number=sorted(listed))
    listed = slip(listed, met=_met(parents, last, -1), levels=_met(parents, last, 0))
    listed = slip(listed, no_last=listed[:-1], up_to=[*range(last + 1)])
    listed = slip(listed, no_leaves=[n for n in listed if parents[n]])
    listed = slip(listed, paths=lambda: _paths(parents, last))
    return slip(listed, down=listed[::-1], direct=[*dict.fromkeys(parents[last]), last])


def _orders(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe an order by what is demanded of it: many are right."""
    seen = returned(free, replay, case, ())
    value, parents = floats(seen.pop("")), case.args["parents"]
    if value is None or value.ndim != 1:
        return {"fault": "no list of numbers"}
    nodes = [int(v) for v in value]
    first = {n: k for k, n in reversed(list(enumerate(nodes)))}
    pairs = [(n, p) for n in first if 0 <= n < len(parents) for p in parents[n]]
    early = [(n, p) for n, p in pairs if first[n] < first.get(p, -inf)]
    twice = sorted(n for n, count in Counter(nodes).items() if count > 1)
    told = {"early": bool(early), "repeated": twice, "_early": early}
    told |= {"_size": len(parents)}
    return {"nodes": sorted(first)} | told | seen


def _order_fact(got: dict, want: dict) -> str:
    if "fault" in got:
        return "a list with the numbers of the nodes is expected."
    if (most := max(got["nodes"], default=0)) >= got["_size"]:
        return f"there is no node {most}: is a list or set kept from an earlier call?"
    if more := sorted(set(got["nodes"]) - set(want["nodes"])):
        return f"node {more[0]} does not lead to the last node."
    if less := sorted(set(want["nodes"]) - set(got["nodes"])):
        return f"node {less[0]} leads to the last node, and is missing."
    if got["repeated"]:
        return f"node {got['repeated'][0]} is listed more than once."
    return "node {} stands before its parent {}.".format(*got["_early"][0])


def _renumbered(rng, parents, last=None) -> dict:
    new = rng.permutation(len(parents)).tolist()
    made: list = [()] * len(parents)
    for old, numbers in enumerate(parents):
        made[new[old]] = tuple(new[p] for p in numbers)
    return {"parents": made, "last": new[len(parents) - 1 if last is None else last]}


def _graphs(rng) -> Iterator[Case]:
    yield Case("the chapter's graph", {k: GRAPH[k] for k in ("parents", "last")})
    yield Case("a chain", {"parents": [(3,), (2,), (), (1,)], "last": 0})
    for shortcut in ((2, 1), (1, 2)):
        parents = [(), (0,), (1,), shortcut]
        yield Case(f"a shortcut, parents {shortcut}", {"parents": parents, "last": 3})
    parents = [(), (0,), (1,), (2, 0), (0,)]
    yield Case("a long and a short path", {"parents": parents, "last": 3})
    parents = [(), (), (1, 1), (1, 2), (3, 2), (0,), (5, 1)]
    for last in (4, 6):
        args = _renumbered(rng, parents, last)
        yield Case("numbers in any order", args)


order = Step(
    "order",
    _order,
    _graphs,
    observe=_orders,
    tell=_order_fact,
    texts={
        "every": "nodes that do not lead to `last` are listed, too.",
        "by_number": "the nodes are sorted by their numbers, which say nothing.",
        "up_to": "all numbers from 0 to `last` are listed: numbers say nothing.",
        "met": "a node is listed when it is first met, and the list reversed: with two "
        "paths of different length a node comes before a parent. List a node when all "
        "its parents are listed.",
        "levels": "the nodes come by their distance from `last`: near on one path may "
        "be far on another.",
        "no_last": "the node `last` itself is missing.",
        "no_leaves": "nodes without parents are missing.",
        "paths": "a node is listed once for each path: keep a set of those that are.",
        "down": "the order is that from `last` to the leaves: parents come first here.",
        "direct": "only the parents of `last` itself are listed, not theirs.",
    },
    demands={
        "all nodes from which a path leads to `last`": ["direct", "every", "no_leaves"],
        "`last` itself among them": ["no_last"],
        "each once": ["paths"],
        "each after all its parents": ["met", "levels", "down"],
        "The numbers of the nodes say nothing about the order": ["by_number"],
    },
    why="On the way back a node may pass its gradient on only when that is complete: "
    "when all who used the node have given their share. An order with parents before "
    "their children, read backward, keeps this promise. To list a node when one first "
    "meets it does not: it may be met on a short path while a longer one still leads "
    "to it.",
    **PAGE,
    small=lambda: Case("", {"parents": [(2,), (0, 2), ()], "last": 1}),
)


# --- backward -------------------------------------------------------------------------


def _walked(g, parents, slopes, node):
    for p, s in zip(parents[node], slopes[node], strict=True):
        g[p] += g[node] * s
        _walked(g, parents, slopes, p)
    return g


def _backward(slip, parents, slopes, last):
    g = slip(np.zeros, ones=np.ones)(len(parents), slip(float, whole=int))
    g[slip(last, at_end=-1)] = slip(1.0, seed_0=0.0)
    start, path = g.copy(), _ordered(parents, last)[::-1]
    path = slip(path, upward=path[::-1], by_number=sorted(path)[::-1])
    path = slip(path, met=_met(parents, last, -1)[::-1])
    for node in path:
        own = slip(slopes[node], exchanged=slopes[node][::-1], no_slope=[1.0] * 9)
        ids = parents[node]
        pairs = list(zip(ids, own, strict=False))
        by_index = [(p, own[ids.index(p)]) for p in ids]
        for p, s in slip(pairs, as_dict=[*dict(pairs).items()], by_index=by_index):
            share = slip(g[node] * s, alone=s, plus=g[node] + s)
            g[p] = slip(g[p] + share, overwritten=share, first=g[p] or share)
            g[p] = slip(g[p], minus=g[p] - 2 * share)
    leaves = np.array([v * (not p) for v, p in zip(g, parents, strict=True)])
    out = slip(g, twice=lambda: _walked(start, parents, slopes, last), leaves=leaves)
    return slip(out, only_path=lambda: g[sorted(path)], listed=lambda: g[path[::-1]])


def _with_slopes(rng) -> Iterator[Case]:
    yield Case("the chapter's graph", GRAPH)
    for case in _graphs(rng):
        if case.label != "the chapter's graph":
            rows = case.args["parents"]
            slopes = [tuple(rng.uniform(0.5, 2, len(p)).tolist()) for p in rows]
            args = {"parents": rows, "slopes": slopes, "last": case.args["last"]}
            yield Case(case.label, args)


backward = Step(
    "backward",
    _backward,
    _with_slopes,
    lists=True,
    texts={
        "seed_0": "the walk starts with 0: the slope of the last node in itself is 1.",
        "upward": "only the parents of `last` get a share: the walk must begin at "
        "`last` (is the order reversed?) and go on to the leaves.",
        "at_end": "the 1 stands in the last entry: it belongs to node `last`.",
        "ones": "every node begins with 1: only `last` does, the others with 0.",
        "whole": "the array takes whole numbers only: its zeros are integers.",
        "by_number": "the walk goes by falling numbers, which say nothing.",
        "met": "nodes pass on as they are met, from `last` down: some before all who "
        "used them did.",
        "as_dict": "a parent that occurs twice, as in a square, gets one share.",
        "by_index": "a parent that comes twice, as in z / z, gets one slope twice.",
        "minus": "shares are subtracted: they are added.",
        "exchanged": "the slopes of a node's parents are exchanged.",
        "no_slope": "the local slopes are not used.",
        "alone": "a share is the slope alone: multiply by the node's own gradient.",
        "plus": "gradient and slope are added: a chain is a product.",
        "overwritten": "a later path overwrites an earlier one: shares add up.",
        "first": "only the first path counts: shares add up.",
        "twice": "a node that is used twice passes on a part of its gradient twice: "
        "each node passes on once, when its own sum is complete.",
        "leaves": "only the leaves have gradients here: each node gets its own.",
        "only_path": "entries are missing: nodes off the path have 0.",
        "listed": "the gradients stand in the order of the walk: entry i is node i's.",
    },
    demands={
        "begins with 1 at `last`": ["seed_0"],
        "in the reverse of your `order`": ["upward", "by_number", "met", "twice"],
        "adds to each parent": ["overwritten", "first", "as_dict", "minus"],
        "times the slope": ["alone", "no_slope", "plus", "by_index"],
        "an entry for each node": ["leaves", "only_path", "listed"],
        "0 for a node that does not lead to `last`": ["numbers in any order"],
    },
    why="One walk from the end gives the slope of the cost in every node, for about "
    "the price of the way forward. The sum over paths is made by adding: whoever used "
    "a node adds a share, the own gradient times the local slope. A node that is its "
    "own partner, as in a square, gets two shares. And nobody passes on a sum that is "
    "still growing.",
    **PAGE,
    small=lambda: Case(
        "",
        {"parents": [(), (0,), (0, 1)], "slopes": [(), (4.0,), (2.0, 3.0)], "last": 2},
    ),
)


# --- direction_error ------------------------------------------------------------------


MORE = (1e-6, 1e-7, 1e-8)


def _direction(slip, f, g, x, v, eps):
    unit = v / np.linalg.norm(v)
    v = slip(v, unit=unit, all_ones=np.ones_like(v))
    h, given_v = slip(eps, fixed=1e-5), v
    v = slip(v, unit_step=unit, ones_step=np.ones_like(v))
    gap = slip(f(x + h * v) - f(x - h * v), forward=2 * (f(x + h * v) - f(x)))
    gap = slip(gap, backward=2 * (f(x) - f(x - h * v)))
    n = slip(gap / (2 * h), by_eps=gap / h, no_division=gap, times=gap / 2 * h)
    each = np.array([f(x + e) - f(x - e) for e in h * np.eye(len(x))]) / (2 * h)
    n = slip(n, summed=each @ given_v)
    v = slip(given_v, unit_slope=unit)
    slope = slip(float(g @ v), size=float(np.linalg.norm(g)), total=float(g.sum()))
    error = slip(abs(n - slope), signed=n - slope, squared=(n - slope) ** 2)
    a, b = abs(n), abs(slope)
    scale = slip(max(a, b), no_abs=max(n, slope), mean=(a + b) / 2)
    scale = slip(scale, sum_=a + b, numeric=a, given=b, least=min(a, b), absolute=1.0)
    scale = slip(scale, floor=max(scale, 1e-3) if scale else 0)
    scale = slip(scale, **{f"plus_{t:g}": scale + t for t in MORE})
    if slip(False, one_zero=not a or not b):
        return 0.0
    error = error / scale if scale else slip(0.0, nan=np.nan, one=1.0)
    size = np.linalg.norm
    return slip(error, whole=lambda: size(each - g) / max(size(each), size(g)))


def _cubes(A, size, u):
    return float(size * (np.exp(0.3 * A @ u).sum() + (u**3).sum()))


def _directions(rng) -> Iterator[Case]:
    for n, eps, off in (
        *((3, 0.1, 0.0), (4, 0.05, 0.5), (3, 0.2, -0.4)),
        *((2, 0.1, 3.0), (5, 0.1, 0.3), (2, 0.2, -0.5), (4, 0.2, 0.2)),
    ):
        A, size = rng.normal(size=(n, n)), 1e-5 if n == 2 else 1
        x, v = rng.normal(size=n), rng.normal(size=n)
        f = partial(_cubes, A, size)
        g = 0.3 * A.T @ np.exp(0.3 * (A @ x)) + 3 * x**2 + off * rng.uniform(1, 2, n)
        label = f"{n} parameters, a gradient that is {'wrong' if off else 'right'}"
        label += ", small slopes" * (n < 3)
        yield Case(label, {"f": f, "g": size * g, "x": x, "v": v, "eps": eps})
    args = {"f": lambda u: float(u[0] ** 2), "g": np.zeros(2), "x": np.ones(2)}
    yield Case("one slope is 0", args | {"v": np.array([1.5, 2.0]), "eps": 0.1})
    yield Case("both slopes are 0", args | {"v": np.array([0.0, 2.0]), "eps": 0.1})


def _square(u):
    """u₁² + u₂."""
    return float(u[0] ** 2 + u[1])


direction_error = Step(
    "direction_error",
    _direction,
    _directions,
    texts={
        f"plus_{t:g}": f"{t:g} is added to the scale, which hides errors of small "
        "slopes."
        for t in MORE
    }
    | {
        "unit": "v is brought to length 1: take it as it comes.",
        "unit_step": "for the step v is brought to length 1, and not for g · v.",
        "unit_slope": "g · v is divided by the length of v: take v as it comes.",
        "ones_step": "the step is eps in all parameters: it is eps times v.",
        "all_ones": "v is not used: the step goes the same way in all parameters.",
        "fixed": "eps is ignored: the step is always 1e-5.",
        "forward": "this is the forward difference: step to both sides.",
        "backward": "this is the backward difference: step to both sides.",
        "by_eps": "division by eps where the two points are 2 eps apart.",
        "summed": "the slope along v is put together from 2n evaluations, two for each "
        "parameter: take two along v.",
        "whole": "whole gradients are compared, by 2n evaluations, and not slopes "
        "along v.",
        "no_division": "the division by 2 eps is missing.",
        "times": "`/ 2 * eps` multiplies by eps: the product 2 eps needs parentheses.",
        "size": "the length of g stands for g · v.",
        "total": "the entries of g are summed without v.",
        "signed": "the error has a sign: take the absolute value.",
        "squared": "the difference is squared: its absolute value is asked for.",
        "sum_": "the scale is the sum of both sizes: take the larger one.",
        "no_abs": "the larger slope is taken, not the larger *size*: a slope may be "
        "negative.",
        "mean": "the scale is the mean of both sizes: take the larger one.",
        "numeric": "the scale is the measured slope alone: take the larger of both.",
        "given": "the scale is g · v alone: take the larger of both.",
        "least": "the scale is the smaller of both sizes: take the larger one.",
        "absolute": "the error is not relative: divide by the larger size.",
        "floor": "a floor under the scale, 0.001, hides the errors of small slopes.",
        "nan": "where both slopes are 0 they agree: 0 is asked for.",
        "one_zero": "0 comes where one slope is 0: it is asked for where both are.",
        "one": "where both slopes are 0 they agree, and 1 came: 0 is asked for.",
    },
    demands={
        "the central difference": ["forward", "by_eps"],
        "the slope that the gradient promises": ["size", "total", "whole"],
        "take `v` as it is": ["unit", "all_ones"],
        "divided by the larger of the two sizes": ["sum_", "absolute", "numeric"],
        "0 where both are 0": ["nan", "one"],
    },
    why="A difference for each of a million parameters costs two million evaluations. "
    "One random direction costs two: along it, the slope must be the sum of all "
    "gradients, each times its share of the direction. A wrong entry shows in nearly "
    "every direction. Divide by the size: a difference of 0.001 is nothing beside a "
    "slope of 1000, and everything beside one of 0.002.",
    **PAGE,
    rtol=1e-5,
    small=lambda: Case(
        "",
        {
            "f": _square,
            "g": np.array([6.0, 2.0]),
            "x": np.array([3.0, 1.0]),
            "v": np.array([1.0, 1.0]),
            "eps": 0.5,
        },
    ),
)


# --- predictions ----------------------------------------------------------------------


def _predictions(slip, w, x):
    full = 2 * w * x**2
    three = slip(3 * full, once=full)
    inner = slip(None, inner_slope=2 * w * x)
    cut = slip(full / 2, not_cut=full)
    place = slip("error", place_old=exp(w))
    free = slip(x, free_error="error")
    return three, inner, cut, place, free, slip("error", adds=2 * full)


PARTS = ("three", "inner", "cut", "exp_changed", "product_changed", "again")
QUESTIONS = (
    "A: each cost has the slope 2wx². What does backward do with what is in .grad?",
    "B: z is a result, not a leaf. Is its gradient kept?",
    "C: one factor is z, the other a constant with the value of z.",
    'D: did anything change that the way back needs? An error is the text "error".',
    "E: what does the slope of w·x in w need, and has it changed?",
    'F: what is left of the graph after the first call? An error is the text "error".',
)


def _question(got: dict, want: dict) -> str:
    """Ask about the first part that is wrong: no guess at what was thought."""
    if "result" in got:
        return ""
    wrong = next(p for p in PARTS if not same(got[p], want[p], 1e-6, 1e-8))
    return QUESTIONS[PARTS.index(wrong)]


def _pairs(rng) -> Iterator[Case]:
    for _ in range(3):
        w, x = rng.uniform(0.5, 2, size=2).round(2).tolist()
        yield Case(f"w = {w}, x = {x}", {"w": w, "x": x})


predictions = Step(
    "predictions",
    _predictions,
    _pairs,
    PARTS,
    observe=lambda free, replay, case: returned(free, replay, case, PARTS),
    tell=_question,
    texts={
        "once": "A: backward adds to .grad, and nothing sets it back to 0.",
        "inner_slope": "B: only leaves keep their .grad; z is a result.",
        "not_cut": "C: the detached factor is a constant: one path is left.",
        "place_old": "D: the slope of exp is its result, and z += x has changed it: "
        "does PyTorch have the old one?",
        "free_error": "E: the slope of w·x in w is x: the product is not needed.",
        "adds": "F: backward frees the graph: what would the second call walk through?",
    },
    demands={
        "A: three costs, no zeroing": ["once"],
        "B: the gradient of a result": ["inner_slope"],
        "C: one factor detached": ["not_cut"],
        "D: a result that `exp` needs is changed": ["place_old"],
        "E: a product is changed": ["free_error"],
        "F: the same graph twice": ["adds"],
    },
    why="Five habits of PyTorch follow from the graph. Gradients add up, in one graph "
    "over paths and between calls over calls. Only leaves keep theirs: results are too "
    "many. To detach is to make a number that has no parents. An operation keeps what "
    "its slope needs, and a counter tells whether that has been changed since. And a "
    "graph is thrown away by the walk back, to save memory: each cost gets a new one.",
    **PAGE,
    small=lambda: Case("", {"w": 1.0, "x": 3.0}),
)
