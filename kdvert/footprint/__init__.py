"""What training a student takes of memory, from its config.json alone: no weights are read."""
