"""Keep the held-out questions out of training: a student that has seen the test proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.filters.contract import Material, verdict
from kdvert.filters.wording import shingles, words
from kdvert.records import EvalItem, Example, Verdict

_CHUNK = 2000  # rows of the similarity table computed at once, to bound memory


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Compare each record with every held-out question. Reason code: ``eval_overlap``.

    A record is rejected if one of its questions is nearly a held-out one (the words sorted, so that order does not
    hide it), or if one resembles it half as much and an answer shares a long run of words with that item's answer or
    rationale. The score is the similarity of the nearest question.
    """
    if not material.held_out:
        return [[verdict("eval_overlap", None)] for _ in examples]
    items = material.held_out
    runs = [_runs(item, material.thresholds.eval_answer_words) for item in items]
    asked = [question for e in examples for question, _ in e.exchanges]
    scores = iter(_similarities(asked, [i.question for i in items]))
    nearest = [[max(column) for column in zip(*(next(scores) for _ in e.exchanges), strict=True)] for e in examples]
    return [[_judge(e, row, runs, material)] for e, row in zip(examples, nearest, strict=True)]


def _judge(
    example: Example, similarities: Sequence[float], runs: Sequence[set[tuple[str, ...]]], material: Material
) -> Verdict:
    limit = material.thresholds.eval_question
    nearest = max(similarities)
    size = material.thresholds.eval_answer_words
    own = {run for _, answer in example.exchanges for run in shingles(answer, size)}
    copies = any(s >= limit / 2 and own & theirs for s, theirs in zip(similarities, runs, strict=True))
    return verdict("eval_overlap", "eval_overlap" if nearest >= limit or copies else None, nearest)


def _runs(item: EvalItem, size: int) -> set[tuple[str, ...]]:
    texts = [t for t in (item.answer, item.rationale) if t and len(words(t)) >= size]
    return {run for text in texts for run in shingles(text, size)}


def _similarities(questions: Sequence[str], held_out: Sequence[str]) -> list[list[float]]:
    from rapidfuzz import fuzz, process

    theirs = [" ".join(words(q)) for q in held_out]
    rows: list[list[float]] = []
    for start in range(0, len(questions), _CHUNK):
        ours = [" ".join(words(q)) for q in questions[start : start + _CHUNK]]
        table = process.cdist(ours, theirs, scorer=fuzz.token_sort_ratio, workers=-1)
        rows += [[float(v) / 100 for v in row] for row in table]
    return rows
