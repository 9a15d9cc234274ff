"""The warden: stands between the forkserver and a child, and sees to it that it ends.

It leaves the machine's namespaces, forks the child as process 1 of the new ones, and
stays outside: it carries out the grader's orders, and ends the child when it takes too
much memory or when the grader is gone.
"""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import struct
import sys
from collections.abc import Iterator

from grader.isolated import cgroup, frames, sandbox

CHECK_SECONDS = 0.25
FREE_SOCKETS, MOST_IN_SOCKET = 32, 2**18  # bytes: the system's own limit, rounded up
WAITED = struct.Struct(">d")
WORK = "/tmp/work"  # where a notebook runs, in the sandbox's own /tmp


def guard(request: dict, descriptors: list[int]) -> None:
    """Fork the process and watch over it; never return."""
    sandbox.die_with_parent()
    close_standard()
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
            if request["kernel"]:
                sandbox.reach_itself()
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
                student.main(
                    control, rpc, checks=role == "both", kernel=request["kernel"]
                )
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


def close_standard() -> None:
    """Leave the forkserver's standard streams.

    They are shared: who fills its stderr, which nobody reads, stops whoever warns next.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def _say(control: socket.socket, error: BaseException) -> None:
    """Report why the process did not start; at its end there is nobody to tell."""
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
