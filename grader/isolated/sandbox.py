"""The sandbox: what a process gives up before it runs a student's code.

`enter` is called in a freshly forked child (see `forkserver`). It makes namespaces of
its own (files, processes, network, IPC, host name), sees a read-only file system that
holds Python and nothing else of the machine, has a private `/tmp` in memory, cannot
gain privileges, and has limits on memory, processes, files, file size and CPU time.

Linux only: `check` says what is missing here. Sources: namespaces(7), pivot_root(2),
mount_setattr(2), seccomp(2), prctl(2), capabilities(7).
"""

import ctypes
import errno
import fcntl
import os
import platform
import resource
import signal
import socket
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from grader import PACKAGES
from grader.isolated import seccomp
from grader.isolated.seccomp import CLONE_NEWUSER, NAMESPACES, PR_SET_PDEATHSIG
from grader.isolated.stub import withheld

MIB = 2**20
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
MOUNT_ATTR_READONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 47, 4
SECCOMP_MODE_FILTER = 2
FIRST_UID = 64_000  # of the slots, where the grader runs as root: an unused range
IN_ETC = (
    *("nsswitch.conf", "ld.so.cache", "localtime", "os-release", "mime.types"),
    *("fonts", "alternatives", "R"),
)
DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class Limits:
    """What one student's process may use."""

    # of addresses beyond the warm process's, and of all memory
    memory: int = 2048 * MIB
    processes: int = 64  # and threads
    files: int = 256  # open ones
    disk: int = 256 * MIB  # in the private `/tmp`, which is memory, and of one file
    cpu: int = 600  # seconds of one process


class SandboxError(Exception):
    """The machine does not allow a step of the sandbox; the message names it."""


_libc = ctypes.CDLL(None, use_errno=True)


def _call(what: str, result: int) -> None:
    if result:
        error = os.strerror(ctypes.get_errno())
        raise SandboxError(f"{what}: {error}")


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends."""
    _call("prctl", _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def unshare() -> None:
    """Leave the machine's namespaces; the next child is process 1 of its own.

    An ordinary user first makes a user namespace, in which the calls are allowed.
    """
    uid, gid = os.getuid(), os.getgid()
    user = 0 if uid == 0 else CLONE_NEWUSER
    result = _libc.unshare(NAMESPACES | user)
    if result and ctypes.get_errno() == errno.ENOSPC:  # "No space left on device"
        raise SandboxError("no namespaces are left (sysctl user.max_user_namespaces)")
    _call("unshare (namespaces)", result)
    if user:
        Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="utf-8")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="utf-8")


def reach_itself() -> None:
    """Let the processes of these namespaces reach one another by 127.0.0.1.

    Jupyter kernels talk to their own threads in that way.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh22x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def enter(limits: Limits, slot: int, owner: int, *, withhold: bool = True) -> None:
    """Lock this process in. Process 1 of its namespaces calls it, before any student.

    Where the grader (uid `owner`) is root, each `slot` has a uid of its own, because
    the limit on processes counts by uid. `withhold` puts the files of the checks out of
    sight: they hold the references.
    """
    own = FIRST_UID + slot if owner == 0 else owner
    _call("sethostname", _libc.sethostname(b"sandbox", 7))
    _file_system(limits, own, withheld() if withhold else ())
    if owner == 0:
        _drop_bounds()
        os.setgroups([])
        os.setresgid(own, own, own)
        os.setresuid(own, own, own)
    _drop_privileges()
    die_with_parent()  # forgotten when the uid changes: set it again
    set_limits(limits)
    _filter_calls()


def set_limits(limits: Limits) -> None:
    """Set the resource limits of this process and of its children."""
    memory = _address_space() + limits.memory
    pairs = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_FSIZE: limits.disk,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_CORE: 0,
    }
    for which, value in pairs.items():
        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(which, (value, value))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    return pages * resource.getpagesize()


# --- files ---------------------------------------------------------------------------


def visible() -> list[str]:
    """Return the folders that a student's process may read: Python and our packages."""
    wanted = {sys.prefix, sys.base_prefix, *map(str, PACKAGES)}
    wanted |= {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}
    wanted |= {"/usr", "/lib", "/lib64", "/bin", "/sbin"}
    inside: list[str] = []
    wanted |= {os.path.realpath(folder) for folder in wanted}  # where links lead
    for folder in sorted(filter(os.path.isdir, wanted)):
        if not any(folder.startswith(f"{other}/") for other in inside):
            inside.append(folder)
    return inside


def exposed(folder: Path) -> str | None:
    """Return the folder that students' processes see and that holds `folder`."""
    place = os.path.realpath(folder)
    seen = (f for f in visible() if f"{place}/".startswith(f"{os.path.realpath(f)}/"))
    return next(seen, None)


def _file_system(limits: Limits, own: int, hidden: Iterable[str] = ()) -> None:
    """Replace the root by an empty one that shows `visible`, read-only."""
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    folders = visible()
    links = {f: os.readlink(f) for f in folders if os.path.islink(f)}
    opened = {f: os.open(f, os.O_PATH) for f in folders if f not in links}
    root = "/tmp"  # covered by the new root, in this namespace only
    options = f"size=1m,mode=755,uid={os.getuid()}"
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, options)
    os.mkdir(f"{root}/tmp")
    private = f"size={limits.disk},nr_inodes=20000,mode=700,uid={own}"
    _mount("tmpfs", f"{root}/tmp", "tmpfs", MS_NOSUID | MS_NODEV, private)
    for folder, leads_to in links.items():
        os.makedirs(os.path.dirname(root + folder), exist_ok=True)
        os.symlink(leads_to, root + folder)
    for folder, descriptor in opened.items():  # they may lie in the covered /tmp
        _show(f"/proc/self/fd/{descriptor}", root, folder)
        os.close(descriptor)
    _hide(f"{root}{name}" for name in hidden)
    for name in (f"/etc/{file}" for file in IN_ETC):
        if os.path.exists(name):
            _show(os.path.realpath(name), root, name)
    os.makedirs(f"{root}/etc", exist_ok=True)  # no names of people with accounts here
    entry = f"student:x:{own}:{own}::/tmp:/bin/sh\n"
    Path(f"{root}/etc/passwd").write_text(entry, encoding="utf-8")
    Path(f"{root}/etc/group").write_text(f"student:x:{own}:\n", encoding="utf-8")
    os.makedirs(f"{root}/dev/shm")
    for name in DEVICES:
        Path(f"{root}/dev/{name}").touch()
        _mount(f"/dev/{name}", f"{root}/dev/{name}", None, MS_BIND)
    with suppress(OSError):
        os.symlink("/proc/self/fd", f"{root}/dev/fd")
    os.mkdir(f"{root}/proc")
    with suppress(SandboxError):  # some containers forbid it: then there is none
        _mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    shared = f"size={limits.disk // 4},nr_inodes=1000,mode=700,uid={own}"
    _mount("tmpfs", f"{root}/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, shared)
    os.mkdir(f"{root}/.old")
    os.chdir(root)
    _call("pivot_root", _libc.syscall(seccomp.numbers()["pivot_root"], b".", b".old"))
    os.chdir("/")
    _call("umount", _libc.umount2(b"/.old", MNT_DETACH))
    os.rmdir("/.old")
    _read_only("/", recursive=False)


def _hide(paths: Iterable[str]) -> None:
    """Cover files and folders by empty ones."""
    for path in paths:
        if os.path.isdir(path):
            flags = MS_RDONLY | MS_NOSUID | MS_NODEV
            _mount("tmpfs", path, "tmpfs", flags, "size=4k")
        elif os.path.exists(path):
            _mount("/dev/null", path, None, MS_BIND)


def _show(source: str, root: str, name: str) -> None:
    """Bind `source` as `name` under `root`, read-only, with all mounted below it."""
    target = root + name
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    _mount(source, target, None, MS_BIND | MS_REC)
    _read_only(target, recursive=True)


def _mount(source, target, kind, flags, options=None) -> None:
    texts = [t.encode() if t else None for t in (source, target, kind, options)]
    source, target, kind, options = texts
    result = _libc.mount(source, target, kind, ctypes.c_ulong(flags), options)
    _call(f"mount {texts[1].decode()}", result)


def _read_only(path: str, *, recursive: bool) -> None:
    wanted = MOUNT_ATTR_READONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    attributes = struct.pack("QQQQ", wanted, 0, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    place = (AT_FDCWD, path.encode(), flags)
    call = seccomp.numbers()["mount_setattr"]
    result = _libc.syscall(call, *place, attributes, len(attributes))
    _call("mount_setattr (Linux 5.12 or newer)", result)


# --- privileges ----------------------------------------------------------------------


def _drop_bounds() -> None:
    for capability in range(64):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # EINVAL past the last


def _drop_privileges() -> None:
    """Give up all capabilities, and the ways to get them back."""
    _drop_bounds()
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # version 3, this process
    _call("capset", _libc.capset(header, struct.pack("6I", *[0] * 6)))
    _call("no_new_privs", _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _filter_calls() -> None:
    """Install the filter: see `seccomp`."""
    program = b"".join(seccomp.program())
    count = len(program) // 8
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("HxxxxxxP", count, ctypes.addressof(buffer))
    result = _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_, 0, 0)
    _call("seccomp", result)


# --- what this machine allows --------------------------------------------------------


def check() -> list[tuple[str, bool, str]]:
    """Try every step in a child: (what it protects, works here, why not)."""
    if sys.platform != "linux":
        return [("Linux namespaces", False, f"this is {sys.platform}, not Linux")]
    if platform.machine() not in seccomp.MACHINES:
        return [("system calls", False, f"no filter for {platform.machine()}")]
    owner, limits = os.getuid(), Limits()
    steps: list[tuple[str, Callable[[], None]]] = [
        ("namespaces for processes, network and files", lambda: None),
        ("read-only file system and private /tmp", lambda: _file_system(limits, owner)),
        ("no privileges", _drop_privileges),
        ("limits on memory, processes and time", lambda: set_limits(limits)),
        ("filter of system calls", _filter_calls),
    ]
    answer, child = os.pipe()
    if not (pid := os.fork()):
        _try_steps(steps, child)
    os.close(child)
    os.waitpid(pid, 0)
    with os.fdopen(answer) as pipe:
        lines = pipe.read().splitlines()
    told = zip_longest(steps, lines, fillvalue="not reached")
    return [(name, not why, why) for (name, _), why in told]


def _try_steps(steps, pipe: int) -> None:
    """In a child: write a line for each step, empty where it works; never return."""
    try:
        unshare()
        if not (pid := os.fork()):
            for _, step in steps:
                step()
                os.write(pipe, b"\n")
            os._exit(0)
        os.waitpid(pid, 0)
    except (SandboxError, OSError, ValueError) as error:
        os.write(pipe, f"{error}\n".encode())
    os._exit(0)
