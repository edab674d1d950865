"""Agronomy vertical for kdvert, made of data only."""
