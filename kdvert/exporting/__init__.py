"""A finished student in the form that others can use: one file a target, and one table of targets."""
