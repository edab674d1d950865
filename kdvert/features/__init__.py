"""Token distributions of a teacher at the positions of accepted answers: how they are made, kept and compared."""
