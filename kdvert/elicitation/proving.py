"""Which sentences hold what an answer says. A teacher's own citation is a claim: small models often miss by one."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.elicitation.numbering import Sentence
from kdvert.knowledge.language import Language

ENOUGH = 0.8
"""Share of an answer's content words, those of the question aside, with which no further sentence is looked for."""
MOST = 4
"""Sentences of a proof; more would point at the passage and prove nothing."""


def proof(
    answer: str, question: str, sentences: Sequence[Sentence], claimed: Sequence[int], language: Language
) -> list[Sentence]:
    """Return the fewest sentences that hold what ``answer`` says: of the claimed ones if they do, else of all.

    The claim stands where words decide nothing. Whether the proof is enough, the filter ``support`` judges.

    Args:
        answer: of the teacher.
        question: what it answers; its words prove nothing.
        sentences: all that were shown.
        claimed: numbers of those that the teacher cites.
        language: tells which words carry content.
    """
    said = language.content(answer) - language.content(question)
    sentences = [s for s in sentences if not s.text.endswith("?")]  # a question of the passage states nothing
    own = [s for s in sentences if s.number in set(claimed)]
    if not said:
        return own[:MOST]
    found = _cover(said, own, language)
    if _missing(said, found, language) > (1 - ENOUGH) * len(said):
        everywhere = _cover(said, [*own, *(s for s in sentences if s not in own)], language)
        if _missing(said, everywhere, language) < _missing(said, found, language):
            found = everywhere
    return sorted(found or own[:MOST], key=lambda s: s.number)


def _cover(said: frozenset[str], among: Sequence[Sentence], language: Language) -> list[Sentence]:
    """Pick sentences greedily, the one that holds most of what is missing first, until enough is held."""
    picked: list[Sentence] = []
    missing = said
    while len(picked) < MOST and len(missing) > (1 - ENOUGH) * len(said):
        best = max(among, key=lambda s: len(missing & language.content(s.text)), default=None)
        if best is None or not missing & language.content(best.text):
            break
        picked.append(best)
        missing -= language.content(best.text)
    return picked


def _missing(said: frozenset[str], held: Sequence[Sentence], language: Language) -> int:
    return len(said.difference(*(language.content(s.text) for s in held)))
