"""Put all requests to a system, batch by batch, and keep what is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from kdvert.errors import WorkFailed
from kdvert.evaluation.requests import Request
from kdvert.evaluation.scoring import Outcome
from kdvert.evaluation.systems import System
from kdvert.progress import Bar
from kdvert.records import Score, sha256_json
from kdvert.store import read_jsonl, write_jsonl

ScoreBatch = Callable[[Sequence[Request]], list[Outcome]]
M = TypeVar("M", bound=BaseModel)

_TOKENS = 16_384  # prompt tokens in a batch: their attention cache must fit into memory


def batches(requests: Sequence[Request], size: int) -> Iterator[list[Request]]:
    """Yield batches of at most ``size`` prompts of like length, so that little is padded."""
    batch: list[Request] = []
    for request in sorted(requests, key=lambda r: (len(r.prompt), r.item.id)):
        if batch and (len(batch) == size or (len(batch) + 1) * len(request.prompt) > _TOKENS):
            yield batch
            batch = []
        batch.append(request)
    if batch:
        yield batch


class Kept:
    """Outcomes of finished batches, one file a batch, named by the hash of everything that decides them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used: set[str] = set()

    def outcomes(self, batch: Sequence[Request], identity: object, score: ScoreBatch) -> list[Outcome]:
        """Return the outcomes of ``batch``, scoring it only if that was not done before.

        ``identity`` is what decides the outcomes beside the batch: model, adapter, precision, settings, versions.
        """
        tokens = [[r.item.id, r.prompt, r.answer, r.options, r.problem, r.item.answer, r.item.choices] for r in batch]
        return self.once([identity, tokens], Outcome, lambda: score(batch))

    def once(self, decides: object, model: type[M], make: Callable[[], list[M]]) -> list[M]:
        """Return what ``make`` gives, calling it only if that was not done before with all that ``decides`` it."""
        path = self.folder / f"{sha256_json(decides)}.jsonl"
        self.used.add(path.name)
        if path.is_file():
            try:
                return read_jsonl(path, model)
            except WorkFailed:
                path.unlink()  # damaged: do it again
        made = make()
        write_jsonl(path, made)
        return made

    def forget_unused(self) -> None:
        """Delete what this run did not ask for: batches of older students and questions."""
        for path in self.folder.glob("*.jsonl"):
            if path.name not in self.used:
                path.unlink()


def ask(
    requests: Sequence[Request], *, size: int, kept: Kept, identity: object, score: ScoreBatch, bar: Bar
) -> list[Outcome]:
    """Put all requests of one mode to one system; the outcomes are in the order of the requests."""
    found: dict[str, Outcome] = {}
    for batch in batches(requests, size):
        found |= {o.item_id: o for o in kept.outcomes(batch, identity, score)}
        bar.advance(len(batch))
    return [found[r.item.id] for r in requests]


def scores(requests: Sequence[Request], outcomes: Sequence[Outcome], system: System) -> Iterator[Score]:
    """Yield the scores of each question; a metric that a kind of question does not have is left out."""
    for request, outcome in zip(requests, outcomes, strict=True):
        values: dict[str, tuple[float | None, float]] = {"answer_nll": (outcome.nll, outcome.answer_tokens or 1.0)}
        if request.item.choices:
            values["choice_accuracy"] = (outcome.correct, 1.0)
        else:
            values["token_f1"] = (outcome.f1, 1.0)
        for metric, (value, weight) in values.items():
            yield Score(
                item_id=outcome.item_id, system=system, mode=request.mode, metric=metric, value=value, weight=weight
            )
