"""Data of the science vertical for kdvert."""
