"""The place of the course's own grader.

Today ``make grade`` runs plain nbgrader (see ``book/exercises.md``), and nothing else
in `helpers` imports from here.
"""
