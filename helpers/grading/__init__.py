"""The course's own grader of untrusted notebooks: see the page `book/grader.md`.

``python -m helpers.grading --help`` lists its commands. Nothing else in `helpers`
imports from here.
"""

OLDEST_PYTHON = (3, 11)


class CourseError(Exception):
    """The course or the machine is not fit; the message is one line for a person."""
