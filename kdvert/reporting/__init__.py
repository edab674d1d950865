"""The report: facts out of the finished stages, figures, one closed page."""
