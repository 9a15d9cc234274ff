"""The student's process: an IPython shell that runs cells and answers questions.

It runs inside the sandbox (`sandbox.enter`) in a child of the forkserver, and all that
it says is hearsay: a student's code can change all that is written here. The side that
reads it (`processes`, `handles`) believes none of it but the values that it decodes.

Two sockets lead out. On `control` the grader sends cells and gets their outputs; on
`rpc` the test process asks for names, calls functions and gets values (`wire`).
"""

import builtins
import contextlib
import io
import os
import select
import signal
import socket
import sys
from pathlib import Path

import numpy as np

from grader.isolated import frames, stub
from grader.isolated.answers import Server
from grader.isolated.checking import WITHHELD, Magics, check, interruptible, told
from grader.isolated.shell import (
    SINK,
    Compiler,
    Stream,
    cell_line,
    flush,
    forked,
    no_input,
    send_error,
    shell,
)


def main(
    control: socket.socket, rpc: socket.socket, *, checks: bool = False, kernel: str
) -> None:
    """Serve both sockets until they close; with `checks`, these run here, too.

    Cells of another language than Python run in this `kernel`.
    """
    SINK.sock = control
    os.register_at_fork(after_in_child=forked)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  for the life of the process
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    sys.displayhook = shell().displayhook
    builtins.input = no_input
    if not checks:
        stub.withhold_checks()
    server = Server(rpc)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run, checked = _run, _check
    if kernel:
        from grader.isolated.kernel import Kernel

        other = Kernel(kernel)
        run, checked = other.run, other.check
    frames.send(control, {"type": "ready"})
    sockets = [control, rpc]
    while True:
        ready, _, _ = select.select(sockets, [], [])
        if control in ready:
            message, blob = frames.receive(control)
            if message["do"] == "files":
                unpack(message["sizes"], blob)
            elif message["do"] == "seed":
                seed(message["seed"])
            elif message["do"] == "check":
                frames.send(control, {"type": "reply"} | checked(message))
            else:
                Compiler.cell = message["cell"]
                run(message["source"])
                frames.send(control, {"type": "done"})
        elif rpc in ready:
            try:
                server.respond(*frames.receive(rpc))
            except frames.Closed:
                sockets.remove(rpc)


def unpack(sizes: dict[str, int], blob: bytes) -> None:
    """Write the files that `blob` holds into the working folder, and none outside.

    One that cannot be written is missing, no more.
    """
    home, contents = os.path.realpath(os.getcwd()), io.BytesIO(blob)
    for name, size in sizes.items():
        path = Path(os.path.realpath(os.path.join(home, name)))
        content = contents.read(size)
        if path.is_relative_to(home):
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def seed(number: int) -> None:
    """Seed all random states: the children of one forkserver share them."""
    import random

    random.seed(number)
    np.random.seed(number)  # noqa: NPY002  the global state that students may use
    if "torch" in sys.modules:
        import torch

        torch.manual_seed(number)


def _run(source: str) -> None:
    try:
        with interruptible():
            shell().run_cell(source, store_history=True)
    except BaseException as error:
        send_error(type(error).__name__, error)
    flush()


def _check(message: dict) -> dict:
    """Run a check with the student's own names, where that is how a sheet is graded."""
    names, cell = shell().user_ns, message["cell"]
    kept, magics = names.get("get_ipython"), Magics(shell(), names)
    names["get_ipython"] = lambda: magics

    def explain(error: BaseException, hidden: bool, line: str) -> str:
        kind, place = type(error), cell_line(error)
        if hidden and (place or kind is not AssertionError):
            known = kind.__name__ if kind.__module__ == "builtins" else "an error"
            return f"{known}: {WITHHELD}"
        text = told(error, hidden, line)
        if place:
            text += f"\n  at line {place[1]} of your cell {place[0] + 1}"
        return text

    Compiler.cell = cell
    try:
        return check(names, message, lambda hidden: None, explain)
    finally:
        names["get_ipython"] = kept
        flush()
