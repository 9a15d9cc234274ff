"""The course's own grader of untrusted notebooks: see the page `book/grader.md`.

``python -m grader --help`` lists its commands, which `__main__` holds. `autograde`
tells how a class is graded, verb by verb, with the help of `jobs`, `pool` and
`records`; `trial` grades the course itself; `verdicts` has the words that all share.
`books` are the course, its notebooks and the gradebook, `isolated` is where a student's
code runs, and `reports` is what people read. It imports from `helpers`; no other room
imports from here.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# a folder `helpers` of the course's, where the command is given, must not hide ours
sys.path.insert(0, str(ROOT))
OLDEST_PYTHON = (3, 11)
# what the processes of students may read, and what marks depend on
PACKAGES = (ROOT / "helpers", ROOT / "grader")


class CourseError(Exception):
    """The course or the machine is not fit; the message is one line for a person."""
