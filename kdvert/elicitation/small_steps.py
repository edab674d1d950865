"""Small steps, for a teacher that cannot write JSON: code chooses the quote, the teacher writes one line at a time.

1. The teacher finishes a question whose first words are given (`kdvert.elicitation.openings`).
2. The index must find the passage by that question.
3. The teacher answers its own question from what was found; the answer must come from the quote.

The record's answer is the quote itself.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.elicitation import sanity
from kdvert.elicitation.contract import Assignment, Hit, Outcome, call_failure, conversation
from kdvert.elicitation.language import Language
from kdvert.elicitation.seeds import Seed, choose
from kdvert.filters.wording import locate
from kdvert.records import Chunk, Evidence, Example, Failure, Sampling, ScrubbedText, Verdict, sha256_text
from kdvert.teachers.protocol import Reply, TeacherRequest
from kdvert.teachers.scheduler import Ask, CallFailed, Job

QUESTION_TOKENS, ANSWER_TOKENS = 28, 40
SENTENCES_SHOWN = 5
_END = ("\n",)


def jobs(assignment: Assignment, strategy: str) -> list[Job[Outcome]]:
    """Return a job for each quote; a passage without a quotable sentence gives a failure that says so."""
    seeds = choose(assignment.chunks, assignment.language, assignment.per_passage)
    made: list[Job[Outcome]] = []
    for chunk in assignment.chunks:
        if not seeds[chunk.id]:
            made.append(functools.partial(_nothing_to_quote, chunk))
        made += [_Step(assignment, strategy, seed) for seed in seeds[chunk.id]]
    return made


async def _nothing_to_quote(chunk: Chunk, ask: Ask) -> Outcome:
    return [Failure(request_id="", chunk_id=chunk.id, reason="no_quotable_sentence")]


@dataclass(frozen=True)
class _Rejected(Exception):
    request: TeacherRequest
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class _Step:
    """The job of one quote."""

    assignment: Assignment
    strategy: str
    seed: Seed

    async def __call__(self, ask: Ask) -> Outcome:
        chunk = self.seed.chunk
        try:
            return [await self._record(ask)]
        except CallFailed as error:
            return [call_failure(error, chunk)]
        except _Rejected as error:
            return [Failure(request_id=error.request.id, chunk_id=chunk.id, reason=error.reason, detail=error.detail)]

    async def _record(self, ask: Ask) -> Example:
        asked = self._question_request()
        question = self._question(asked, await ask(asked))
        hits = await self.assignment.search(question.text)
        if not any(_holds(hit.chunk, self.seed) for hit in hits):
            raise _Rejected(asked, "evidence_not_retrieved", question.text)
        answered = self._answer_request(question, hits)
        overlap = self._agreement(answered, await ask(answered), question)
        return self._example(question.text, [asked, answered], hits, overlap)

    def _question_request(self) -> TeacherRequest:
        task, seed = self.assignment, self.seed
        template = task.template(self.strategy, "question")
        context = {"title": task.cleared(seed.chunk.title), "quote": task.cleared(seed.quote)}
        prompt = task.templates.prompt(template, context)
        if seed.opening:
            prompt = ScrubbedText(f"{prompt.text} {seed.opening.text}", prompt.scrubbed_by)
        sampling = task.sampling.model_copy(update={"max_tokens": QUESTION_TOKENS})
        return task.request(template, prompt, step="question", sampling=sampling, stop=("?", *_END))

    def _question(self, request: TeacherRequest, reply: Reply) -> ScrubbedText:
        opening = self.seed.opening.text if self.seed.opening else ""
        written = reply.text.text.rstrip()
        if reply.truncated:
            raise _Rejected(request, "truncated_reply")
        text = " ".join(f"{opening} {written}".split()).rstrip(" .,;:") + "?" if opening or written else ""
        text = text.replace(" ?", "?")
        reason = sanity.shape(text) or sanity.fit(text, self.seed, self.assignment.language)
        if reason:
            raise _Rejected(request, reason, text)
        return ScrubbedText(text, reply.text.scrubbed_by)

    def _answer_request(self, question: ScrubbedText, hits: Sequence[Hit]) -> TeacherRequest:
        task = self.assignment
        template = task.template(self.strategy, "answer")
        shown = [task.cleared(text) for text in _nearest_sentences(question.text, hits, task.language)]
        prompt = task.templates.prompt(template, {"passages": shown, "question": question})
        sampling = Sampling(temperature=0.0, max_tokens=ANSWER_TOKENS, seed=task.sampling.seed)
        return task.request(template, prompt, step="answer", sampling=sampling, stop=_END)

    def _agreement(self, request: TeacherRequest, reply: Reply, question: ScrubbedText) -> float:
        """Return the share of the answer's own words that stand in the quote."""
        language = self.assignment.language
        given = language.content(reply.text.text)
        if not given:
            raise _Rejected(request, "empty_reply")
        new = given - language.content(question.text) or given
        overlap = len(new & language.content(self.seed.quote)) / len(new)
        if overlap < self.assignment.round_trip_overlap:
            raise _Rejected(request, "round_trip_mismatch", f"{overlap:.2f}: {question.text}")
        return overlap

    def _example(self, question: str, requests: list[TeacherRequest], hits: Sequence[Hit], overlap: float) -> Example:
        task, seed = self.assignment, self.seed
        seen = [seed.chunk, *(h.chunk for h in hits if h.chunk.id != seed.chunk.id)]
        sha = sha256_text(seed.chunk.text[seed.start : seed.end])
        templates = [task.template(self.strategy, name) for name in ("question", "answer")]
        return Example(
            id=f"{requests[0].id}-0",
            vertical=task.vertical,
            strategy=self.strategy,
            skill=task.skill,
            messages=conversation(question, seed.quote),
            evidence=[Evidence(chunk_id=seed.chunk.id, start=seed.start, end=seed.end, quote_sha=sha)],
            quote=seed.quote,
            provenance=task.provenance(templates, requests, seen),
            verdicts=[Verdict(check="round_trip", passed=True, score=round(overlap, 4))],
        )


def _holds(chunk: Chunk, seed: Seed) -> bool:
    return chunk.id == seed.chunk.id or locate(seed.quote, chunk.text) is not None


def _nearest_sentences(question: str, hits: Sequence[Hit], language: Language) -> list[str]:
    """Return the sentences of the passages found that share most words with the question, in their order.

    A very small model loses its way in whole passages.
    """
    about = language.content(question)
    sentences: dict[str, tuple[int, int]] = {}
    for hit in hits:
        for text, content in _sentences(hit.chunk.id, hit.chunk.text, language):
            sentences.setdefault(text, (-len(about & content), len(sentences)))
    nearest = sorted(sentences, key=lambda text: sentences[text])[:SENTENCES_SHOWN]
    return sorted(nearest, key=lambda text: sentences[text][1])


@functools.lru_cache(maxsize=4096)
def _sentences(chunk_id: str, text: str, language: Language) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((" ".join(text[a:b].split()), language.content(s)) for a, b, s in language.sentences(text))
