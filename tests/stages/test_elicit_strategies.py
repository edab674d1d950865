"""The strategies through the whole stage: a real index, a real scheduler, an endpoint that answers or misbehaves."""

from collections import Counter
from dataclasses import replace

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.records import Example, Failure
from kdvert.stages import elicit
from kdvert.store import read_json, read_jsonl
from kdvert.teachers.protocol import RawReply


@pytest.fixture
def ctx(make_context, small_index, scrub_output):
    return make_context("elicit", {"index": small_index, "scrub": scrub_output})


def remote(endpoint, **changes):
    teacher = {"model": "m", "base_url": endpoint.url, "timeout_s": 5, "retries": 1, "concurrency": 4}
    return elicit.Config(teacher=teacher | changes.pop("teacher", {}), retrieve_k=2, **changes)


def examples(ctx) -> list[Example]:
    return read_jsonl(ctx.out / "examples.jsonl", Example)


def failures(ctx) -> Counter:
    return Counter(f.reason for f in read_jsonl(ctx.out / "failures.jsonl", Failure))


def ask_file(ctx, *questions, name="questions.txt"):
    (ctx.project / name).write_text("\n".join(questions), encoding="utf-8")
    return [name]


def test_labeling_answers_given_questions_with_checked_quotes(ctx, endpoint):
    asked = ["How much alcohol should hand sanitizer contain?", "What lowers the risk of another stroke?"]
    elicit.run(ctx, remote(endpoint, strategy="labeling", inputs=ask_file(ctx, *asked)))
    found = examples(ctx)
    assert {e.question for e in found} == set(asked)
    assert {e.strategy for e in found} == {"labeling"}
    assert all(e.evidence and e.quote for e in found)
    prompts = "\n".join(endpoint.prompts)
    assert all(question in prompts for question in asked)
    assert "If the passages do not answer it" in prompts


def test_questions_are_scrubbed_before_anyone_sees_them(ctx, endpoint):
    asked = ask_file(ctx, "Should Maria Alvarez, phone 555-555-0123, use hand sanitizer with alcohol?")
    with pytest.raises(WorkFailed):
        elicit.run(ctx, remote(endpoint, strategy="labeling", inputs=asked))
    assert "Alvarez" not in "".join(endpoint.prompts)
    assert "Alvarez" not in (ctx.out / "failures.jsonl").read_text(encoding="utf-8")
    assert failures(ctx) == {"question_has_placeholder": 1}


def test_what_the_passages_do_not_answer_has_a_reason(ctx, endpoint):
    asked = ask_file(ctx, "How tall does an oak tree grow?", "What is asthma?")
    endpoint.mode = lambda number, prompt: "no_records" if "oak tree" in prompt else "ok"
    elicit.run(ctx, remote(endpoint, strategy="labeling", inputs=asked))
    assert failures(ctx) == {"not_answered_by_passages": 1}
    assert [e.question for e in examples(ctx)] == ["What is asthma?"]


def test_a_skill_without_questions_cannot_label(ctx, endpoint):
    config = remote(endpoint, strategy="labeling", skill="summary", inputs=ask_file(ctx, "What is asthma?"))
    with pytest.raises(UserError, match="no way to ask one for the skill 'summary'"):
        elicit.run(ctx, config)
    assert endpoint.calls == 0


def test_an_unknown_skill_names_the_nearest(ctx, endpoint):
    with pytest.raises(UserError, match="Did you mean: grounded_qa"):
        elicit.run(
            ctx, remote(endpoint, strategy="labeling", skill="grounded_qas", inputs=ask_file(ctx, "What is it?"))
        )


def test_expansion_grows_questions_of_the_project(ctx, endpoint):
    seeds = ask_file(ctx, "How much alcohol must a hand sanitizer hold?", "Which disease narrows the airways?")
    elicit.run(ctx, remote(endpoint, strategy="expansion", seeds=seeds, records=6))
    assert endpoint.calls == 6, "each seed in three ways"
    told = read_json(ctx.out / "summary.json")["mix"]
    assert [(row["strategy"], row["wanted"]) for row in told] == [("expansion", 6)]
    assert told[0]["examples"] + told[0]["failures"] == 6
    assert all(e.strategy == "expansion" for e in examples(ctx))
    ways = [p for p in endpoint.prompts if "Leave the subject" in p]
    assert 1 <= len(ways) <= 2


def test_a_seed_that_is_held_out_is_not_touched(ctx, endpoint, vertical):
    held_out = vertical.eval_files[0].read_text(encoding="utf-8").split('"question": "')[1].split('"')[0]
    seeds = ask_file(ctx, held_out, "Which disease narrows the airways?")
    elicit.run(ctx, remote(endpoint, strategy="expansion", seeds=seeds))
    assert failures(ctx)["seed_is_held_out"] == 1
    (refused,) = [f for f in read_jsonl(ctx.out / "failures.jsonl", Failure) if f.reason == "seed_is_held_out"]
    assert refused.detail == held_out, "which seed it is"
    assert endpoint.calls == 1


def test_a_seed_given_back_is_no_record(ctx, endpoint):
    seeds = ask_file(ctx, "What is known about asthma is a long-term disease?", "Which disease narrows the airways?")
    elicit.run(ctx, remote(endpoint, strategy="expansion", seeds=seeds, records=8))
    assert failures(ctx)["near_duplicate_of_seed"] >= 1


MIX = [
    {"strategy": "expansion", "count": 4},
    {"strategy": "curation", "count": 5},
    {"strategy": "labeling", "count": 1},
]


def test_a_mix_runs_in_order_and_grown_records_rest_on_their_seeds(ctx, endpoint):
    inputs = ask_file(ctx, "What is asthma?", "What are falls?")
    elicit.run(ctx, remote(endpoint, mix=MIX, inputs=inputs))
    told = read_json(ctx.out / "summary.json")
    assert [row["strategy"] for row in told["mix"]] == ["curation", "labeling", "expansion"]
    assert told["passages"] == 3, "two records a passage"
    assert endpoint.calls == 3 + 1 + 4
    found = examples(ctx)
    first = {d for e in found if e.strategy != "expansion" for d in e.provenance.document_ids}
    for example in (e for e in found if e.strategy == "expansion"):
        lineage = example.provenance
        assert set(lineage.document_ids) & first
        assert len(lineage.chunk_ids) == len(lineage.document_ids) == len(lineage.licenses)
    assert len({e.id for e in found}) == len(found)


def test_a_mix_stopped_by_the_budget_resumes_to_the_same_records(ctx, endpoint):
    inputs = ask_file(ctx, "What is asthma?", "What are falls?")
    elicit.run(ctx, remote(endpoint, mix=MIX, inputs=inputs))
    expected = [(ctx.out / name).read_bytes() for name in ("examples.jsonl", "failures.jsonl", "coverage.json")]
    calls = endpoint.calls
    for path in ctx.cache.iterdir():
        path.unlink()
    config = remote(endpoint, mix=MIX, inputs=inputs, teacher={"max_requests": 6})
    with pytest.raises(WorkFailed, match="budget is spent"):
        elicit.run(ctx, config)
    assert endpoint.calls == calls + 6
    elicit.run(ctx, config)
    assert endpoint.calls == 2 * calls
    assert [(ctx.out / n).read_bytes() for n in ("examples.jsonl", "failures.jsonl", "coverage.json")] == expected


def test_coverage_names_topics_that_the_documents_lack(ctx, endpoint):
    elicit.run(ctx, remote(endpoint, passages=3))
    coverage = read_json(ctx.out / "coverage.json")
    summary = read_json(ctx.out / "summary.json")
    by_topic = {row["topic"]: row for row in coverage["topics"]}
    assert list(by_topic) == ctx.vertical.manifest.topics
    rows = [*by_topic.values(), coverage["outside"]]
    assert sum(row["passages"] for row in rows) == 6
    assert sum(row["drawn"] for row in rows) == 3
    assert sum(row["records"] for row in rows) == len(examples(ctx))
    assert summary["topics_without_passages"] == [t for t, row in by_topic.items() if not row["passages"]]
    assert summary["topics_without_passages"], "six passages cannot be about all topics of medicine"


def test_a_corpus_of_one_tiny_document(make_context, scrub_output, endpoint, tmp_path):
    from kdvert.knowledge.index import build
    from kdvert.records import Chunk
    from kdvert.weights import DEFAULT_EMBEDDER

    text = "Hand sanitizer should contain at least 60 percent alcohol."
    only = Chunk(id="d@0", document_id="d", start=0, end=len(text), title="Hygiene", license="CC0-1.0", text=text)
    build([only], tmp_path / "one", DEFAULT_EMBEDDER)
    ctx = make_context("elicit", {"index": tmp_path / "one", "scrub": scrub_output})
    config = remote(endpoint, mix=[{"count": 10}, {"strategy": "expansion", "count": 3}])
    elicit.run(ctx, config)
    told = read_json(ctx.out / "summary.json")
    assert told["passages"] == 1
    assert told["mix"][0]["examples"] == 1
    assert sum(row["examples"] + row["failures"] for row in told["mix"]) >= 4


def adds_up(told) -> bool:
    """Whether what was wanted of each part is told in full."""
    rows = told["mix"]
    assert all(row[k] >= 0 for row in rows for k in ("refused", "not_written", "not_asked")), rows
    parts = ("examples", "refused", "not_written", "not_asked")
    return all(row["wanted"] == sum(row[k] for k in parts) for row in rows)


@pytest.mark.parametrize("mode", ["ok", "no_records", "invented_quote", "prose", "empty", "500", "truncated", "many"])
def test_what_was_wanted_is_told_in_full_whatever_the_teacher_does(ctx, endpoint, mode):
    endpoint.mode = lambda number, prompt: mode if number % 2 else "ok"
    inputs = ask_file(ctx, "What is asthma?", "What are falls?")
    mix = [{"count": 5}, {"strategy": "labeling", "count": 7}, {"strategy": "expansion", "count": 4}]
    elicit.run(ctx, remote(endpoint, mix=mix, inputs=inputs))
    told = read_json(ctx.out / "summary.json")
    assert adds_up(told), told["mix"]
    labels = told["mix"][1]
    assert (labels["wanted"], labels["not_asked"]) == (7, 5), "two questions were given"
    assert told["mix"][0]["not_asked"] == 0
    assert (failures(ctx).get("more_than_asked", 0) > 0) == (mode == "many")


def test_without_a_number_as_much_is_wanted_as_the_sources_give(ctx, endpoint):
    elicit.run(ctx, remote(endpoint, passages=3))
    told = read_json(ctx.out / "summary.json")
    assert adds_up(told)
    assert (told["mix"][0]["wanted"], told["mix"][0]["not_asked"]) == (6, 0)


# --- strategies that build on the student's own answers; the student is written by hand ---

PUPIL = "hf:toy/pupil"


class Pupil:
    """Says one thing greedily and quotes the passage, where it sees one, when it is sampled."""

    name, route, identity, batch_size, local, where, key_variable = PUPIL, "local", "pupil", 4, True, "here", None

    async def complete(self, requests):
        return [RawReply(r.id, self.answer(r), 10, 5) for r in requests]

    def answer(self, request):
        if not request.sampling.temperature:
            return "It is all the same to me."
        return request.prompt.text.split("Passage 1: ")[1].split(".")[0] + "."

    async def close(self):
        """Nothing is open."""


@pytest.fixture
def pupil(monkeypatch):
    real = elicit.open_teacher
    monkeypatch.setattr(elicit, "open_teacher", lambda s, root: Pupil() if s.model == PUPIL else real(s, root=root))


def judging(number, prompt):
    return ("right" if number % 2 else "wrong") if "Judge the answer" in prompt else "ok"


def test_feedback_pairs_corrections_with_the_students_own_answers(ctx, endpoint, pupil):
    endpoint.mode = judging
    mix = [{"count": 6}, {"strategy": "feedback", "skill": "preference", "count": 4}]
    elicit.run(ctx, remote(endpoint, mix=mix, student=PUPIL))
    told = read_json(ctx.out / "summary.json")
    assert told["student"]["requests"] == 4
    pairs = [e for e in examples(ctx) if e.strategy == "feedback"]
    judged = Counter(f.reason for f in read_jsonl(ctx.out / "failures.jsonl", Failure))
    assert len(pairs) + judged["student_is_right"] == 4
    assert pairs
    for pair in pairs:
        assert pair.rejected
        assert pair.rejected[0].content == "It is all the same to me."
        assert pair.answer == pair.quote
        assert len(pair.provenance.request_ids) == 2, "the student's call and the judge's"
        assert pair.evidence
    assert all("correct" in p for p in endpoint.prompts if "Judge the answer" in p)


def test_self_knowledge_keeps_what_a_passage_supports_and_says_what_it_does_not(ctx, endpoint, pupil):
    mix = [{"count": 2}, {"strategy": "self_knowledge", "count": 2}]
    elicit.run(ctx, remote(endpoint, mix=mix, student=PUPIL))
    told = read_json(ctx.out / "summary.json")
    row = told["mix"][1]
    assert (row["strategy"], row["examples"]) == ("self_knowledge", 2)
    assert told["student"]["requests"] == row["examples"] + row["failures"] == 8, "four answers to each question"
    assert failures(ctx) == {"answer_not_supported": 2, "another_sample_kept": 4}
    for kept in (e for e in examples(ctx) if e.strategy == "self_knowledge"):
        assert kept.provenance.teacher == PUPIL
        assert kept.evidence
        assert not kept.context
    assert endpoint.calls == 1


def test_the_student_is_the_one_that_is_trained(ctx, endpoint):
    mix = [{"count": 2}, {"strategy": "self_knowledge", "count": 2}]
    resolved = {"distill": {"student": "hf:somebody/else"}}
    with pytest.raises(UserError, match=r"distill\.student 'hf:somebody/else'"):
        elicit.run(replace(ctx, resolved=resolved), remote(endpoint, mix=mix, student=PUPIL))
    with pytest.raises(UserError, match="runs on this machine"):
        elicit.run(ctx, remote(endpoint, mix=mix, student="openai:gpt"))
    assert endpoint.calls == 0
