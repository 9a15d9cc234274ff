"""Objects that stay in the student's process, as the test process sees them.

A handle can be called, iterated and asked for attributes, its text and its truth, and
none of the student's code runs here. What would need both sides in one process raises:
whether one of the student's objects equals anything, its class would decide. The
reference finds that out, and the sheet is graded in one process (`trial`).
"""

import sys
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.isolated.frames import WireError
from grader.isolated.wire import exact

if TYPE_CHECKING:
    from grader.isolated.link import Link

COMPARISONS = frozenset(
    ("allclose", "array_equal", "eq", "equal", "equals", "identical", "isclose", "ne")
)
# of these names that Python gives to objects the student's are asked for
ASKED = ("__annotations__", "__defaults__", "__kwdefaults__", "__qualname__")
BY_IDENTITY = ("builtins.function", "builtins.type", "builtins.module")


def handle(link: "Link", number: Any, info: Any) -> "Handle":
    """Return the handle of an object that is described by `info`."""
    number, info = exact(number, int), exact(info, dict)
    if type(info.get("bases")) is not list:
        raise WireError("a handle without classes")
    if info.get("iterator") is True:
        return IteratorHandle(link, number, info)
    if info.get("callable") is True:
        return CallableHandle(link, number, info)
    return Handle(link, number, info)


def _asks(what: str, kind: type | None = None) -> Callable:
    """Return a method that has an operation carried out, and gives this `kind`."""

    def method(self: "Handle", *args: Any) -> Any:
        value = self._link.do(what, self._number, args)
        if kind and type(value) is not kind:
            raise TypeError(f"{kind.__name__} is expected")
        return value

    return method


class Handle:
    """An object that stays in the student's process."""

    __slots__ = ("_info", "_link", "_number")

    def __init__(self, link: "Link", number: int, info: dict) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_info", info)

    @property
    def __class__(self) -> type:  # what isinstance looks at
        return _class_of(self._info) or type(self)

    @property
    def __name__(self) -> str:
        hidden = self._link.hidden  # a name may tell what a hidden case has passed
        return "object" if hidden else str(self._info.get("name", "?"))[:100]

    @property
    def __doc__(self) -> Any:
        return self._link.do("attribute", self._number, ("__doc__",))

    @property
    def __dict__(self) -> Any:
        return self._link.do("attribute", self._number, ("__dict__",))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in ASKED:
            raise AttributeError(name)
        if name in COMPARISONS:  # the student's code would be the judge of itself
            raise TypeError(f"a tensor or an array is expected: a {self.__name__} came")
        return self._link.do("attribute", self._number, (name,))

    __setattr__ = _asks("set")
    __getitem__ = _asks("item")
    __contains__ = _asks("contains", bool)
    __len__ = _asks("length", int)
    __bool__ = _asks("bool", bool)
    __str__ = _asks("text", str)
    __repr__ = _asks("repr", str)
    __dir__ = _asks("names")
    __iter__ = _asks("iterate")

    def __eq__(self, other: object) -> bool:
        if issubclass(type(other), Handle) and other._number == self._number:
            return True
        if _by_identity(self):
            return False
        raise TypeError(
            f"a number, a text or an array is expected: a {self.__name__} came"
        )

    def __hash__(self) -> int:
        return hash(self._number)

    def __array__(self, *_, **__):
        array = self._link.do("array", self._number)
        if type(array) is not np.ndarray or array.dtype.kind not in "biufc":
            raise TypeError(f"numbers are expected: {self.__name__!r} came")
        return array

    def __reduce_ex__(self, protocol):
        raise TypeError("an object of the student's cannot be copied")


class CallableHandle(Handle):
    """A function, class or callable object of the student's."""

    __slots__ = ()
    __doc__ = Handle.__dict__["__doc__"]  # the student's, not this one

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._link.do("call", self._number, args, kwargs)


class IteratorHandle(Handle):
    """A generator or iterator of the student's."""

    __slots__ = ()
    __doc__ = Handle.__dict__["__doc__"]  # the student's, not this one

    def __iter__(self) -> Iterator:
        return self

    __next__ = _asks("next")


def _class_of(info: dict) -> type | None:
    """Return the class that a handle answers `isinstance` with.

    Only classes of torch.nn count, and functions: the names are the student's claim.
    """
    if info.get("class") is True:
        return type
    for name in info.get("bases", ()):
        if name == "builtins.function":
            return types.FunctionType
        if str(name).startswith("torch.nn.modules."):
            module, _, last = name.rpartition(".")
            found = getattr(sys.modules.get(module), last, None)
            modules = sys.modules["torch"].nn.Module
            if isinstance(found, type) and issubclass(found, modules):
                return found
    return None


def _by_identity(value: Handle) -> bool:
    """Tell whether this is a function, class or module, which equals only itself."""
    bases = [str(name) for name in value._info.get("bases", ())]
    return value._info.get("class") is True or bool({*bases[:1]} & {*BY_IDENTITY})
