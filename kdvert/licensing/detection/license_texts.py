"""Which license a text is the text of: compared, word by word, with the texts in ``compliance/texts``.

Own code, because no kept library matches the licenses of data: `identify` knows 35 software licenses exactly and none
of the non-commercial ones, ScanCode brings dozens of dependencies.
"""

from __future__ import annotations

from functools import cache

from kdvert.content import compliance_facts
from kdvert.licensing.detection.names import words_of

ALIKE = 0.90
"""Share of words that two texts must have in common, in order, to be the same license."""

_LONGEST = 100_000  # characters; the longest license in use has 40,000
_FILLED_IN = 40  # words at the start that a license leaves to be filled in: year, holder


def identify_text(text: str) -> tuple[str, float] | None:
    """Return the id of the license whose text this is, and how alike they are (0 to 1); None if it is none known."""
    from rapidfuzz.distance import Indel

    words = words_of(text[:_LONGEST]).split()
    if len(words) < 20:
        return None
    if (exact := next((name for name, known in texts().items() if known == words), None)) is not None:
        return exact, 1.0
    best: tuple[str, float] | None = None
    for name, known in texts().items():
        if min(len(known), len(words)) < 0.75 * max(len(known), len(words)) - _FILLED_IN:
            continue
        alike = Indel.normalized_similarity(known, words, score_cutoff=best[1] if best else ALIKE)
        if alike and (best is None or alike > best[1]):
            best = (name, alike)
    return best


@cache
def texts() -> dict[str, list[str]]:
    """Return the words of every license text, by id."""
    folder = compliance_facts() / "texts"
    return {path.stem: words_of(path.read_text(encoding="utf-8")).split() for path in sorted(folder.glob("*.txt"))}
