"""Search by words: BM25 over passages, over what surrounds them, over pairs of words, and over headings and tables.

The scores of five small BM25 indexes are added. Which, and with what weight, was measured (docs/results/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.errors import WorkFailed
from kdvert.knowledge.words import Analyzer, pairs
from kdvert.records import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

FOLDER = "lexicon"
AROUND = 2
"""How many passages before and after one, of the same document, say what it is about."""

_K1, _B = 1.2, 0.75  # the usual values; tuning them changed recall@5 by less than a point


@dataclass(frozen=True)
class _Passage:
    """A passage taken apart; ``around`` holds the words of its title, its neighbors and itself."""

    words: list[str]
    around: list[str]
    labels: list[str]


@dataclass(frozen=True)
class _Field:
    """One BM25 index: what of a passage it reads, and what of a question is looked up in it."""

    weight: float
    terms: Callable[[_Passage], list[str]]
    paired: bool


FIELDS = {
    "words": _Field(1.0, lambda p: p.words, paired=False),
    "around": _Field(1.0, lambda p: p.around, paired=False),
    "pairs": _Field(0.5, lambda p: pairs(p.words), paired=True),
    "pairs_around": _Field(0.5, lambda p: pairs(p.around), paired=True),
    "labels": _Field(0.5, lambda p: p.labels, paired=False),
}
_FILES = ("data.csc.index.npy", "indices.csc.index.npy", "indptr.csc.index.npy", "vocab.index.json",
          "params.index.json")  # fmt: skip


def build(chunks: Sequence[Chunk], folder: Path, language: str) -> None:
    """Write the indexes of ``chunks`` into ``folder``, the same bytes for the same chunks.

    Args:
        chunks: passages, those of a document in order and together.
        folder: gets a folder for each of `FIELDS`.
        language: two-letter code, for stems and function words.
    """
    passages = _passages(chunks, Analyzer(language))
    for name, field in FIELDS.items():
        _write([field.terms(p) for p in passages], folder / name)


def is_whole(folder: Path) -> bool:
    """Return whether all files of the indexes are there."""
    return all((folder / name / file).is_file() for name in FIELDS for file in _FILES)


class Lexicon:
    """Finds passages by words. The indexes are loaded on first use.

    Args:
        folder: what `build` wrote.
        language: the one it was built for.
        count: how many passages there are.
        again: how to build it again, for the error.
    """

    def __init__(self, folder: Path, language: str, count: int, again: str) -> None:
        self._folder = folder
        self._analyzer = Analyzer(language)
        self._count = count
        self._again = again

    def scores(self, query: str) -> Scores:
        """Return the score of each passage, in the order they were given to `build`; 0 where no word fits.

        Raises:
            WorkFailed: an index is damaged.
        """
        import numpy as np

        total = np.zeros(self._count, dtype="float32")
        words, topic = self._analyzer.asked(query)
        terms = {False: [*words, *topic], True: [*pairs(words), *pairs(topic)]}
        for name, field in FIELDS.items():
            index = self._indexes[name]
            known = [term for term in terms[field.paired] if term in index.vocab_dict]
            if known:
                total += field.weight * index.get_scores(known)
        return total

    @cached_property
    def _indexes(self) -> dict[str, Any]:
        import bm25s

        try:
            found = {name: bm25s.BM25.load(self._folder / name, show_progress=False) for name in FIELDS}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise WorkFailed(
                f"The index of words is damaged ({type(error).__name__}: {error}).", hint=self._again
            ) from error
        if any(index.scores["num_docs"] != self._count for index in found.values()):
            raise WorkFailed("The index of words is not of these passages.", hint=self._again)
        return found


def _passages(chunks: Sequence[Chunk], analyzer: Analyzer) -> list[_Passage]:
    bodies = [analyzer.words(chunk.text) for chunk in chunks]
    titles = [analyzer.words(chunk.title) for chunk in chunks]
    return [
        _Passage(
            words=[*titles[i], *bodies[i]],
            around=[*titles[i], *(word for j in neighbors(chunks, i, AROUND) for word in bodies[j])],
            labels=[*titles[i], *analyzer.labels(chunk.text)],
        )
        for i, chunk in enumerate(chunks)
    ]  # fmt: skip


def neighbors(chunks: Sequence[Chunk], place: int, reach: int) -> list[int]:
    """Return the places of a passage and of those up to ``reach`` before and after it in its document, in order."""
    near = range(max(0, place - reach), min(len(chunks), place + reach + 1))
    return [i for i in near if chunks[i].document_id == chunks[place].document_id]


def _write(texts: Sequence[Sequence[str]], folder: Path) -> None:
    import bm25s
    from bm25s.tokenization import Tokenized

    vocabulary = {term: i for i, term in enumerate(sorted({term for text in texts for term in text} | {""}))}
    index = bm25s.BM25(k1=_K1, b=_B)
    # numbers given here, in order: of words, bm25s would make a set, which differs from process to process
    ids = [[vocabulary[term] for term in text] or [vocabulary[""]] for text in texts] or [[vocabulary[""]]]
    index.index(Tokenized(ids=ids, vocab=vocabulary), show_progress=False)
    index.save(folder, show_progress=False)
