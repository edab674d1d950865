"""Put all that is measured besides to both systems: what is asked, what came out, and the rows that a report shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from kdvert.evaluation import batches
from kdvert.evaluation.besides import exposure, extraction
from kdvert.evaluation.besides.exposure import Asked, Exposure
from kdvert.evaluation.besides.extraction import Begun, Drawn, Repeated
from kdvert.evaluation.besides.intervals import by_chance, paired_shares, wilson
from kdvert.evaluation.comparison import Pair, compare, paired_bootstrap
from kdvert.evaluation.requests import Request
from kdvert.evaluation.scoring import Outcome
from kdvert.evaluation.systems import System, Systems
from kdvert.progress import Bar

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What is put to both systems.

    Attributes:
        general: questions of other fields.
        texts: samples of texts that were trained on, by what they are.
        canaries: that were among the rows.
        missing: why a measure was not taken, by its name, in words.
    """

    general: Sequence[Request] = ()
    texts: Mapping[str, Drawn] = field(default_factory=dict)
    canaries: Sequence[Asked] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many questions, texts and canaries there are."""
        return len(self.general) + sum(len(d.texts) for d in self.texts.values()) + len(self.canaries)


@dataclass(frozen=True)
class Found:
    """What came out for one system, in the order of the job."""

    general: list[Outcome]
    texts: dict[str, list[Repeated]]
    canaries: list[Exposure]


def ask(
    job: Job, system: System, systems: Systems, *, size: int, kept: batches.Kept, identity: object, bar: Bar
) -> Found:
    """Put all of ``job`` to one system, at most ``size`` at once; what is finished is kept."""
    general = batches.ask(
        job.general, size=size, kept=kept, identity=["general", identity], score=systems.scorer(system), bar=bar
    )
    texts = {}
    for name, drawn in job.texts.items():
        texts[name] = _texts(drawn.texts, lambda: systems.holding(system), systems.pad, size, kept, identity, bar)
    canaries: list[Exposure] = []
    if job.canaries:
        decides = ["canaries", identity, [[one.prompt, one.answer, one.pool] for one in job.canaries]]
        canaries = kept.once(decides, Exposure, lambda: exposure.score(job.canaries, systems.holding(system)))
        bar.advance(len(job.canaries))
    return Found(general, texts, canaries)


def _texts(
    texts: Sequence[Begun], model: Callable[[], PreTrainedModel], pad: int, size: int, kept: batches.Kept,
    identity: object, bar: Bar,
) -> list[Repeated]:  # fmt: skip
    found: dict[int, Repeated] = {}
    for numbers in extraction.batches(texts, size):
        batch = [texts[n] for n in numbers]
        decides = ["texts", identity, [[one.given, one.asked] for one in batch]]
        again = kept.once(decides, Repeated, partial(_again, batch, model, pad))
        found |= zip(numbers, again, strict=True)
        bar.advance(len(batch))
    return [found[n] for n in range(len(texts))]


def _again(batch: Sequence[Begun], model: Callable[[], PreTrainedModel], pad: int) -> list[Repeated]:
    return extraction.score(batch, model(), pad)


def rows(job: Job, base: Found, student: Found, *, resamples: int, seed: int) -> list[Row]:
    """Return a row for each measure, in the form of `kdvert.evaluation.comparison.compare`.

    ``mode`` says what was asked. Rows of shares also have ``base_interval`` and ``student_interval``, those of
    exposures ``chance``: how likely a student that never saw the canaries comes as high.
    """
    made = list(_general(job, base, student, resamples, seed))
    for name in job.texts:
        pair = [[one.verbatim for one in found.texts[name]] for found in (base, student)]
        if pair[0]:
            made.append(_shares(name, "verbatim", *pair))
    if job.canaries:
        made += _exposures(job, base, student, resamples, seed)
        made.append(_shares("canaries", "told", *([c.told for c in found.canaries] for found in (base, student))))
    return made


def _general(job: Job, base: Found, student: Found, resamples: int, seed: int) -> Iterator[Row]:
    if not job.general:
        return
    both: tuple[tuple[System, Found], ...] = (("base", base), ("student", student))
    scores = [one for system, found in both for one in batches.scores(job.general, found.general, system)]
    for row in compare(scores, resamples=resamples, seed=seed):
        yield {**row, "mode": "other_fields"}


def _exposures(job: Job, base: Found, student: Found, resamples: int, seed: int) -> Iterator[Row]:
    """Yield a row for each number of times that training showed a canary, and one for all if there are several."""
    seen = [one.canary.seen for one in job.canaries]
    groups = {f"canaries_seen_{times}_times": {times} for times in sorted(set(seen))}
    if len(groups) > 1:
        groups["canaries"] = set(seen)
    for mode, times in groups.items():
        mine = [n for n, one in enumerate(seen) if one in times]
        before, after = ([found.canaries[n].bits for n in mine] for found in (base, student))
        pairs = [Pair(b, s, 1.0) for b, s in zip(before, after, strict=True)]
        low, high = paired_bootstrap(pairs, resamples=resamples, seed=seed)
        row = _row(mode, "exposure", sum(before) / len(mine), sum(after) / len(mine), len(mine), low, high)
        yield {**row, "chance": by_chance(after)}


def _shares(mode: str, metric: str, base: Sequence[bool], student: Sequence[bool]) -> Row:
    count = len(base)
    low, high = paired_shares(base, student)
    row = _row(mode, metric, sum(base) / count, sum(student) / count, count, low, high)
    return {**row, "base_interval": wilson(sum(base), count), "student_interval": wilson(sum(student), count)}


def _row(mode: str, metric: str, base: float, student: float, count: int, low: float | None, high: float | None) -> Row:
    return {
        "mode": mode,
        "metric": metric,
        "base": base,
        "student": student,
        "delta": student - base,
        "low": low,
        "high": high,
        "n": count,
        "unscored": 0,
        "higher_is_better": False,
    }
