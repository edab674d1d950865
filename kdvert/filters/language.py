"""Records in a language of the vertical. py3langid carries its model with it and needs no network."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.records import Example, Verdict


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge the language of question and answer together. Reason code: ``wrong_language``.

    Short texts full of terms are hard to tell, so only a certain finding rejects.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    verdicts: list[list[Verdict]] = []
    for example in examples:
        language, certainty = identifier.classify(f"{example.question} {example.answer}")
        foreign = language not in material.languages and certainty >= material.thresholds.language_certainty
        verdicts.append([verdict("language", "wrong_language" if foreign else None, float(certainty))])
    return verdicts
