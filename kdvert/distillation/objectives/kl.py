"""Distillation on kept distributions: the student learns what the teacher held likely at each token of its answers.

The teacher is not there when the student trains: its distributions lie on disk (the stage ``features``). They are those
of a teacher that may have seen the passages; the student does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kdvert.distillation.data import Encoded, LeftOut, labels
from kdvert.distillation.objectives import sft
from kdvert.distillation.objectives.contract import Material, Parts, Phase, Row
from kdvert.errors import KdvertError, UserError
from kdvert.features.store import FeaturesUnusable, Store
from kdvert.features.vocabulary import tokenizer_sha256

if TYPE_CHECKING:
    from transformers import Trainer

NAME = "kl"
READS = ("features",)


def phase(material: Material) -> Phase:
    """Return the phase that learns the distributions of every record that has some.

    Raises:
        FeaturesUnusable: the store is damaged; or there is none, or of another tokenizer, and ``kl.fall_back`` is off.
        UserError: no record that is trained on has a distribution, and ``kl.fall_back`` is off.
    """
    own = material.settings
    lacking = _lacking(material)
    if lacking and not own.kl.fall_back:
        raise lacking
    if lacking or material.features is None:
        note = f"kl: {lacking} Trained on the teacher's words alone, as kl.fall_back allows."
        return replace(sft.phase(material), name=NAME, notes=[note])
    store = Store(material.features)
    rows, left_out = _rows(material.train, store, fall_back=own.kl.fall_back)
    if not rows:
        raise UserError(
            f"None of {len(material.train.rows)} records to train on has token distributions.",
            hint="Ask for them with an entry of elicit.mix: {strategy: feature, skill: …}, or set kl.fall_back: true.",
        )
    without = sum("record" not in row for row in rows)
    notes = [f"kl: {without} of {len(rows)} records had no distributions and were learned by their words."]
    return Phase(
        NAME, rows, sft.rows(material.validation), _Maker(store, material), own.epochs, own.learning_rate,
        left_out=left_out, notes=notes if without else (), words=True,
    )  # fmt: skip


def _lacking(material: Material) -> KdvertError | None:
    """Return why there is nothing that fits the student, or None.

    Raises:
        FeaturesUnusable: what there is, is damaged: that is nothing to fall back from.
    """
    if material.features is None:
        return UserError(
            "The objective kl needs the teacher's token distributions, and none were asked for.",
            hint="Add {strategy: feature, skill: …} to elicit.mix, or take kl out of distill.objective.",
        )
    try:
        Store(material.features, tokenizer_sha256=tokenizer_sha256(material.tokenizer))
    except FeaturesUnusable as error:
        if error.reason in ("features_missing", "features_other_tokenizer"):
            return error
        raise
    return None


def _rows(some: Encoded, store: Store, *, fall_back: bool) -> tuple[list[Row], list[LeftOut]]:
    """Return records with the id of their distributions; only with ``fall_back`` also those that have none that fit."""
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    for example, tokens in zip(some.examples, some.rows, strict=True):
        row = {"input_ids": tokens.ids, "labels": labels(tokens)}
        reason = _unfit(example.id, [i for i, mine in zip(tokens.ids, tokens.trained, strict=True) if mine], store)
        if reason is None:
            rows.append(row | {"record": example.id})
        elif fall_back:
            rows.append(row)
        else:
            left_out.append(LeftOut(example_id=example.id, reason=reason))
    return rows, left_out


def _unfit(name: str, answer: list[int], store: Store) -> str | None:
    if name not in store:
        return "features_record_missing"
    return None if store.target(name) == answer else "features_of_other_answer"


class _Maker:
    """Makes the trainer of a store."""

    def __init__(self, store: Store, material: Material) -> None:
        self.store = store
        self.material = material

    def __call__(self, parts: Parts) -> Trainer:
        from kdvert.distillation.cached_teacher import Reading, trainer

        own = self.material.settings.kl
        reading = Reading(self.store, own.divergence, own.answer_share, int(parts.tokenizer.pad_token_id or 0))
        return trainer(parts, reading)
