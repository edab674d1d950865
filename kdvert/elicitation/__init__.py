"""Elicitation: getting knowledge out of a teacher, one file a strategy of the survey."""
