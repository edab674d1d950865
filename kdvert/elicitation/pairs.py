"""Pairs, for a capable teacher: one call a passage, questions and answers with quotes as JSON.

Quotes are looked up in the passages by code; what the teacher says of its own evidence is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.elicitation import sanity
from kdvert.elicitation.contract import Assignment, Outcome, call_failure, conversation
from kdvert.elicitation.fences import fence
from kdvert.elicitation.parsing import Pair, read_pairs
from kdvert.filters.wording import locate
from kdvert.records import Chunk, Evidence, Example, Failure, ScrubbedText, sha256_text
from kdvert.teachers.protocol import TeacherRequest
from kdvert.teachers.scheduler import Ask, CallFailed, Job


def jobs(assignment: Assignment, strategy: str) -> list[Job[Outcome]]:
    """Return a job for each passage."""
    return [_Passage(assignment, strategy, chunk) for chunk in assignment.chunks]


@dataclass(frozen=True)
class _Passage:
    """The job of one passage."""

    assignment: Assignment
    strategy: str
    chunk: Chunk

    async def __call__(self, ask: Ask) -> Outcome:
        hits = await self.assignment.search(self.chunk.text)
        shown = [self.chunk, *(h.chunk for h in hits if h.chunk.id != self.chunk.id)]
        request = self._request(shown)
        try:
            reply = await ask(request)
        except CallFailed as error:
            return [call_failure(error, self.chunk)]
        read = read_pairs(reply.text.text, truncated=reply.truncated)
        outcome: Outcome = [self._failure(request, reason) for reason in read.problems]
        for number, pair in enumerate(read.pairs[: self.assignment.per_passage]):
            outcome.append(self._judge(request, number, pair, shown))
        return outcome or [self._failure(request, "no_pairs")]

    def _request(self, shown: Sequence[Chunk]) -> TeacherRequest:
        task = self.assignment
        template = task.template(self.strategy, "pair")
        passages = [" ".join(c.text.split()) for c in shown]
        context: dict[str, ScrubbedText | Sequence[ScrubbedText] | int | None] = {
            "title": task.cleared(self.chunk.title),
            "passages": [task.cleared(text) for text in passages],
            "fence": fence(passages),
            "count": task.per_passage,
        }
        prompt = task.templates.prompt(template, context)
        return task.request(template, prompt, step="pair", sampling=task.sampling, chat=True)

    def _failure(self, request: TeacherRequest, reason: str, detail: str = "") -> Failure:
        return Failure(request_id=request.id, chunk_id=self.chunk.id, reason=reason, detail=detail)

    def _judge(self, request: TeacherRequest, number: int, pair: Pair, shown: Sequence[Chunk]) -> Example | Failure:
        stands_in = self.assignment.stands_in
        reason = sanity.shape(pair.question, stands_in)
        if reason:
            return self._failure(request, reason, pair.question)
        if stands_in(pair.answer):
            return self._failure(request, "answer_has_placeholder")
        for chunk in shown:
            span = locate(pair.quote, chunk.text)
            if span:
                return self._example(request, number, pair, chunk, span, shown)
        return self._failure(request, "quote_not_found", pair.quote)

    def _example(
        self,
        request: TeacherRequest,
        number: int,
        pair: Pair,
        quoted: Chunk,
        span: tuple[int, int],
        shown: Sequence[Chunk],
    ) -> Example:
        task = self.assignment
        text = quoted.text[span[0] : span[1]]
        seen = [quoted, *(c for c in shown if c.id != quoted.id)]
        return Example(
            id=f"{request.id}-{number}",
            vertical=task.vertical,
            strategy=self.strategy,
            skill=task.skill,
            messages=conversation(pair.question, pair.answer),
            evidence=[Evidence(chunk_id=quoted.id, start=span[0], end=span[1], quote_sha=sha256_text(text))],
            quote=" ".join(text.split()),
            provenance=task.provenance([task.template(self.strategy, "pair")], [request], seen),
        )
