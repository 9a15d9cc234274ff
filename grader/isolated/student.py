"""The student's process: an IPython shell that runs cells and answers questions.

It runs inside the sandbox (`sandbox.enter`) in a child of the forkserver, and all that
it says is hearsay: a student's code can change all that is written here. The side that
reads it (`processes`, `handles`) believes none of it but the values that it decodes.

Two sockets lead out. On `control` the grader sends cells and gets their outputs; on
`rpc` the test process asks for names, calls functions and gets values (`wire`).
"""

import contextlib
import io
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import traceback
import warnings
from typing import Any

import numpy as np
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from grader.isolated import wire

FLUSH_BYTES, FLUSH_SECONDS = 4096, 0.2
MOST_PRINTED = 64 * 1024  # of a call by the test process
MOST_SENT = 7 * 2**20  # bytes of one output


# --- output --------------------------------------------------------------------------


class Sink:
    """Where outputs go: frames on the control socket, or a text while a call runs."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.capture: io.StringIO | None = None
        self.lock = threading.RLock()

    def send(self, message: dict) -> None:
        """Send an output frame; a forked child's and a late thread's are dropped."""
        with self.lock:
            if self.sock is None or self.capture is not None:
                return
            try:
                wire.send(self.sock, message, most=MOST_SENT)
            except wire.Closed:
                pass
            except wire.WireError as error:
                text = f"(an output is left out: {error})\n"
                wire.send(self.sock, {"type": "stream", "name": "stdout", "text": text})


SINK = Sink()


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr`: buffers a little, then sends."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[str] = []
        self.size, self.sent = 0, 0.0

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if SINK.capture is not None:
            if SINK.capture.tell() < MOST_PRINTED:
                SINK.capture.write(text[:MOST_PRINTED])
            return len(text)
        with SINK.lock:
            self.parts.append(text)
            self.size += len(text)
            late = time.monotonic() - self.sent > FLUSH_SECONDS
        if self.size > FLUSH_BYTES or late:
            self.flush()
        return len(text)

    def flush(self) -> None:
        with SINK.lock:
            text, self.parts, self.size = "".join(self.parts), [], 0
            self.sent = time.monotonic()
            for start in range(0, len(text), 2**20):
                part = text[start : start + 2**20]
                SINK.send({"type": "stream", "name": self.name, "text": part})


def flush() -> None:
    """Send what both streams hold."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


class Publisher(DisplayPublisher):
    """`display(…)`: plots and other rich outputs."""

    def publish(
        self, data, metadata=None, *, transient=None, update=False, **_
    ) -> None:
        flush()
        SINK.send({"type": "display", "data": data, "metadata": metadata or {}})

    def clear_output(self, wait: bool = False) -> None:
        flush()
        SINK.send({"type": "clear"})


class Hook(DisplayHook):
    """The value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        flush()
        message = {"type": "result", "data": format_dict, "metadata": md_dict or {}}
        SINK.send(message)

    def log_output(self, format_dict) -> None:
        pass

    def finish_displayhook(self) -> None:
        pass


# --- the shell -----------------------------------------------------------------------


class Compiler(CachingCompiler):
    """Names the code of a cell after the cell, so that a line can be found again."""

    cell = 0

    def get_code_name(self, raw_code, transformed_code, number) -> str:
        return f"<cell {self.cell}>"

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        return ("Cell", name[6:-1]) if name.startswith("<cell ") else None


class Shell(InteractiveShell):
    """IPython as notebooks know it, without a terminal, a history or a front end."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    compiler_class = Type(Compiler)

    def enable_gui(self, gui=None) -> None:
        pass

    def init_sys_modules(self) -> None:
        sys.modules["__main__"] = self.user_module

    def _showtraceback(self, etype, evalue, stb) -> None:
        flush()
        SINK.send(
            {
                "type": "error",
                "ename": str(getattr(etype, "__name__", etype)),
                "evalue": _text(evalue),
                "traceback": [str(line) for line in stb],
            }
        )

    def ask_exit(self) -> None:
        raise SystemExit

    def system(self, cmd: str) -> None:
        """Run a command of the shell's, as `!ls`, without a terminal: there is none."""
        running = subprocess.Popen(
            self.var_expand(cmd, depth=1),
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        with running:
            while text := running.stdout.read(FLUSH_BYTES):
                sys.stdout.write(text)
        self.user_ns["_exit_code"] = running.returncode


def no_input(prompt: str = "") -> str:
    """Replace `input`: nobody sits at a keyboard while notebooks are graded."""
    raise StdinNotImplementedError("input() is not available while grading")


def shell() -> Shell:
    """Return the shell, made at the first call (in the forkserver, as it warms up)."""
    if not Shell.initialized():
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.cache_size = 100
        config.InlineBackend.figure_formats = {"png"}
        made = Shell.instance(config=config)
        made.enable_matplotlib("inline")
    return Shell.instance()


def cell_line(error: BaseException) -> list[int] | None:
    """Return [cell, line] of the innermost line of the student's notebook."""
    found = None
    try:
        for frame, line in traceback.walk_tb(error.__traceback__):
            name = frame.f_code.co_filename
            if name.startswith("<cell "):
                found = [int(name[6:-1]), line]
    except Exception:
        return None
    return found


def _text(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return "(an error whose text cannot be made)"


# --- the loop ------------------------------------------------------------------------


def main(control: socket.socket, rpc: socket.socket) -> None:
    """Serve both sockets until they close."""
    SINK.sock = control
    os.register_at_fork(after_in_child=_forked)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  for the life of the process
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    sys.displayhook = shell().displayhook
    import builtins

    builtins.input = no_input
    server = Server(rpc)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wire.send(control, {"type": "ready"})
    sockets = [control, rpc]
    while True:
        ready, _, _ = select.select(sockets, [], [])
        if control in ready:
            message, blob = wire.receive(control)
            if message["do"] == "files":
                unpack(blob)
            elif message["do"] == "seed":
                seed(message["seed"])
            else:
                _run(message["cell"], message["source"])
                wire.send(control, {"type": "done"})
        elif rpc in ready:
            try:
                server.serve()
            except wire.Closed:
                sockets.remove(rpc)


def _forked() -> None:
    SINK.sock = None  # a child's frames would mix with ours
    SINK.lock = threading.RLock()


def unpack(blob: bytes) -> None:
    """Write the plain files of an archive into the working folder, and none outside.

    One that cannot be written is missing, no more. (`extractall` does as much from
    Python 3.11.4 on.)
    """
    home = os.path.realpath(os.getcwd())
    with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
        for entry in archive:
            path = os.path.realpath(os.path.join(home, entry.name))
            if not entry.isreg() or not path.startswith(f"{home}/"):
                continue
            with contextlib.suppress(OSError):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    shutil.copyfileobj(archive.extractfile(entry), file)


def seed(number: int) -> None:
    """Seed all random states: the children of one forkserver share them."""
    import random

    random.seed(number)
    np.random.seed(number)  # noqa: NPY002  the global state that students may use
    if "torch" in sys.modules:
        import torch

        torch.manual_seed(number)


@contextlib.contextmanager
def interruptible():
    """Let SIGINT, with which the grader ends a cell that hangs, raise."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(cell: int, source: str) -> None:
    Compiler.cell = cell
    try:
        with interruptible():
            shell().run_cell(source, store_history=True)
    except BaseException as error:
        SINK.send(
            {
                "type": "error",
                "ename": type(error).__name__,
                "evalue": _text(error),
                "traceback": [],
            }
        )
    flush()


# --- answers to the test process -----------------------------------------------------


class Server:
    """Answers the test process: names, calls, attributes, items (see `handles`)."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.objects: dict[int, Any] = {}

    def serve(self) -> None:
        """Answer one request."""
        message, blob = wire.receive(self.sock)
        capture = SINK.capture = io.StringIO()
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
            SINK.capture = None
        reply["printed"] = capture.getvalue()
        reply["warnings"] = [
            [w.category.__name__, str(w.message)[:1000]] for w in seen[:20]
        ]
        try:
            wire.send(self.sock, reply, bytes(answer.blob))
        except wire.Closed:
            raise
        except wire.WireError as error:
            reply = {"id": message["id"], "printed": "", "warnings": []}
            wire.send(self.sock, reply | describe(error))

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
        before = [self.snapshot(arg) for arg in (*args, *kwargs.values())]
        value = self.carry_out(message["do"], target, args, kwargs)
        if message["do"] == "next":
            value, ended = value
            if ended:
                return {"ended": True}
        reply: dict = {"value": answer.encode(value), "changed": []}
        for i, (arg, old) in enumerate(
            zip((*args, *kwargs.values()), before, strict=True)
        ):
            if self.snapshot(arg) != old:
                state = wire.torch_state(arg)
                reply["changed"].append(
                    [i, answer.encode(arg if state is None else state)]
                )
        return reply

    def carry_out(self, do: str, target: Any, args: list, kwargs: dict) -> Any:
        """Return the result of one operation on the student's object."""
        match do:
            case "call":
                return target(*args, **kwargs)
            case "attribute":
                return getattr(target, *args)
            case "set":
                return setattr(target, *args)
            case "item":
                return target[args[0]]
            case "length":
                return len(target)
            case "iterate":
                return iter(target)
            case "next":
                try:
                    return next(target), False
                except StopIteration:
                    return None, True
        raise ValueError(do)

    def snapshot(self, arg: Any) -> tuple | None:
        """Return what shows whether a call changed its argument."""
        if arg is None or isinstance(arg, bool | int | float | str | bytes):
            return None
        state = wire.torch_state(arg)
        encoder = wire.Encoder(lambda value: ["handle", id(value)])
        try:
            item = encoder.encode(arg if state is None else state)
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
                        wire.set_gradients(value, own)
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
            wire.send(self.sock, request, bytes(encoder.blob))
            reply, blob = wire.receive(self.sock)
            if "error" in reply:
                raise TypeError(reply["error"])
            return self.decoder(reply, blob).decode(reply["value"])

        return function


def describe(error: BaseException) -> dict:
    """Return what the test process learns about an exception."""
    return {
        "error": _text(error),
        "bases": [f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__],
        "line": cell_line(error),
    }
