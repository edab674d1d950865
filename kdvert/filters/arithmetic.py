"""Every number of an answer must stand in its evidence or follow from it, and stated sums must be right.

Cheap, and the same in every language: digits, signs of operation and symbols of units. The vertical's own checks know
more of their field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.filters import figures as reading
from kdvert.filters.contract import Material, verdict
from kdvert.filters.derivation import Source, follows, source
from kdvert.filters.equations import equations, holds
from kdvert.filters.figures import Figure, equal
from kdvert.records import Example, Verdict

_SMALL_COUNT = 10  # below it, a bare whole number often counts what the evidence lists
_CONVERSIONS = frozenset((12, 16, 24, 30, 36, 52, 60, 100, 360, 365, 1000, 3600))
_LIST_MARKER = re.compile(r"^[ \t]*[(\[]?\d{1,2}[.)\]]\s", re.MULTILINE)


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge the numbers of each answer. Reason codes:

    ``number_not_in_evidence``, ``unit_differs_from_evidence`` (the number is there with a unit of another kind),
    ``arithmetic_wrong`` (an equation that the answer states is false). What an equation gives counts as known from
    there on, if its terms are known.
    """  # noqa: D400, D415
    return [[verdict("numbers", _judge(e, material))] for e in examples]


def _judge(example: Example, material: Material) -> str | None:
    spans = [
        material.chunks[e.chunk_id].text[e.start : e.end] for e in example.evidence if e.chunk_id in material.chunks
    ]
    tools = [m.content for m in example.messages if m.role == "tool"]  # worked out by code, or looked up
    evidence = "\n".join([*spans, example.quote, *tools])
    asked = "\n".join(question for question, _ in example.exchanges)
    reasons = (reason(asked, answer, evidence, material.languages) for _, answer in example.exchanges)
    return next((found for found in reasons if found), None)


@dataclass(frozen=True)
class _Given:
    """What an answer may rest on: figures that are known, where they stand, and what question and answer say."""

    known: list[Figure]
    source: Source
    named: list[Figure]
    question: str
    answer: str


def reason(question: str, answer: str, evidence: str, languages: Sequence[str] = ()) -> str | None:
    """Return why the numbers of ``answer`` do not rest on ``evidence`` and ``question``, or None.

    Args:
        question: its numbers are known.
        answer: the text to judge.
        evidence: its numbers are known; lines and cells parted by ``|`` keep operands together.
        languages: ISO 639-1 codes of the languages whose number words count.
    """
    written = reading.plain(_LIST_MARKER.sub(" ", answer))
    stated = reading.figures(written)
    if not stated:
        return None
    ground = reading.plain(f"{evidence}\n{question}")
    known = [*reading.figures(ground), *reading.figures(reading.with_digits(ground, languages))]
    results = _results(written, stated, known)
    if results is None:
        return "arithmetic_wrong"
    named = [*reading.figures(reading.plain(question)), *stated]
    given = _Given(known, source(ground), named, question, answer)
    tables = reading.mentions_scale(ground)
    open_figures = {(f.readings, f.step, f.unit, f.bare): f for f in stated if f.start not in results}
    return next((code for f in open_figures.values() if (code := _reason(f, given, tables))), None)


def _reason(figure: Figure, given: _Given, tables: bool) -> str | None:
    """Judge one figure; where the evidence has a table in thousands, "5 thousand" may stand there as 5."""
    code = _support(figure, given)
    return _support(reading.unscaled(figure), given) if code and tables and figure.scale != 1 else code


def _support(figure: Figure, given: _Given) -> str | None:
    if figure.bare and figure.value < _SMALL_COUNT:
        return None
    same = [k for k in given.known if equal(figure, k)]
    if same and not _contradicted(figure, same):
        return None
    if any(reading.convertible(figure, k) for k in given.known):
        return None
    if same:
        return "unit_differs_from_evidence"
    found = follows(figure, given.source, given.question, given.answer, given.named)
    return None if found else "number_not_in_evidence"


def _contradicted(figure: Figure, same: list[Figure]) -> bool:
    """Tell whether the evidence has the number with other units only; none beside it may be left out in a list."""
    return bool(figure.unit) and all(k.unit and k.unit.lower() != figure.unit.lower() for k in same)


def _results(written: str, stated: list[Figure], known: list[Figure]) -> set[int] | None:
    """Return where figures of right equations with known terms stand; they join the known. None: one is wrong."""
    results: set[int] = set()
    for sides in equations(written, stated):
        if not holds(*sides):
            return None
        for result, terms in (sides, sides[::-1]):
            if result.single and all(_known(t, known) for t in terms.figures):
                results.update(f.start for f in (*terms.figures, result.figures[0]))
                known += [*terms.figures, result.figures[0]]
    return results


def _known(term: Figure, known: list[Figure]) -> bool:
    """Tell whether a term is given, or a small count, or one of the numbers that convert units."""
    common = term.bare and (term.value < _SMALL_COUNT or term.value in _CONVERSIONS)
    common = common or (term.unit == "%" and term.value == 100)
    return common or any(equal(term, k) for k in known)
