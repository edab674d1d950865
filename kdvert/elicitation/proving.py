"""Which sentences hold what an answer says. A teacher's own citation is a claim: small models often miss by one."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from kdvert.elicitation.numbering import Sentence
from kdvert.knowledge.language import Language

ENOUGH = 0.8
"""Share of an answer's content words, those of the question aside, with which no further sentence is looked for."""
MOST = 3
"""Sentences that may prove one sentence; more would point at the passage and prove nothing."""


def proof(
    answer: str, question: str, sentences: Sequence[Sentence], claimed: Sequence[int], language: Language
) -> list[Sentence]:
    """Return the fewest sentences that hold each sentence of ``answer``: of the claimed ones if they do, else of all.

    The claim stands where words decide nothing. Whether the proof is enough, the filter ``support`` judges.

    Args:
        answer: of the teacher.
        question: what it answers; its words prove nothing.
        sentences: all that were shown.
        claimed: numbers of those that the teacher cites.
        language: tells which words carry content.
    """
    stating = [s for s in sentences if not s.text.endswith("?")]  # a question of the passage states nothing
    own = [s for s in stating if s.number in set(claimed)]
    known = language.content(question)
    found: dict[int, Sentence] = {}
    for part in [answer[start:end] for start, end in language.ends(answer)] or [answer]:
        whole = language.content(part)
        found |= {s.number: s for s in _of_sentence(whole - known, whole, own, stating, language)}
    return sorted(found.values() or own[:MOST], key=lambda s: s.number)


def _of_sentence(
    said: frozenset[str],
    whole: frozenset[str],
    own: Sequence[Sentence],
    stating: Sequence[Sentence],
    language: Language,
) -> list[Sentence]:
    """Return what holds one sentence of an answer; nothing if no word of it stands anywhere."""
    found = _cover(said, whole, own, language)
    if _missing(said, found, language) > (1 - ENOUGH) * len(said):
        everywhere = _cover(said, whole, [*own, *(s for s in stating if s not in own)], language)
        if _missing(said, everywhere, language) < _missing(said, found, language):
            found = everywhere
    return found


def _cover(
    said: frozenset[str], whole: frozenset[str], among: Sequence[Sentence], language: Language
) -> list[Sentence]:
    """Pick sentences until enough of ``said`` is held: each time what holds most of it, and most of ``whole``."""
    held = {s: _words(s.text, language) for s in among}
    picked: list[Sentence] = []
    missing = said
    while held and len(picked) < MOST and len(missing) > (1 - ENOUGH) * len(said):
        gains = {s: len(missing & words) + len(whole & words) for s, words in held.items() if missing & words}
        if not gains:
            break
        best = max(gains, key=gains.__getitem__)
        picked.append(best)
        missing -= held.pop(best)
    return picked


@functools.lru_cache(maxsize=1024)
def _words(sentence: str, language: Language) -> frozenset[str]:
    """Return the content words of a sentence that was shown: every record of a reply looks at all of them."""
    return language.content(sentence)


def _missing(said: frozenset[str], held: Sequence[Sentence], language: Language) -> int:
    return len(said.difference(*(_words(s.text, language) for s in held)))
