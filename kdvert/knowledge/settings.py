"""How an index is searched: one set of settings, kept in the index, so that every stage searches alike."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.knowledge.fusion import DENSE_WEIGHT
from kdvert.knowledge.reranking import OFF
from kdvert.records import Chunk


class Only(ConfigBase):
    """Which passages may be found.

    Attributes:
        documents: ids of documents, with ``*`` and ``?`` (``sources/guides/*``); none: all.
        licenses: license expressions, exactly as stated for the sources; none: all.
    """

    documents: list[str] = Field(default_factory=list)
    licenses: list[str] = Field(default_factory=list)

    def allows(self, chunk: Chunk) -> bool:
        """Return whether a passage may be found."""
        named = not self.documents or any(fnmatchcase(chunk.document_id, pattern) for pattern in self.documents)
        return named and (not self.licenses or chunk.license in self.licenses)

    @property
    def is_open(self) -> bool:
        """Whether it allows every passage."""
        return not (self.documents or self.licenses)


class SearchSettings(ConfigBase):
    """How passages are found for a question.

    Attributes:
        by: ``words`` (BM25), ``meaning`` (vectors) or ``both``.
        meaning_weight: with ``both``, the share of the vectors in the score, from 0 to 1.
        neighbors: how many passages before and after each one found, of the same document, follow it; they count
            among those asked for.
        reranker: a cross-encoder that orders the best passages anew, a model reference; ``off`` for none.
        rerank: how many passages the reranker reads for a question.
        only: which passages may be found.
    """

    by: Literal["both", "words", "meaning"] = "both"
    meaning_weight: float = Field(default=DENSE_WEIGHT, ge=0, le=1)
    neighbors: int = Field(default=0, ge=0, le=10)
    reranker: str = Field(default=OFF, min_length=1)
    rerank: int = Field(default=20, ge=2, le=200)
    only: Only = Only()


def query_text(question: str, choices: Sequence[str] = ()) -> str:
    """Return what is searched for: the question and, if it lists any, the answers to choose from."""
    return "\n".join((question, *choices))
