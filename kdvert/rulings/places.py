"""Where a review keeps what reviewers must not read, in the project's folder; not under version control."""

from __future__ import annotations

from pathlib import Path

PRIVATE = Path("private")
PLANTED = PRIVATE / "planted.json"
"""Which records hold planted errors."""
PLANTED_RECORDS = PRIVATE / "planted.jsonl"
"""These records."""
