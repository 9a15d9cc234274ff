"""The course and its books: folders, sheets, submissions, the gradebook."""
