"""Placeholders such as [PERSON_1]: the same value gets the same number within a document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from kdvert.privacy.generalization import FIXED_POINTS, GENERALIZABLE, mask
from kdvert.privacy.ledger import PERSON, Entry
from kdvert.privacy.names import words_of
from kdvert.privacy.spans import Piece


def fixed_points(entities: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for all that scrubbing writes and must leave alone: placeholders and coarser forms."""
    types = "|".join(sorted(map(re.escape, entities), key=lambda t: (-len(t), t)))
    return re.compile("|".join([rf"\[(?:REMOVED_(?:{types})|(?:{types})_\d+)\]", *FIXED_POINTS]))


@dataclass
class Numbering:
    """Numbers given out within one document.

    Attributes:
        highest: highest number in use, by entity type.
        values: number by entity type and normalized value.
        people: words of each person's name, with the person's number.
    """

    highest: dict[str, int] = field(default_factory=dict)
    values: dict[tuple[str, str], int] = field(default_factory=dict)
    people: list[tuple[frozenset[str], int]] = field(default_factory=list)

    @classmethod
    def of(cls, *texts: str) -> Numbering:
        """Start after the placeholders that stand in ``texts`` already."""
        highest: dict[str, int] = {}
        for text in texts:
            for entity, number in re.findall(r"\[([A-Z][A-Z0-9_]*)_(\d{1,9})\]", text):
                highest[entity] = max(highest.get(entity, 0), int(number))
        return cls(highest=highest)

    @property
    def entries(self) -> Set[Entry]:
        """Made-up values that were emitted: none."""
        return frozenset()

    def copy(self) -> Numbering:
        """Return an independent copy."""
        return Numbering(dict(self.highest), dict(self.values), list(self.people))

    def take(self, other: Numbering) -> None:
        """Become the same as ``other``."""
        self.highest, self.values, self.people = other.highest, other.values, other.people

    def replacements(self, text: str, pieces: Sequence[Piece], zip3_small: frozenset[str]) -> list[str]:
        """Return what stands in the place of each piece of ``text``; numbers follow the order of appearance."""
        names = [text[p.start : p.end] for p in pieces if p.entity == PERSON and p.action == "replace"]
        full = full_names(names, [words for words, _ in self.people])
        return [self._replacement(text[p.start : p.end], p, full, zip3_small) for p in pieces]

    def _replacement(
        self, value: str, piece: Piece, full: dict[str, frozenset[str]], zip3_small: frozenset[str]
    ) -> str:
        if piece.action == "drop":
            return f"[REMOVED_{piece.entity}]"
        if piece.action == "mask":
            return mask(value)
        if piece.action == "generalize":
            coarser = GENERALIZABLE[piece.entity](value, zip3_small)
            if coarser is not None:
                return coarser
        return f"[{piece.entity}_{self._number(piece.entity, value, full)}]"

    def _number(self, entity: str, value: str, full: dict[str, frozenset[str]]) -> int:
        if entity == PERSON and value in full:
            words = full[value]
            for known, number in self.people:
                if known == words:
                    return number
            number = self._next(entity)
            self.people.append((words, number))
            return number
        key = (entity, re.sub(r"[\W_]+", "", value).casefold())
        if key not in self.values:
            self.values[key] = self._next(entity)
        return self.values[key]

    def _next(self, entity: str) -> int:
        self.highest[entity] = self.highest.get(entity, 0) + 1
        return self.highest[entity]


def full_names(names: Sequence[str], known: Sequence[frozenset[str]]) -> dict[str, frozenset[str]]:
    """Map each name to the words of the fullest name that it is a part of ("Dr. Alvarez" to "Maria Alvarez")."""
    people = list(known)
    found: dict[str, frozenset[str]] = {}
    for name in sorted(dict.fromkeys(names), key=lambda n: -len(words_of(n))):
        words = frozenset(w.casefold() for w in words_of(name)) or frozenset({name.casefold()})
        match = next((person for person in people if _is_part(words, person)), None)
        if match is None:
            people.append(words)
        found[name] = match or words
    return found


def _is_part(words: frozenset[str], person: frozenset[str]) -> bool:
    rest = words - person
    shares = any(len(w) > 1 for w in words & person)
    return shares and all(len(w) == 1 and any(p.startswith(w) for p in person) for w in rest)
