"""The wire format: values arrive as they were, and nothing malformed gets in."""

import contextlib
import json
import math
import os
import pickle
import socket
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.isolated import changes, frames, wire


def refuse(value):
    raise AssertionError(f"{value!r} has no form")


def travel(value, **decoder):
    """Send a value through JSON and bytes, and return what arrives."""
    encoder = wire.Encoder(refuse)
    text = json.dumps(encoder.encode(value))
    return wire.Decoder(bytes(encoder.blob), refuse, **decoder).decode(json.loads(text))


def same(a, b) -> bool:
    """Equal in type and value, NaN included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return a == b and math.copysign(1, a) == math.copysign(1, b) if a == 0 else a == b


SIMPLE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**400, max_value=10**401)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.integers())
    ),
)


@given(VALUES)
def test_plain_values_arrive_with_their_exact_type(value):
    assert same(travel(value), value)


KINDS = (
    hnp.floating_dtypes(sizes=(16, 32, 64))
    | hnp.integer_dtypes()
    | hnp.boolean_dtypes()
    | hnp.complex_number_dtypes()
)


@settings(deadline=None)
@given(hnp.arrays(KINDS, hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_arrive_with_dtype_shape_and_bits(array):
    result = travel(array)
    assert type(result) is np.ndarray
    assert result.dtype == array.dtype
    assert result.shape == array.shape
    assert result.tobytes() == array.tobytes()


def test_numpy_scalars_stay_scalars():
    for value in (np.float32(1.5), np.int8(-3), np.bool_(True), np.str_("é")):
        assert type(travel(value)) is type(value)
        assert travel(value) == value


def test_arrays_of_objects_arrive_entry_by_entry():
    ragged = np.array([[1, 2], [3]], dtype=object)
    assert travel(ragged).tolist() == [[1, 2], [3]]


def test_a_read_only_array_stays_read_only():
    array = np.zeros(3)
    array.flags.writeable = False
    assert not travel(array).flags.writeable
    assert travel(np.zeros(3)).flags.writeable


def test_a_generator_goes_on_where_it_was():
    rng = np.random.default_rng(5)
    rng.normal(size=7)
    copy = travel(rng)
    assert np.array_equal(copy.normal(size=9), rng.normal(size=9))


@pytest.mark.parametrize("name", sorted(wire.TENSORS))
def test_tensors_arrive_detached_with_their_type(name):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[0, 1, 1]]).to(getattr(torch, name))
    result = travel(tensor)
    assert type(result) is torch.Tensor
    assert result.dtype == tensor.dtype
    assert torch.equal(result, tensor)
    weights = torch.ones(2, requires_grad=True)
    assert travel(weights * 2).grad_fn is None
    assert travel(weights).requires_grad


class Always(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__
    __index__ = __int__ = lambda self: 42


class Text(str):
    def __str__(self):
        return "right"


class Array(np.ndarray):
    def __eq__(self, other):
        return np.True_


def test_a_subclass_loses_what_it_overrides():
    assert travel(Always(3)) == 3
    assert type(travel(Always(3))) is int
    assert travel(Text("wrong")) == "wrong"
    assert type(travel(np.zeros(2).view(Array))) is np.ndarray


class Boom:
    def __reduce__(self):
        return os.mkdir, ("should-not-exist",)


def test_pickles_are_refused_unless_they_are_ours():
    raw = pickle.dumps(Boom())
    decoder = wire.Decoder(raw, refuse)
    with pytest.raises(frames.WireError, match="unknown tag"):
        decoder.decode(["pickle", 0, len(raw)])
    assert not os.path.exists("should-not-exist")


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        [1],
        {},
        "int",
        ["int", 3],
        ["int", "0xg"],
        ["bool", 1],
        ["str", 1],
        ["float", "one"],
        ["one", "True"],
        ["class", "type"],
        ["bytes", 0, 99],
        ["bytes", -1, 1],
        ["bytes", True, 1],
        ["array", "<f8", [10**9], 0, 8],
        ["array", "<f8", [-1], 0, 8],
        ["array", "<f8", [1.0], 0, 8],
        ["array", "|O", [1], 0, 8],
        ["array", "<f8,<f8", [1], 0, 8],
        ["array", "<f8", [1] * 40, 0, 8],
        ["objects", [5], [["int", "0x1"]]],
        ["tensor", "load", [1], False, 0, 8],
        ["tensor", "float64", [2], False, 0, 8],
        ["dict", [[["list", []], ["int", "0x1"]]]],
        ["set", [["list", []]]],
        ["generator", ["dict", []]],
        ["range", "0x1", "0x2", "0x0"],
    ],
)
def test_malformed_values_are_refused(item):
    with pytest.raises(frames.WireError):
        wire.Decoder(bytes(8), refuse).decode(item)


def test_deep_nesting_is_refused_on_both_sides():
    deep = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(frames.WireError, match="nested"):
        wire.Encoder(refuse).encode(deep)
    item = ["list", []]
    for _ in range(500):
        item = ["list", [item]]
    with pytest.raises(frames.WireError, match="nested"):
        wire.Decoder(b"", refuse).decode(item)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
TAGS = "one bool int float complex str bytes list dict array tensor generator handle"


@given(st.sampled_from(TAGS.split()), st.lists(json_values, max_size=4))
def test_whatever_follows_a_tag_is_decoded_or_refused(tag, rest):
    decoder = wire.Decoder(bytes(16), lambda *_: None)
    with contextlib.suppress(frames.WireError):
        decoder.decode([tag, *rest])


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_frame_arrives(pair):
    ours, theirs = pair
    blob = bytes(range(256)) * 10_000
    sender = threading.Thread(target=frames.send, args=(theirs, {"a": [1]}, blob))
    sender.start()
    assert frames.receive(ours) == ({"a": [1]}, blob)
    sender.join()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (frames.HEADER.pack(2**31, 2**31), "too big"),
        (frames.HEADER.pack(3, 0) + b"{,}", "not JSON"),
        (frames.HEADER.pack(2, 0) + b"[]", "not a JSON object"),
        (frames.HEADER.pack(100_000, 0) + b"[" * 100_000, "not JSON"),
        (frames.HEADER.pack(4, 0) + b"\xff\xfe\xfd\xfc", "not JSON"),
        (frames.HEADER.pack(10, 0) + b"{}", "ended"),
        (b"\0\0", "ended"),
    ],
)
def test_unreadable_frames_are_refused(pair, raw, says):
    ours, theirs = pair
    theirs.sendall(raw)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(frames.WireError, match=says):
        frames.receive(ours)


def test_changes_of_arguments_are_applied_in_place():
    array, entries, table = np.zeros(2), [np.zeros(1), 2], {"a": [1]}
    first, inner = entries[0], table["a"]
    changes.update(array, np.array([1.0, 2.0]))
    changes.update(entries, [np.ones(1), 3])
    changes.update(table, {"a": [1, 5], "b": 2})
    assert array.tolist() == [1, 2]
    assert entries[0] is first
    assert (first[0], entries[1]) == (1, 3)
    assert table == {"a": [1, 5], "b": 2}
    assert table["a"] is inner


def test_a_namespace_of_torch_is_no_data_that_a_call_may_change():
    torch = pytest.importorskip("torch")
    loans = changes.Loans()
    loans.course = {"ops": torch.ops, "data": np.zeros(2)}
    loans.keep(loans.course["data"])
    loans.course["data"][:] = 1
    loans.restore()
    assert loans.course["data"].tolist() == [0, 0]


def test_a_changed_tensor_keeps_its_memory():
    torch = pytest.importorskip("torch")
    memory = np.zeros(3)
    tensor = torch.from_numpy(memory)
    changes.update(tensor, torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))
    assert memory.tolist() == [1, 2, 3]


def test_gradients_and_the_state_of_an_optimizer_are_brought_up_to_date():
    torch = pytest.importorskip("torch")

    def fresh():
        layer = torch.nn.Linear(2, 1)
        return layer, torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)

    (here, ours), (there, theirs) = fresh(), fresh()
    there(torch.ones(1, 2)).sum().backward()
    theirs.step()
    changes.update(here, changes.torch_state(there))
    changes.update(ours, changes.torch_state(theirs))
    assert torch.equal(here.weight, there.weight)
    assert torch.equal(here.weight.grad, torch.ones(1, 2))
    buffers = [state["momentum_buffer"] for state in ours.state.values()]
    assert [b.tolist() for b in buffers] == [[[1.0, 1.0]], [1.0]]
    there.zero_grad()
    changes.update(here, changes.torch_state(there))
    assert here.weight.grad is None
