"""Find many literal values in a text at once, each only where it stands as words of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class _Phrase:
    """A value: ``before`` and ``after`` count its characters around the first and the last of its ``tokens``."""

    value: str
    before: int
    tokens: int
    after: int


class Phrases:
    """Literal values to look for. The time to search depends on the text, hardly on how many values there are.

    Args:
        values: what to find, case and punctuation as given; blanks match any other blanks.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._by_first: dict[str, list[_Phrase]] = {}
        for value in sorted({" ".join(v.split()) for v in values}):
            if tokens := list(_TOKEN.finditer(value)):
                phrase = _Phrase(value, tokens[0].start(), len(tokens), len(value) - tokens[-1].end())
                self._by_first.setdefault(tokens[0].group(), []).append(phrase)

    def __bool__(self) -> bool:
        return bool(self._by_first)

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and value of every occurrence; occurrences may overlap."""
        if not self._by_first:
            return
        spans = [m.span() for m in _TOKEN.finditer(text)]
        for number, (start, end) in enumerate(spans):
            for phrase in self._by_first.get(text[start:end], ()):
                last = number + phrase.tokens - 1
                if last < len(spans):
                    found = (start - phrase.before, spans[last][1] + phrase.after)
                    if _stands_alone(text, *found) and " ".join(text[slice(*found)].split()) == phrase.value:
                        yield *found, phrase.value


def _stands_alone(text: str, start: int, end: int) -> bool:
    if start < 0 or end > len(text):
        return False
    joined_before = text[start].isalnum() and text[max(0, start - 1) : start].isalnum()
    return not (joined_before or (text[end - 1].isalnum() and text[end : end + 1].isalnum()))
