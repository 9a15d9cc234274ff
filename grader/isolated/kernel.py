"""Cells of another language: a Jupyter kernel that runs within the sandbox.

A student's process (`student`) starts it and asks it, as a front end does. Checks run
in it, too, and fail by an error, as in plain nbgrader.
"""

import contextlib
import os
import queue
import signal
import subprocess
from pathlib import Path

from jupyter_client.manager import KernelManager
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment
from pygments.util import ClassNotFound

from grader.isolated.checking import EMPTY, HIDDEN, MOST_PRINTED
from grader.isolated.shell import SINK
from grader.verdicts import Verdict

START_SECONDS = 25.0
LOOK_SECONDS = 1.0  # whether it is still there


class Kernel:
    """A running kernel; `name` is that of its specification."""

    def __init__(self, name: str) -> None:
        os.environ["HOME"] = home = f"{os.getcwd()}/.kernel"
        os.mkdir(home, mode=0o700)
        # sockets are files in a folder of its own: there are no ports
        self.manager = KernelManager(
            kernel_name=name,
            transport="ipc",
            ip=f"{home}/socket",
            connection_file=f"{home}/connection.json",
        )
        self.language = self.manager.kernel_spec.language.lower()
        log = Path(home, "log")
        with log.open("wb") as file:
            self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=file)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=START_SECONDS)
        except RuntimeError as error:
            said = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"{error}: {said}") from None
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        """Pass on the signal with which the grader ends a cell that hangs."""
        self.stopped = True
        with contextlib.suppress(OSError):
            os.killpg(self.manager.provisioner.pgid, signal.SIGINT)

    def run(self, source: str) -> None:
        """Run a cell; its outputs leave as frames."""
        for message in self._outputs(source):
            SINK.send(message)

    def check(self, message: dict) -> dict:
        """Run a check: see `checking.check` for the reply.

        A cell fails as a whole. Whether a hidden case is why is found by running it
        once more without these.
        """
        source, ranges, self.stopped = message["source"], message["hidden"], False
        outputs = list(self._outputs(source))
        error = next((o for o in outputs if o["type"] == "error"), None)
        reply = {"verdict": Verdict.PASSED, "score": None, "error": "", "hidden": False}
        reply["printed"] = "".join(o.get("text", "") for o in outputs)[:MOST_PRINTED]
        if error is None:
            reply["score"] = _score(outputs)
            if self.says_nothing(source):
                reply |= {"verdict": Verdict.FAILED, "error": EMPTY}
            return reply
        if self.stopped:
            return reply | {"verdict": Verdict.TIME}
        if ranges:
            visible = [
                line
                for number, line in enumerate(source.splitlines(), 1)
                if not any(first <= number <= last for first, last in ranges)
            ]
            again = self._outputs("\n".join(visible))
            error = next((o for o in again if o["type"] == "error"), None)
        reply |= {"verdict": Verdict.FAILED, "hidden": error is None, "error": HIDDEN}
        if error:
            reply["error"] = _told(error["ename"], error["evalue"].strip())
        return reply

    def _outputs(self, source: str):
        """Run a text; yield what it shows, in the form of frames."""
        mine = self.client.execute(source, allow_stdin=False, stop_on_error=False)
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=LOOK_SECONDS)
            except queue.Empty:
                if not self.manager.is_alive():
                    os._exit(1)
                continue
            if message["parent_header"].get("msg_id") != mine:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "status" if content["execution_state"] == "idle":
                    return
                case "stream" | "error" as kind:
                    yield {"type": kind} | content
                case "display_data":
                    yield {"type": "display", "data": content["data"]}
                case "execute_result":
                    yield {"type": "result", "data": content["data"]}
                case "clear_output":
                    yield {"type": "clear"}

    def says_nothing(self, source: str) -> bool:
        """Tell whether a check is empty, but for comments."""
        try:
            tokens = get_lexer_by_name(self.language).get_tokens(source)
        except ClassNotFound:
            return not source.strip()
        return all(kind in Comment or not text.strip() for kind, text in tokens)


def _told(kind: str, text: str) -> str:
    """Return an error in a line; that of an assertion, or R's, is its own name."""
    named = kind == "AssertionError" or kind.lower() == "error"
    return text if text and named else f"{kind}: {text}"


def _score(outputs: list[dict]) -> float | None:
    """Return the points that a check's result means, as nbgrader reads them."""
    for output in outputs:
        if output["type"] == "result":
            with contextlib.suppress(ValueError, TypeError):
                return float(output["data"].get("text/plain"))
    return None
