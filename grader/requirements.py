"""What the grader needs of this machine: Python, Linux, and packages.

`check` reports in the same form as `sandbox.check`, which tries the sandbox. Only the
standard library is imported here, so that `doctor` works where all else is missing.
"""

import platform
import re
import sys
from importlib import metadata

from grader import CourseError

# as pyproject.toml has them (IPython comes with nbgrader)
NEEDED = (
    "nbgrader>=0.9,<0.10",
    "ipython",
    "numpy>=2.0",
    "matplotlib>=3.9",
    "tqdm>=4.66",
)
OFTEN = ("torch", "scikit-learn", "pooch")  # what many an exercise imports
INSTALL = (
    "install what is missing: `make .venv/.ready` in the checkout makes .venv with all "
    "of it; in an environment of your own, `pip install -e '.[grading,torch]'`"
)
NEEDS_LINUX = (
    f"the grader needs Linux, and this is {sys.platform}. What helps: WSL 2, a "
    "container or a virtual machine; or plain `nbgrader autograde`, which runs "
    "students' code with all of your rights"
)

Report = tuple[str, bool | None, str]


def check() -> list[Report]:
    """Look at this machine: (what, works, why not); None for what may be missing."""
    python = f"Python {platform.python_version()}"
    linux = sys.platform == "linux"
    reports: list[Report] = [
        (python, True, ""),  # an older one does not come this far
        (f"{platform.system()} {platform.release()}", linux, "Linux is needed"),
    ]
    reports += packages()
    for name in OFTEN:
        there = version(name)
        why = "missing; what needs it ends in an error"
        reports.append((f"{name} {there}".strip(), True if there else None, why))
    return [(what, works, "" if works else why) for what, works, why in reports]


def packages() -> list[Report]:
    """Look for the packages without which nothing runs."""
    reports: list[Report] = []
    for wanted in NEEDED:
        name = re.match(r"[\w-]+", wanted)[0]
        there = version(name)
        why = f"{wanted} is needed" if there else "missing"
        reports.append((f"{name} {there}".strip(), fits(there, wanted), why))
    return reports


def advice(needs: list[bool | None], locks: list[bool]) -> str:
    """Return what helps where something is missing; empty if all is there."""
    if sys.platform != "linux":
        return NEEDS_LINUX
    if False in needs:
        return f"autograde refuses to run here. To mend it, {INSTALL}."
    if all(locks):
        return ""
    return (
        "autograde refuses to run here, unless you give --no-sandbox. What helps: a "
        "Linux machine that allows user namespaces (sysctl "
        "kernel.unprivileged_userns_clone=1 or, on Ubuntu, "
        "kernel.apparmor_restrict_unprivileged_userns=0), or to run as root."
    )


def demand() -> None:
    """Raise if a package is missing without which nothing runs."""
    for what, works, why in packages():
        if not works:
            raise CourseError(f"{what}: {why}. To mend it, {INSTALL}")


def version(name: str) -> str:
    """Return the version of an installed package; an empty text if there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def fits(there: str, wanted: str) -> bool:
    """Tell whether a version is there and within the bounds of a requirement."""
    bounds = re.findall(r"(>=|<)([\d.]+)", wanted)
    return bool(there) and all(
        (_numbers(there) >= _numbers(bound)) == (sign == ">=") for sign, bound in bounds
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.match(r"\d+(\.\d+)*", text)[0].split(".")))
