"""The course's own grader of untrusted notebooks: see the page `book/grader.md`.

``python -m grader --help`` lists its commands. It imports from `helpers`; no other room
imports from here.
"""

from pathlib import Path

import helpers

OLDEST_PYTHON = (3, 11)
# what the processes of students may read, and what marks depend on
PACKAGES = (Path(helpers.__file__).resolve().parent, Path(__file__).resolve().parent)


class CourseError(Exception):
    """The course or the machine is not fit; the message is one line for a person."""
