"""The forkserver: a warm process that forks a child for each student and each test.

It imports once what the notebooks of a course import (`warm`), then waits for requests
on a Unix socket. For each it forks a *warden* (`warden`), which forks the process
itself. No secret enters the forkserver, so that no child inherits one. Test processes
may know the references, and come from a child of it, where there is one, that has
*rehearsed* their sheet.

`Forkserver` is the grader's side: start, `fork`, `rehearsed`, `close`. What a child
does is told in `student` and `judge`, how it is locked in, in `sandbox`.
"""

import contextlib
import glob
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import NoReturn

from grader import ROOT
from grader.isolated import cgroup, frames, sandbox, warden
from grader.isolated.warm import rehearse, warm_up

KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


# --- the grader's side ---------------------------------------------------------------


class ForkserverError(Exception):
    """The forkserver does not start or has died."""


class Stopped(Exception):
    """The run is being given up: no process is started any more."""


class Forking:
    """A process that forks: `fork` gives a child of it in a few milliseconds.

    The limits are for every child; None means no sandbox.
    """

    def __init__(self, limits: sandbox.Limits | None) -> None:
        self.limits = limits
        self.lock = threading.Lock()
        self.socket: socket.socket | None = None
        self.cgroup = ""

    def fork(self, role: str, kernel: str = "") -> tuple[socket.socket, ...]:
        """Fork a child; `role` is ``student``, ``judge`` or ``both``.

        It runs its cells in a `kernel`, where one is named.

        Of the three sockets two lead to the child, control and rpc (see `student`);
        closing the third, the leash, ends it and all that it started.
        """
        limits = vars(self.limits) if self.limits else None
        about = {"role": role, "kernel": kernel, "limits": limits}
        return self.ask(about | {"cgroup": self.cgroup}, sockets=3)

    def ask(self, request: dict, sockets: int) -> tuple[socket.socket, ...]:
        """Have a child forked that gets the other ends of as many sockets."""
        pairs = [socket.socketpair() for _ in range(sockets)]
        with self.lock:
            try:
                theirs = [pair[1].fileno() for pair in pairs]
                socket.send_fds(self.socket, [json.dumps(request).encode()], theirs)
                if not (answer := self.socket.recv(1)):
                    raise OSError("it ended")
                if answer == b"x":
                    raise ForkserverError("no process could be forked")
            except (OSError, ForkserverError) as error:
                for pair in pairs:
                    pair[0].close()
                if isinstance(error, ForkserverError):
                    raise
                self.end()
                raise ForkserverError(f"the forkserver died: {error}") from None
            finally:
                for pair in pairs:
                    pair[1].close()
        return tuple(pair[0] for pair in pairs)

    def end(self) -> None:
        """End the process."""
        self.socket.close()


class Rehearsed(Forking):
    """A child of the forkserver that has met a sheet's reference; see `rehearse`."""

    def __init__(self, forkserver: "Forkserver", cells: Sequence[str]) -> None:
        super().__init__(forkserver.limits)
        self.cgroup = forkserver.cgroup
        (self.socket,) = forkserver.ask({"role": "rehearsal"}, sockets=1)
        self.forks = self.gone = False
        with contextlib.suppress(frames.Closed):  # it is gone again, as `look` tells
            frames.send(self.socket, {"cells": cells})

    def look(self) -> bool:
        """Tell whether it forks: it rehearses still, or has ended, if not."""
        with self.lock, contextlib.suppress(OSError):
            if not self.gone and select.select([self.socket], [], [], 0)[0]:
                self.gone = self.socket.recv(1) != b"r"
                self.forks = not self.gone or self.forks
        return self.forks and not self.gone

    def lost(self) -> bool:
        """Tell whether it has ended, and with it all that it has forked."""
        return not self.look() and self.forks

    def end(self) -> None:
        """End the process."""
        self.gone = True
        super().end()


class Forkserver(Forking):
    """The warm process; `modules` are imported before the first fork: `warm.needed`."""

    def __init__(
        self, limits: sandbox.Limits | None, modules: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(limits)
        self.modules = modules
        self.process: subprocess.Popen | None = None
        self.starts = 0
        self.rehearsals: dict[tuple[str, ...], Rehearsed] = {}
        self.met: set[tuple[str, ...]] = set()  # sheets that were asked for
        self.rehearsing = threading.Lock()

    def warm(self) -> int:
        """Start it unless it runs; return how often it, or a rehearsal, has ended.

        A number that has changed tells that children of before were lost.
        """
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self._start()
        return self.starts + sum(r.lost() for r in [*self.rehearsals.values()])

    def _start(self) -> None:
        self.starts += 1 + len(self.rehearsals)
        self._clean_up()
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
        """Fork a child, as `Forking.fork` says; start first if need be."""
        self.warm()
        return super().fork(role, kernel)

    def rehearsed(self, cells: Sequence[str]) -> Forking:
        """Return who forks test processes of a sheet with these cells.

        It is the child that has rehearsed them, as soon as there is one: nobody waits.
        It is made for a sheet that is asked for again.
        """
        self.warm()
        with self.rehearsing:
            if (key := tuple(cells)) not in self.met:
                self.met.add(key)
                return self
            if key not in self.rehearsals:
                self.rehearsals[key] = Rehearsed(self, cells)
            child = self.rehearsals[key]
        return child if child.look() else self

    def end(self) -> None:
        """End the process, and with it all its children."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the forkserver and all its children."""
        if (process := self.process) is not None:
            process.kill()  # one that is still warming up holds the lock
        with self.lock:
            self._clean_up()

    def _clean_up(self) -> None:
        if self.process is not None:
            while self.rehearsals:
                self.rehearsals.popitem()[1].end()
            self.socket.close()
            self.end()
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
    _serve(requests)


def _serve(requests: socket.socket) -> None:
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
            if (about := json.loads(request))["role"] == "rehearsal":
                _rehearse(socket.socket(fileno=descriptors[0]))
            warden.guard(about, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(b"f" if child > 0 else b"x")


def _rehearse(requests: socket.socket) -> NoReturn:
    """Rehearse what comes first, then fork on request until the grader is gone."""
    sandbox.die_with_parent()
    warden.close_standard()
    with contextlib.suppress(frames.WireError, OSError):
        rehearse(frames.receive(requests)[0]["cells"])
        if len(os.listdir("/proc/self/task")) == 1:  # a child would miss the others
            _serve(requests)
    os._exit(0)


if __name__ == "__main__":
    main()
