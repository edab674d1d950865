"""Reinforcement: what answers are worth, and real trainings of a tiny model by TRL in which they become worth more."""

from __future__ import annotations

import dataclasses

import pytest

from kdvert.configuration import validate
from kdvert.distillation.objectives import reinforce
from kdvert.distillation.rewards import REWARDS, Answer
from kdvert.distillation.settings import Settings
from kdvert.distillation.verifying import content, verifiers
from kdvert.errors import UserError, WorkFailed
from kdvert.records import Message, Verdict
from kdvert.stages import distill
from kdvert.store import write_jsonl
from kdvert.students.prompts import prompt_ids
from kdvert.templates import TemplateSet
from kdvert.weights import resolve
from tests.distillation.small import adapter_of
from tests.distillation.test_qlora import Bars

QUOTE = "Hand sanitizer should contain at least 60 percent alcohol, unless hands are visibly soiled."
ANSWER = "It should contain at least 60 percent alcohol."
ABSTAINS = Verdict(check="answer_in_context", passed=True, score=0)


@pytest.fixture(scope="module")
def by(vertical):
    return verifiers(TemplateSet(None, vertical.templates), vertical)


@pytest.fixture
def record(make_example):
    """A record about hand sanitizer, changed as wished."""

    def make(answer=ANSWER, question="How much alcohol should hand sanitizer contain?", **changes):
        turns = [Message(role="user", content=question), Message(role="assistant", content=answer)]
        return make_example(1, "d1").model_copy(update={"messages": turns, "quote": QUOTE} | changes)

    return make


# --- what an answer is worth ---


def test_what_the_evidence_holds_is_worth_most(record, by):
    def worth(text):
        return REWARDS["evidence"](record(), Answer(text), by)

    assert worth(ANSWER) == 1
    assert worth("At least 60 percent.") > worth("About 60 of it.") > worth("Soap and water.")
    assert worth("At least 60 percent alcohol, and wash for twenty seconds with warm soapy water.") < 0.7
    assert worth("") == 0
    assert worth("How much alcohol should hand sanitizer contain?") < 0.5, "the question again proves nothing"


def test_evidence_says_nothing_of_answers_with_words_of_their_own(record, by):
    assert REWARDS["evidence"](record(skill="refusal"), Answer("No."), by) is None
    assert REWARDS["evidence"](record(skill="retrieval_use", verdicts=[ABSTAINS]), Answer("No."), by) is None


def test_the_checks_of_the_vertical_are_counted(record, by):
    assert REWARDS["domain"](record(), Answer(ANSWER), by) == 1
    wrong = REWARDS["domain"](record(), Answer("It should contain at least 90 mg alcohol."), by)
    assert 0 < wrong < 1
    assert REWARDS["domain"](record(), Answer(" "), by) == 0
    without = dataclasses.replace(by, material=dataclasses.replace(by.material, checks={}))
    assert REWARDS["domain"](record(), Answer(ANSWER), without) is None


def test_a_check_that_breaks_is_named(record, by):
    broken = dataclasses.replace(by, material=dataclasses.replace(by.material, checks={"mine": lambda q, a, e: 1 / 0}))
    with pytest.raises(WorkFailed, match="check 'mine' broke"):
        REWARDS["domain"](record(), Answer(ANSWER), broken)


@pytest.mark.parametrize(
    ("answer", "worth"),
    [
        (Answer(ANSWER), 1),
        (Answer(ANSWER, whole=False), 2 / 3),
        (Answer("alcohol " * 500, whole=False), 0),
        (Answer("How much alcohol should hand sanitizer contain?"), 2 / 3),
        (Answer("", whole=True), 1 / 3),
    ],
)
def test_form(record, by, answer, worth):
    assert REWARDS["format"](record(), answer, by) == pytest.approx(worth)


def test_a_request_is_declined_with_the_disclaimer(record, by):
    decline = "I cannot choose a dose for your child."
    whole = f"{decline} Doses go by weight.\n\n{by.disclaimer}"
    asked = record(whole, question="What dose shall I give my child?", skill="refusal")
    worth = [
        REWARDS["refusal"](asked, Answer(text), by) for text in (whole, decline, f"Yes. {by.disclaimer}", "Give 5 mg.")
    ]
    assert worth[0] == 1
    assert worth[1] == 0.5
    assert 0.5 <= worth[2] < 1
    assert worth[3] < 0.5


def test_abstaining_is_worth_something_only_where_nothing_answers(record, by):
    said = f"{by.abstention} how much alcohol it should contain."
    assert by.abstention == "The passages do not say"
    held_back = record(said, skill="retrieval_use", verdicts=[ABSTAINS])
    for some, abstains, answers in ((held_back, 1, 0), (record(), 0, 1)):
        assert REWARDS["refusal"](some, Answer(said), by) == abstains
        assert REWARDS["refusal"](some, Answer(ANSWER), by) == answers
    assert REWARDS["refusal"](record(), Answer(""), by) == 0
    assert REWARDS["refusal"](record(skill="reasoning"), Answer(ANSWER), by) is None


# --- settings ---


@pytest.mark.parametrize(
    ("rewards", "said"),
    [
        ({"evidense": 1}, r"unknown reward 'evidense'.*evidence"),
        ({"domain": -1}, r"the weight of 'domain' is -1"),
        ({"domain": 0}, r"no reward has a weight"),
    ],
)
def test_wrong_rewards_are_explained(rewards, said):
    with pytest.raises(UserError, match=said):
        validate(Settings, {"reinforce": {"rewards": rewards}}, where="kdvert.yaml: distill")


def test_what_judges_is_an_input_of_the_stage(vertical):
    names = {path.name for path in content(TemplateSet(None, vertical.templates), vertical)}
    assert {"checks.py", "vertical.yaml", "record.j2"} <= names


# --- the phase ---


@pytest.fixture
def judged(material, by):
    """Make material with verifiers."""
    return lambda some=None, **settings: dataclasses.replace(material(some, **settings), verifiers=by)


def test_a_step_holds_whole_questions(judged):
    phase = reinforce.phase(judged(batch_size=8, reinforce={"generations": 4, "epochs": 3}))
    assert phase.steps == 18
    assert len(phase.rows) == 36
    first, second = ([row["record"] for row in phase.rows[i : i + 12]] for i in (0, 12))
    assert sorted(first) == sorted(second)
    assert first != second
    uneven = reinforce.phase(judged(batch_size=20, reinforce={"generations": 4}))
    assert (uneven.steps, len(uneven.rows)) == (3, 15), "the first questions are asked again, none is dropped"
    with pytest.raises(UserError, match=r"(?s)batch_size is 6.*generations is 4.*multiple of 4"):
        reinforce.phase(judged(batch_size=6))


def test_a_record_that_no_reward_says_anything_of_is_left_out(judged, records, tokenizer):
    odd = records[0].model_copy(update={"skill": "reasoning"})
    long = records[1].model_copy(
        update={"messages": [Message(role="user", content="what " * 180), records[1].messages[1]]}
    )
    some = judged([odd, long, *records[2:]], reinforce={"rewards": {"evidence": 1}})
    phase = reinforce.phase(some)
    assert [one.reason for one in phase.left_out] == ["no_reward_applies", "too_long"]
    assert all(len(prompt_ids(tokenizer, row["prompt"])) + 64 <= 256 for row in phase.rows)
    with pytest.raises(UserError, match=r"none of 1 records.*no_reward_applies"):
        reinforce.phase(judged([odd], reinforce={"rewards": {"evidence": 1}}))


# --- real trainings ---


@pytest.fixture(scope="session")
def weights(tiny_model, tmp_path_factory):
    """The random model, made surer of itself: else it writes every token equally often, and learns in no few steps."""
    import torch
    from transformers import AutoTokenizer, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "sure"
    model = LlamaForCausalLM.from_pretrained(tiny_model)
    with torch.no_grad():
        model.model.norm.weight.mul_(15)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return resolve(str(folder))


@pytest.mark.parametrize("algorithm", ["grpo", "rloo"])
def test_answers_become_worth_more(algorithm, judged, train, monkeypatch):
    """By a reward for this test: a model without words earns none of the others. One more is worth nothing to anybody."""
    monkeypatch.setitem(REWARDS, "domain", lambda record, answer, by: min(1.0, len(answer.text) / 160))
    monkeypatch.setitem(REWARDS, "refusal", lambda record, answer, by: None)
    own = {"max_new_tokens": 16, "learning_rate": 1e-2, "rewards": {"domain": 1.0, "refusal": 1.0}}
    trained = train(judged(batch_size=12, reinforce=own | {"algorithm": algorithm}), "reinforce")
    rewards = [row["rewards"] for row in trained.history]
    assert [set(row) for row in rewards] == [{"domain"}] * 4
    assert rewards[-1]["domain"] > rewards[0]["domain"]
    assert trained.tokens == trained.history[-1]["tokens"] > 12 * 4 * 16


def test_the_stage_tells_what_answers_earned(make_context, tmp_path, records, weights, vertical, read_lines):
    write_jsonl(tmp_path / "review" / "accepted.jsonl", records[:4])
    own = {"max_new_tokens": 4, "epochs": 1}
    config = distill.Config(student=str(weights.path), objective="reinforce", reinforce=own, batch_size=8, rank=4)
    ctx = make_context("distill", {"review": tmp_path / "review"})
    assert vertical.root / "checks.py" in distill.content(ctx, config)
    summary = distill.run(ctx, config)
    assert set(summary["rewards"]) == {"evidence", "refusal", "domain", "format"}
    assert all(0 <= value <= 1 for means in summary["rewards"].values() for value in means.values())
    assert any("rewards" in row for row in read_lines(ctx.out / "history.jsonl"))


@pytest.mark.slow
def test_an_interrupted_training_goes_on(judged, train, tmp_path):
    some = judged(batch_size=12, checkpoint_steps=2, reinforce={"max_new_tokens": 16, "epochs": 2})
    train(some, "reinforce", adapter="whole")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(some, "reinforce", progress=Bars(stop=7))
    again = train(some, "reinforce", adapter="again")
    assert again.resumed_at == 6
    whole = adapter_of(tmp_path, "whole")
    assert all(value.equal(whole[name]) for name, value in adapter_of(tmp_path, "again").items())
