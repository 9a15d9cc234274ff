"""The filter of system calls, as a program of the kernel's: see seccomp(2).

`sandbox` installs it. What is refused fails with EPERM. clone3 fails with ENOSYS, so
that the C library falls back on clone, whose flags a filter can see; families of
sockets fail as those that a machine does not have, which libraries bear.
"""

import platform
import struct
from collections.abc import Iterator

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
PR_SET_PDEATHSIG = 1

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_… of each
# System calls that no exercise needs and that widen what a process may reach, with
# their number on each of the machines. Memory files and System V memory count neither
# as a process's own nor against /tmp.
CALLS = {
    "pivot_root": (155, 41), "mount": (165, 40), "umount2": (166, 39),
    "ptrace": (101, 117), "unshare": (272, 97), "setns": (308, 268),
    "chroot": (161, 51), "bpf": (321, 280), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "kexec_load": (246, 104),
    "init_module": (175, 105), "finit_module": (313, 273),
    "open_by_handle_at": (304, 265), "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsmount": (432, 432), "mount_setattr": (442, 442), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180), "syslog": (103, 116), "sync": (162, 81),
    "syncfs": (306, 267), "clone": (56, 220), "clone3": (435, 435), "socket": (41, 198),
    "prctl": (157, 167), "setsockopt": (54, 208),
}  # fmt: skip
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EPERM, ENOSYS, EOPNOTSUPP = 1, 38, 95
SOL_SOCKET, BUFFERS = 1, (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, and both by force
FAMILIES = (1, 2, 10)  # Unix, IPv4, IPv6: the last two lead nowhere in here
NAMESPACE_FLAGS = NAMESPACES | CLONE_NEWUSER | 0x02000000 | 0x80  # cgroup, time


def numbers() -> dict[str, int]:
    """Return the numbers of the calls on this machine."""
    if (machine := platform.machine()) not in MACHINES:
        raise ValueError(f"no table of calls for {machine}")
    column = [*MACHINES].index(machine)
    return {name: row[column] for name, row in CALLS.items()}


def program() -> Iterator[bytes]:
    """Yield the filter's instructions (classic BPF: code, jump if true, if not, k)."""
    plain = numbers()
    names = ("clone", "clone3", "socket", "prctl", "setsockopt")
    clone, clone3, socket, prctl, setsockopt = map(plain.pop, names)

    def op(code: int, yes: int, no: int, k: int) -> bytes:
        return struct.pack("HBBI", code, yes, no, k)

    load, equal, larger, anded, give = 0x20, 0x15, 0x35, 0x45, 0x06
    refuse = op(give, 0, 0, ERRNO | EPERM)
    yield op(load, 0, 0, 4)  # the architecture: another one numbers calls otherwise
    yield op(equal, 1, 0, MACHINES[platform.machine()])
    yield refuse
    yield op(load, 0, 0, 0)  # the number of the call
    yield op(larger, 0, 1, 0x40000000)  # x32, on x86_64
    yield refuse
    for number in plain.values():
        yield op(equal, 0, 1, number)
        yield refuse
    yield op(equal, 0, 1, clone3)
    yield op(give, 0, 0, ERRNO | ENOSYS)
    yield op(equal, 0, 4, prctl)
    yield op(load, 0, 0, 16)  # its first argument
    yield op(equal, 0, 1, PR_SET_PDEATHSIG)  # who undoes it outlives the grader
    yield refuse
    yield op(give, 0, 0, ALLOW)
    yield op(equal, 0, 9, setsockopt)
    yield op(load, 0, 0, 24)  # its level
    yield op(equal, 0, 6, SOL_SOCKET)
    yield op(load, 0, 0, 32)  # its option: what sockets hold is counted by their number
    for i, option in enumerate(BUFFERS):
        yield op(equal, 3 - i, i // 3, option)
    yield refuse
    yield op(give, 0, 0, ALLOW)
    yield op(equal, 0, 3, clone)
    yield op(load, 0, 0, 16)  # its flags: the first argument
    yield op(anded, 0, 4 + len(FAMILIES), NAMESPACE_FLAGS)
    yield refuse
    yield op(equal, 0, 2 + len(FAMILIES), socket)
    yield op(load, 0, 0, 16)  # its family
    for i, family in enumerate(FAMILIES):
        yield op(equal, len(FAMILIES) - i, 0, family)
    yield op(give, 0, 0, ERRNO | EOPNOTSUPP)
    yield op(give, 0, 0, ALLOW)
