"""The guide to teachers lists every reason and note."""

from pathlib import Path

from kdvert.teachers.faults import REASONS
from kdvert.teachers.protocol import NOTES

GUIDE = Path(__file__).parents[2] / "docs" / "teachers.md"


def test_every_reason_and_note_is_in_the_guide():
    rows = {line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")}
    assert {f"| `{code}` | {text} |" for code, text in (REASONS | NOTES).items()} <= rows
