"""The assistant: the student of a project, asked with the project's passages as evaluation asks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kdvert.evaluation.requests import shorten
from kdvert.hardware import Hardware
from kdvert.knowledge.index import Retriever
from kdvert.records import Document, Source
from kdvert.serving.asking import ask
from kdvert.serving.passages import Citation, citation, find
from kdvert.serving.settings import Sampling, Settings
from kdvert.serving.writing import Finish, Writing
from kdvert.store import iter_jsonl
from kdvert.students import trained as students
from kdvert.students.models import context_length, load_tokenizer
from kdvert.students.prompts import Prompts, Turn
from kdvert.students.trained import Trained

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ABSTAIN, CLOSING = "assistant/abstain.j2", "assistant/closing.j2"


@dataclass(frozen=True)
class Prepared:
    """A conversation made ready: what the student reads, or what is said instead.

    Attributes:
        prompt: the tokens it reads.
        citations: the passages among them.
        similarity: of the question and the nearest passage.
        abstained: the sentence that is said because nothing was found; None if the student answers.
        left_out: older turns that did not fit.
    """

    prompt: list[int]
    citations: list[Citation]
    similarity: float
    abstained: str | None
    left_out: int


@dataclass(frozen=True)
class Answer:
    """An answer, whole. ``closing`` is what the vertical wants below it."""

    text: str
    citations: list[Citation]
    abstained: bool
    similarity: float
    closing: str
    finish: Finish
    prompt_tokens: int
    tokens: int


class Assistant:
    """Answers one conversation at a time. Use it in a ``with`` statement, or close it."""

    def __init__(
        self, trained: Trained, model: PreTrainedModel, retriever: Retriever, prompts: Prompts,
        sources: dict[str, Source], settings: Settings,
    ) -> None:  # fmt: skip
        self.trained, self.model, self.retriever, self.prompts = trained, model, retriever, prompts
        self.sources, self.settings = sources, settings
        self.tokenizer = load_tokenizer(trained.weights)
        self.context = context_length(trained.weights)
        self.closing = self._said(CLOSING)

    @classmethod
    def open(
        cls, work: Path, root: Path, *, trained: Trained, prompts: Prompts, hardware: Hardware, settings: Settings
    ) -> Assistant:
        """Load the student and open the index.

        Args:
            work: the project's ``work`` folder, with the output of ``scrub``, ``index`` and ``distill``.
            root: the project's folder.
            trained: the student.
            prompts: how it is asked.
            hardware: what this machine can do.
            settings: how it answers.

        Raises:
            WorkFailed, UserError: the index or the student cannot be used.
        """
        retriever = Retriever.open(work / "index", root=root)
        try:
            documents = work / "scrub" / "documents.jsonl"
            rows = iter_jsonl(documents, Document) if documents.is_file() else ()
            sources = {document.id: document.source for document in rows}
            model = students.load(trained, hardware)
            return cls(trained, model, retriever, prompts, sources, settings)
        except BaseException:
            retriever.close()
            raise

    def prepare(self, turns: Sequence[Turn], max_new_tokens: int | None = None) -> Prepared:
        """Search for passages and word the question.

        Args:
            turns: of system, user and assistant; the last one is the question.
            max_new_tokens: room that is kept for the answer.

        Raises:
            TooLong: the question does not fit into what the student reads.
        """
        settings = self.settings
        found = find(
            self.retriever, [t["content"] for t in turns if t["role"] == "user"], settings.passages, settings.least
        )
        enough = bool(found.chunks) and found.similarity >= settings.least
        chunks = found.chunks if enough else []
        texts = [shorten(self.tokenizer, chunk.text, settings.passage_tokens) for chunk in chunks]
        room = self.context - (max_new_tokens or settings.max_new_tokens)
        asked = ask(turns, texts, self.prompts, self.tokenizer, room)
        cited = [
            citation(number, chunk, text, self.sources)
            for number, (chunk, text) in enumerate(zip(chunks[: asked.shown], texts), 1)
        ]
        abstained = None if enough or not settings.least else self._said(ABSTAIN)
        return Prepared(asked.prompt, cited, round(found.similarity, 4), abstained, asked.left_out)

    def sampling(self) -> Sampling:
        """Return how answers are written where nobody says otherwise."""
        return Sampling(self.settings.max_new_tokens)

    def write(self, prepared: Prepared, sampling: Sampling | None = None) -> Writing:
        """Return the answer, which is written while its pieces are read."""
        return Writing(self.model, self.tokenizer, prepared.prompt, sampling or self.sampling())

    def answer(self, turns: Sequence[Turn]) -> Answer:
        """Return the whole answer to a conversation."""
        prepared = self.prepare(turns)
        if prepared.abstained is not None:
            return self.whole(prepared, prepared.abstained)
        writing = self.write(prepared)
        return self.whole(prepared, "".join(writing), writing)

    def whole(self, prepared: Prepared, text: str, writing: Writing | None = None) -> Answer:
        """Return an answer whose pieces are through; without ``writing`` the assistant abstained."""
        return Answer(
            text=text,
            citations=prepared.citations,
            abstained=writing is None,
            similarity=prepared.similarity,
            closing=self.closing if writing else "",
            finish=writing.finish if writing else "stop",
            prompt_tokens=len(prepared.prompt) if writing else 0,
            tokens=writing.tokens if writing else 0,
        )

    def close(self) -> None:
        """Let go of the index."""
        self.retriever.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _said(self, template: str) -> str:
        variables = {"vertical_title": self.prompts.vertical_title, "disclaimer": self.prompts.disclaimer}
        return self.prompts.templates.render(template, variables).strip()


def pieces(prepared: Prepared, writing: Writing | None) -> Iterator[str]:
    """Yield the pieces of an answer, or the sentence that is said instead."""
    if writing is None:
        yield prepared.abstained or ""
    else:
        yield from writing
