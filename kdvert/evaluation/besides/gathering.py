"""From the files that training left to what both systems are asked: texts, canaries, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdvert.evaluation.besides import exposure, extraction, general
from kdvert.evaluation.besides.exposure import Asked
from kdvert.evaluation.besides.extraction import Drawn
from kdvert.evaluation.besides.measuring import Job
from kdvert.evaluation.besides.settings import Besides
from kdvert.records import Chunk, Example
from kdvert.store import iter_jsonl, read_json, read_jsonl
from kdvert.students.canaries import FILE as CANARIES
from kdvert.students.canaries import Canaries
from kdvert.students.prompts import Prompts
from kdvert.students.trained import PASSAGES

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_OFF = "it was turned off in evaluate.besides"


@dataclass(frozen=True)
class Gatherer:
    """Reads what there is to measure.

    Attributes:
        distill: the output folder of training.
        index: that of the index.
        field: the project's own; its questions are left out.
        tokenizer: of base and student.
        prompts: how the student is asked.
        settings: how much to measure.
        seed: draws what is measured.
        longest: tokens that the model reads at most.
    """

    distill: Path
    index: Path
    field: str
    tokenizer: PreTrainedTokenizerBase
    prompts: Prompts
    settings: Besides
    seed: int
    longest: int

    def job(self) -> Job:
        """Return what both systems are asked, and why a measure is missing."""
        missing: dict[str, str] = {}
        own = self.settings
        asked = general.items(self.field, limit=own.general, seed=self.seed)
        if not asked:
            missing["general ability"] = _OFF
        texts: dict[str, Drawn] = {}
        for name, draw in {"training_answers": self._answers, "training_passages": self._passages}.items():
            found = draw()
            if isinstance(found, str):
                missing[name.replace("_", " ")] = found
            else:
                texts[name] = found
        canaries = self._canaries()
        if isinstance(canaries, str):
            missing["canaries"] = canaries
        return Job(
            general=general.requests(asked, self.tokenizer),
            texts=texts,
            canaries=[] if isinstance(canaries, str) else canaries,
            missing=missing,
        )

    def _answers(self) -> Drawn | str:
        how, path = self.settings.answers, self.distill / "train.jsonl"
        if not how.count:
            return _OFF
        if not path.is_file():
            return "training left no list of its records"
        drawn = extraction.of_answers(read_jsonl(path, Example), self.tokenizer, self.prompts, how, self.seed)
        return self._fitting(drawn, how.given + how.asked)

    def _passages(self) -> Drawn | str:
        how, path = self.settings.passages, self.distill / PASSAGES
        if not how.count:
            return _OFF
        learned = set(read_json(path)) if path.is_file() else set()
        if not learned:
            return "the student was trained on no passage itself"
        chunks = [chunk for chunk in iter_jsonl(self.index / "chunks.jsonl", Chunk) if chunk.id in learned]
        return self._fitting(extraction.of_passages(chunks, self.tokenizer, how, self.seed), how.given + how.asked)

    def _fitting(self, drawn: Drawn, tokens: int) -> Drawn | str:
        texts = [text for text in drawn.texts if len(text.given) + len(text.asked) <= self.longest]
        if not texts:
            return f"none of them has the {tokens} tokens that are given and asked for"
        return Drawn(texts, drawn.too_short)

    def _canaries(self) -> list[Asked] | str:
        if not self.settings.canaries:
            return _OFF
        path = self.distill / CANARIES
        found = Canaries.model_validate(read_json(path)) if path.is_file() else Canaries()
        if not found.canaries:
            return found.reason or "distill.canaries put none among the rows"
        return exposure.build(found, self.tokenizer, self.prompts)
