"""IPython as notebooks know it, without a kernel: what a student's cells run in.

Outputs leave as frames on a socket; while the test process calls a function, what it
prints is kept for the reply.
"""

import contextlib
import io
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from grader.isolated import frames

FLUSH_BYTES, FLUSH_SECONDS = 4096, 0.2
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
            # who is interrupted within a frame can never be understood again
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                self._send(message)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def _send(self, message: dict) -> None:
        try:
            frames.send(self.sock, message, most=MOST_SENT)
        except frames.Closed:
            pass
        except frames.WireError as error:
            text = f"(an output is left out: {error})\n"
            frames.send(self.sock, {"type": "stream", "name": "stdout", "text": text})


SINK = Sink()


def forked() -> None:
    """Send nothing from a student's child: its frames would mix with ours."""
    SINK.sock = None
    SINK.lock = threading.RLock()


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr`: buffers a little, then sends."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[str] = []
        self.size, self.sent = 0, 0.0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if SINK.capture is not None:
            return SINK.capture.write(text)
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


def send_error(name: str, error: BaseException, lines: Iterable[str] = ()) -> None:
    """Send an exception that has ended a cell."""
    flush()
    message = {"type": "error", "ename": name, "evalue": text_of(error)}
    SINK.send(message | {"traceback": [str(line) for line in lines]})


def flush() -> None:
    """Send what both streams hold."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


class Publisher(DisplayPublisher):
    """`display(…)`: plots and other rich outputs."""

    def publish(self, data, metadata=None, **_) -> None:
        flush()
        SINK.send({"type": "display", "data": data})

    def clear_output(self, wait: bool = False) -> None:
        flush()
        SINK.send({"type": "clear"})


class Hook(DisplayHook):
    """The value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        flush()
        SINK.send({"type": "result", "data": format_dict})

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

    def _showtraceback(self, etype, evalue, stb) -> None:
        send_error(str(getattr(etype, "__name__", etype)), evalue, stb)

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


def cell_line(error: BaseException) -> list | None:
    """Return [cell, line, function] of the innermost line of the student's notebook.

    Of a method it is the class that is named, of an inner function the outer one.
    """
    found = None
    try:
        for frame, line in traceback.walk_tb(error.__traceback__):
            name = frame.f_code.co_filename
            if name.startswith("<cell "):
                function = frame.f_code.co_qualname.partition(".")[0]
                found = [int(name[6:-1]), line, function]
    except Exception:
        return None
    return found


def text_of(error: BaseException) -> str:
    try:
        return str(error)[:10_000]
    except BaseException:
        return "(an error whose text cannot be made)"
