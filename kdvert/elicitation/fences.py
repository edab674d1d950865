"""Lines that set passages apart in a prompt, so that nothing in a passage can pose as the end of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdvert.records import ScrubbedText, sha256_text

LINE = re.compile(r"<<[a-p]{12}>> (?:passage \d{1,3}|end)")
"""A whole line that templates write between passages."""

_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits in a fence could be taken for a number of somebody's."""


def fence(passages: Sequence[str]) -> ScrubbedText:
    """Return the mark for ``passages``. Unlike a fixed one, it cannot be written into a document beforehand."""
    return ScrubbedText(f"<<{sha256_text(chr(0).join(passages))[:12].translate(_LETTERS)}>>", "package")
