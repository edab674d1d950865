"""Run patterns over a text, each only where its precondition holds: most of what they find has a digit in it.

`PatternMatcher` runs recognizers as data; `StockMatcher` runs Presidio's own, without the analyzer around them. Scores
are Presidio's: a pattern's own, raised where a context word stands among the words before the match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import regex as re  # lookbehinds of any width

from kdvert.privacy.checksums import score_of
from kdvert.privacy.guard import is_armed
from kdvert.privacy.spans import Hit, meeting
from kdvert.verticals import PatternSpec, RecognizerSpec

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL
CONTEXT_BOOST = 0.35
"""What a context word adds to a score; Presidio's own figure."""
CONTEXT_WORDS = 5
"""Words before a match among which a context word must stand."""
TIME_LIMIT = 20.0
"""Seconds a pattern may take in one window; then the text is held back, not passed."""
VALUE = "value"
"""A group of this name is what a pattern finds; what stands around it in the pattern is its label."""
REACH = 90
"""Characters before and after a digit within which a pattern for numbers may begin and end."""

Span = tuple[int, int]

_MASK = "\ue000"
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+")

STOCK_GATES = {
    "ABA_ROUTING_NUMBER": r"\d{4}-?\d{4}",
    "CREDIT_CARD": r"\d{3}[- ]?\d{3}",
    "CRYPTO": r"\b(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{25}",
    "EMAIL_ADDRESS": r"@",
    "IBAN_CODE": r"\b[A-Z]{2}\d\d",
    "IP_ADDRESS": r"\d\.\d|[0-9a-fA-F]?:[0-9a-fA-F]{0,4}:",
    "MAC_ADDRESS": r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.",
    "MEDICAL_LICENSE": r"[A-Za-z][A-Za-z9]\d{6}",
    "UK_NHS": r"\d{3}[- ]?\d{3}[- ]?\d{4}",
    "UK_NINO": r"\d\d\s?\d\d\s?\d\d",
    "UK_PASSPORT": r"\d{6}",
    "URL": r"\w\.[A-Za-z]{2}|://|www",
    "US_BANK_NUMBER": r"\d{8}",
    "US_DRIVER_LICENSE": r"\d{3}",
    "US_HEALTH_INSURANCE_MEMBER_ID": r"\d{3}",
    "US_ITIN": r"9\d\d[- ]?[5-9]",
    "US_MBI": r"\d[A-Za-z][A-Za-z0-9]\d",
    "US_NPI": r"[12]\d{2}",
    "US_PASSPORT": r"\d{8}",
    "US_SSN": r"\d{3}[- .]?\d\d[- .]?\d{4}",
    "UUID": r"[0-9a-fA-F]{8}-",
}
"""What must stand in a text before a stock recognizer is worth running."""

_PHONE_LIKE = re.compile(r"[+(]?\d(?:[\s().,/x-]{0,3}\d){6,}")


def regions(text: str) -> list[Span]:
    """Return the stretches of ``text`` around its digits, sorted and disjoint."""
    return around((m.span() for m in _DIGITS.finditer(text)), text)


def around(spans: Iterable[Span], text: str) -> list[Span]:
    """Return the stretches of ``text`` within `REACH` of ``spans`` (sorted), sorted and disjoint."""
    found: list[Span] = []
    for first, last in spans:
        start, end = max(0, first - REACH), last + REACH
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return [(start, _to_blank(text, end)) for start, end in found]


def masked(text: str, spans: Iterable[Span]) -> str:
    """Return ``text`` with a character that is in no word and no number in the place of every one in ``spans``.

    Args:
        text: any text.
        spans: sorted and disjoint.
    """
    parts: list[str] = []
    reach = 0
    for start, end in spans:
        parts += [text[reach:start], _MASK * (end - start)]
        reach = end
    return "".join([*parts, text[reach:]])


def _to_blank(text: str, end: int) -> int:
    """Return the next blank after ``end``: a cut inside a word would let half of it match."""
    blank = text.find(" ", end, end + REACH)
    return len(text) if blank < 0 and end + REACH >= len(text) else (blank if blank >= 0 else end)


def _common(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """Return what two sorted rows of disjoint spans share."""
    return [(max(a, c), min(b, d)) for a, b in first for c, d in meeting(second, a, b)]


@dataclass(frozen=True)
class PatternMatcher:
    """Runs recognizers as data; those that can find nothing without a digit only near digits."""

    specs: Sequence[RecognizerSpec]

    def find(self, text: str, changed: Sequence[Span] | None = None) -> Iterator[Hit]:
        """Yield what the patterns find, with their scores.

        Args:
            text: any text.
            changed: where it differs from a text that was searched before; only the stretches around are searched.

        Raises:
            TimeoutError: a pattern takes longer than `TIME_LIMIT`.
        """
        if changed is None:
            whole, near = [(0, len(text))], regions(text)
        else:
            whole = around(changed, text)
            near = _common(regions(masked(text, changed)), whole)
        lower = text.lower()
        limit = None if is_armed() else TIME_LIMIT
        for entity, context, needs, patterns in self._compiled:
            if needs and not any(word in lower for word in needs):
                continue
            for pattern, rule, has_digit in patterns:
                for span in _spans(pattern, text, near if has_digit else whole, limit):
                    score = score_of(rule, text[slice(*span)])
                    if score:
                        yield Hit(entity, *span, in_context(text, span[0], score, context))

    @cached_property
    def _compiled(self) -> list[tuple[str, frozenset[str], tuple[str, ...], list[tuple[Any, PatternSpec, bool]]]]:
        made = []
        for spec in self.specs:
            digits = needs_digit(spec)
            patterns = [(re.compile(p.regex, FLAGS), p, digits) for p in spec.patterns]
            made.append((spec.entity, frozenset(w.lower() for w in spec.context), tuple(spec.needs), patterns))
        return made


def _spans(pattern: Any, text: str, stretches: Sequence[Span], limit: float | None) -> Iterator[Span]:
    group = VALUE if VALUE in pattern.groupindex else 0
    for start, end in stretches:
        for match in pattern.finditer(text, start, end, timeout=limit):
            if match.end(group) > match.start(group):
                yield match.span(group)


def needs_digit(spec: RecognizerSpec) -> bool:
    """Return whether everything that a recognizer is meant to find holds a digit, by its own cases."""
    return all(any(c.isdigit() for c in case.find) for case in spec.matches)


def in_context(text: str, start: int, score: float, context: frozenset[str]) -> float:
    """Return ``score``, raised if one of the words before ``start`` is in ``context``."""
    if not context:
        return score
    words = _WORD.findall(text[max(0, start - 120) : start].lower())[-CONTEXT_WORDS:]
    told = any(w in context or _singular(w) in context for w in words)
    return min(1.0, score + CONTEXT_BOOST) if told else score


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True)
class StockMatcher:
    """Runs Presidio's own recognizers, each where its gate opens."""

    recognizers: Sequence[tuple[str, EntityRecognizer]]

    def find(self, text: str) -> Iterator[Hit]:
        """Yield what they find, with their scores."""
        has_digit = bool(_DIGITS.search(text))
        for entity, recognizer in self.recognizers:
            if not has_digit and entity not in ("EMAIL_ADDRESS", "URL", "MAC_ADDRESS", "IP_ADDRESS"):
                continue
            context = self._contexts[entity]
            for start, part in self._parts(entity, text):
                for r in recognizer.analyze(part, [entity], None):  # type: ignore[arg-type]
                    at = r.start + start
                    yield Hit(entity, at, r.end + start, in_context(text, at, float(r.score), context))

    @cached_property
    def _contexts(self) -> dict[str, frozenset[str]]:
        return {entity: frozenset(w.lower() for w in r.context or ()) for entity, r in self.recognizers}

    def _parts(self, entity: str, text: str) -> Iterable[tuple[int, str]]:
        if entity == "PHONE_NUMBER":  # it tries every number in every country's forms
            return [(m.start(), text[m.start() : m.end()]) for m in _PHONE_LIKE.finditer(text)]
        return [(0, text)] if _gate(entity).search(text) else []


@cache
def _gate(entity: str) -> Any:
    return re.compile(STOCK_GATES.get(entity, r"\d"))
