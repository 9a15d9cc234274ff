"""A small course for the grader's tests; its names are those of the course's own."""

c = get_config()  # noqa: F821  nbgrader defines it

c.CourseDirectory.course_id = "hostile"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.directory_structure = "{nbgrader_step}/{student_id}/{assignment_id}"

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()  # your answer"}
c.ExecutePreprocessor.timeout = 60
c.ExecutePreprocessor.kernel_name = "python3"
