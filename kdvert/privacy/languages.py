"""Tell in which of the supported languages a document is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

SUPPORTED = ("en", "es", "fr")
"""Two-letter codes of the languages that personal data is found in."""
READ = 4_000
"""Characters that are looked at."""

_WORD = re.compile(r"[a-zà-ÿœ]+")
_COMMON = {
    "en": frozenset("the of and to in is was for with that on by at from his her are an which been has not".split()),
    "es": frozenset(
        "el los las del y en por con una que al su para se lo como más fue sin sobre paciente años".split()
    ),
    "fr": frozenset("le les des du et dans par avec une qui au sur est pour ses aux pas cette été sont il que".split()),
}
"""Frequent words that tell these three languages from each other."""
_SURE = 2.0
"""How many times as many common words the first language must show as the second."""


def likeliest_first(declared: Sequence[str]) -> tuple[str, ...]:
    """Return all of `SUPPORTED`, those that a vertical declares first.

    The others stay: a Spanish letter in a project of English documents is personal data all the same.
    """
    return tuple(dict.fromkeys([*(code for code in declared if code in SUPPORTED), *SUPPORTED]))


def language_of(text: str, among: Sequence[str] = SUPPORTED) -> str:
    """Return the language of ``text``, two letters.

    Common words decide where they can, since short texts full of names mislead a model of letters; py3langid decides
    the rest.

    Args:
        text: any text; its beginning is read.
        among: codes of `SUPPORTED`, the likeliest first; it is also the answer to an empty text.
    """
    if len(among) == 1:
        return among[0]
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text[:READ].lower()):
        for code in among:
            counts[code] += word in _COMMON[code]
    (first, most), (_, next_most) = (*counts.most_common(2), ("", 0), ("", 0))[:2]
    if most >= _SURE * next_most and most > 0:
        return first
    if not most:
        return among[0]
    return str(_identifier(tuple(among)).classify(text[:READ])[0])


@cache
def _identifier(among: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(among))
    return identifier
