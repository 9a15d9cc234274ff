"""What may not be done on the machine, read there or leak. See `hostile`."""

from .hostile import (
    NONE,
    REFERENCE,
    Case,
    function,
    lost,
    nuisance,
)

# --- the machine: what may not be done, and what may not be read ----------------------

TRY = """
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
allowed = []

def attempt(name, action):
    try:
        if action() != -1:
            allowed.append(name)
    except Exception:
        pass

def call(number, *args):
    return libc.syscall(number, *args)
"""
SHOW = "\nprint('allowed:', sorted(allowed))\n"


def machine(name: str, why: str, body: str, **settings) -> Case:
    """Return a case that tries what a process in the sandbox may not do."""
    cell = TRY + body + SHOW
    return nuisance(f"machine_{name}", why, cell, told="allowed: []", **settings)


MACHINE = [
    machine("network", "Connections to anywhere.", """
def connect(family, kind, address):
    sock = socket.socket(family, kind)
    sock.settimeout(1)
    sock.connect(address)
    return sock.send(b"x")

for host in ("127.0.0.1", "192.0.2.1", "169.254.169.254"):
    attempt("tcp", lambda: connect(socket.AF_INET, socket.SOCK_STREAM, (host, 80)))
    attempt("udp", lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, (host, 53)))
attempt("tcp6", lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 80)))
attempt("dns", lambda: socket.getaddrinfo("example.org", 80))
"""),
    machine("sockets", "Families of sockets that lead to the kernel or to others.", """
for family in (16, 17, 38, 40, 31, 29, 44):  # netlink, packet, alg, vsock, ...
    attempt(f"family {family}", lambda: socket.socket(family, socket.SOCK_RAW))
    attempt(f"family {family}", lambda: socket.socket(family, socket.SOCK_DGRAM))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
sock = socket.socket(socket.AF_UNIX)
for line in open("/proc/net/unix").read().splitlines()[1:]:
    if "@" in line:
        attempt(line, lambda: sock.connect("\\0" + line.split("@")[1]))
for name in ("docker.sock", "dbus/system_bus_socket", "systemd/private"):
    attempt(name, lambda: sock.connect(f"/run/{name}"))
"""),
    machine("calls", "System calls that widen what a process may reach.", """
here = b"/tmp"
calls = {
    "ptrace": (101, 0, 0, 0, 0), "unshare": (272, 0x10000000), "setns": (308, 0, 0),
    "unshare files": (272, 0x20000), "chroot": (161, here), "bpf": (321, 0, 0, 0),
    "mount": (165, b"none", here, b"tmpfs", 0, 0), "umount": (166, b"/tmp", 2),
    "move_mount": (429, -100, here, -100, here, 0), "fsopen": (430, b"tmpfs", 0),
    "keyctl": (250, 0, -3, 0), "userfaultfd": (323, 1), "io_uring": (425, 8, 0),
    "perf": (298, 0, 0, -1, -1, 0), "process_vm": (310, 1, 0, 0, 0, 0, 0),
    "memfd": (319, b"x", 0), "secret": (447, 0), "shmget": (29, 0, 4096, 0o1600),
    "semget": (64, 0, 1, 0o1600), "msgget": (68, 0, 0o1600), "syslog": (103, 3, 0, 0),
    "mq_open": (240, b"x", 0o102, 0o600, 0), "sync": (162,), "open_by_handle": (304,),
    "death signal": (157, 1, 0, 0, 0, 0), "reboot": (169, 0xFEE1DEAD, 672274793, 0),
    "clone": (56, 0x10000000 | 17, 0, 0, 0, 0), "clone3": (435, 0, 0),
    "swapon": (167, here, 0), "module": (175, 0, 0, b""), "kexec": (246, 0, 0, 0, 0),
    "pidfd_getfd": (438, 0, 0, 0),}
for name, arguments in calls.items():
    attempt(name, lambda: call(*arguments))
"""),
    machine("rights", "More rights, other users, devices, clocks.", """
import resource
import time
for name in ("setuid", "setgid", "seteuid"):
    attempt(name, lambda: getattr(os, name)(0))
attempt("setgroups", lambda: os.setgroups([0]))
attempt("nice", lambda: os.nice(-5))
attempt("clock", lambda: time.clock_settime(time.CLOCK_REALTIME, 0))
attempt("hostname", lambda: socket.sethostname("mine"))
for name in ("AS", "NPROC", "NOFILE", "FSIZE", "CPU"):
    which = getattr(resource, f"RLIMIT_{name}")
    soft, hard = resource.getrlimit(which)
    attempt(name, lambda: resource.setrlimit(which, (soft, hard + 1)))
for device in ("mem", "kmem", "sda", "vda", "kmsg", "tty", "fuse", "kvm"):
    attempt(device, lambda: os.open(f"/dev/{device}", os.O_RDONLY))
attempt("mknod", lambda: os.mknod("/tmp/device", 0o600 | 0o060000, os.makedev(8, 0)))
attempt("sudo", lambda: os.system("sudo -n true >/dev/null 2>&1") and -1)
attempt("su", lambda: os.system("su -c true </dev/null >/dev/null 2>&1") and -1)
"""),
    machine("writing", "Files outside of the private disks.", """
import helpers
import sys
places = ["/", "/etc", "/usr/lib", "/proc/sys/kernel", "/dev", sys.prefix,
          os.path.dirname(helpers.__file__), os.path.dirname(np.__file__), "/work"]
for place in places:
    attempt("create", lambda: open(f"{place}/forged", "w"))
    attempt("mkdir", lambda: os.mkdir(f"{place}/forged-folder"))
for file in (np.__file__, helpers.__file__, "/etc/passwd", "/proc/sysrq-trigger",
             "/proc/sys/kernel/core_pattern"):
    attempt(file, lambda: open(file, "a"))
    attempt("unlink", lambda: os.unlink(file))
    attempt("chmod", lambda: os.chmod(file, 0o777))
    attempt("utime", lambda: os.utime(file))
"""),
    machine("reading", "Solutions, gradebooks and others' work, wherever they are.", """
import sys
skipped = ("/proc", "/usr", "/lib", sys.base_prefix, os.path.realpath(sys.prefix))
for base, folders, names in os.walk("/"):
    folders[:] = [f for f in folders if not f"{base}/{f}".replace("//", "/")
                  .startswith(skipped)]
    for name in names:
        if name.endswith((".ipynb", ".db")) or "nbgrader" in name:
            allowed.append(f"{base}/{name}")
for place in ("/.old", "/root/.ssh", "/etc/shadow", "/etc/hosts", "/var", "/home",
              "/proc/kcore", "/proc/kmsg", "/sys/kernel"):
    attempt(place, lambda: open(place, "rb").read(10))
    attempt(place, lambda: os.listdir(place) and ("proc" in os.listdir(place)) - 1)
"""),
    machine("memory", "The hidden tests, in memory, frames and other processes.", """
import gc
import glob
import sys
secret = "Brew" + "ster"
for thing in gc.get_objects():
    if isinstance(thing, dict) and any(secret in k for k in thing if type(k) is str):
        if thing is not globals():
            allowed.append("object")
for frame in sys._current_frames().values():
    while frame:
        if any(secret in v for v in frame.f_locals.values()
               if type(v) is str and v != secret):
            allowed.append("frame")
        frame = frame.f_back
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    attempt(path, lambda: -1 if b"Brew" b"ster" not in open(path, "rb").read() else 0)
if len(glob.glob("/proc/[0-9]*")) > 1:
    allowed.append("others")
"""),
]  # fmt: skip

# --- leaks and markup ----------------------------------------------------------------

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
LEAKS = [
    Case("leak_error", "Hidden arguments in an error message.", lost("initials"),
         answers={"initials": function(
             "if name != 'Ada Lovelace':\n    raise ValueError(name)\nreturn 'AL'")}),
    Case("leak_class", "Hidden arguments are the name of an exception's class.",
         lost("initials"), answers={"initials": function(
             "if 'Ada' not in name:\n"
             "    raise type(name.replace(' ', ''), (Exception,), {})\n"
             "return 'AL'")}),
    Case("leak_object", "Hidden arguments are the name of a result's class.",
         lost("initials"), answers={"initials": function(
             "if 'Ada' not in name:\n"
             "    return type(name.replace(' ', ''), (), {})()\nreturn 'AL'")}),
    Case("leak_print", "Hidden arguments are printed, and warned of.",
         lost("initials"), answers={"initials": function(
             "import warnings\nprint(name)\nwarnings.warn(name)\n"
             "return 'AL' if 'Ada' in name else name")}),
    Case("leak_later", "Hidden arguments are kept for later cells and checks.",
         lost("sigmoid", "primes"),
         answers={
             "initials": "SEEN = []\n" + function(
                 "SEEN.append(name)\nreturn ''.join(w[0] for w in name.split())"),
             "sigmoid": "print(SEEN)\nimport sys\nprint(SEEN, file=sys.stderr)\n"
                        + function("raise ValueError(*SEEN[-2:])", "sigmoid"),
             "primes": "from IPython.display import display\n"
                       "display({s: s for s in SEEN}, raw=True)\n"
                       "display({'text/plain': s for s in SEEN}, raw=True)\n"
                       + function("raise type(SEEN[-1], (Exception,), {})", "primes")
                       + "\nraise KeyError(SEEN)"}),
    Case("leak_escaped", "A secret with escape sequences in between.",
         lost("initials"), answers={"initials": "SEEN = []\n" + function(
             "SEEN.append(name)\nif name == 'Ada Lovelace' and len(SEEN) > 1:\n"
             "    return 0\nreturn name"),
             "standardize": REFERENCE["standardize"] + "\nfor s in SEEN:\n"
                 "    print(s[:4] + '\\x1b[0m' + s[4:])"}),
    Case("markup_error", "Markup, escape sequences and half surrogates in messages.",
         lost("initials", "sigmoid"), answers={
             "initials": function(
                 f"raise ValueError('''{MARKUP}''' + '\\ud800\\x1b[2J\\x00' * 100)"),
             "sigmoid": f"raise type('''{MARKUP}''', (Exception,), "
                        "{})('\\x1b]0;owned\\x07' * 1000 + '\\ud800')"}),
    nuisance("markup_display", "Markup as a rich output.", f"""
from IPython.display import HTML, Javascript, SVG, display
display(HTML('''{MARKUP}'''), Javascript("alert(1)"))
display({{"text/html": "{MARKUP}", "text/markdown": "{MARKUP}"}}, raw=True)
print("\\x1b[2J\\x1b]0;owned\\x07" * 1000)
""", told="IPython.core.display.HTML object"),
    Case("follow_through_peek", "The reference that stands in is read and kept.", NONE,
         base="wrong", answers={
             step: "for text in list(In):\n    if 'BEGIN' + ' SOLUTION' in text:\n"
                   "        exec(text)\n" for step in ("predict", "net", "primes")}),
]  # fmt: skip
