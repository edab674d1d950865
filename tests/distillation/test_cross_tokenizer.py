"""A teacher of other tokens: both read the same bytes, the teacher in its own chat form, and the student learns."""

from __future__ import annotations

import shutil

import pytest

from kdvert.distillation.objectives import cross_tokenizer
from kdvert.distillation.objectives.contract import Parts
from kdvert.distillation.qlora import _adapted, _arguments
from kdvert.errors import UserError
from kdvert.hardware import probe
from kdvert.students.models import load_base
from tests.distillation.small import adapter_of, losses
from tests.distillation.test_qlora import Bars

FORM = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant] "


@pytest.fixture(scope="session")
def bytewise(foreign, tmp_path_factory):
    """A random model that reads byte by byte, in a chat form of its own."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("teachers") / "bytewise"
    tokenizer = AutoTokenizer.from_pretrained(foreign)
    tokenizer.chat_template = FORM
    tokenizer.save_pretrained(folder)
    config = LlamaConfig.from_pretrained(foreign).to_dict() | {"vocab_size": len(tokenizer), "eos_token_id": 0}
    torch.manual_seed(8)
    LlamaForCausalLM(LlamaConfig(**config | {"bos_token_id": None, "pad_token_id": 0})).save_pretrained(folder)
    return folder


@pytest.fixture
def own(bytewise, tiny_model):
    """Return settings of the objective and of the student."""

    def make(**more):
        values = {"teacher": str(bytewise), "max_new_tokens": 8, "learning_rate": 5e-3} | more
        return {"objective": ["cross_tokenizer"], "student": str(tiny_model), "cross_tokenizer": values}

    return make


@pytest.fixture
def batches(material, own, weights, tmp_path, monkeypatch):
    """Return a function that makes a trainer, and what its teacher is shown in a batch of two records."""
    from trl.experimental.gold import gold_trainer

    def make(**more):
        shown = []
        real = gold_trainer.build_teacher_inputs_from_texts

        def seen(tokenizer, prompts, completions, **options):
            shown.append((prompts, completions))
            return real(tokenizer, prompts, completions, **options)

        monkeypatch.setattr(gold_trainer, "build_teacher_inputs_from_texts", seen)
        some = material(batch_size=2, **own(**more))
        phase = cross_tokenizer.phase(some)
        model = _adapted(load_base(weights, probe(), four_bit=False), some.settings)
        arguments = _arguments(phase, some.settings, probe(), tmp_path, resume=None)
        made = phase.trainer(Parts(model, some.tokenizer, arguments, phase.rows, (), []))
        batch = made._prepare_inputs(next(iter(made.get_train_dataloader())))
        loss = made.compute_loss(made.model, batch)
        return some, batch, shown[0], loss

    return make


def test_the_student_learns_and_only_its_adapter_is_saved(material, own, train, tmp_path, bytewise):
    some = material(**own())
    trained = train(some, "cross_tokenizer")
    assert len(losses(trained, "cross_tokenizer")) == 3
    assert trained.tokens > 12 * 9
    adapter = adapter_of(tmp_path)
    assert all(str(t.dtype) == "torch.float32" for t in adapter.values())
    assert all(float(t.abs().max()) > 0 for name, t in adapter.items() if "lora_B" in name)
    phase = cross_tokenizer.phase(some)
    assert [one.ref for one in phase.teachers] == [str(bytewise)]
    assert list(phase.notes) == []


def test_what_the_student_wrote_is_shown_to_the_teacher_in_its_own_form(batches, prompts, records):
    some, batch, (asked, written), loss = batches()
    asking = [record.question for record in records]
    for text in asked:
        question = text.rpartition("[user] ")[2].partition("\n")[0]
        assert question in asking
        system, user = prompts.ask(question)
        assert text == f"[system] {system['content']}\n[user] {user['content']}\n[assistant] "
    own = [ids[labels != -100] for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True)]
    assert written == [some.tokenizer.decode(ids).partition("<|im_end|>")[0] for ids in own]
    assert float(loss) != 0
    loss.backward()


def test_answers_of_records_can_take_the_place_of_those_that_the_student_writes(batches, records):
    _, _, (asked, written), _ = batches(student_share=0.0)
    answers = {record.question: record.answer for record in records}
    assert written == [answers[text.rpartition("[user] ")[2].partition("\n")[0]] for text in asked]


def test_a_killed_phase_goes_on_where_it_was(material, records, own, train, tmp_path):
    some = material(records[:8], checkpoint_steps=1, **own(epochs=2))
    whole = train(some, "cross_tokenizer", adapter="whole")
    (tmp_path / "checkpoints").rename(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        train(some, "cross_tokenizer", progress=Bars(stop=4))
    resumed = train(some, "cross_tokenizer")
    assert (resumed.resumed_at, resumed.tokens) == (3, whole.tokens)
    first, second = adapter_of(tmp_path, "whole"), adapter_of(tmp_path)
    assert max(float((first[name] - second[name]).abs().max()) for name in first) < 1e-5


def test_tokens_that_stand_for_no_bytes_are_refused_or_the_words_are_learned(material, own, bytewise, tmp_path):
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    folder = shutil.copytree(bytewise, tmp_path / "words")
    made = Tokenizer(models.WordLevel({"<end>": 0, "Fact": 1}, unk_token="<end>"))
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>").save_pretrained(folder)
    with pytest.raises(UserError, match=r"(?s)tokenizer of the teacher '.*words' is not byte-level.*fall_back: true"):
        cross_tokenizer.phase(material(**own(teacher=str(folder))))
    phase = cross_tokenizer.phase(material(**own(teacher=str(folder), fall_back=True)))
    assert (phase.name, len(phase.rows), list(phase.teachers)) == ("cross_tokenizer", 12, [])
    assert "not byte-level" in phase.notes[0]


def test_notes_say_what_would_fit_better(material, own, teacher, foreign):
    assert "on_policy compares all" in cross_tokenizer.phase(material(**own(teacher=str(teacher)))).notes[0]
    assert "no chat template" in cross_tokenizer.phase(material(**own(teacher=str(foreign)))).notes[0]
