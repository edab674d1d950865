"""What of a text counts for search by words: stems, pairs of them, and what stands in headings and table cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

# a number keeps its decimals, a word its inner digits; scripts without spaces give one sign at a time, and pairs make
# words of them
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W_぀-ヿ㐀-鿿가-힯]+(?:[.,]\d+)*")
_TABLE_ROW = re.compile(r"^.*\|.*$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*)$", re.MULTILINE)
_LETTER = re.compile(r"[^\W\d_]")

_FUNCTION = {
    "en": "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
    "this to was will with which what who how when where why do does did has have had from following would could "
    "should can may its his her our your you we he she i"
}
"""Words without a topic, by language. For others, those that bm25s lists."""

_LISTED = {
    "da": "DANISH", "de": "GERMAN", "es": "SPANISH", "fr": "FRENCH", "it": "ITALIAN", "ko": "KOREAN", "nl": "DUTCH",
    "no": "NORWEGIAN", "pt": "PORTUGUESE", "ru": "RUSSIAN", "sv": "SWEDISH", "tr": "TURKISH", "zh": "CHINESE",
}  # fmt: skip
"""What bm25s calls its list of a language."""

_ASKING = {
    "en": "percentage percent change average difference increase decrease increased decreased increasing between "
    "respective respectively ratio compare compared many much best describe describes described example true false "
    "statement correct type types kind"
}
"""Words that say what is to be done with the topic of a question; they count half."""


class Analyzer:
    """Takes texts of one language apart.

    Args:
        language: two-letter code. One that Snowball has no stemmer for is left unstemmed.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._stemmer = _stemmer(language)
        self._function = _function_words(language)
        self._asking = frozenset(self._stem(_ASKING.get(language, "").split()))

    def words(self, text: str) -> list[str]:
        """Return the stems of a text, in order, without function words."""
        found = (word.replace(",", "") for word in _WORD.findall(text.lower()))
        return self._stem([word for word in found if word not in self._function])

    def asked(self, query: str) -> tuple[list[str], list[str]]:
        """Return the stems of a question, and those of them that name its topic (all, if none does)."""
        words = self.words(query)
        return words, [word for word in words if word not in self._asking] or words

    def labels(self, text: str) -> list[str]:
        """Return the stems in headings, and in those cells of tables that hold letters."""
        cells = (cell for row in _TABLE_ROW.findall(text) for cell in row.split("|") if _LETTER.search(cell))
        return [word for label in (*_HEADING.findall(text), *cells) for word in self.words(label)]

    def _stem(self, words: list[str]) -> list[str]:
        return list(self._stemmer.stemWords(words)) if self._stemmer else words


def pairs(words: Sequence[str]) -> list[str]:
    """Return neighboring words together: "net sales" is more than "net" and "sales"."""
    return [f"{first} {second}" for first, second in pairwise(words)]


@lru_cache
def _stemmer(language: str) -> Any:
    import Stemmer

    try:
        return Stemmer.Stemmer(language)
    except KeyError:
        return None


@lru_cache
def _function_words(language: str) -> frozenset[str]:
    from bm25s import stopwords

    if language in _FUNCTION:
        return frozenset(_FUNCTION[language].split())
    return frozenset(getattr(stopwords, f"STOPWORDS_{_LISTED.get(language)}", ()))
