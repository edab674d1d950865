"""The same question asked twice: the first that passed everything else stays."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.filters.wording import words
from kdvert.records import Example, Verdict


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Compare questions, with the passages shown, word by word, case and punctuation aside.

    Reason code: ``exact_duplicate``.
    """
    seen: set[str] = set()
    verdicts: list[list[Verdict]] = []
    for example in examples:
        key = " ".join(words(example.asked))
        verdicts.append([verdict("exact_duplicate", "exact_duplicate" if key in seen else None)])
        if example.accepted:
            seen.add(key)
    return verdicts
