"""The forkserver: a warm process that forks a child for each student and each test.

It imports once what the notebooks of a course import (`warm`), then waits for requests
on a Unix socket. For each it forks a *warden* (`warden`), which forks the process
itself. No secret enters the forkserver, so that no child inherits one.

`Forkserver` is the grader's side: start, `fork`, `close`. What a child does is told in
`student` and `judge`, how it is locked in, in `sandbox`.
"""

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import NoReturn

from grader import ROOT
from grader.isolated import cgroup, sandbox, warden
from grader.isolated.warm import warm_up

KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


# --- the grader's side ---------------------------------------------------------------


class ForkserverError(Exception):
    """The forkserver does not start or has died."""


class Stopped(Exception):
    """The run is being given up: no process is started any more."""


class Forkserver:
    """A warm process; `fork` gives a child of it in a few milliseconds.

    The limits are for every child; None means no sandbox. `modules` are imported before
    the first fork: see `warm.needed`.
    """

    def __init__(
        self, limits: sandbox.Limits | None, modules: frozenset[str] = frozenset()
    ) -> None:
        self.limits = limits
        self.modules = modules
        self.lock = threading.Lock()
        self.process: subprocess.Popen | None = None
        self.starts = 0

    def warm(self) -> int:
        """Start it unless it runs; return how often it has been started.

        A number that has changed tells that the children of before were lost.
        """
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self._start()
            return self.starts

    def _start(self) -> None:
        self._clean_up()
        self.starts += 1
        ours, theirs = socket.socketpair()
        self.home = tempfile.TemporaryDirectory(prefix="course-grading-")
        self.cgroup = cgroup.home() if self.limits else ""
        command = [sys.executable, "-m", "grader.isolated.forkserver"]
        self.process = subprocess.Popen(
            [*command, str(theirs.fileno()), *sorted(self.modules)],
            pass_fds=[theirs.fileno()],
            env=_environment(self.home.name),
            cwd=self.home.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the grader, which closes all
        )
        theirs.close()
        self.socket = ours
        if not ours.recv(1):
            self.process.wait()
            last = self.process.stderr.read().decode().strip().splitlines()
            raise ForkserverError(
                f"it does not start: {last[-1] if last else 'killed'}"
            )

    def fork(self, role: str, kernel: str = "") -> tuple[socket.socket, ...]:
        """Fork a child; `role` is ``student``, ``judge`` or ``both``.

        It runs its cells in a `kernel`, where one is named.

        Of the three sockets two lead to the child, control and rpc (see `student`);
        closing the third, the leash, ends it and all that it started.
        """
        pairs = [socket.socketpair() for _ in range(3)]
        limits = vars(self.limits) if self.limits else None
        self.warm()
        about = {"role": role, "kernel": kernel, "limits": limits}
        request = json.dumps(about | {"cgroup": self.cgroup}).encode()
        with self.lock:
            try:
                theirs = [pair[1].fileno() for pair in pairs]
                socket.send_fds(self.socket, [request], theirs)
                if not (answer := self.socket.recv(1)):
                    raise OSError("it ended")
                if answer == b"x":
                    for pair in pairs:
                        pair[0].close()
                    raise ForkserverError("no process could be forked")
            except OSError as error:
                self.process.kill()
                self.process.wait()
                for pair in pairs:
                    pair[0].close()
                raise ForkserverError(f"the forkserver died: {error}") from None
            finally:
                for pair in pairs:
                    pair[1].close()
        return tuple(pair[0] for pair in pairs)

    def close(self) -> None:
        """End the forkserver and all its children."""
        if (process := self.process) is not None:
            process.kill()  # one that is still warming up holds the lock
        with self.lock:
            self._clean_up()

    def _clean_up(self) -> None:
        if self.process is not None:
            self.socket.close()
            self.process.kill()
            self.process.wait()
            self.process.stderr.close()
            for folder in glob.glob(f"{glob.escape(self.home.name)}-*"):
                shutil.rmtree(folder, ignore_errors=True)
            self.home.cleanup()
            self.process = None


def _environment(home: str) -> dict[str, str]:
    """Return the variables of a forkserver and its children: none of the grader's."""
    environment = {k: os.environ[k] for k in KEPT if k in os.environ}
    environment |= {
        "HOME": home,
        "TMPDIR": "/tmp",
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",  # marks depend on no locale
        "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_OFFLINE": "1",
        "MPLCONFIGDIR": home,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NBGRADER_EXECUTION": "autograde",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # halves the time of a fork
    }
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
        environment[f"{name}_NUM_THREADS"] = "1"
    return environment


# --- one for each process of the grader -----------------------------------------------

_running: list[Forkserver] = []
_lock = threading.Lock()
_stopped = False  # whether a run is being given up


def shared(limits: sandbox.Limits | None, modules: frozenset[str]) -> Forkserver:
    """Return our forkserver for these limits that imports these modules, or more."""
    with _lock:
        if _stopped:
            raise Stopped("the run was stopped")
        for forkserver in _running:
            if forkserver.limits == limits and forkserver.modules >= modules:
                return forkserver
        _running.append(Forkserver(limits, modules))
        return _running[-1]


def close_forkservers(*, stop: bool = False) -> None:
    """End the forkservers of this process, and with them all students' processes.

    With `stop`, none is started again until `allow_forkservers`: what still runs ends
    with `Stopped`.
    """
    global _stopped
    _stopped = _stopped or stop
    with _lock:
        while _running:
            _running.pop().close()


def allow_forkservers() -> None:
    """Let forkservers be started: a run begins."""
    global _stopped
    _stopped = False


def interrupt(*_: object) -> NoReturn:
    """Give up the run: the handler of Ctrl-C.

    Python drops an exception that meets it in a finalizer. The run ends all the same:
    no process is started any more.
    """
    global _stopped
    _stopped = True
    raise KeyboardInterrupt


@contextlib.contextmanager
def closing_forkservers() -> Iterator[None]:
    """End all processes of this one at the end of the block, come what may."""
    try:
        yield
    finally:
        close_forkservers()


# --- the forkserver ------------------------------------------------------------------


def main() -> None:
    """Warm up, then fork on request until the grader is gone."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    warm_up(sys.argv[2:])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # wardens end by themselves
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests.send(b"r")
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, 4096, 3)
        if not request:
            return
        try:
            child = os.fork()
        except OSError:  # too many processes or too little memory, for now
            child = -1
        if child == 0:
            requests.close()
            warden.guard(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(b"f" if child > 0 else b"x")


if __name__ == "__main__":
    main()
