"""What holds for the scripts of all explorations: numbers, states, no network."""

import math

import numpy as np
import pytest

from press.directives.interactive import scripts_of
from tests.book.explorations.node import (
    hash_of,
    initial_state,
    needs_node,
    parse,
    run_node,
)
from tests.book.pages import BOOK, EXPLORATIONS, SCRIPTS

pytestmark = needs_node
every_exploration = pytest.mark.parametrize("name", EXPLORATIONS)
ASKING = ("http:", "https:", "fetch(", "XMLHttpRequest", "import(", "eval(")
SVG = "http://www.w3.org/2000/svg"  # a name, which nobody asks

# links as a teacher has written them down: they must go on working
KEPT = {
    "advanced_cnn": "kind=dense&nIn=16&growth=12&layers=3",
    "attention": "text=.banana&head=before&mask=none&positions=off&tau=0.5&at=4",
    "autoencoders": "c1=-1.25&c2=2&show=pictures&digit=7",
    "backpropagation": "w111=0.1&b21=-9&x2=0.25&activation=relu&weight=b21&step=4",
    "feature_maps": "picture=photo&layer=conv2&map=4&channel=3&row=5&column=6",
    "fully_connected": "data=spiral&features=x1-x2-sinx1&hidden=8-8",
    "gradient_descent": "optimizer=momentum&x=-1.25&y=0.5&eta=0.07&mu=0.5&steps=40",
    "linear_networks": "from=picture&z1=-2000&z2=0.5&T=0.25&y=O&r2=0&r3=17",
    "lstm": "inputs=1m010000&bf=-3.5&uo=2&gate=o&at=5",
    "perceptron": "gate=and&w1=2&w2=1&b=-3",
    "preliminaries": "a=64,3,32,32&b=3,1,1&entry=5",
    "rbf": "data=tent&centers=100-500-975&sigma=0.31",
    "recurrent": "wh=-1.25&T=12&pattern=alternating",
    "regularization": "p=0.7&mask=00111&x2=-1.5&out=sigmoid&mode=test",
}


@pytest.mark.parametrize(
    ("how", "number", "text"),
    [
        ("short", -0.001, "0"),
        ("short", 10, "10"),
        ("short", -2.5, "−2.5"),
        ("signed", 0.5, "+0.5"),
        ("signed", 0, "0"),
        ("factor", -1, "(−1)"),
        ("term", -1, "− 1"),
        ("fixed", -0.004, "0.00"),
    ],
)
def test_numbers_are_written_with_a_true_minus_sign(how, number, text):
    assert run_node([{"do": "text", "how": how, "number": number}]) == [text]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_asks_for_nothing_from_the_network(name):
    source = (BOOK / f"explorations/{name}.js").read_text("utf-8").replace(SVG, "")
    assert not [word for word in ASKING if word in source]


def test_every_script_is_loaded_by_a_page_and_after_what_it_requires():
    loaded = {name: scripts_of(name) for name in EXPLORATIONS}
    assert {script for own in loaded.values() for script in own} == {
        f"{name}.js" for name in SCRIPTS
    }
    assert loaded["perceptron"] == ["common.js", "perceptron.js"]
    assert loaded["fully_connected"] == [
        "common.js",
        "engine.js",
        "pictures.js",
        "torch_code.js",
        "own_points.js",
        "fully_connected.js",
    ]


def schema(name: str) -> dict[str, dict]:
    return run_node([{"do": "schema", "name": name}])[0]


def some_states(name: str, count: int) -> list[dict]:
    """Return the initial state, and others with every value that can be listed."""
    rng = np.random.default_rng(0)

    def pick(field: dict):
        if field.get("whole"):
            return int(rng.integers(field["min"], field["max"] + 1))
        if field["kind"] == "number":
            if rng.random() < 0.1 and field["min"] <= 1e-7:
                return 1e-7
            low, high = np.ceil(100 * field["min"]), np.floor(100 * field["max"])
            return int(rng.integers(low, high + 1)) / 100
        options = field["options"]  # a rule, such as "any shape", lists none
        return rng.choice(options).item() if isinstance(options, list) else None

    first, states = initial_state(name), []
    for _ in range(count - 1):
        changes = {key: pick(field) for key, field in schema(name).items()}
        states.append(first | {k: v for k, v in changes.items() if v is not None})
    return [first, *states]


def count_of(field: dict) -> float:
    """How many values of a field `some_states` can draw."""
    if field["kind"] == "number":
        return math.inf
    return len(field["options"]) if isinstance(field["options"], list) else 1


@every_exploration
def test_the_hash_of_the_initial_state_names_something(name):
    assert parse(name, hash_of(name, initial_state(name))), (
        "give a field of its SCHEMA `always: true`: the first link must hold a value"
    )


@every_exploration
def test_states_survive_the_hash(name):
    states = some_states(name, 100)
    request = {"do": "formatHash", "name": name}
    hashes = run_node([request | {"state": state} for state in states])
    request = {"do": "parseHash", "name": name}
    assert run_node([request | {"hash": text} for text in hashes]) == states
    possible = math.prod(map(count_of, schema(name).values()))
    different = len({str(state) for state in states})
    assert len(set(hashes)) == different, "two states share a hash"
    assert different >= min(10, possible), "the SCHEMA lists too few values"


@every_exploration
def test_a_hash_names_what_differs_from_the_initial_state(name):
    fields, (first, state) = schema(name), some_states(name, 2)
    keys = [k for k in fields if fields[k].get("always") or state[k] != first[k]]
    text = hash_of(name, state)
    assert text.startswith(f"#{name}?")
    assert [pair.split("=")[0] for pair in text.split("?")[1].split("&")] == keys


@pytest.mark.parametrize("name", KEPT)
def test_a_link_of_earlier_days_goes_on_working(name):
    state, first = parse(name, f"#{name}?{KEPT[name]}"), initial_state(name)
    pairs = KEPT[name].split("&")
    assert set(pairs) <= set(hash_of(name, state).split("?")[1].split("&"))
    given = {pair.split("=")[0] for pair in pairs}
    assert all(state[key] == first[key] for key in state.keys() - given)


@every_exploration
def test_what_counts_is_whole_whatever_a_link_says(name):
    for key, field in schema(name).items():
        if field.get("whole"):
            state = parse(name, f"#{name}?{key}={field['min'] + 0.6}")
            assert state[key] == field["min"] + 1, key


def refused(field: dict) -> list[str]:
    """Return texts that are no value of a field."""
    if field["kind"] == "choice":
        return ["nonsense", "__proto__"]
    outside = [field["min"] - 1e-4, field["max"] + 1e-4]
    return ["", "two", "NaN", "Infinity", "0x10", "1e999", *map(str, outside)]


@every_exploration
def test_a_hash_without_a_valid_value_is_ignored(name):
    link = hash_of(name, some_states(name, 2)[1])
    texts = ["", "#", f"#{name}", f"#{name}?", f"#{name}?%E0%A4%A=%&&==&"]
    texts += [f"#{name}?__proto__=1&constructor=2", link.replace(name, "other", 1)]
    texts += [link.replace(name, f"{name}s", 1), link.replace(name, name[:-1], 1)]
    for key, field in schema(name).items():
        texts += [f"#{name}?{key}={text}" for text in refused(field)]
    request = {"do": "parseHash", "name": name}
    answers = run_node([request | {"hash": text} for text in texts])
    assert [t for t, a in zip(texts, answers, strict=True) if a is not None] == []


@every_exploration
def test_invalid_values_are_ignored_beside_valid_ones(name):
    first, state = some_states(name, 2)
    for key, field in schema(name).items():
        pairs = "&".join(f"{k}={v}" for k, v in state.items() if k != key)
        text = f"#{name}?{key}={refused(field)[-1]}&color=red&{pairs}"
        expected = state | {key: first[key]} if pairs else None
        assert parse(name, text) == expected, text
