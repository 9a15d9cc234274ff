"""The wire format: what may cross between a student's process and ours.

A frame is two big-endian 32-bit lengths, a JSON text and raw bytes. A value is a JSON
list that begins with a tag; arrays are a dtype, a shape and a place in the raw bytes.
The decoder builds exact built-in types, NumPy arrays and torch tensors, and nothing
else: no class of the sender's is looked up and no code of the sender's runs. What has
no tag stays where it is, and a *handle* (a number) crosses in its place.

Pickle crosses in one direction only, from the test process to the student's, which
decodes it with `pickles=True`; a decoder of ours refuses the tag.
"""

import json
import pickle
import re
import socket
import struct
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np

HEADER = struct.Struct(">II")
MOST_BYTES = 256 * 2**20  # of a frame
MOST_DEPTH = 100  # of nested containers
DTYPE = re.compile(r"[<>|=]?(?:[biufc]\d{1,2}|[SU]\d{1,6}|[mM]8(?:\[\w{1,4}\])?)")
TENSORS = frozenset(
    (
        *("float64", "float32", "float16", "bfloat16", "complex64", "complex128"),
        *("int64", "int32", "int16", "int8", "uint8", "bool"),
    )
)
CLASSES = {c.__name__: c for c in (int, float, bool, str, complex, list, tuple, dict)}
UNREADABLE = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    ImportError,  # a tensor, where there is no torch
)
SINGLE = {"None": None, "Ellipsis": Ellipsis, "NotImplemented": NotImplemented}


class WireError(Exception):
    """A frame or value that does not follow the format."""


class Closed(WireError):
    """The other side is gone."""


# --- frames --------------------------------------------------------------------------


def send(
    sock: socket.socket, message: dict, blob: bytes = b"", most: int = MOST_BYTES
) -> None:
    """Send one frame; raise `Closed` when nobody reads any more."""
    text = json.dumps(message, separators=(",", ":")).encode()
    if len(text) + len(blob) > most:
        raise WireError(f"a message of {(len(text) + len(blob)) >> 20} MiB is too big")
    try:
        sock.sendall(HEADER.pack(len(text), len(blob)) + text + blob)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(
    sock: socket.socket, most: int = MOST_BYTES, seconds: float | None = None
) -> tuple[dict, bytes]:
    """Receive one frame of at most `most` bytes, in at most `seconds`.

    Raises
    ------
    Closed, WireError
        The connection ended; the frame is unreadable, too big or too slow.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    size, extra = HEADER.unpack(_exactly(sock, HEADER.size, deadline))
    if size + extra > most:
        raise WireError(f"a frame of {(size + extra) >> 20} MiB is too big")
    text = _exactly(sock, size, deadline)
    blob = _exactly(sock, extra, deadline)
    return parse(text), blob


def parse(text: bytes) -> dict:
    """Return the JSON object in `text`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("a frame is not JSON") from None
    if type(message) is not dict:
        raise WireError("a frame is not a JSON object")
    return message


def _exactly(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        if deadline is not None:  # of all of it: a byte now and then is not enough
            sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            got = sock.recv_into(view)
        except (BlockingIOError, TimeoutError):
            raise WireError("a frame that does not end") from None
        except OSError as error:
            raise Closed(str(error)) from None
        if not got:
            raise Closed("the connection ended")
        view = view[got:]
    return bytes(buffer)


# --- values: encoding ----------------------------------------------------------------


class Encoder:
    """Turn values into tagged JSON; arrays go into `blob`.

    `handle(value)` names what has no tag: it returns the JSON list that stands for it.
    """

    def __init__(self, handle: Callable[[Any], list]) -> None:
        self.handle = handle
        self.blob = bytearray()

    def encode(self, value: Any, depth: int = 0) -> list:
        """Return the tagged form of `value`."""
        if depth > MOST_DEPTH:
            raise WireError("the value is nested too deeply")
        for name, single in SINGLE.items():
            if value is single:
                return ["one", name]
        kind = type(value)
        if kind is bool:
            return ["bool", value]
        if issubclass(kind, np.generic):
            return self._scalar(value)
        if issubclass(kind, int):  # subclasses lose what they override
            return ["int", hex(int.__index__(value))]
        if issubclass(kind, float):
            return ["float", float.hex(value)]
        if issubclass(kind, complex):
            return ["complex", value.real.hex(), value.imag.hex()]
        if issubclass(kind, str):
            return ["str", str.__str__(value)]
        if issubclass(kind, bytes | bytearray):
            return ["bytes", *self._put(bytes(value))]
        if issubclass(kind, np.ndarray):
            return self._array(value, depth)
        if kind is range:
            return ["range", hex(value.start), hex(value.stop), hex(value.step)]
        if kind is slice:
            parts = (value.start, value.stop, value.step)
            return ["slice", *(self.encode(part, depth + 1) for part in parts)]
        if (items := self._container(value, depth)) is not None:
            return items
        if kind is np.random.Generator:
            state = _plain(value.bit_generator.state)
            return ["generator", self.encode(state, depth + 1)]
        if isinstance(value, np.dtype) and DTYPE.fullmatch(value.str):
            return ["dtype", value.str]
        if kind is type and CLASSES.get(value.__name__) is value:
            return ["class", value.__name__]
        if kind.__module__.partition(".")[0] == "torch" and (t := self._torch(value)):
            return t
        return self.handle(value)

    def _container(self, value: Any, depth: int) -> list | None:
        for kind in (list, tuple, set, frozenset):
            if isinstance(value, kind):
                entries = kind.__iter__(value)
                return [kind.__name__, [self.encode(v, depth + 1) for v in entries]]
        if isinstance(value, dict):
            pairs = dict.items(value)
            depth += 1
            return [
                "dict",
                [[self.encode(k, depth), self.encode(v, depth)] for k, v in pairs],
            ]
        return None

    def _put(self, raw: bytes) -> list[int]:
        place = len(self.blob)
        self.blob += raw
        return [place, len(raw)]

    def _scalar(self, value: np.generic) -> list:
        array = np.asarray(value)
        if not DTYPE.fullmatch(array.dtype.str):
            return self.handle(value)
        return ["scalar", array.dtype.str, *self._put(array.tobytes())]

    def _array(self, value: np.ndarray, depth: int) -> list:
        array = value.view(np.ndarray)
        shape = [int(n) for n in array.shape]
        if array.dtype == object:
            entries = [self.encode(v, depth + 1) for v in array.ravel().tolist()]
            return ["objects", shape, entries]
        if not DTYPE.fullmatch(array.dtype.str):
            return self.handle(value)
        tag = "array" if value.flags.writeable else "frozen"
        return [tag, array.dtype.str, shape, *self._put(array.tobytes())]

    def _torch(self, value: Any) -> list | None:
        import torch

        if isinstance(value, torch.Tensor):
            if value.layout is not torch.strided or value.is_quantized:
                return None
            gradient = bool(value.requires_grad)
            with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
                plain = value.detach().as_subclass(torch.Tensor).cpu().contiguous()
                plain = plain.resolve_conj().resolve_neg()
                name, shape = str(plain.dtype).removeprefix("torch."), plain.shape
                if name == "bfloat16":
                    plain = plain.view(torch.int16)
                raw = plain.numpy().tobytes()
            if name not in TENSORS:
                return None
            return ["tensor", name, [int(n) for n in shape], gradient, *self._put(raw)]
        if isinstance(value, torch.dtype):
            return ["torch.dtype", str(value).removeprefix("torch.")]
        if isinstance(value, torch.device):
            return ["torch.device", str(value)]
        return None


def _plain(state: Any) -> Any:
    """Return a generator's state without NumPy scalars."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state


# --- values: decoding ----------------------------------------------------------------


class Decoder:
    """Build values from tagged JSON. `handle` gets the rest of a ``handle`` list.

    Anything malformed raises `WireError`: the caller treats the sender as broken.
    """

    def __init__(self, blob: bytes, handle: Callable, *, pickles: bool = False) -> None:
        self.blob = blob
        self.handle = handle
        self.pickles = pickles

    def decode(self, item: Any) -> Any:
        """Return the value of `item`."""
        try:
            return self._decode(item, 0)
        except WireError:
            raise
        except UNREADABLE as error:
            raise WireError(f"unreadable value ({type(error).__name__})") from None

    def _decode(self, item: Any, depth: int) -> Any:
        if type(item) is not list or not item or type(item[0]) is not str:
            raise WireError("a value without a tag")
        if depth > MOST_DEPTH + 2:
            raise WireError("a value is nested too deeply")
        tag, *rest = item
        match tag:
            case "one":
                return SINGLE[rest[0]]
            case "bool":
                return _exact(rest[0], bool)
            case "int":
                return int(rest[0], 16)
            case "float":
                return float.fromhex(rest[0])
            case "complex":
                return complex(float.fromhex(rest[0]), float.fromhex(rest[1]))
            case "str":
                return _exact(rest[0], str)
            case "bytes":
                return self._get(rest)
            case "range":
                return range(*(int(part, 16) for part in rest))
            case "slice":
                return slice(*(self._decode(part, depth + 1) for part in rest))
            case "list" | "tuple" | "set" | "frozenset":
                make = {"list": list, "tuple": tuple, "set": set}.get(tag, frozenset)
                return make([self._decode(entry, depth + 1) for entry in rest[0]])
            case "dict":
                depth += 1
                pairs = [
                    (self._decode(k, depth), self._decode(v, depth)) for k, v in rest[0]
                ]
                return dict(pairs)
            case "array" | "frozen" | "scalar":
                return self._array(tag, rest)
            case "objects":
                array = np.empty(_size(rest[0], 1, len(rest[1])), dtype=object)
                for i, entry in enumerate(rest[1]):
                    array[i] = self._decode(entry, depth + 1)
                return array.reshape(rest[0])
            case "generator":
                return generator(self._decode(rest[0], depth + 1))
            case "dtype":
                return _dtype(rest[0])
            case "class":
                return CLASSES[rest[0]]
            case "tensor" | "torch.dtype" | "torch.device":
                return self._torch(tag, rest)
            case "pickle" if self.pickles:
                return pickle.loads(self._get(rest))
            case "handle":
                return self.handle(*rest)
        raise WireError(f"unknown tag {tag[:20]!r}")

    def _get(self, place: list) -> bytes:
        start, count = (_exact(number, int) for number in place)
        if not 0 <= start <= start + count <= len(self.blob):
            raise WireError("a value outside its frame")
        return bytes(self.blob[start : start + count])

    def _array(self, tag: str, rest: list) -> Any:
        dtype = _dtype(rest[0])
        shape = rest[1] if tag != "scalar" else []
        raw = self._get(rest[-2:])
        _size(shape, dtype.itemsize, len(raw))
        array = np.empty(shape, dtype)
        if raw:
            array = _canonical(np.frombuffer(raw, dtype)).reshape(shape)
        array.flags.writeable = tag != "frozen"
        return array[()] if tag == "scalar" else array

    def _torch(self, tag: str, rest: list) -> Any:
        import torch

        if tag == "torch.device":
            return torch.device(_exact(rest[0], str))
        if rest[0] not in TENSORS:
            raise WireError("unknown tensor type")
        dtype = getattr(torch, rest[0])
        if tag == "torch.dtype":
            return dtype
        _, shape, gradient, *place = rest
        raw = self._get(place)
        _size(shape, dtype.itemsize, len(raw))
        if raw:
            if dtype is torch.bool:
                raw = _canonical(np.frombuffer(raw, np.bool_)).tobytes()
            tensor = torch.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)
        else:
            tensor = torch.empty(shape, dtype=dtype)
        return tensor.requires_grad_() if _exact(gradient, bool) else tensor


def generator(state: dict) -> np.random.Generator:
    """Return a NumPy generator with this state of a standard bit generator."""
    name = state["bit_generator"]
    if name not in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
        raise WireError("unknown generator")
    inner = state["state"]
    if not 0 <= inner.get("pos", 0) <= 624 or not 0 <= state.get("buffer_pos", 0) <= 4:
        raise WireError("a generator that would read beyond its state")  # in C
    bits = getattr(np.random, name)(0)
    bits.state = state
    return np.random.Generator(bits)


def _exact(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise WireError(f"{kind.__name__} expected")
    return value


def _dtype(text: Any) -> np.dtype:
    if not DTYPE.fullmatch(_exact(text, str)):
        raise WireError("unknown dtype")
    return np.dtype(text)


def _canonical(array: np.ndarray) -> np.ndarray:
    """Return a copy that holds only what NumPy itself writes.

    Other bytes make a bool that equals nothing, or text beyond Unicode.
    """
    if array.dtype.kind == "b":
        return array.view(np.uint8) != 0
    if array.dtype.kind == "U" and array.dtype.itemsize:
        order = array.dtype.byteorder
        if (array.view(f"{order}u4") > 0x10FFFF).any():
            raise WireError("text beyond Unicode")
    return array.copy()


def _size(shape: Any, item: int, count: int) -> int:
    """Check that `shape` fits `count` bytes; return the number of entries."""
    entries = 1
    for n in _exact(shape, list):
        if _exact(n, int) < 0:
            raise WireError("negative size")
        entries *= n
    if len(shape) > 32 or entries * item != count:
        raise WireError("shape and size do not agree")
    return entries


# --- changes of arguments ------------------------------------------------------------


def update(old: Any, new: Any) -> None:
    """Make the mutable `old` equal to `new`, in place, as the callee left it."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        if old.shape != new.shape:  # `resize` would free memory that views still use
            raise WireError("an array that was an argument has another shape now")
        old[...] = new
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new):
            new = [_updated(o, n) for o, n in zip(old, new, strict=True)]
        old[:] = new
    elif isinstance(old, dict) and isinstance(new, dict):
        merged = {k: _updated(old[k], v) if k in old else v for k, v in new.items()}
        old.clear()
        old.update(merged)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, np.random.Generator) and isinstance(new, np.random.Generator):
        old.bit_generator.state = new.bit_generator.state
    elif isinstance(old, tuple) and isinstance(new, tuple):
        for o, n in zip(old, new, strict=False):
            update(o, n)
    elif type(old).__module__.partition(".")[0] == "torch":
        _update_torch(old, new)


def _updated(old: Any, new: Any) -> Any:
    """Return `old` brought to `new` where it can be, else `new`."""
    mutable = (np.ndarray, list, dict, set, np.random.Generator)
    if isinstance(old, mutable) and isinstance(new, type(old)):
        if isinstance(old, np.ndarray) and old.dtype != new.dtype:
            return new
        update(old, new)
        return old
    return new


def _update_torch(old: Any, new: Any) -> None:
    import torch

    if isinstance(old, torch.nn.Module) and isinstance(new, dict):
        old.load_state_dict(new["state"])
        old.train(new["training"])
        set_gradients(old, new["gradients"])
    elif isinstance(old, torch.optim.Optimizer) and isinstance(new, dict):
        old.load_state_dict(new["state"])
    elif isinstance(old, torch.Tensor) and isinstance(new, torch.Tensor):
        with torch.no_grad():  # in place: the check may watch the memory itself
            if old.shape == new.shape:
                old.copy_(new)
            else:
                old.data = new.detach().to(old.dtype)


def torch_state(value: Any) -> dict | None:
    """Return what may change in a module or optimizer, None for other values."""
    if type(value).__module__.partition(".")[0] != "torch" or isinstance(
        value, types.ModuleType
    ):
        return None
    import torch

    if isinstance(value, torch.optim.Optimizer):
        return {"state": value.state_dict()}
    if not isinstance(value, torch.nn.Module):
        return None
    return {
        "state": dict(value.state_dict()),
        "training": bool(value.training),
        "gradients": gradients(value),
    }


def gradients(value: Any) -> dict:
    """Return the gradients of a module's parameters: a pickle leaves them out."""
    named = getattr(value, "named_parameters", dict)()
    return {name: p.grad for name, p in dict(named).items() if p.grad is not None}


def set_gradients(module: Any, values: dict) -> None:
    """Give parameters their gradients; those without one lose theirs."""
    for name, parameter in module.named_parameters():
        parameter.grad = values.get(name)
