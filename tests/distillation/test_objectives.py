"""Every objective in real trainings of a tiny model: what it learns from, what it leaves out, and that it learns."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from kdvert.configuration import validate
from kdvert.distillation import qlora
from kdvert.distillation.data import IGNORED
from kdvert.distillation.objectives import cpt, kl, preference, sft
from kdvert.distillation.settings import Settings
from kdvert.errors import UserError, WorkFailed
from kdvert.features import forcing
from kdvert.features.header import Header
from kdvert.features.store import FeaturesUnusable, Store, Writer
from kdvert.features.tails import POWER
from kdvert.features.vocabulary import token_bytes, tokenizer_sha256
from kdvert.hardware import probe
from kdvert.records import Message
from kdvert.students.models import load_base
from tests.distillation.small import FAST, adapter_of, losses, passages
from tests.distillation.test_qlora import Bars


@pytest.fixture(scope="module")
def features(records, tokenizer, prompts, weights, tmp_path_factory):
    """A store of what another model, random too, holds likely at each token of the records but the last."""
    import torch

    folder = tmp_path_factory.mktemp("features") / "distributions"
    teacher = load_base(weights, probe(), four_bit=False)
    with torch.no_grad():
        torch.manual_seed(3)
        for parameter in teacher.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        teacher.model.norm.weight.mul_(20)  # as sure of itself as real ones are: most of its mass is on few tokens
    some, _ = forcing.readings(records[:-1], tokenizer, prompts, passages={}, longest=999)
    header = Header(
        teacher="t", teacher_identity="t", source="forced", tokenizer_sha256=tokenizer_sha256(tokenizer),
        vocabulary=len(tokenizer), k=64, samples=24, power=POWER, coding="float16", prompt_sha256=None, passages=False,
    )  # fmt: skip
    writer = Writer(folder, header)
    found = forcing.Forcing(teacher, 0, 4, 64, 24, POWER).distributions(some)
    writer.write("all", [(r.record.id, found[r.record.id]) for r in some])
    writer.finish(token_bytes(tokenizer, len(tokenizer)))
    return folder, teacher


# --- the table and the settings ---


def test_an_unknown_objective_names_the_nearest():
    assert Settings(objective="kl").objective == ["kl"]
    with pytest.raises(UserError, match=r"distill:\n.*objective: .*unknown objective 'klx'.*kl"):
        validate(Settings, {"objective": ["sft", "klx"]}, where="kdvert.yaml: distill")


@pytest.mark.parametrize("name", ["cpt", "sft", "kl", "preference"])  # others learn from answers that change
def test_what_lies_on_disk_is_learned(name, train, material, features):
    some = dataclasses.replace(material(objective=[name], preference={"epochs": 4, "learning_rate": 5e-3},
                                        cpt={"epochs": 4}), features=features[0])  # fmt: skip
    trained = train(some, name)
    assert losses(trained, name)[-1] < losses(trained, name)[0]
    assert trained.tokens > 0


# --- continued pre-training ---


def test_cpt_reads_passages_with_what_was_asked_about_them(material, tokenizer):
    phase = cpt.phase(material(cpt={"replay": 0.0}))
    texts = [tokenizer.decode(row["input_ids"]) for row in phase.rows]
    assert len(texts) == 4
    assert texts[1].startswith("Facts 1\n\nFact 1 is 7.")
    assert "What is fact 1.0?\nFact 1.0 is 7." in texts[1]
    assert texts[1].endswith(tokenizer.eos_token)
    assert all(row["labels"] == row["input_ids"] for row in phase.rows), "every token is learned"
    assert [c.id for c in phase.passages] == [c.id for c in passages()]
    without = cpt.phase(material(cpt={"replay": 0.0, "records": False}))
    assert not any("What is fact" in tokenizer.decode(row["input_ids"]) for row in without.rows)


def test_cpt_cuts_long_passages_and_replays_records(material):
    phase = cpt.phase(material(max_length=64, cpt={"replay": 0.5}))
    read = [row for row in phase.rows if IGNORED not in row["labels"]]
    again = [row for row in phase.rows if IGNORED in row["labels"]]
    assert all(len(row["input_ids"]) <= 64 for row in read)
    assert len(read) > 4
    assert len(again) == len(read), "half of the rows"


def test_cpt_without_passages_says_so(material):
    with pytest.raises(WorkFailed, match=r"(?s)no passage to read.*validation_share"):
        cpt.phase(dataclasses.replace(material(), passages=[]))


# --- kept distributions ---


def test_the_loss_on_a_store_is_that_of_the_whole_distributions(features, material, weights, tokenizer):
    import torch

    from kdvert.distillation.cached_teacher import Reading

    folder, teacher = features
    some = dataclasses.replace(material(kl={"divergence": "forward"}), features=folder)
    rows = kl.phase(some).rows
    student = load_base(weights, probe(), four_bit=False)
    reading = Reading(Store(folder), "forward", 0.0, int(tokenizer.pad_token_id))
    batch = reading.collate(rows[:4])
    expected, count = 0.0, 0
    with torch.no_grad():
        total, positions = reading.loss(student, batch, words_only=False)
        for row in rows[:4]:
            ids = torch.tensor([row["input_ids"]])
            p, q = (torch.log_softmax(m(input_ids=ids).logits[0, :-1].float(), 1) for m in (teacher, student))
            learned = torch.tensor(row["labels"])[1:] != IGNORED
            expected += float((p.exp() * (p - q)).sum(1)[learned].sum())
            count += int(learned.sum())
    assert positions == count
    assert float(total) == pytest.approx(expected, rel=0.03)


def test_words_of_a_batch_weigh_as_in_supervised_training(features, material, weights, tokenizer):
    import torch

    from kdvert.distillation.cached_teacher import Reading

    rows = sft.rows(material().train)[:3]
    student = load_base(weights, probe(), four_bit=False)
    reading = Reading(Store(features[0]), "forward", 0.0, int(tokenizer.pad_token_id))
    with torch.no_grad():
        total, count = reading.loss(student, reading.collate(rows), words_only=True)
        own = [
            student(input_ids=torch.tensor([r["input_ids"]]), labels=torch.tensor([r["labels"]])).loss
            * sum(label != IGNORED for label in r["labels"])
            for r in rows
        ]
    assert float(total) == pytest.approx(float(sum(own)), rel=1e-4)
    assert count == sum(label != IGNORED for row in rows for label in row["labels"])


def test_records_without_distributions_are_named_or_learned_by_their_words(features, material, records):
    some = dataclasses.replace(material(), features=features[0])
    phase = kl.phase(some)
    assert [(one.example_id, one.reason) for one in phase.left_out] == [(records[-1].id, "features_record_missing")]
    assert phase.notes == ()
    falling = kl.phase(dataclasses.replace(material(kl={"fall_back": True}), features=features[0]))
    assert falling.left_out == []
    assert falling.notes == ["kl: 1 of 12 records had no distributions and were learned by their words."]


def test_distributions_of_another_answer_are_not_used(features, material, records):
    changed = records[0].model_copy(update={"messages": [records[0].messages[0], records[1].messages[1]]})
    phase = kl.phase(dataclasses.replace(material([changed, *records[1:-1]]), features=features[0]))
    assert [one.reason for one in phase.left_out] == ["features_of_other_answer"]


def test_a_store_of_another_tokenizer_stops_unless_words_will_do(features, material, tmp_path):
    import shutil

    folder = shutil.copytree(features[0], tmp_path / "other")
    header = json.loads((folder / "header.json").read_text())
    (folder / "header.json").write_text(json.dumps(header | {"tokenizer_sha256": "0" * 64}))
    with pytest.raises(FeaturesUnusable, match="features_other_tokenizer"):
        kl.phase(dataclasses.replace(material(), features=folder))
    phase = kl.phase(dataclasses.replace(material(kl={"fall_back": True}), features=folder))
    assert len(phase.rows) == 12
    assert "features_other_tokenizer" in phase.notes[0]


def test_a_damaged_shard_is_named(features, material, tmp_path):
    import shutil

    folder = shutil.copytree(features[0], tmp_path / "cut")
    shard = folder / "shard-00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:-9])
    for fall_back in (False, True):  # damage is nothing to fall back from
        with pytest.raises(FeaturesUnusable, match=r"shard-00000.*features_shard_truncated"):
            kl.phase(dataclasses.replace(material(kl={"fall_back": fall_back}), features=folder))


def test_without_any_store_the_way_out_is_named(material):
    with pytest.raises(UserError, match=r"(?s)needs the teacher's token distributions.*strategy: feature"):
        kl.phase(material())
    phase = kl.phase(material(kl={"fall_back": True}))
    assert (phase.name, len(phase.rows)) == ("kl", 12)
    assert "none were asked for" in phase.notes[0]


# --- preference ---


@pytest.mark.parametrize("loss", ["dpo", "kto"])
def test_the_right_answer_gains_on_the_wrong_one(loss, material, train, weights, tmp_path, tokenizer):
    some = material(preference={"loss": loss, "epochs": 3, "learning_rate": 5e-3})
    before = _margin(weights, None, some)
    train(some, "preference")
    assert _margin(weights, tmp_path / "adapter", some) > before
    assert not any("ref" in name.split(".") for name in adapter_of(tmp_path)), "the reference is no part of the student"


def _margin(weights, adapter, some):
    """Return how much more likely right answers are than wrong ones, in nats a pair."""
    import torch

    from kdvert.students.models import with_adapter
    from kdvert.students.prompts import conversation_ids

    model = load_base(weights, probe(), four_bit=False)
    model = with_adapter(model, adapter) if adapter else model
    total = 0.0
    for pair in preference.phase(some.__class__(**(vars(some) | {"settings": Settings(**FAST)}))).rows:
        for sign, side in ((1, "chosen"), (-1, "rejected")):
            tokens = conversation_ids(some.tokenizer, [*pair["prompt"], *pair[side]])
            with torch.no_grad():
                logprobs = torch.log_softmax(model(input_ids=torch.tensor([tokens.ids])).logits[0, :-1], 1)
            own = logprobs.gather(1, torch.tensor(tokens.ids[1:])[:, None])[:, 0]
            total += sign * float(own[torch.tensor(tokens.trained[1:])].sum())
    return total


def test_preference_without_pairs_says_what_to_ask_for(material, records):
    plain = [r.model_copy(update={"rejected": []}) for r in records]
    with pytest.raises(UserError, match=r"(?s)none has one.*skill: preference"):
        preference.phase(material(plain))


def test_a_pair_that_is_too_long_is_left_out(material, records):
    long = records[0].model_copy(update={"rejected": [Message(role="assistant", content="word " * 300)]})
    phase = preference.phase(material([long, *records[1:]]))
    assert [one.reason for one in phase.left_out] == ["pair_too_long"]


# --- several, one after the other ---


def test_a_schedule_goes_through_its_phases_and_measures_at_the_end(
    features, material, train, make_example, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    held_out = [make_example(n, "held.md") for n in (30, 31)]
    some = dataclasses.replace(material(held_out=held_out, epochs=1), features=features[0])
    trained = train(some, "cpt", "sft", "kl", "preference")
    named = list(dict.fromkeys(row["objective"] for row in trained.history))
    assert named == ["cpt", "sft", "kl", "preference"]
    steps = [row["step"] for row in trained.history]
    assert steps == sorted(steps)
    assert "eval_loss" in trained.history[-1]
    assert not list((tmp_path / "elsewhere").iterdir()), "nothing is left where the user stands"


def test_phases_forget_nothing_of_each_other_where_the_base_stays_in_four_bits(
    material, train, make_example, tmp_path, monkeypatch
):
    """TRL's trainers round the adapter of such a base to bfloat16, that of the measurement behind the last one too."""
    some = material(held_out=[make_example(30, "held.md")], epochs=1)
    train(some, "sft", "preference", adapter="unpacked")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    packed = []
    monkeypatch.setattr(qlora, "unpacked", lambda base, hardware: packed.append(base.is_loaded_in_4bit) or base)
    train(some, "sft", "preference")
    assert packed == [True]
    first, second = adapter_of(tmp_path, "unpacked"), adapter_of(tmp_path)
    assert {value.dtype for value in second.values()} == {torch.float32}
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-5


def test_dropout_holds_in_the_phases_after_one_that_turns_it_off(material, train, monkeypatch):
    """TRL's preference trainers turn it off in the model itself."""
    seen = []

    def looked_at(parts, packing="none"):
        seen.append({m.p for m in parts.model.modules() if isinstance(m, torch.nn.Dropout)})
        return plain(parts, packing)

    plain = sft.trainer
    monkeypatch.setattr(sft, "trainer", looked_at)
    train(material(epochs=1, dropout=0.25, batch_size=16), "preference", "sft")
    assert seen[0] == {0.25}


@pytest.mark.parametrize("stop", [2, 5])
def test_a_killed_schedule_goes_on_where_it_was(stop, features, material, train, tmp_path):
    some = dataclasses.replace(material(cpt={"replay": 0.0}), features=features[0])
    whole = train(some, "cpt", "kl", "sft", adapter="whole")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(some, "cpt", "kl", "sft", progress=Bars(stop=stop))
    bars = Bars()
    resumed = train(some, "cpt", "kl", "sft", progress=bars)
    assert bars.done == bars.total
    assert resumed.resumed_at in (stop - 2, stop - 1)
    assert resumed.tokens == whole.tokens
    first, second = adapter_of(tmp_path, "whole"), adapter_of(tmp_path)
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-5


@pytest.mark.parametrize(("variant", "key"), [("dora", "lora_magnitude_vector"), ("rslora", "lora_A")])
def test_variants_of_the_adapter(variant, key, material, train, tmp_path):
    train(material(variant=variant, epochs=1), "sft")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert (config["use_dora"], config["use_rslora"]) == (variant == "dora", variant == "rslora")
    assert any(key in name for name in adapter_of(tmp_path))
