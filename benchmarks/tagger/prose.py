"""The sample corpora of the verticals (CC0), save where they name somebody: what training and scores call ordinary."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

CORPORA = Path(__file__).resolve().parents[2] / "verticals"
PLANTED = re.compile(r"@|\b555-|\bborn\b|\bID\b.*\d|No\. \d")
"""What paragraphs have in which an invented person is planted, for `kdvert scrub` to find."""
HELD_OUT = 4
"""One file of a corpus in so many is kept out of training, and false findings are counted in it."""


@cache
def paragraphs(held_out: bool) -> dict[str, list[str]]:
    """Return paragraphs of more than 60 characters by vertical, of one side of the split."""
    found: dict[str, list[str]] = {}
    for folder in sorted(CORPORA.glob("*/kdvert_*/corpus")):
        files = sorted(folder.glob("*.md"))
        kept = [path for number, path in enumerate(files) if (number % HELD_OUT == 0) == held_out]
        texts = [part.strip() for path in kept for part in path.read_text(encoding="utf-8").split("\n\n")]
        found[folder.parents[1].name] = [text for text in texts if len(text) > 60 and not PLANTED.search(text)]
    return found


@cache
def sentences() -> list[str]:
    """Return sentences of the paragraphs that are trained on."""
    texts = [text for part in paragraphs(held_out=False).values() for text in part]
    found = [sentence.replace("\n", " ") for text in texts for sentence in re.split(r"(?<=[.?!])\s+", text)]
    return [sentence for sentence in found if 30 < len(sentence) < 400]
