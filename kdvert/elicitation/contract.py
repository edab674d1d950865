"""What a strategy is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from kdvert.elicitation.given import Given
from kdvert.elicitation.seeds import StandsIn, has_placeholder
from kdvert.knowledge.language import Language
from kdvert.records import Chunk, Example, Failure, Message, Provenance, Sampling, ScrubbedText
from kdvert.teachers.protocol import Teacher, TeacherRequest, request_id
from kdvert.teachers.scheduler import CallFailed, Job
from kdvert.templates import TemplateSet

Outcome = list[Example | Failure]


class Hit(Protocol):
    """A passage found by the retriever."""

    @property
    def chunk(self) -> Chunk:
        """The passage."""


Search = Callable[[str], Awaitable[Sequence[Hit]]]
"""Find the passages nearest to a question, best first."""


@dataclass(frozen=True)
class Sample:
    """An answer that the student gave, and the call that it gave it to."""

    text: ScrubbedText
    request: TeacherRequest


@dataclass(frozen=True)
class Sampled:
    """A record whose question the student was asked, and what it answered: failures stand for answers of no use."""

    record: Example
    samples: Sequence[Sample | Failure]


@dataclass(frozen=True)
class Assignment:
    """All that a strategy needs to make its jobs.

    Attributes:
        vertical: the vertical's id.
        skill: what the records train, e.g. ``grounded_qa``; names the template folder.
        chunks: the passages to ask about, sorted by id.
        templates: where prompts come from.
        language: for sentence ends, content words and grammar.
        search: finds passages for a question.
        cleared: marks text of the index, which was scrubbed before it was indexed.
        teacher: who is asked.
        sampling: temperature, longest reply and seed of the project.
        steps: ``small`` (one line at a time, for very small models) or ``pair`` (JSON, for capable ones).
        per_passage: most records of one passage.
        together: passages of one document that one call may be about.
        beside: neighbors of a passage that are shown with it; None: as many as the skill needs.
        round_trip_margin: small steps: how much better, in nats per token, the quote must explain the question than
            any other sentence that the index finds.
        versions: of the packages that shape the result.
        terms: ids of the licenses and hosted terms that the teacher stands under.
        stands_in: tells of a text whether it holds a placeholder or a surrogate; nothing is asked about those.
        wanted: records to ask for; None: as many as ``chunks``, ``questions`` or ``records`` give.
        questions: of the project: inputs for labeling, seeds for expansion.
        records: what other strategies of the mix made before; some strategies build on them.
        passages: every passage of the index by its id, to look up what a record quotes.
        held_out: questions that measure the student; nothing may be made out of one.
        student: whose own answers are asked for first, for the strategies that build on them.
        student_terms: ids of the licenses that it stands under.
        sampled: what it answered.
        vertical_title: what its field is called in its prompt.
        labels: the topics of the vertical, for classification.
        disclaimer: what the vertical says of its answers, for refusals.
        judge: let the teacher read each record beside what it rests on.
        top_logprobs: how many likeliest tokens the teacher tells at each position, for the strategy ``feature``.
    """

    vertical: str
    skill: str
    chunks: Sequence[Chunk]
    templates: TemplateSet
    language: Language
    search: Search
    cleared: Callable[[str], ScrubbedText]
    teacher: Teacher
    sampling: Sampling
    steps: Literal["small", "pair"]
    per_passage: int
    round_trip_margin: float
    versions: Mapping[str, str]
    terms: Sequence[str] = ()
    together: int = 1
    beside: int | None = None
    stands_in: StandsIn = has_placeholder
    wanted: int | None = None
    questions: Sequence[Given] = ()
    records: Sequence[Example] = ()
    passages: Mapping[str, Chunk] = field(default_factory=dict)
    held_out: Sequence[str] = ()
    student: Teacher | None = None
    student_terms: Sequence[str] = ()
    sampled: Sequence[Sampled] = ()
    vertical_title: str = ""
    labels: Sequence[str] = ()
    disclaimer: str = ""
    judge: bool = False
    top_logprobs: int = 0

    def template(self, strategy: str, name: str) -> str:
        """Return the path of a prompt template: the strategy's own, or else the one that all strategies share."""
        own = f"elicit/{strategy}/{self.skill}/{name}.j2"
        shared = f"elicit/skill/{self.skill}/{name}.j2"
        return own if self.templates.has(own) or not self.templates.has(shared) else shared

    def request(
        self,
        template: str,
        prompt: ScrubbedText,
        *,
        step: str,
        sampling: Sampling,
        stop: tuple[str, ...] = (),
        chat: bool = False,
        continuation: ScrubbedText | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> TeacherRequest:
        """Return the call that ``prompt``, rendered from ``template``, makes. See `TeacherRequest`."""
        number = request_id(
            self.teacher, step=step, template_sha=self.templates.sha256(template), prompt=prompt, sampling=sampling,
            stop=stop, chat=chat, continuation=continuation, schema=schema, top_logprobs=self.top_logprobs,
        )  # fmt: skip
        return TeacherRequest(number, step, prompt, sampling, stop, chat, continuation, schema, self.top_logprobs)

    def provenance(
        self, templates: Sequence[str], requests: Sequence[TeacherRequest], chunks: Sequence[Chunk]
    ) -> Provenance:
        """Return the lineage of a record; ``chunks`` are all passages that the teacher saw, the quoted one first."""
        return Provenance(
            teacher=self.teacher.name,
            route=self.teacher.route,
            templates={name: self.templates.sha256(name) for name in templates},
            request_ids=[r.id for r in requests],
            chunk_ids=[c.id for c in chunks],
            document_ids=[c.document_id for c in chunks],
            licenses=[c.license for c in chunks],
            terms=list(self.terms),
            sampling=requests[0].sampling,
            versions=dict(self.versions),
        )


class Strategy(Protocol):
    """One way to elicit knowledge, in the words of the survey (labeling, expansion, curation, …)."""

    def __call__(self, assignment: Assignment) -> list[Job[Outcome]]:
        """Return the jobs; each makes the records of one seed, or says why there are none."""


def conversation(question: str, answer: str) -> list[Message]:
    """Return a question and its answer as a conversation."""
    return [Message(role="user", content=question), Message(role="assistant", content=answer)]


def call_failure(error: CallFailed, chunk: Chunk) -> Failure:
    """Return the record of a call that got no reply."""
    return Failure(request_id=error.request_id, chunk_id=chunk.id, reason=error.reason, detail=error.detail)
