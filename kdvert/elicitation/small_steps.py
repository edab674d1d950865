"""Small steps, for a teacher that cannot write JSON: code chooses the quote, the teacher writes one line at a time.

1. The teacher finishes a question whose first words are given (`kdvert.elicitation.openings`).
2. The index must find the passage by that question.
3. The teacher reads its own question again, beside the quote and beside the other sentences that the index found for
   it. The question must be likeliest beside the quote: by Bayes' rule, the quote is then the answer that the teacher
   would choose. A model of this size chooses well among sentences and badly words an answer of its own.

The record's answer is the quote itself.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.elicitation import sanity
from kdvert.elicitation.contract import Assignment, Hit, Outcome, call_failure, conversation
from kdvert.elicitation.seeds import Seed, choose
from kdvert.elicitation.tally import divided
from kdvert.filters.wording import locate
from kdvert.knowledge.language import Language
from kdvert.records import Chunk, Evidence, Example, Failure, Sampling, ScrubbedText, Verdict, sha256_text
from kdvert.teachers.protocol import Reply, TeacherRequest
from kdvert.teachers.scheduler import Ask, CallFailed, Job

QUESTION_TOKENS = 28
RIVALS = 2  # sentences compared with the quote
_END = ("\n",)


def jobs(assignment: Assignment, strategy: str) -> list[Job[Outcome]]:
    """Return a job for each quote; a passage without a quotable sentence gives a failure that says so."""
    seeds = choose(assignment.chunks, assignment.language, assignment.per_passage, assignment.stands_in)
    made: list[Job[Outcome]] = []
    counts = divided(assignment.wanted, assignment.chunks, assignment.per_passage)
    for chunk in assignment.chunks:
        if not seeds[chunk.id]:
            made.append(_NothingToQuote(chunk))
        made += [_Step(assignment, strategy, seed) for seed in seeds[chunk.id][: counts[chunk.id]]]
    return made


@dataclass(frozen=True)
class _NothingToQuote:
    """The job of a passage without a quotable sentence."""

    chunk: Chunk

    async def __call__(self, ask: Ask) -> Outcome:
        return [Failure(request_id="", chunk_id=self.chunk.id, reason="no_quotable_sentence")]


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

    @property
    def chunk(self) -> Chunk:
        """The passage that the quote stands in."""
        return self.seed.chunk

    async def __call__(self, ask: Ask) -> Outcome:
        chunk = self.chunk
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
        shown = [self.seed.chunk, *(h.chunk for h in hits if h.chunk.id != self.seed.chunk.id)]
        requests = [asked]
        quoted = await self._likelihood(question, self.seed.quote, self.seed.chunk, requests, ask)
        margin: float | None = None
        for sentence, chunk in _rivals(question.text, self.seed, hits, self.assignment.language):
            other = await self._likelihood(question, sentence, chunk, requests, ask)
            margin = quoted - other if margin is None else min(margin, quoted - other)
            if margin < self.assignment.round_trip_margin:
                raise _Rejected(requests[-1], "round_trip_mismatch", f"{margin:.2f}: {question.text}")
        return self._example(question.text, requests, shown, margin)

    def _question_request(self) -> TeacherRequest:
        task, seed = self.assignment, self.seed
        template, prompt = self._prompt(seed.quote, seed.chunk)
        if seed.opening:
            prompt = ScrubbedText(f"{prompt.text} {seed.opening.text}", prompt.scrubbed_by)
        sampling = task.sampling.model_copy(update={"max_tokens": QUESTION_TOKENS})
        return task.request(template, prompt, step="question", sampling=sampling, stop=("?", *_END))

    def _prompt(self, sentence: str, chunk: Chunk) -> tuple[str, ScrubbedText]:
        """Return the template's name and the prompt that asks for a question about ``sentence``."""
        task = self.assignment
        template = task.template(self.strategy, "question")
        context = {"title": task.cleared(" ".join(chunk.title.split())), "quote": task.cleared(sentence)}
        return template, task.templates.prompt(template, context)

    def _question(self, request: TeacherRequest, reply: Reply) -> ScrubbedText:
        opening = self.seed.opening.text if self.seed.opening else ""
        written = reply.text.text.rstrip()
        if reply.truncated:
            raise _Rejected(request, "truncated_reply")
        text = sanity.tidy(f"{opening} {written}").rstrip(" .,;:")
        text = f"{text}?" if text else ""
        reason = sanity.shape(text, self.assignment.stands_in) or sanity.fit(text, self.seed, self.assignment.language)
        if reason:
            raise _Rejected(request, reason, text)
        return ScrubbedText(text, reply.text.scrubbed_by)

    async def _likelihood(
        self, question: ScrubbedText, sentence: str, chunk: Chunk, requests: list[TeacherRequest], ask: Ask
    ) -> float:
        """Return how likely the question is, per token, as one about ``sentence``; note the call in ``requests``."""
        template, prompt = self._prompt(sentence, chunk)
        continuation = ScrubbedText(f" {question.text}", question.scrubbed_by)
        sampling = Sampling(temperature=0.0, max_tokens=0, seed=0)
        request = self.assignment.request(
            template, prompt, step="round trip", sampling=sampling, continuation=continuation
        )
        requests.append(request)
        score = (await ask(request)).score
        if score is None:
            raise _Rejected(request, "no_likelihood")
        return score

    def _example(
        self, question: str, requests: list[TeacherRequest], seen: list[Chunk], margin: float | None
    ) -> Example:
        task, seed = self.assignment, self.seed
        sha = sha256_text(seed.chunk.text[seed.start : seed.end])
        return Example(
            id=f"{requests[0].id}-0",
            vertical=task.vertical,
            strategy=self.strategy,
            skill=task.skill,
            messages=conversation(question, seed.quote),
            evidence=[Evidence(chunk_id=seed.chunk.id, start=seed.start, end=seed.end, quote_sha=sha)],
            quote=seed.quote,
            provenance=task.provenance([task.template(self.strategy, "question")], requests, seen),
            verdicts=[Verdict(check="round_trip", passed=True, score=None if margin is None else round(margin, 4))],
        )


def _holds(chunk: Chunk, seed: Seed) -> bool:
    return chunk.id == seed.chunk.id or locate(seed.quote, chunk.text) is not None


def _rivals(question: str, seed: Seed, hits: Sequence[Hit], language: Language) -> list[tuple[str, Chunk]]:
    """Return the other sentences found that share most words with the question."""
    about = language.content(question)
    shared: dict[str, tuple[int, int, Chunk]] = {}
    for hit in hits:
        for text, content in _sentences(hit.chunk.id, hit.chunk.text, language):
            if about & content and text.casefold() != seed.quote.casefold():
                shared.setdefault(text, (-len(about & content), len(shared), hit.chunk))
    nearest = sorted(shared, key=lambda text: shared[text][:2])[:RIVALS]
    return [(text, shared[text][2]) for text in nearest]


@functools.lru_cache(maxsize=4096)
def _sentences(chunk_id: str, text: str, language: Language) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((" ".join(text[a:b].split()), language.content(s)) for a, b, s in language.sentences(text))
