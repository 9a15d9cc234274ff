"""The course, for nbgrader: an assignment is a chapter, `solutions/` holds its source.

``make release`` writes `exercises/` from it. `submitted/`, `autograded/`, `feedback/`
and the gradebook belong to the instructor who runs a class, and are never committed.
"""

c = get_config()  # noqa: F821  nbgrader defines it

c.CourseDirectory.course_id = "neuron-by-neuron"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# one name for each folder level: solutions/perceptron, submitted/ada/perceptron
c.CourseDirectory.directory_structure = "{nbgrader_step}/{student_id}/{assignment_id}"

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()  # your answer"}
c.ExecutePreprocessor.timeout = 60
c.ExecutePreprocessor.kernel_name = "python3"
