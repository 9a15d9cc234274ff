"""Accidents and sabotage: ends, loops, bombs. See `hostile`."""

from .hostile import (
    REFERENCE,
    accident,
    function,
    lost,
    nuisance,
)

PARTLY = {"state": "partly"}
ENDS = [
    accident("end_exit", "sys.exit in a function.", "initials",
             function("import sys\nsys.exit(0)")),
    accident("end_os_exit", "os._exit in a function.", "initials",
             function("import os\nos._exit(0)"), **PARTLY),
    accident("end_os_exit_cell", "os._exit in an answer's cell.", "standardize",
             "import os\nos._exit(0)", **PARTLY),
    accident("end_segfault", "A crash in C.", "sigmoid",
             "import ctypes\nctypes.string_at(0)", **PARTLY,
             marks=lost("sigmoid")),
    accident("end_abort", "The process aborts when a check calls it.", "primes",
             function("import os\nos.abort()", "primes"), **PARTLY),
    accident("end_shutdown", "The kernel is asked to end.", "primes",
             "get_ipython().ask_exit()\nraise SystemExit(1)"),
    accident("end_signals", "Signals to parent, group, everybody and itself.",
             "initials", """
import os
import signal
for which in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    for pid in (os.getppid(), 0, -1, 1, *range(2, 300)):
        try:
            os.kill(pid, which)
        except OSError:
            pass
"""),
    accident("end_later", "A timer ends the process while others' cells run.",
             "initials", """
import os
import threading
threading.Timer(0.01, os._exit, [1]).start()
import time
time.sleep(3)
""", **PARTLY),
    accident("recursion", "A function calls itself.", "initials",
             function("return initials(name)")),
    accident("recursion_in_c", "A recursion without a limit.", "initials",
             "import sys\nsys.setrecursionlimit(10**9)\n"
             + function("return initials(name)"), **PARTLY),
    accident("loop_in_cell", "An endless loop.", "primes", "while True:\n    pass",
             slow=True, **PARTLY),
    accident("loop_in_function", "An endless loop that a check starts.", "primes",
             function("while True:\n    pass", "primes"), slow=True, **PARTLY),
    accident("loop_caught", "A loop that catches everything.", "primes", """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""", slow=True, **PARTLY),
    accident("loop_ignores", "A loop that ignores SIGINT.", "primes", """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
while True:
    pass
""", slow=True, **PARTLY),
    accident("loop_prints", "Endless lines, whatever comes.", "primes", """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    print("x")
""", slow=True, **PARTLY),
    accident("loop_own_clock", "The limits' clock stands still.", "primes", """
import resource
import time
time.monotonic = time.time = lambda: 0.0
resource.setrlimit(resource.RLIMIT_CPU, (resource.getrlimit(resource.RLIMIT_CPU)))
while True:
    pass
""", slow=True, **PARTLY),
    accident("bomb_list", "A list that grows.", "primes",
             "bomb = []\nwhile True:\n    bomb.append(bytearray(2**24))"),
    accident("bomb_numpy", "An array of 8 GB.", "standardize",
             "bomb = np.ones((2**30,))"),
    accident("bomb_torch", "A tensor of 8 GB.", "net",
             "bomb = torch.ones(2**31)"),
    accident("bomb_value_that_fits", "A function returns 200 MB.", "standardize",
             function("return np.zeros(25 * 2**20)", "standardize"),
             state=("graded", "partly")),  # a copy is too much, if it is seen in time
    accident("bomb_programs", "Programs of others take what one may not.", "primes", """
import subprocess
command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=250M"]
for _ in range(6):
    subprocess.Popen(command)
while True:  # busy, or its time would run while its children wait for a processor
    pass
""", **PARTLY),
    accident("bomb_value", "A function returns 400 MB.", "standardize",
             function("return np.zeros(50 * 2**20)", "standardize")),
    accident("bomb_family", "Children take what one process may not.", "primes", """
import os
import time
for _ in range(10):
    if not os.fork():
        block = bytearray(100 * 2**20)
        block[::4096] = b"x" * len(block[::4096])
        time.sleep(1000)
while True:
    pass
""", **PARTLY),
    accident("bomb_line", "One line of 30 MB.", "primes", "print('x' * 30 * 2**20)"),
    accident("bomb_sockets", "Buffers of sockets hold what no process does.", "primes",
             """
import os, socket, time
def fill():
    kept = []
    for _ in range(100):
        pair = socket.socketpair()
        for end in pair:
            end.setblocking(False)
            try:
                while end.send(b"x" * 30000):
                    pass
            except BlockingIOError:
                pass
        kept.append(pair)
    return kept
try:
    for _ in range(60):
        if not os.fork():
            kept = fill()
            time.sleep(30)
            os._exit(0)
except OSError:
    pass
time.sleep(5)
""", slow=True, **PARTLY),
    nuisance("socket_buffers", "A socket asks for more than the system's default.", """
import socket
a, b = socket.socketpair()
try:
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    print("granted")
except PermissionError:
    print("not granted")
a.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
import asyncio
asyncio.run(asyncio.sleep(0))
""", told="not granted"),
    accident("bomb_cpu", "Children that only spend time.", "primes", """
import os
for _ in range(6):
    if not os.fork():
        while True:
            pass
os._exit(0)
""", **PARTLY),
]  # fmt: skip

NUISANCES = [
    nuisance("fork_bomb", "Processes until no more can be had.", """
import os
import signal
parent = os.getpid()
count = 0
try:
    while count < 1000:
        if not os.fork():
            signal.pause()
        count += 1
except OSError:
    print("stopped:", count < 200)
""", told="stopped: True"),
    nuisance("threads", "Threads that outlive their cell, and print.", """
import threading
import time

def work():
    while True:
        print("late")
        time.sleep(0.01)

for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
"""),
    nuisance("disk", "The private disks are filled.", """
import os
sizes = []
for folder in ("/tmp", "/dev/shm"):
    size = 0
    try:
        for n in range(100):
            with open(f"{folder}/{n}", "wb") as file:
                for _ in range(100):
                    size += file.write(bytes(2**20))
    except OSError:
        pass
    sizes.append(size)
print("full:", max(sizes) < 2**28)
""", told="full: True"),
    nuisance("inodes", "As many empty files as there can be.", """
import os
try:
    for n in range(100_000):
        open(f"/tmp/{n}", "w").close()
except OSError:
    print("no more")
""", told="no more"),
    nuisance("standard_error", "A pipe that all children had in common is filled.", """
import os
import sys
print("a warning", file=sys.stderr)
for _ in range(100):
    os.write(2, b"x" * 10_000)
print("written")
""", told="written"),
    nuisance("busy_children", "Children take the CPU from everybody.", """
import os
for _ in range(6):
    if not os.fork():
        while True:
            pass
"""),
    nuisance("warnings", "Right answers that warn, on stderr too.", """
import sys
import warnings
print("careful", file=sys.stderr)
warnings.warn("careful")
""", answers={"sigmoid": REFERENCE["sigmoid"].replace(
        "    return", "    import sys, warnings\n    print('!', file=sys.stderr)\n"
        "    warnings.warn('careful')\n    return")}),
    nuisance("handlers", "SIGINT does something else.", """
import signal
for number in range(1, 32):
    try:
        signal.signal(number, lambda *args: None)
    except OSError:
        pass
"""),
    nuisance("fewer", "The process takes from its own limits.", """
import os
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
os.nice(5)
os.umask(0o777)
os.chdir("/")
os.environ.clear()
"""),
]  # fmt: skip
