"""Reinforcement: the student answers each question several times; kdvert's verifiers say which answers are better.

GRPO (arXiv 2402.03300) and RLOO (arXiv 2402.14740), both through TRL. The student is asked as evaluation asks it.
What it is held to is the student as it was when the phase began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kdvert.distillation.data import LeftOut
from kdvert.distillation.objective_settings import Reinforcement
from kdvert.distillation.objectives.contract import Material, Parts, Phase, Row
from kdvert.distillation.rewards import REWARDS, Answer, Verifiers
from kdvert.distillation.rollouts import full_batches
from kdvert.errors import UserError
from kdvert.records import Example, sha256_text
from kdvert.students.prompts import last_answer, prompt_ids

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "reinforce"
READS: tuple[str, ...] = ()


def phase(material: Material) -> Phase:
    """Return the phase that asks every question of which a reward has something to say.

    Raises:
        UserError: there is none, or a step does not hold all answers to a question.
    """
    own, size = material.settings.reinforce, material.settings.batch_size
    if size % own.generations:
        raise UserError(
            f"distill.batch_size is {size}, and distill.reinforce.generations is {own.generations}: a step must hold "
            "all answers to its questions.",
            hint=f"Set distill.batch_size to a multiple of {own.generations}.",
        )
    verifiers = material.verifiers
    assert verifiers is not None, "the stage brings them for this objective"
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    for example in material.train.examples:
        row = _row(example, material)
        if problem := _problem(example, row, material, verifiers):
            left_out.append(problem)
        else:
            rows.append(row)
    if not rows:
        reasons = ", ".join(sorted({one.reason for one in left_out}))
        raise UserError(
            f"The objective reinforce can use none of {len(left_out)} records to train on ({reasons}).",
            hint="Weigh more rewards (distill.reinforce.rewards), raise distill.max_length, or take reinforce out of "
            "distill.objective.",
        )
    questions = size // own.generations  # a step
    asked = full_batches(_in_order(rows, own.epochs, material.settings.seed), questions)
    judged = {example.id: example for example in material.train.examples}
    return Phase(
        NAME, asked, (), _trainer(own, judged, verifiers), 1, own.learning_rate, left_out=left_out,
        steps=len(asked) // questions,
    )  # fmt: skip


def _row(example: Example, material: Material) -> dict[str, Any]:
    turns = material.prompts.turns(example)
    return {"prompt": turns[: last_answer(turns)], "record": example.id}


def _problem(example: Example, row: Row, material: Material, verifiers: Verifiers) -> LeftOut | None:
    own = material.settings.reinforce
    says = (REWARDS[name](example, Answer(example.answer), verifiers) is not None for name in own.weighed)
    if not any(says):
        return LeftOut(example_id=example.id, reason="no_reward_applies")
    count, most = len(prompt_ids(material.tokenizer, row["prompt"])) + own.max_new_tokens, material.settings.max_length
    if count > most:
        detail = f"{count} tokens with the answer, max_length is {most}"
        return LeftOut(example_id=example.id, reason="too_long", detail=detail)
    return None


def _in_order(rows: Sequence[Row], epochs: int, seed: int) -> list[Row]:
    """Return the rows of all epochs, each in an order of its own.

    TRL's sampler draws the second epoch's order after the first's, so a run that goes on in it would draw another.
    """
    return [
        row
        for epoch in range(epochs)
        for row in sorted(rows, key=lambda r: sha256_text(f"{seed}:{epoch}:{r['record']}"))
    ]


def _trainer(own: Reinforcement, records: Mapping[str, Example], verifiers: Verifiers) -> Callable[[Parts], Trainer]:
    """Return what makes the trainer."""

    def make(parts: Parts) -> Trainer:
        import trl
        from datasets import Dataset

        kinds = {"grpo": (trl.GRPOTrainer, trl.GRPOConfig), "rloo": (trl.RLOOTrainer, trl.RLOOConfig)}
        trainer, config = kinds[own.algorithm]
        end = parts.tokenizer.eos_token_id
        arguments = config(
            **parts.arguments,
            num_generations=own.generations,
            max_completion_length=own.max_new_tokens,
            temperature=own.temperature,
            beta=own.beta,
            reward_weights=list(own.weighed.values()),
            shuffle_dataset=False,  # `_in_order` did
        )
        made: Trainer = trainer(
            model=parts.model,
            processing_class=parts.tokenizer,
            reward_funcs=[_judge(name, records, verifiers, end) for name in own.weighed],
            args=arguments,
            train_dataset=Dataset.from_list([dict(row) for row in parts.rows]),
            callbacks=list(parts.callbacks),
        )
        return made

    return make


def _judge(
    name: str, records: Mapping[str, Example], verifiers: Verifiers, end: int | None
) -> Callable[..., list[float | None]]:
    """Return a reward in the form that TRL calls: on a list of answers, under its name."""

    def judge(
        completions: Sequence[Any], completion_ids: Sequence[Sequence[int]], record: Sequence[str], **more: Any
    ) -> list[float | None]:
        return [
            REWARDS[name](records[one], Answer(turns[-1]["content"].strip(), bool(ids) and ids[-1] == end), verifiers)
            for turns, ids, one in zip(completions, completion_ids, record, strict=True)
        ]

    judge.__name__ = name  # TRL logs under it
    return judge
