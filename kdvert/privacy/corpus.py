"""The corpus pass: a name that one document gave away is searched in all of them.

Raw names live in memory only: they are read from the raw documents by the offsets of the first pass, so that nothing
has to be kept between passes, and a killed run leaves none on disk. Only the names themselves are searched, without
any model, and only a document that holds one is scrubbed again.
"""

from __future__ import annotations

from collections.abc import Iterable

from kdvert.privacy import gazetteer, names
from kdvert.privacy.ledger import PERSON
from kdvert.privacy.phrases import Phrases
from kdvert.privacy.spans import subtract
from kdvert.records import Document, ScrubLog

SURE = 0.8
"""Score of a finding that is sure enough to be searched elsewhere."""
MOST = 200_000
"""Names that are searched at most, so that memory stays bounded (some 50 MB)."""


def sure_names(found: Iterable[tuple[Document, ScrubLog]], most: int = MOST) -> set[str]:
    """Return names of persons that are sure: two words or more, and not all of them other words too.

    Args:
        found: raw documents with the log of their first pass.
        most: how many names to take; the rest is left out.
    """
    taken: set[str] = set()
    for document, log in found:
        for finding in log.findings:
            value = " ".join(document.text[finding.start : finding.end].split())
            if finding.entity == PERSON and finding.score >= SURE and _is_sure(value):
                taken.add(value)
                if len(taken) >= most:
                    return taken
    return taken


def as_phrases(known: Iterable[str]) -> Phrases:
    """Return names to search for; capitals make no difference."""
    return Phrases(form for name in known for form in (name, name.upper()))


def is_left(known: Phrases, scrubbed: Document, log: ScrubLog) -> bool:
    """Return whether a known name still stands in a scrubbed document, outside of what was put in."""
    put_in = [(move.scrubbed_start, move.scrubbed_end) for move in log.moves]
    in_text = any(subtract(start, end, put_in) == [(start, end)] for start, end, _ in known.find(scrubbed.text))
    return in_text or next(known.find(scrubbed.source.title), None) is not None


def _is_sure(value: str) -> bool:
    words = [w for w in names.words_of(value) if len(w) > 1]
    told = [w for w in words if w[0].isupper() and not gazetteer.is_ordinary(w)]
    return len(words) >= 2 and bool(told) and value not in gazetteer.historic_people()
