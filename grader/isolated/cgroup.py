"""A memory cgroup around a sandbox, where the system lets us have one (version 2).

It bounds what belongs to no process: buffers of sockets, files in memory. Where there
is none, what the warden counts is all (`forkserver`).

Source: Documentation/admin-guide/cgroup-v2.rst of Linux.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

PLACE, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
HERE = "grader"  # where this process goes: a cgroup with processes has no parts
READ = os.O_RDONLY | os.O_DIRECTORY


def home() -> str:
    """Return the cgroup in which one can be made for each sandbox; empty if none."""
    with suppress(OSError, IndexError):
        found = re.findall(r"(?m)^0::/(.*)$", OWN.read_text(encoding="utf-8"))
        place = PLACE / found[0]
        if place.name == HERE:
            place = place.parent
        control = place / "cgroup.subtree_control"
        if "memory" not in control.read_text(encoding="utf-8").split():
            processes = (place / "cgroup.procs").read_text(encoding="utf-8").split()
            if processes == [f"{os.getpid()}"]:  # nobody else is sent anywhere
                (place / HERE).mkdir(exist_ok=True)
                (place / HERE / "cgroup.procs").write_text(processes[0], "utf-8")
            control.write_text("+memory", encoding="utf-8")
        if os.access(place, os.W_OK):
            return str(place)
    return ""


class Cgroup:
    """The cgroup of one sandbox. It is kept open: the root of its warden moves."""

    def __init__(self, home: str, name: str, most: int) -> None:
        self.name = name
        self.home = os.open(home, READ)
        os.mkdir(name, dir_fd=self.home)
        self.own = os.open(name, READ, dir_fd=self.home)
        self._write("memory.max", most)
        for file, value in (("memory.swap.max", 0), ("memory.oom.group", 1)):
            with suppress(OSError):  # without swap, or on an older system
                self._write(file, value)

    def _write(self, file: str, value: int) -> None:
        descriptor = os.open(file, os.O_WRONLY, dir_fd=self.own)
        try:
            os.write(descriptor, f"{value}".encode())
        finally:
            os.close(descriptor)

    def take(self, pid: int) -> None:
        """Put a process in, and all that it will start."""
        self._write("cgroup.procs", pid)

    def was_full(self) -> bool:
        """Tell whether the system has ended a process here for want of memory."""
        descriptor = os.open("memory.events", os.O_RDONLY, dir_fd=self.own)
        with os.fdopen(descriptor, encoding="utf-8") as events:
            return bool(re.search(r"(?m)^oom_kill [1-9]", events.read()))

    def forget(self) -> None:
        """Close it: no student may hold it."""
        os.close(self.own)
        os.close(self.home)

    def remove(self) -> None:
        """Remove it, once its processes have ended."""
        with suppress(OSError):
            os.rmdir(self.name, dir_fd=self.home)
        self.forget()


def around(home: str, name: str, most: int) -> Cgroup | None:
    """Return a cgroup that holds at most `most` bytes; None where there is none."""
    with suppress(OSError):
        return Cgroup(home, name, most) if home else None
    return None
