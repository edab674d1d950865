"""What is known of a language: where sentences end, which words carry content, and, if a model is there, grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from kdvert.hardware import one_thread

if TYPE_CHECKING:
    from spacy.language import Language as Pipeline
    from spacy.tokens import Doc, Span, Token

_BLOCK = re.compile(r"(?:(?!\n[ \t]*\n).)+", re.DOTALL)
_MARKUP = re.compile(r"^\s*(?:#|\||>|```|={3,}|-{3,}|<)")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+", re.MULTILINE)

_CUTTER = "senter"
"""The part of a trained pipeline that finds ends of sentences and nothing else, seven times as fast as its parser."""

_KEPT_UP_TO = 2000
"""Characters of a text whose reading is kept: several filters read the same questions, answers and quotes."""


@dataclass(frozen=True)
class Language:
    """A language as spaCy knows it.

    Attributes:
        code: ISO 639-1 code.
        parsed: a trained pipeline is installed, so tokens have parts of speech, lemmas and heads.
    """

    code: str
    parsed: bool
    pipeline: Pipeline

    def parse(self, text: str) -> Doc:
        """Return ``text`` as tokens."""
        with one_thread():
            return self.pipeline(text)

    def sentences(self, text: str) -> list[tuple[int, int, Span]]:
        """Return (start, end, tokens) of each sentence; headings, tables and list markers are left out.

        ``text[start:end]`` is the sentence; its tokens are those of the text with line breaks as spaces.
        """
        return list(_sentences(text, self.parse))

    def ends(self, text: str) -> list[tuple[int, int]]:
        """Return (start, end) of each sentence, much faster than `sentences` and at times cut elsewhere."""
        return list(_ends(self, text) if len(text) <= _KEPT_UP_TO else _cut(self, text))

    def _cut(self, text: str) -> Doc:
        if not self.parsed or _CUTTER not in self.pipeline.component_names:
            return self.parse(text)
        with one_thread():
            doc: Doc = self.pipeline.get_pipe(_CUTTER)(self.pipeline.make_doc(text))
        for token in doc[1:]:
            if token.is_sent_start and token.nbor(-1).is_left_punct:
                token.is_sent_start = False  # it cuts behind the bracket of "([figure or section])"
        return doc

    def content(self, text: str | Span) -> frozenset[str]:
        """Return the words that carry content (no function words, no punctuation), as `key` gives them."""
        return frozenset(self.content_in_order(text))

    def content_in_order(self, text: str | Span) -> tuple[str, ...]:
        """Return the same words as they come, repeats included."""
        if isinstance(text, str):
            return _kept_keys(self, text) if len(text) <= _KEPT_UP_TO else _keys(self, self._tokens(text))
        return _keys(self, text)

    def _tokens(self, text: str) -> Doc:
        """Return the tokens of ``text``, with grammar only where `key` asks for it: that is nearly all of the work."""
        return self.pipeline.make_doc(text) if self.code == "en" else self.parse(text)

    def key(self, token: Token) -> str:
        """Return what two forms of the same word have in common.

        Lemmas depend on the part of speech that the tagger sees, which differs between a sentence and a question
        about it, so English words are cut to stems instead.
        """
        if self.code == "en":
            return _stem(token.text.casefold())
        return (token.lemma_ or token.text).casefold()


def _keys(language: Language, tokens: Doc | Span) -> tuple[str, ...]:
    return tuple(language.key(t) for t in tokens if _carries(t))


@lru_cache(maxsize=8192)
def _kept_keys(language: Language, text: str) -> tuple[str, ...]:
    return _keys(language, language._tokens(text))


def _cut(language: Language, text: str) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end, _ in _sentences(text, language._cut))


@lru_cache(maxsize=8192)
def _ends(language: Language, text: str) -> tuple[tuple[int, int], ...]:
    return _cut(language, text)


def _sentences(text: str, parse: Callable[[str], Doc]) -> Iterator[tuple[int, int, Span]]:
    for offset, block in _blocks(text):
        flat = re.sub(r"\s", " ", block.strip())
        start = offset + len(block) - len(block.lstrip())
        for sentence in parse(flat).sents:
            left, right = start + sentence.start_char, start + sentence.end_char
            part = text[left:right]
            lead = len(part) - len(part.lstrip())
            yield left + lead, left + len(part.rstrip()), sentence


@cache
def load(code: str) -> Language:
    """Return the language with the smallest trained pipeline installed for it, or with sentence ends alone."""
    import spacy
    from spacy.util import get_installed_models

    trained = [name for name in get_installed_models() if name.startswith(f"{code}_core")]
    trained.sort(key=lambda name: ("_sm" not in name, name))
    if trained:
        return Language(code, True, spacy.load(trained[0], exclude=["ner"]))
    try:
        pipeline = spacy.blank(code)
    except ImportError:
        pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer")
    return Language(code, False, pipeline)


def _stem(word: str) -> str:
    """Cut the common endings of an English word: ``carries``, ``carried`` and ``carrying`` to ``carry``."""
    for ending, instead in (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + instead
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]  # stopped, stopping
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def _carries(token: Token) -> bool:
    return not token.is_stop and (token.is_alpha or token.like_num or any(c.isalnum() for c in token.text))


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, paragraph). A list is cut at its markers; markup that is not prose is left out."""
    for match in _BLOCK.finditer(text):
        position = match.start()
        for line_start, piece in _pieces(match.group()):
            if piece.strip() and not _MARKUP.match(piece):
                yield position + line_start, piece


def _pieces(block: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in re.finditer(r"[^\n]*\n?", block):
        bullet, markup = _BULLET.match(line.group()), _MARKUP.match(line.group())
        if (bullet or markup) and line.start() > start:
            yield start, block[start : line.start()]
        if markup:
            start = line.end()
        elif bullet:
            start = line.start() + bullet.end()
    yield start, block[start:]
