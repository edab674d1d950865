"""Filters: which records are good enough to train on, one file each, listed in `kdvert.filters.table`."""
