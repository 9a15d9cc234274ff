"""The forkserver: a warm process that forks a child for each student and each test.

It imports once what the notebooks of a course import (`warm`), then waits for requests
on a Unix socket. For each it forks a *warden*, which leaves the machine's namespaces
(`sandbox.unshare`) and forks the process itself as process 1 of the new ones; the
warden stays outside, ends it on request, when it takes too much memory, or when the
grader is gone. No secret enters the forkserver, so that no child inherits one.

`Forkserver` is the grader's side: start, `fork`, `close`. What a child does is told in
`student` and `judge`, how it is locked in, in `sandbox`.
"""

import contextlib
import glob
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import NoReturn

from grader import ROOT
from grader.isolated import cgroup, sandbox
from grader.isolated.warm import warm_up

CHECK_SECONDS = 0.25
FREE_SOCKETS, MOST_IN_SOCKET = 32, 2**18  # bytes: the system's own limit, rounded up
WAITED = struct.Struct(">d")
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
WORK = "/tmp/work"  # where a notebook runs, in the sandbox's own /tmp


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

    def fork(self, role: str) -> tuple[socket.socket, socket.socket, socket.socket]:
        """Fork a child; `role` is ``student``, ``judge`` or ``both``.

        Of the three sockets two lead to the child, control and rpc (see `student`);
        closing the third, the leash, ends it and all that it started.
        """
        pairs = [socket.socketpair() for _ in range(3)]
        limits = vars(self.limits) if self.limits else None
        self.warm()
        about = {"role": role, "limits": limits, "cgroup": self.cgroup}
        request = json.dumps(about).encode()
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
            _warden(json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(b"f" if child > 0 else b"x")


# --- the warden ----------------------------------------------------------------------


def _warden(request: dict, descriptors: list[int]) -> None:
    """Fork the process and watch over it; never return."""
    sandbox.die_with_parent()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # the forkserver's own are shared: who fills its stderr,
        os.dup2(null, standard)  # which nobody reads, stops whoever warns next
    os.close(null)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    control, rpc, leash = (socket.socket(fileno=d) for d in descriptors)
    limits = request["limits"] and sandbox.Limits(**request["limits"])
    owner, slot, role = os.getuid(), os.getpid(), request["role"]
    processes = Processes()
    most = limits and limits.memory + limits.disk
    group = cgroup.around(request["cgroup"], f"notebook-{slot}", most)
    from grader.isolated import judge, student  # they are imported already

    # without a sandbox, too, each has a folder of its own
    work = WORK if limits else f"{os.environ['HOME']}-{slot}"
    try:
        if limits:
            sandbox.unshare()
        pid = os.fork()
        if not pid:
            sandbox.die_with_parent()
            if group:
                group.take(0)  # the writer
                group.forget()
            processes.close()
            leash.close()
            if limits:
                sandbox.enter(limits, slot, owner, withhold=role == "student")
            else:
                os.setsid()
            os.mkdir(work, mode=0o700)
            os.chdir(work)
            sys.path.append(work)  # modules beside the notebook; last: none hides ours
            if role == "judge":
                judge.main(control, rpc)
            else:
                student.main(control, rpc, checks=role == "both")
    except BaseException as error:
        _say(control, error)
        os._exit(1)
    control.close()
    rpc.close()
    _watch(pid, leash, limits, processes, group)
    if group:
        group.remove()
    if not limits:
        shutil.rmtree(work, ignore_errors=True)
    os._exit(0)


def _say(control: socket.socket, error: BaseException) -> None:
    """Report why the process did not start; at its end there is nobody to tell."""
    from grader.isolated import frames

    with contextlib.suppress(frames.WireError, OSError):
        frames.send(control, {"type": "failed", "why": f"{error}"})


def _watch(
    pid: int,
    leash: socket.socket,
    limits: sandbox.Limits | None,
    processes: "Processes",
    group: cgroup.Cgroup | None,
) -> None:
    """Carry out the grader's orders and the limit on memory until the process ends."""
    process = os.pidfd_open(pid)
    fresh = processes.size(pid)  # what it shares with the forkserver
    while True:
        ready, _, _ = select.select([leash, process], [], [], CHECK_SECONDS)
        if process in ready:
            if group and group.was_full():
                with contextlib.suppress(OSError):
                    leash.send(b"m")
            break
        if leash in ready:
            order = leash.recv(1)
            if order == b"i":
                os.kill(pid, signal.SIGINT)
                continue
            if order == b"w":
                leash.send(WAITED.pack(processes.waited(pid)))
                continue
            break
        if limits and processes.too_big(pid, limits.memory, fresh):
            with contextlib.suppress(OSError):
                leash.send(b"m")
            break
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)  # as process 1 it takes all others with it
        if not limits:
            os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


class Processes:
    """The machine's /proc, kept open: a warden's root goes with its child's.

    Both are in one mount namespace, and `pivot_root` moves all of it. The child must
    close it at once.
    """

    def __init__(self) -> None:
        self.folder = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        os.close(self.folder)

    def _open(self, path: str, flags: int = os.O_RDONLY) -> int:
        return os.open(path, flags, dir_fd=self.folder)

    def _read(self, path: str) -> str:
        """Return the content of a file, nothing if the process is gone."""
        try:
            with open(path, encoding="utf-8", opener=self._open) as file:
                return file.read()
        except OSError:
            return ""

    def _children(self, pid: int) -> Iterator[int]:
        try:
            tasks = self._open(f"{pid}/task", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return
        try:
            for task in os.listdir(tasks):
                yield from map(int, self._read(f"{pid}/task/{task}/children").split())
        finally:
            os.close(tasks)

    def waited(self, pid: int) -> float:
        """Return for how many seconds a process could have run, but had no CPU."""
        numbers = self._read(f"{pid}/schedstat").split()
        return int(numbers[1]) / 1e9 if numbers else 0.0

    def size(self, pid: int) -> int:
        """Return the bytes that a process has in memory."""
        pages = self._read(f"{pid}/statm").split()
        return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") if pages else 0

    def share(self, pid: int) -> int:
        """Return the same, but of what n processes share the n-th part."""
        found = re.search(r"^Pss:\s+(\d+) kB", self._read(f"{pid}/smaps_rollup"), re.M)
        return int(found[1]) * 1024 if found else self.size(pid)

    def sockets(self, pid: int) -> int:
        """Return how many sockets there are in the network of a process.

        What they hold belongs to no process, and outlives whoever has sent it.
        """
        found = re.search(r"^sockets: used (\d+)", self._read(f"{pid}/net/sockstat"))
        return int(found[1]) if found else 0

    def too_big(self, pid: int, most: int, fresh: int) -> bool:
        """Tell whether a process and its descendants outgrow a fresh one by `most`.

        What they share is counted once. As this is slow to find out, the plain sizes
        are looked at first: of the process without what is the forkserver's, and of all
        others.
        """
        family = [pid]
        for member in family:
            family += self._children(member)
        sizes = [self.size(member) for member in family]
        held = max(0, self.sockets(pid) - FREE_SOCKETS) * MOST_IN_SOCKET
        if sum(sizes) + held - min(fresh, sizes[0]) <= most:
            return False
        return sum(map(self.share, family)) + held > most + fresh


if __name__ == "__main__":
    main()
