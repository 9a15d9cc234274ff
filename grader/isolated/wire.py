"""The wire format: what may cross between a student's process and ours.

A value is a JSON list that begins with a tag; arrays are a dtype, a shape and a place
in the raw bytes of the frame (`frames`).
The decoder builds exact built-in types, NumPy arrays and torch tensors, and nothing
else: no class of the sender's is looked up and no code of the sender's runs. What has
no tag stays where it is, and a *handle* (a number) crosses in its place.

Pickle crosses in one direction only, from the test process to the student's, which
decodes it with `pickles=True`; a decoder of ours refuses the tag.
"""

import functools
import pickle
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from grader.isolated.frames import WireError

MOST_DEPTH = 100  # of nested containers
DTYPE = re.compile(r"[<>|=]?(?:[biufc]\d{1,2}|[SU]\d{1,6}|[mM]8(?:\[\w{1,4}\])?)")
TENSORS = (
    *("float64", "float32", "float16", "bfloat16", "complex64", "complex128"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)
CONTAINERS = {c.__name__: c for c in (list, tuple, set, frozenset)}
CLASSES = {c.__name__: c for c in (int, float, bool, str, complex, list, tuple, dict)}
UNREADABLE = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    ImportError,  # a tensor, where there is no torch
)
BASES = (int, float, complex, str, bytes, tuple, list, dict, set, frozenset)
EXTENDED: set[type] = set()  # the classes that `extended` makes
SINGLE = {"None": None, "Ellipsis": Ellipsis, "NotImplemented": NotImplemented}


# --- objects that are values, too -----------------------------------------------------


def extended(value: Any, whole: Any) -> Any:
    """Return a value that looks up in `whole` whatever its own class does not have.

    A student's subclass of a built-in class arrives so: it compares and computes as the
    value does, without its code, and has its own attributes and methods beside.
    """
    if type(value) is np.ndarray:
        made = value.view(_extended(np.ndarray))
    elif type(value) in BASES:
        made = _extended(type(value))(value)
    else:
        raise WireError("an object of no built-in class")
    made._whole = whole
    return made


@functools.cache
def _extended(kind: type) -> type:
    def plain(self: Any) -> Any:
        return np.array(self) if kind is np.ndarray else kind(self)

    def __getattr__(self: Any, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._whole, name)

    def __reduce_ex__(self: Any, protocol: int) -> Any:
        return plain(self).__reduce_ex__(protocol)

    names = {"_whole": None, "__getattr__": __getattr__, "__reduce_ex__": __reduce_ex__}
    made = type(kind.__name__, (kind,), names)
    EXTENDED.add(made)
    return made


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
        if kind in EXTENDED:  # it came from there
            return self.handle(value._whole)
        plain = self._plain(value, kind, depth)
        own = kind.__module__ == "__main__" and plain[0] != "handle"
        return ["with", plain, *self.handle(value)[1:]] if own else plain

    def _plain(self, value: Any, kind: type, depth: int) -> list:
        """Return the tagged form; objects of a subclass are those of the class."""
        if kind is bool:
            return ["bool", value]
        if issubclass(kind, np.generic):
            return self._array(value, "scalar", depth)
        if issubclass(kind, int):  # subclasses lose what they override
            return ["int", hex(int.__index__(value))]
        if issubclass(kind, float):
            return ["float", float.hex(value)]
        if issubclass(kind, complex):
            return ["complex", value.real.hex(), value.imag.hex()]
        if issubclass(kind, str):
            return ["str", str.__str__(value)]
        if issubclass(kind, bytes | bytearray):
            return ["bytes", *self.put(bytes(value))]
        if issubclass(kind, np.ndarray):
            tag = "array" if value.flags.writeable else "frozen"
            return self._array(value, tag, depth)
        if kind is Fraction:
            return ["Fraction", hex(value.numerator), hex(value.denominator)]
        if kind is Decimal:
            return ["Decimal", str(value)]
        if kind is range:
            return ["range", hex(value.start), hex(value.stop), hex(value.step)]
        if kind is slice:
            parts = (value.start, value.stop, value.step)
            return ["slice", *(self.encode(part, depth + 1) for part in parts)]
        for name, container in CONTAINERS.items():
            if issubclass(kind, container):
                entries = container.__iter__(value)
                return [name, [self.encode(entry, depth + 1) for entry in entries]]
        if issubclass(kind, dict):
            pairs = dict.items(value)
            return ["dict", [[self.encode(v, depth + 1) for v in kv] for kv in pairs]]
        if kind is np.random.Generator:
            return ["generator", self.encode(value.bit_generator.state, depth + 1)]
        if isinstance(value, np.dtype) and DTYPE.fullmatch(value.str):
            return ["dtype", value.str]
        if kind is type and CLASSES.get(value.__name__) is value:
            return ["class", value.__name__]
        if kind.__module__.partition(".")[0] == "torch" and (t := self._torch(value)):
            return t
        return self.handle(value)

    def put(self, raw: bytes) -> list[int]:
        """Add bytes to the blob; return their place."""
        place = len(self.blob)
        self.blob += raw
        return [place, len(raw)]

    def _array(self, value: np.ndarray | np.generic, tag: str, depth: int) -> list:
        array = np.asarray(value)
        shape = [int(n) for n in array.shape]
        if array.dtype == object:
            entries = [self.encode(v, depth + 1) for v in array.ravel().tolist()]
            return ["objects", shape, entries]
        if not DTYPE.fullmatch(array.dtype.str):
            return self.handle(value)
        return [tag, array.dtype.str, shape, *self.put(array.tobytes())]

    def _torch(self, value: Any) -> list | None:
        import torch

        if isinstance(value, torch.Tensor):
            if value.layout is not torch.strided or value.is_quantized:
                return None
            gradient = bool(value.requires_grad)
            with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
                plain = value.detach().as_subclass(torch.Tensor).cpu()
                plain = plain.resolve_conj().resolve_neg()
                name, shape = str(plain.dtype).removeprefix("torch."), plain.shape
                if name == "bfloat16":
                    plain = plain.view(torch.int16)
                raw = plain.numpy().tobytes()
            if name not in TENSORS:
                return None
            return ["tensor", name, [int(n) for n in shape], gradient, *self.put(raw)]
        if isinstance(value, torch.dtype):
            return ["torch.dtype", str(value).removeprefix("torch.")]
        if isinstance(value, torch.device):
            return ["torch.device", str(value)]
        return None


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
                return exact(rest[0], bool)
            case "int":
                return int(rest[0], 16)
            case "float":
                return float.fromhex(rest[0])
            case "complex":
                return complex(float.fromhex(rest[0]), float.fromhex(rest[1]))
            case "Fraction":
                return Fraction(int(rest[0], 16), int(rest[1], 16))
            case "Decimal":
                return Decimal(exact(rest[0], str))
            case "str":
                return exact(rest[0], str)
            case "bytes":
                return self._get(rest)
            case "range":
                return range(*(int(part, 16) for part in rest))
            case "slice":
                return slice(*(self._decode(part, depth + 1) for part in rest))
            case "list" | "tuple" | "set" | "frozenset":
                entries = [self._decode(entry, depth + 1) for entry in rest[0]]
                return CONTAINERS[tag](entries)
            case "dict":
                return dict([self._decode(v, depth + 1) for v in kv] for kv in rest[0])
            case "array" | "frozen" | "scalar":
                return self._array(tag, *rest)
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
            case "with":
                return extended(
                    self._decode(rest[0], depth + 1), self.handle(*rest[1:])
                )
        raise WireError(f"unknown tag {tag[:20]!r}")

    def _get(self, place: Iterable[int]) -> bytes:
        start, count = (exact(number, int) for number in place)
        if not 0 <= start <= start + count <= len(self.blob):
            raise WireError("a value outside its frame")
        return bytes(self.blob[start : start + count])

    def _array(self, tag: str, kind: str, shape: list, *place: int) -> Any:
        dtype, raw = _dtype(kind), self._get(place)
        _size(shape, dtype.itemsize, len(raw))
        array = np.empty(shape, dtype)
        if raw:
            array = _canonical(np.frombuffer(raw, dtype)).reshape(shape)
        array.flags.writeable = tag != "frozen"
        return array[()] if tag == "scalar" else array

    def _torch(self, tag: str, rest: list) -> Any:
        import torch

        if tag == "torch.device":
            return torch.device(exact(rest[0], str))
        if rest[0] not in TENSORS:
            raise WireError("unknown tensor type")
        dtype = getattr(torch, rest[0])
        if tag == "torch.dtype":
            return dtype
        name, shape, gradient, *place = rest
        kind = np.dtype("int16" if name == "bfloat16" else name).str
        tensor = torch.from_numpy(self._array("array", kind, shape, *place))
        return tensor.view(dtype).requires_grad_(exact(gradient, bool))


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


def exact(value: Any, kind: type) -> Any:
    """Return a value that is of this very type; raise `WireError` if it is not."""
    if type(value) is not kind:
        raise WireError(f"{kind.__name__} expected")
    return value


def _dtype(text: Any) -> np.dtype:
    if not DTYPE.fullmatch(exact(text, str)):
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
    for n in exact(shape, list):
        if exact(n, int) < 0:
            raise WireError("negative size")
        entries *= n
    if len(shape) > 32 or entries * item != count:
        raise WireError("shape and size do not agree")
    return entries
