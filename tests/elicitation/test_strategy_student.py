"""What becomes of a student's answers: which are supported, and what a teacher's judgment makes of them."""

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from kdvert.elicitation import feedback, samples, self_knowledge
from kdvert.elicitation.contract import Sample, Sampled, conversation
from kdvert.elicitation.self_knowledge import support
from kdvert.elicitation.strategies import STRATEGIES
from kdvert.errors import UserError
from kdvert.records import Evidence, Example, Failure, Provenance, Sampling, ScrubbedText, sha256_text
from kdvert.teachers.protocol import Reply, TeacherRequest

QUESTION = "How much alcohol should hand sanitizer contain?"


def record(chunk) -> Example:
    lineage = Provenance(
        teacher="toy", route="local", templates={}, request_ids=["q"], chunk_ids=[chunk.id],
        document_ids=[chunk.document_id], licenses=[chunk.license], terms=["MIT"], sampling=Sampling(), versions={},
    )  # fmt: skip
    evidence = Evidence(chunk_id=chunk.id, start=0, end=len(chunk.text), quote_sha=sha256_text(chunk.text))
    return Example(
        id="q-0", vertical="medicine", strategy="curation", skill="grounded_qa",
        messages=conversation(QUESTION, chunk.text), evidence=[evidence], quote=chunk.text, provenance=lineage,
    )  # fmt: skip


def sample(text: str, number: int = 0) -> Sample:
    words = ScrubbedText(text, "policy")
    return Sample(words, TeacherRequest(f"s{number}", "student", ScrubbedText("p", "policy"), Sampling()))


@pytest.fixture
def task(assign, chunks):
    student = SimpleNamespace(name="pupil", route="local", identity="pupil", local=True, batch_size=4)
    return assign(
        chunks=[], passages={c.id: c for c in chunks}, records=[record(chunks[0])], student=student,
        student_terms=["Apache-2.0"], vertical_title="Medicine",
    )  # fmt: skip


def outcome(module, task, sampled, answer=None):
    async def ask(request):
        return Reply(request.id, ScrubbedText(json.dumps({"records": [answer]}), "policy"))

    (job,) = module.jobs(replace(task, sampled=[sampled]))
    return asyncio.run(job(ask))


def reasons(made):
    return [m.reason if isinstance(m, Failure) else "ok" for m in made]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("At least 60 percent.", True),
        ("It should contain at least 60 percent alcohol.", True),
        ("At least 70 percent.", False),
        ("At least 60 percent. Statins lower the risk of stroke.", True),
        ("At least 60 percent. Statins cure baldness.", False),
        ("Hand sanitizer should contain alcohol.", False),
        ("Yes.", False),
    ],
)
def test_which_answers_are_supported(task, chunks, answer, kept):
    quotes = support(answer, QUESTION, chunks, task.language)
    assert (quotes is not None) == kept
    assert all(any(q in c.text for c in chunks) for q in quotes or [])


def test_one_supported_answer_is_kept_and_each_other_has_a_reason(task):
    late = Failure(request_id="s9", reason="truncated_reply")
    given = [sample("Rather little.", 0), sample("At least 60 percent.", 1), sample("60 percent or more.", 2), late]
    task = replace(task, skill="grounded_qa")
    made = outcome(self_knowledge, task, Sampled(task.records[0], given))
    assert reasons(made) == ["truncated_reply", "answer_not_supported", "ok", "another_sample_kept"]
    kept = made[2]
    assert (kept.question, kept.answer, kept.strategy) == (QUESTION, "At least 60 percent.", "self_knowledge")
    assert kept.context == [], "the student is not shown the passage in training"
    assert kept.provenance.teacher == "pupil"
    assert kept.provenance.terms == ["Apache-2.0"]
    assert kept.provenance.request_ids == ["s1"]


JUDGED = {
    "critique": "The passage says 60 percent.", "correct": False, "answer": "At least 60 percent.",
    "quote": "Hand sanitizer should contain at least 60 percent alcohol.",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "ok"),
        ({"correct": True}, "student_is_right"),
        ({"answer": "a pinch of it"}, "rejected_like_chosen"),
        ({"quote": "At least 90 percent is needed."}, "quote_not_found"),
        ({"quote": ""}, "no_quote"),
        ({"answer": ""}, "empty_answer"),
    ],
)
def test_a_judgment_makes_a_pair_or_a_reason(task, changes, reason):
    task = replace(task, skill="preference")
    made = outcome(feedback, task, Sampled(task.records[0], [sample("A pinch of it.")]), JUDGED | changes)
    assert reasons(made) == [reason]
    if reason == "ok":
        assert made[0].rejected[0].content == "A pinch of it."
        assert made[0].provenance.request_ids[0] == "s0"
        assert made[0].provenance.terms == ["Apache-2.0"]
    if reason == "student_is_right":
        assert made[0].detail == "The passage says 60 percent."


def test_the_student_sees_passages_only_where_the_strategy_says_so(task, chunks):
    async def ask(request):
        return Reply(request.id, ScrubbedText("Some.", "policy"))

    shown = {}
    for name, skill in (("feedback", "preference"), ("self_knowledge", "grounded_qa")):
        (job,) = samples.jobs(replace(task, skill=skill), name, STRATEGIES[name].student)
        shown[name] = [s.request for s in asyncio.run(job(ask)).samples]
    assert [r.prompt.text.count(chunks[0].text) for r in shown["feedback"]] == [0]
    assert [r.prompt.text.count(chunks[0].text) for r in shown["self_knowledge"]] == [1] * 4
    assert [r.sampling.temperature for r in shown["self_knowledge"]] == [0.0, 0.8, 0.8, 0.8]
    assert len({r.id for r in shown["self_knowledge"]}) == 4
    assert "You explain everyday medicine" in shown["feedback"][0].prompt.text


@pytest.mark.parametrize(("module", "fit"), [(feedback, "preference"), (self_knowledge, "grounded_qa")])
def test_a_skill_that_does_not_fit_is_named(task, module, fit):
    with pytest.raises(UserError, match=f"to {fit}"):
        module.jobs(replace(task, skill="summary"))
