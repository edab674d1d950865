"""Scrub files, folders or standard input without a project: what ``kdvert scrub`` does.

`rulebook` says by which rules, `reading` turns paths into items, `packing` lets the fields of a row be scrubbed as one
text, `writing` writes what came out, `job` puts them together. Everything streams: an item is read, scrubbed and
written before much more is read.
"""
