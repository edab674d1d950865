"""Self-knowledge: the student answers with the passage before it; what code finds supported, it learns to say without.

No teacher judges: each sentence of an answer must take nearly all its content words from one sentence of the passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdvert.elicitation import drafts
from kdvert.elicitation.asked_for import resting_on, sources
from kdvert.elicitation.contract import Assignment, Outcome, Sample, Sampled, conversation
from kdvert.elicitation.samples import ANSWER, as_student, failed, only_skill, passages_of
from kdvert.elicitation.skills.contract import Draft, Occasion
from kdvert.knowledge.language import Language
from kdvert.records import Chunk, Example, Failure
from kdvert.teachers.scheduler import Ask, Job

NAME = "self_knowledge"
SKILL = "grounded_qa"
SUPPORTED = 0.8
"""Share of an answer's content words that one sentence of a passage must hold; those of the question are left out."""


def jobs(assignment: Assignment) -> list[Job[Outcome]]:
    """Return one job for each question that the student answered.

    Raises:
        UserError: the skill is not ``grounded_qa``.
    """
    only_skill(assignment, NAME, SKILL, "questions with short answers")
    return [_Kept(assignment, sampled) for sampled in assignment.sampled]


@dataclass(frozen=True)
class _Kept:
    """The job of one question. It asks nobody: the student has answered."""

    assignment: Assignment
    sampled: Sampled

    async def __call__(self, ask: Ask) -> Outcome:
        task = as_student(self.assignment)
        record = self.sampled.record
        shown = passages_of(record, task)
        if not shown:
            return [Failure(request_id="", reason="unknown_passage")]
        occasion = Occasion(task, NAME, shown, 1, name=ANSWER)
        outcome = failed(self.sampled)
        kept = False
        for number, sample in enumerate(s for s in self.sampled.samples if isinstance(s, Sample)):
            made = self._made(sample, occasion, number)
            if isinstance(made, Example) and kept:
                made = drafts.failure(sample.request.id, shown[0], "another_sample_kept")
            kept = kept or isinstance(made, Example)
            outcome.append(resting_on(made, sources(record, task.passages)) if isinstance(made, Example) else made)
        return outcome

    def _made(self, sample: Sample, occasion: Occasion, number: int) -> Example | Failure:
        answer = " ".join(sample.text.text.split())
        quotes = support(answer, self.sampled.record.question, occasion.shown, self.assignment.language)
        if quotes is None:
            return drafts.failure(sample.request.id, occasion.about, "answer_not_supported", answer)
        draft = Draft(conversation(self.sampled.record.question, answer), quotes)
        return drafts.settle(draft, occasion, [sample.request], number)


def support(answer: str, question: str, passages: Sequence[Chunk], language: Language) -> list[str] | None:
    """Return for each sentence of ``answer`` the sentence of a passage that holds what it says, or None.

    A sentence that says nothing beside words of the question has no support either, nor has an answer without any.
    """
    known = language.content(question)
    held = [(text, language.content(text)) for c in passages for _, _, text in _sentences(c, language)]
    quotes: list[str] = []
    for _, _, sentence in language.sentences(answer):
        said = language.content(sentence) - known
        best = max(held, key=lambda one: len(said & one[1]), default=None)
        if not said or best is None or len(said & best[1]) < SUPPORTED * len(said):
            return None
        quotes.append(best[0])
    return quotes or None


def _sentences(chunk: Chunk, language: Language) -> list[tuple[int, int, str]]:
    return [(start, end, chunk.text[start:end]) for start, end, _ in language.sentences(chunk.text)]
