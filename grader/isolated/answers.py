"""What the student's process answers when the test process asks: see `handles`."""

import builtins
import operator
import socket
import warnings
from typing import Any

import numpy as np

from grader.isolated import frames, wire
from grader.isolated.changes import changeable, set_gradients
from grader.isolated.checking import Bounded, interruptible
from grader.isolated.shell import SINK, cell_line, shell, text_of

ENDED = object()  # what an iterator gives that has ended
# what is asked of an object: its answer is the student's claim, like any value
OPERATIONS = {
    "call": operator.call,
    "attribute": getattr,
    "set": setattr,
    "item": operator.getitem,
    "array": np.asarray,
    "length": len,
    "contains": operator.contains,
    "text": str,
    "repr": repr,
    "bool": bool,
    "names": dir,
    "iterate": iter,
    "next": lambda iterator: next(iterator, ENDED),
}


class Server:
    """Answers the test process: names, calls, attributes, items (see `handles`)."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.objects: dict[int, Any] = {}

    def respond(self, message: dict, blob: bytes) -> None:
        """Answer a request; there may be one that waits for a callback."""
        before, capture = SINK.capture, Bounded()
        SINK.capture = capture
        reply: dict = {"id": message["id"]}
        answer = wire.Encoder(self.handle)
        try:
            with (
                interruptible(),
                warnings.catch_warnings(record=True) as seen,
                np.errstate(all="warn", under="ignore"),
            ):
                warnings.simplefilter("always")
                reply |= self.answer(message, blob, answer)
        except BaseException as error:
            answer = wire.Encoder(self.handle)
            reply |= describe(error)
        finally:
            SINK.capture = before
        reply["printed"] = capture.getvalue()
        reply["warnings"] = [
            [w.category.__name__, str(w.message)[:1000]] for w in seen[:20]
        ]
        try:
            frames.send(self.sock, reply, bytes(answer.blob))
        except frames.Closed:
            raise
        except frames.WireError as error:
            reply = {"id": message["id"], "printed": "", "warnings": []}
            frames.send(self.sock, reply | describe(error))

    def answer(self, message: dict, blob: bytes, answer: wire.Encoder) -> dict:
        """Carry out a request and return what the reply says."""
        decoder = self.decoder(message, blob)
        args = [decoder.decode(item) for item in message.get("args", [])]
        kwargs = {k: decoder.decode(v) for k, v in message.get("kwargs", {}).items()}
        if message["do"] == "get":
            names = shell().user_ns
            if message["name"] not in names:
                return {"missing": True}
            return {"value": answer.encode(names[message["name"]])}
        target = self.objects[message["target"]]
        everything = [*args, *kwargs.values()]
        before = [self.snapshot(arg) for arg in everything]
        value = self.carry_out(message["do"], target, args, kwargs)
        if value is ENDED:
            return {"ended": True}
        reply: dict = {"value": answer.encode(value), "changed": []}
        for i, (arg, old) in enumerate(zip(everything, before, strict=True)):
            if self.snapshot(arg) != old:
                reply["changed"].append([i, answer.encode(changeable(arg))])
        return reply

    def carry_out(self, do: str, target: Any, args: list, kwargs: dict) -> Any:
        """Return the result of one operation on the student's object."""
        return OPERATIONS[do](target, *args, **kwargs)

    def snapshot(self, arg: Any) -> tuple | None:
        """Return what shows whether a call changed its argument."""
        if arg is None or isinstance(arg, bool | int | float | str | bytes):
            return None
        value = changeable(arg)
        encoder = wire.Encoder(lambda value: ["handle", id(value)])
        try:
            item = encoder.encode(value)
        except Exception:
            return None
        return item, bytes(encoder.blob)

    def handle(self, value: Any) -> list:
        """Keep `value` here and describe it."""
        self.objects[number := id(value)] = value
        kind = type(value)
        classes = value.__mro__ if isinstance(value, type) else kind.__mro__
        info = {
            "name": str(getattr(value, "__name__", kind.__name__)),
            "callable": callable(value),
            "iterator": hasattr(kind, "__next__"),
            "class": isinstance(value, type),
            "bases": [f"{c.__module__}.{c.__qualname__}" for c in classes],
        }
        return ["handle", number, info]

    def decoder(self, message: dict, blob: bytes) -> wire.Decoder:
        """Return a decoder that knows handles, callbacks and pickled arguments."""
        shared: list = []

        def lookup(kind: str, number: int) -> Any:
            if kind == "own":
                return self.objects[number]
            if kind == "callback":
                return self.callback(number)
            if not shared:
                values, gradients = decoder.decode(message["pickled"])
                for value, own in zip(values, gradients, strict=True):
                    if own:
                        set_gradients(value, own)
                shared.extend(values)
            return shared[number]

        decoder = wire.Decoder(blob, lookup, pickles=True)
        return decoder

    def callback(self, number: int) -> Any:
        """Return a function that runs in the test process."""

        def function(*args, **kwargs):
            encoder = wire.Encoder(self.handle)
            request = {
                "callback": number,
                "args": [encoder.encode(arg) for arg in args],
                "kwargs": {k: encoder.encode(v) for k, v in kwargs.items()},
            }
            frames.send(self.sock, request, bytes(encoder.blob))
            while "do" in (message := frames.receive(self.sock))[0]:
                self.respond(*message)
            reply, blob = message
            if "error" in reply:
                raise getattr(builtins, reply["kind"])(reply["error"])
            return self.decoder(reply, blob).decode(reply["value"])

        return function


def describe(error: BaseException) -> dict:
    """Return what the test process learns about an exception."""
    return {
        "error": text_of(error),
        "bases": [f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__],
        "line": cell_line(error),
    }
