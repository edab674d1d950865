"""Distillation across tokenizers: a teacher on this machine that cuts text into other tokens than the student does.

Both read the same bytes, each in its own tokens and its own chat form; where both make a cut, likelihoods are compared:
of tokens that both vocabularies know as such, of all others by rank (ULD, arXiv 2402.12030). Through TRL's GOLD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdvert.distillation.local_teacher import LocalTeacher, without_teacher
from kdvert.distillation.objective_settings import CrossTokenizer
from kdvert.distillation.objectives.contract import Material, Parts, Phase
from kdvert.distillation.rollouts import ALPHA, experimental, full_batches, questions, resumable, step_size
from kdvert.features.vocabulary import is_byte_level
from kdvert.students.prompts import Turn, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Trainer

NAME = "cross_tokenizer"
READS: tuple[str, ...] = ()


def phase(material: Material) -> Phase:
    """Return the phase that asks the question of every record.

    Raises:
        UserError: the teacher is no model, or nobody can say which bytes its tokens or the student's stand for, and
            ``cross_tokenizer.fall_back`` is off; or its chat template refuses a conversation.
        WorkFailed: the teacher cannot be fetched.
    """
    own = material.settings.cross_tokenizer
    teacher = LocalTeacher(str(own.teacher), material)
    if problem := _not_aligned(teacher, material):
        instead = "Take models with byte-level tokenizers (GPT-2's kind: SmolLM, Qwen, Llama 3)"
        return without_teacher(NAME, material, problem, fall_back=own.fall_back, instead=instead)
    asked = questions(material)
    rows = [
        {"prompt": turns, "completion": [{"role": "assistant", "content": example.answer.strip()}]}
        for turns, example in zip(asked, material.train.examples, strict=True)
    ]
    wordings = _wordings(asked, material.tokenizer, teacher.tokenizer)
    return Phase(
        NAME, rows, (), _Maker(own, teacher, wordings), own.epochs, own.learning_rate,
        notes=_notes(teacher, material), teachers=[teacher.weights],
    )  # fmt: skip


def _not_aligned(teacher: LocalTeacher, material: Material) -> str:
    pairs = [("student", material.tokenizer), (f"teacher '{teacher.weights.ref}'", teacher.tokenizer)]
    lacking = [name for name, tokenizer in pairs if not is_byte_level(tokenizer)]
    return f"The tokenizer of the {' and of the '.join(lacking)} is not byte-level." if lacking else ""


def _notes(teacher: LocalTeacher, material: Material) -> list[str]:
    notes = []
    if not teacher.other_tokenizer:
        notes.append(f"{NAME}: the teacher has the student's tokenizer; on_policy compares all of their tokens.")
    if not teacher.tokenizer.chat_template:
        notes.append(f"{NAME}: the teacher has no chat template and reads questions in the student's form.")
    return notes


def _wordings(
    asked: Sequence[Sequence[Turn]], student: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase
) -> dict[str, str]:
    """Return each question in the teacher's chat form, by the text of it in the student's.

    TRL shows the teacher the student's own text, marks of its turns included, which mean nothing to it.
    """
    if not teacher.chat_template:
        return {}
    found: dict[str, str] = {}
    for turns in asked:
        prompt_ids(teacher, turns)  # for the error
        text = str(
            teacher.apply_chat_template([dict(turn) for turn in turns], tokenize=False, add_generation_prompt=True)
        )
        if [teacher.bos_token_id] * 2 == teacher(text)["input_ids"][:2]:
            text = text.removeprefix(str(teacher.bos_token))  # TRL puts one before it
        found[str(student.decode(prompt_ids(student, turns), skip_special_tokens=False))] = text
        found[_text(student, turns)] = text
    return found


def _text(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn]) -> str:
    plain = [dict(turn) for turn in turns]
    return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True))


@dataclass(frozen=True)
class _Maker:
    """Makes the trainer. ``wordings`` are those of `_wordings`."""

    own: CrossTokenizer
    teacher: LocalTeacher
    wordings: dict[str, str]

    def __call__(self, parts: Parts) -> Trainer:
        from datasets import Dataset

        gold, config = experimental("gold.gold_trainer", "GOLDTrainer", "GOLDConfig")
        end, wordings = str(parts.tokenizer.eos_token), self.wordings

        class Worded(gold):  # type: ignore[misc, valid-type]
            """Shows the teacher questions in its own form, and answers without the student's end of text."""

            def compute_loss(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
                shown = {
                    "original_prompt_text": [wordings.get(text, text) for text in inputs["original_prompt_text"]],
                    "original_completion_text": [text.partition(end)[0] for text in inputs["original_completion_text"]],
                }
                return super().compute_loss(model, {**inputs, **shown}, *more, **named)

        args = config(
            **parts.arguments,
            use_uld_loss=True,
            uld_use_hybrid_loss=True,
            uld_token_merge_strategy="bayesian",  # the other one compares what comes after each token
            beta=ALPHA[self.own.divergence],
            lmbda=self.own.student_share,
            temperature=self.own.temperature,
            top_p=1.0,
            max_completion_length=self.own.max_new_tokens,
            max_length=None,  # too long ones were left out, with a reason
            teacher_tokenizer_name_or_path=str(self.teacher.weights.path),
            disable_dropout=False,  # the project has a setting for it
        )
        made: Trainer = resumable(Worded, "attention_mask")(
            model=parts.model,
            teacher_model=self.teacher.load(self.own.four_bit, sharded=parts.sharded),
            processing_class=parts.tokenizer,
            args=args,
            train_dataset=Dataset.from_list(full_batches(parts.rows, step_size(args))),
            callbacks=list(parts.callbacks),
        )
        return made
