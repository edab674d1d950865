"""How much was computed: the fine-tune against its base, and what the EU guidelines make of the ratio.

Training costs about 6·N·D floating-point operations for N weights and D tokens, generating about 2·N·D. For a LoRA
adapter the first is an upper bound: no gradient of the frozen weights is computed.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Literal

import yaml

from kdvert.configuration import ConfigBase, validate
from kdvert.content import compliance_facts
from kdvert.records import Record
from kdvert.weights import short_name

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
TRAINING, GENERATING = 6, 2  # floating-point operations for each weight and token


class BaseModelRow(ConfigBase):
    """What is believed of a base model's pre-training."""

    pattern: str
    name: str
    hub: str | None = None
    parameters: int
    tokens: float | None
    source: str
    read: date
    confidence: Literal["H", "M", "L"]


class Thresholds(ConfigBase):
    """From where on the guidelines see a provider. ``general_purpose`` in FLOP, ``modifier_share`` of the base's."""

    general_purpose: float
    modifier_share: float
    source: str
    read: date
    confidence: Literal["H", "M", "L"]


class BaseModelFile(ConfigBase):
    """``compliance/compute/base-models.yaml``."""

    models: list[BaseModelRow]
    thresholds: Thresholds


class Compute(Record):
    """The estimate, in FLOP; None where a number is not known, and ``unknown`` says which.

    ``share`` is (student + generation) / base.
    """

    student: float | None
    generation: float | None
    base: float | None
    share: float | None
    unknown: list[str]
    base_tokens: float | None
    base_source: str
    threshold_share: float
    threshold_flop: float
    threshold_source: str


@cache
def facts() -> BaseModelFile:
    """Return the facts on base models.

    Raises:
        UserError: a row does not fit.
    """
    path = compliance_facts() / "compute" / "base-models.yaml"
    return validate(BaseModelFile, yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))


def known(ref: str) -> BaseModelRow | None:
    """Return the facts on the model that ``ref`` names, or None."""
    name = short_name(ref).lower()
    return next((row for row in facts().models if re.search(row.pattern, name)), None)


def in_powers(value: float | None) -> str:
    """Return a number in words that people read: plainly near one, else in powers of ten."""
    if value is None:
        return "unknown"
    if 0.01 <= abs(value) < 1000:
        return f"{value:.3g}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


def estimate(
    *, base: str, tokens: int | None, writers: list[str], written: int | None, parameters: int | None = None
) -> Compute:
    """Estimate what training and generating cost.

    Args:
        base: reference of the base model.
        tokens: what the student read, over all epochs.
        writers: references of the models that wrote the records; the largest known one is counted with.
        written: tokens that the writers read and wrote.
        parameters: weights of the base, if known otherwise.
    """
    row = known(base)
    size = parameters or (row.parameters if row else None)
    limits = facts().thresholds
    student = TRAINING * size * tokens if size and tokens is not None else None
    before = TRAINING * row.parameters * row.tokens if row and row.tokens else None
    generation = _generation(writers, written)
    share = (student + (generation or 0)) / before if student is not None and before else None
    return Compute(
        student=student,
        generation=generation,
        base=before,
        share=share,
        unknown=_unknown(size, tokens, row, generation),
        base_tokens=row.tokens if row else None,
        base_source=f"{row.source}; read {row.read}, confidence {row.confidence}" if row else "",
        threshold_share=limits.modifier_share,
        threshold_flop=limits.general_purpose,
        threshold_source=f"{limits.source}; read {limits.read}, confidence {limits.confidence}",
    )


def _generation(writers: list[str], written: int | None) -> float | None:
    sizes = [row.parameters for row in map(known, writers) if row]
    return float(GENERATING * max(sizes) * written) if len(sizes) == len(writers) and sizes and written else None


def _unknown(size: int | None, tokens: int | None, row: BaseModelRow | None, generation: float | None) -> list[str]:
    missing = {
        "the number of the base's weights": size is None,
        "the tokens the student read": tokens is None,
        "the tokens the base was trained on": row is None or row.tokens is None,
        "the size of a model that wrote records": generation is None,
    }
    return [name for name, is_missing in missing.items() if is_missing]
