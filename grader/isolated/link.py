"""The connection from the test process to the student's objects: values, or handles.

A `Link` asks the student's process. What comes back is an exact value (`wire`) or a
`Handle`. The checks that use them run in `judge`; the other end of a `Link` is
`answers.Server`.
"""

import builtins
import contextlib
import functools
import pickle
import socket
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.inputtransformer2 import leading_empty_lines

from grader.isolated import frames, wire
from grader.isolated.changes import Loans, gradients, update
from grader.isolated.checking import WITHHELD
from grader.isolated.handles import Handle, handle
from grader.verdicts import Verdict

NOT_SHOWN = "(what is printed in a hidden case is not shown)\n"
UNREADABLE = (frames.WireError, ValueError, TypeError, LookupError, MemoryError)
WARNINGS = {
    kind.__name__: kind for kind in (RuntimeWarning, DeprecationWarning, FutureWarning)
}
CALLBACKS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    functools.partial,
)


class Broken(BaseException):
    """The student's process is gone or does not follow the format.

    Not an `Exception`: a check that catches those must not go on without a student.
    """

    verdict = Verdict.BROKEN


class StudentError(Exception):
    """An exception in the student's code that is none of Python's own."""


class Link:
    """The connection to one student's process; `sources` are their cells by number."""

    def __init__(self, sock: socket.socket, sources: dict[int, str]) -> None:
        self.sock = sock
        self.sources = sources
        self.hidden = False  # whether texts that the student makes are not passed on
        self.broken = ""
        self.count = 0
        self.callbacks: list[Callable] = []
        self.loans = Loans()

    def get(self, name: str) -> Any:
        """Return the student's global `name`; raise `NameError` if there is none."""
        try:
            reply, blob = self._ask({"do": "get", "name": name}, b"")
        except KeyError as error:  # Python would look among the built-in names
            raise NameError(f"{name} cannot be had: {error}") from None
        if "missing" in reply:
            raise NameError(f"{name} is not defined: its cell is missing or failed")
        value = self._value(reply, blob)
        if isinstance(value, Handle) and "builtins.module" in value._info["bases"]:
            raise NameError(f"{name} is a module that the course does not import")
        return value

    def do(self, what: str, target: int, args: tuple = (), kwargs: dict | None = None):
        """Have an operation carried out; return its value or raise its exception."""
        kwargs = kwargs or {}
        everything = [*args, *kwargs.values()]
        encoder, pickled = self._encoder()
        items = [encoder.encode(arg) for arg in everything]
        request = {
            "do": what,
            "target": target,
            "args": items[: len(args)],
            "kwargs": dict(zip(kwargs, items[len(args) :], strict=True)),
        }
        if pickled:
            try:
                raw = pickle.dumps((pickled, [*map(gradients, pickled)]))
            except Exception as error:
                raise TypeError(
                    f"an argument cannot be sent to the student's process: {error}"
                ) from None
            request["pickled"] = ["pickle", *encoder.put(raw)]
        reply, blob = self._ask(request, bytes(encoder.blob))
        if reply.get("ended") is True:
            raise StopIteration
        value = self._value(reply, blob)
        decoder = self._decoder(blob)
        with self._following():
            for index, item in reply.get("changed", ()):
                self.loans.keep(everything[index])
                update(everything[index], decoder.decode(item))
        return value

    def _ask(self, request: dict, blob: bytes) -> tuple[dict, bytes]:
        """Send a request, serve callbacks, return the reply."""
        if self.broken:
            raise Broken(self.broken)
        self.count += 1
        number = self.count  # a callback may ask in between
        with self._following():
            frames.send(self.sock, request | {"id": number}, blob)
            while "callback" in (message := frames.receive(self.sock))[0]:
                self._call_back(*message)
            reply, blob = message
            if reply.get("id") != number:
                raise frames.WireError("a reply that nobody asked for")
            printed = wire.exact(reply.get("printed", ""), str)
            if printed:
                sys.stdout.write(NOT_SHOWN if self.hidden else printed)
            for name, text in reply.get("warnings", ()):
                text = WITHHELD if self.hidden else str(text)
                warnings.warn(text, WARNINGS.get(name, UserWarning), stacklevel=4)
        if "error" in reply:
            with self._following():
                error = self._exception(reply)
            raise error
        return reply, blob

    @contextlib.contextmanager
    def _following(self) -> Iterator[None]:
        """Turn a breach of the format into `Broken`, now and from now on."""
        try:
            yield
        except frames.Closed:
            self.broken = "the student's process ended"
            raise Broken(self.broken) from None
        except UNREADABLE as error:
            self.broken = "the student's process sent an unreadable reply"
            raise Broken(f"{self.broken} ({error})") from None
        except RuntimeError as error:  # torch: a state that does not fit
            self.broken = "the student's process sent an unreadable reply"
            raise Broken(self.broken) from error

    def _value(self, reply: dict, blob: bytes) -> Any:
        with self._following():
            return self._decoder(blob).decode(reply["value"])

    def _decoder(self, blob: bytes) -> wire.Decoder:
        return wire.Decoder(blob, functools.partial(handle, self))

    def _encoder(self) -> tuple[wire.Encoder, list]:
        pickled: list = []

        def handle(value: Any) -> list:
            if isinstance(value, Handle):
                return ["handle", "own", object.__getattribute__(value, "_number")]
            if isinstance(value, CALLBACKS):
                self.callbacks.append(value)
                return ["handle", "callback", len(self.callbacks) - 1]
            pickled.append(value)
            return ["handle", "pickled", len(pickled) - 1]

        return wire.Encoder(handle), pickled

    def _call_back(self, message: dict, blob: bytes) -> None:
        """Run a function that the check passed to the student's code."""
        decoder = self._decoder(blob)
        function = self.callbacks[wire.exact(message["callback"], int)]
        args = [decoder.decode(item) for item in message["args"]]
        kwargs = {
            wire.exact(k, str): decoder.decode(v) for k, v in message["kwargs"].items()
        }
        encoder, _ = self._encoder()
        try:
            reply = {"value": encoder.encode(function(*args, **kwargs))}
        except Exception as error:
            encoder, _ = self._encoder()
            kind = type(error).__name__
            builtin = getattr(builtins, kind, None) is type(error)
            reply = {"error": f"{error}" if builtin else f"{kind}: {error}"}
            reply["kind"] = kind if builtin else "TypeError"
        frames.send(self.sock, reply, bytes(encoder.blob))

    def _exception(self, reply: dict) -> BaseException:
        """Return the exception to raise here for one that arose there."""
        names = [str(name) for name in reply.get("bases", ())][:50]
        own = names[0].rpartition(".")[2] if names and not self.hidden else "an error"
        text = str(reply["error"])
        kind: type[BaseException] = StudentError
        for name in names:
            module, _, last = name.rpartition(".")
            found = getattr(builtins, last, None) if module == "builtins" else None
            if isinstance(found, type) and issubclass(found, Exception | SystemExit):
                kind = found
                break
        if issubclass(kind, StopIteration | StopAsyncIteration):
            kind = RuntimeError  # it would end a loop of the check's (PEP 479)
        shown = WITHHELD if self.hidden else text
        try:
            error = kind(shown)
        except TypeError:  # UnicodeDecodeError and its like want more arguments
            kind = StudentError
            error = kind(shown)
        nameless = kind in (StudentError, Exception)
        if nameless and own not in ("Exception", kind.__name__):
            error = StudentError(f"{own}: {shown}")
        error.full_text = text  # for hints, never shown as it is
        error.student_line, error.student_place = self._place(reply.get("line"))
        return error

    def _place(self, place: Any) -> tuple[str, str]:
        """Return a line of the student's own notebook, and a function that it holds.

        `place` is [cell, line, function]. In a hidden case the function is not told:
        its name may be what the case has passed.
        """
        if type(place) is not list or [type(p) for p in place] != [int, int, str]:
            return "", ""
        cell, number, function = place
        # as IPython counts, which leaves out empty lines at the top of a cell
        lines = leading_empty_lines(self.sources.get(cell, "").splitlines(True))
        if not 0 < number <= len(lines):
            return "", ""
        shown = function.isidentifier() and not self.hidden
        return lines[number - 1].strip(), function[:100] if shown else ""
