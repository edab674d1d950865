"""Find who and what stands in the lines of a contact block: signatures, address labels, forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy import gazetteer, places
from kdvert.privacy.names import Span, is_plain
from kdvert.privacy.spans import Hit

NEAR = 7
"""Lines before an address or a contact label that belong to its block."""
LONGEST = 55
"""Characters of such a line at most."""

_LINE = re.compile(r"^[ \t>*|-]*(?P<line>\S.*?)[ \t]*$", re.MULTILINE)
_CONTACT = re.compile(
    r"(?:phone|tel(?:ephone)?|e-?mail|fax|address|personal\sinfo|mobile|office|website)\b", re.IGNORECASE
)
_WORDS = re.compile(
    r"(?:\p{Lu}[\p{L}\p{M}’'-]*\.?|\p{Lu}\.|(?:de|da|van|von|der|den|la|le|di|del|bin|al)\b)(?:\s(?=\S)|$)"
)
_TOWN = re.compile(r"\p{Lu}[\p{L}\p{M}∆’' .,()-]*\d{0,6}$")
_FIRM = re.compile(r"(?:\p{Lu}|\d)[\p{L}\p{M}\d&.,’' -]*$")


def find(text: str, streets: Sequence[Span]) -> Iterator[Hit]:
    """Yield persons and organizations in the short lines before an address or a contact label.

    Args:
        text: any text.
        streets: spans that are addresses.
    """
    if "\n" not in text:
        return
    lines = [m.span("line") for m in _LINE.finditer(text)]
    anchors = {i for i, line in enumerate(lines) if _is_anchor(text, line, streets)}
    people = [i for i, line in enumerate(lines) if _is_person(text[slice(*line)])]
    for index, line in enumerate(lines):
        yield from _town(text, lines, index)
        near = (
            any(index < a <= index + NEAR for a in anchors) or index - 1 in people or (index in people and index == 0)
        )
        if near and index not in anchors and line[1] - line[0] <= LONGEST:
            yield from _read(text, line)


def _town(text: str, lines: Sequence[Span], index: int) -> Iterator[Hit]:
    """Find the town in the line above one that holds a country alone, or with a postal code."""
    country = text[slice(*lines[index])]
    if index == 0 or len(country) > LONGEST or not places.is_region(re.sub(r"[\d,\s]+$", "", country)):
        return
    start, end = lines[index - 1]
    if end - start <= LONGEST and _TOWN.match(text[start:end]):
        yield Hit("LOCATION", start, end, 0.6)
        yield Hit("REGION", *lines[index], 0.6)


def _is_anchor(text: str, line: Span, streets: Sequence[Span]) -> bool:
    return bool(_CONTACT.match(text, *line)) or any(start == line[0] and end > start + 6 for start, end in streets)


def _read(text: str, line: Span) -> Iterator[Hit]:
    value = text[slice(*line)]
    if value.endswith((":", "?", "!")) or any(c.isdigit() for c in value):
        return
    if _is_person(value):
        yield Hit("PERSON", *line, 0.6)
    elif _FIRM.match(value) and len(value.split()) <= 5:
        yield Hit("ORGANIZATION" if value.istitle() else "OCCUPATION", *line, 0.5)


def _is_person(value: str) -> bool:
    words = [w.strip(".") for w in value.split()]
    if not 2 <= len(words) <= 4 or "".join(_WORDS.findall(value)) != value:
        return False
    full = [w for w in words if len(w) > 1]
    named = full and (full[0].lower() in gazetteer.first_names() or full[-1].lower() in gazetteer.surnames())
    initial = len(full) >= 2 and any(len(w) == 1 for w in words)
    return bool((named or initial) and not all(is_plain(w, frozenset()) for w in full))
