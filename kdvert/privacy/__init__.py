"""Personal data: found, judged by policy, replaced."""
