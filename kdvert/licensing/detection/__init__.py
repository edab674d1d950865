"""What license a document shows of itself: a table of detectors, and the comparison with what was declared."""
