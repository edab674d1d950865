"""The student in use: it answers from the project's passages, names them, and abstains where there are none."""
