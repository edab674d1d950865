"""What is kept of the teacher's token distributions, if the mix asked for them."""

from __future__ import annotations

from pydantic import Field

from kdvert.records import Record
from kdvert.reporting.inputs import Inputs
from kdvert.store import read_json


class Features(Record):
    """Distributions at accepted answers.

    Attributes:
        asked: records that they were asked for.
        records: records that have them.
        tokens: positions in all.
        bytes_per_token: of the store.
        k: likeliest tokens kept at a position.
        samples: tokens drawn from the others.
        source: ``forced`` (a local teacher read the answers) or ``generated`` (an endpoint told them).
        tokenizer: whether the student's is the ``same``, an ``other`` one, or ``unknown``.
        failures: how many records have none, by reason.
    """

    asked: int
    records: int
    tokens: int
    bytes_per_token: float
    k: int
    samples: int
    source: str
    tokenizer: str
    failures: dict[str, int] = Field(default_factory=dict)


def features(inputs: Inputs) -> Features | None:
    """Return what the stage ``features`` kept; None if nothing was asked for, or an older version ran."""
    folder = inputs.folders.get("features")
    path = folder / "summary.json" if folder else None
    if path is None or not path.is_file():
        return None
    summary = read_json(path)
    if not summary.get("asked"):
        return None
    return Features(**{name: summary[name] for name in Features.model_fields})
