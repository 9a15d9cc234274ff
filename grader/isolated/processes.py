"""The grader's side of a student's or test process: start, run, ask, interrupt, end.

Everything that a student's process sends is checked for form and size here, and
nothing of it decides about points. What runs at the other end is told in `student` and
`judge`; what is run when, in `session`.
"""

import re
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

from grader.books.sheet import Sheet
from grader.isolated import frames
from grader.isolated.forkserver import Forking
from grader.isolated.warden import WAITED
from grader.verdicts import Verdict

GRACE_SECONDS = 2.0  # between the interrupt of a cell that hangs and the end
MOST_STRETCH = 6  # how many times a limit, at most, if the machine is busy
LEAST_WAIT = 0.1
BASE64 = r"[A-Za-z0-9+/=\s]*"
START_SECONDS = 30.0
WARDEN_SECONDS = 5.0  # for an answer of a warden's, who may wait for a CPU, too
FRAME_SECONDS = 30.0  # from the first byte of a message to its last
MOST_OUTPUT = 2**20  # bytes kept of a cell's outputs
MOST_SENT = 64 * 2**20  # bytes sent by a cell before it is stopped
MOST_MESSAGE = 8 * 2**20  # bytes of one message: it grows when it is parsed
# Outputs that cannot run a script in the browser of the person who grades by hand
SHOWN = {"text/plain": r"(?s).*", "image/png": BASE64, "image/jpeg": BASE64}


class Dead(Exception):
    """The process ended, hung, or cannot be understood; the message says which."""


@dataclass
class CellRun:
    """What a cell did: its outputs in nbformat's form, and how it ended."""

    outputs: list[dict] = field(default_factory=list)
    error: str = ""
    ended: str = ""  # why the process is gone: empty if all is well
    stopped: str = ""  # why the cell was, where the process is still there
    kept: int = 0  # bytes of its outputs
    full: bool = False  # whether the rest of them was left out


class Clock:
    """A limit on time that stands still while the processes wait for a CPU.

    Other students' processes, and whatever else the machine does, cost nobody marks.
    """

    def __init__(self, seconds: float, *processes: "Process") -> None:
        self.deadline = time.monotonic() + seconds
        self.last = self.deadline + (MOST_STRETCH - 1) * seconds
        self.processes = processes
        self.waited = 0.0

    def left(self) -> float:
        """Return how many seconds are left; negative ones if none are."""
        left = self.deadline - time.monotonic()
        if left > 0:
            return left
        waited = sum(process.waited() for process in self.processes)
        more, self.waited = waited - self.waited, waited
        if more > LEAST_WAIT:
            self.deadline = min(time.monotonic() + more, self.last)
        return self.deadline - time.monotonic()


class Process:
    """A child of the forkserver. Always `close` it."""

    def __init__(
        self, forkserver: Forking, role: str, files: dict[str, bytes], kernel: str = ""
    ) -> None:
        self.control, self.rpc, self.leash = forkserver.fork(role, kernel)
        self.last_words = b""  # of its warden
        try:
            message, _ = self._receive(START_SECONDS)
            if message.get("type") != "ready":
                raise Dead(f"it did not start: {str(message.get('why'))[:300]}")
            sizes = {name: len(content) for name, content in files.items()}
            self._send({"do": "files", "sizes": sizes}, b"".join(files.values()))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process and everything that it started."""
        for sock in (self.control, self.rpc, self.leash):
            sock.close()

    def interrupt(self) -> Clock:
        """Raise KeyboardInterrupt in what the process runs; return the time to end."""
        try:
            self.leash.send(b"i")
        except OSError:
            raise Dead("it ended") from None
        return Clock(GRACE_SECONDS, self)

    def waited(self) -> float:
        """Return for how many seconds the process was ready, but had no CPU so far."""
        try:
            self.leash.send(b"w")
            self.leash.settimeout(WARDEN_SECONDS)
            reply = self.leash.recv(WAITED.size)
        except OSError:
            return 0.0
        if len(reply) == WAITED.size:
            return WAITED.unpack(reply)[0]
        self.last_words = reply
        return 0.0

    def _send(self, message: dict, blob: bytes = b"") -> None:
        self.control.settimeout(START_SECONDS)
        try:
            frames.send(self.control, message, blob)
        except frames.WireError:
            raise Dead(self._why()) from None

    def _receive(self, seconds: float) -> tuple[dict, bytes]:
        """Return the next frame; raise `TimeoutError`, or `Dead`."""
        try:
            ready, _, _ = select.select([self.control], [], [], seconds)
            if not ready:
                raise TimeoutError
            return frames.receive(self.control, MOST_MESSAGE, FRAME_SECONDS)
        except frames.Closed:
            raise Dead(self._why()) from None
        except frames.WireError as error:
            raise Dead(f"it sent an unreadable message ({error})") from None

    def ask(self, message: dict, seconds: float, *others: "Process") -> dict:
        """Return the reply to a message; what comes before it is left out.

        One that came only when the process was interrupted says so in its verdict.
        """
        self._send(message)
        if (reply := self._reply(Clock(seconds, self, *others))) is not None:
            return reply
        if (reply := self._reply(self.interrupt())) is not None:
            return reply | {"verdict": Verdict.TIME}
        raise Dead("the check could not be stopped")

    def _reply(self, clock: Clock) -> dict | None:
        while came := self._next(clock):
            if came[0].get("type") == "reply":
                return came[0]
        return None

    def _next(self, clock: Clock) -> tuple[dict, bytes] | None:
        """Return the next frame; None when the time is up."""
        while (left := clock.left()) > 0:
            with suppress(TimeoutError):
                return self._receive(left)
        return None

    def _why(self) -> str:
        """Return why the process is gone, from its warden."""
        self.leash.settimeout(WARDEN_SECONDS)
        with suppress(OSError):
            self.last_words = self.last_words or self.leash.recv(1)
        if self.last_words == b"m":
            return "it used too much memory"
        return "it ended (exit, a crash, or a limit)"


class Student(Process):
    """A student's process: see `student`."""

    def __init__(
        self,
        forkserver: Forking,
        files: dict[str, bytes],
        seed: int,
        *,
        checks: bool = False,
        kernel: str = "",
    ) -> None:
        super().__init__(forkserver, "both" if checks else "student", files, kernel)
        self._send({"do": "seed", "seed": seed})

    def run(
        self, cell: int, source: str, seconds: float, most: int = MOST_OUTPUT
    ) -> CellRun:
        """Run a cell for at most `seconds`, and keep at most `most` of its output.

        The result says if the process is gone.
        """
        result, sent = CellRun(), 0
        clock = Clock(seconds, self)
        try:
            self._send({"do": "run", "cell": cell, "source": source})
            while True:
                if (came := self._next(clock)) is None:
                    if result.ended:
                        raise Dead(f"{result.ended} and could not be stopped")
                    result.ended = f"it ran for more than {seconds:g} s"
                    clock = self.interrupt()
                    continue
                message, blob = came
                if message.get("type") == "done":
                    break
                size = len(str(message)) + len(blob)
                sent += size
                if sent > MOST_SENT and not result.ended:
                    result.ended = f"it printed more than {MOST_SENT >> 20} MB"
                    clock = self.interrupt()
                _keep(result, message, size, most)
        except Dead as death:
            result.ended = str(death)
            result.error = result.error or str(death)
            self.close()
        else:
            if result.ended:  # stopped, and still there
                result.error = result.stopped = result.ended
                result.ended = ""
        return result

    def check(self, message: dict, seconds: float) -> dict:
        """Run a check in this process; see `checking.check` for the reply.

        Its word is the student's: see `Sheet` on one process.
        """
        return _plain_reply(self.ask({"do": "check"} | message, seconds))


def _plain_reply(reply: dict) -> dict:
    """Return a verdict of a student's process, if it has the form of one."""
    forms = {"verdict": str, "error": str, "printed": str, "hidden": bool}
    formed = all(isinstance(reply.get(name), form) for name, form in forms.items())
    score = type(reply.get("score")) in (int, float, type(None))
    if not formed or not score or reply["verdict"] not in list(Verdict):
        raise Dead("it sent an unreadable message (no verdict)")
    return reply


def _keep(result: CellRun, message: dict, size: int, most: int) -> None:
    """Collect an output message until there are `most` bytes, then errors only."""
    if not result.full and result.kept + size <= most:
        result.kept += size
        _collect(result, message)
    elif not result.full:
        result.full = True
        text = "\n(the rest of the output is left out)\n"
        _collect(result, {"type": "stream", "name": "stdout", "text": text})
    elif message.get("type") == "error" and not result.error:
        _collect(result, message | {"traceback": []})


def _collect(result: CellRun, message: dict) -> None:
    """Add a checked output message to the outputs of a cell."""
    match message:
        case {"type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
            last = result.outputs[-1] if result.outputs else {}
            if last.get("name") == name:
                last["text"] += text
            else:
                output = {"output_type": "stream", "name": name, "text": text}
                result.outputs.append(output)
        case {"type": "clear"}:
            result.outputs.clear()
        case {"type": "display" | "result" as kind, "data": dict(data)}:
            data = {
                kind: data[kind]
                for kind, form in SHOWN.items()
                if isinstance(data.get(kind), str) and re.fullmatch(form, data[kind])
            }
            output = {"output_type": "display_data", "data": data, "metadata": {}}
            if kind == "result":
                output |= {"output_type": "execute_result", "execution_count": None}
            result.outputs.append(output)
        case {"type": "error", "ename": str(name), "evalue": str(text)}:
            lines = message.get("traceback")
            lines = lines if isinstance(lines, list) else []
            result.outputs.append(
                {
                    "output_type": "error",
                    "ename": name[:200],
                    "evalue": text[:10_000],
                    "traceback": [str(line)[:10_000] for line in lines[:100]],
                }
            )
            result.error = f"{name[:200]}: {text[:2000]}" if text else name[:200]


class Judge(Process):
    """A test process: see `judge`. It is trusted, and may still die of a value."""

    def __init__(self, forkserver: Forking, files: dict[str, bytes]) -> None:
        super().__init__(forkserver, "judge", files)
        self._receive(START_SECONDS)

    def course(self, source: str, seconds: float) -> str:
        """Run a cell of the course's own; return its error."""
        reply = self.ask({"do": "course", "source": source}, seconds)
        if reply.get("verdict") == Verdict.TIME:
            return f"it ran for more than {seconds:g} s"
        return reply.get("error", "")

    def set_up(self, source: str, seconds: float) -> None:
        """Run what a failed check defines for later ones."""
        self.ask({"do": "setup", "source": source}, seconds)

    def attach(self, student: Student, sources: dict[int, str], sheet: Sheet) -> None:
        """Let the check cells that follow ask this student's process."""
        whose = {"names": list(sheet.names), "own": list(sheet.own)}
        self._send({"do": "student", "sources": sources} | whose)
        socket.send_fds(self.control, [b"f"], [student.rpc.fileno()])
        self._receive(START_SECONDS)

    def grade(self, student: Student, message: dict, seconds: float) -> dict:
        """Run a check cell; see `judge.grade` for the reply."""
        return self.ask({"do": "grade"} | message, seconds, student)
