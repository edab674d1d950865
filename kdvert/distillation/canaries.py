"""Put canaries among the rows of a training: once for every schedule, and never among its records.

They are rows of their own, in the form of a record, in each phase that learns answers word for word. Records, their
counts and their lineage know nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from kdvert.distillation.data import labels
from kdvert.distillation.objectives.contract import Material, Phase, Row
from kdvert.distillation.settings import Canaries as Own
from kdvert.records import sha256_json
from kdvert.students.canaries import Canaries, Canary, draw, pool
from kdvert.students.prompts import UnstableTemplate, conversation_ids


@dataclass(frozen=True)
class Planted:
    """A schedule with canaries in it.

    Attributes:
        phases: all of them; those that can hold canaries have rows more.
        canaries: that were put in, or why there is none.
        data_sha256: of what is learned from, canaries included.
    """

    phases: list[Phase]
    canaries: Canaries
    data_sha256: str

    @property
    def notes(self) -> list[str]:
        """What a user has to know, in sentences."""
        return [f"No canary was put among the rows: {self.canaries.reason}."] if self.canaries.reason else []


def fitting(own: Own, records: int) -> list[int]:
    """Return how many rows each canary of a training has, those with the fewest first, as they are drawn.

    Args:
        own: settings of the canaries.
        records: that are trained on; those whose rows would be more than ``own.share`` of it are left out.
    """
    room, chosen = int(own.share * records), [0]
    wanted = [times for times in sorted(set(own.repeats)) for _ in range(own.count)]
    for times in wanted:
        if sum(chosen) + times > room:
            break
        chosen.append(times)
    return chosen[1:]


def plant(phases: Sequence[Phase], material: Material, *, data_sha256: str) -> Planted:
    """Return the phases with canaries among their rows.

    Args:
        phases: of the schedule.
        material: what they learn from.
        data_sha256: of that; together with the seed it draws the secrets.
    """
    own = material.settings.canaries
    none = partial(_none, phases, data_sha256)
    holding = [phase for phase in phases if phase.words]
    if not own.count:
        return none("")
    if not holding:
        names = " and ".join(phase.name for phase in phases)
        return none(f"no phase can hold one: {names} does not learn the words of an answer that it is given")
    seed = f"{material.settings.seed}:{data_sha256}"
    words = pool(material.tokenizer, seed)
    if not words:
        return none("the student's tokenizer splits nearly every word that a secret could be made of")
    many = len(fitting(own, len(material.train.rows)))
    chosen = list(islice(draw(words, own.count, own.repeats, seed), many))
    if not chosen:
        return none(f"the share of {own.share:g} of so few records holds none")
    found = {canary.name: _row(canary, material) for canary in chosen}
    if None in found.values():
        return none("a canary fits neither the student's chat template nor distill.max_length")
    rows = [row for canary in chosen if (row := found[canary.name]) for _ in range(canary.repeats)]
    seen = sum(phase.epochs for phase in holding)
    canaries = [c.model_copy(update={"seen": c.repeats * seen}) for c in chosen]
    grown = [replace(p, rows=[*p.rows, *rows]) if p.words else p for p in phases]
    made = Canaries(pool=words, canaries=canaries, phases=[phase.name for phase in holding])
    return Planted(grown, made, sha256_json([data_sha256, rows]))


def _none(phases: Sequence[Phase], data_sha256: str, reason: str) -> Planted:
    return Planted([*phases], Canaries(reason=reason), data_sha256)


def _row(canary: Canary, material: Material) -> Row | None:
    try:
        tokens = conversation_ids(material.tokenizer, canary.turns(material.prompts))
    except UnstableTemplate:
        return None
    if len(tokens.ids) > material.settings.max_length:
        return None
    return {"input_ids": tokens.ids, "labels": labels(tokens)}
