"""Which component of a finder found what that nothing else found: each has to earn its keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kdvert.privacy.measurement_counts import Taken, covered, entities, is_found
from kdvert.privacy.measurement_gold import Row
from kdvert.privacy.measurement_mapping import LabelMap


@dataclass(frozen=True)
class Contribution:
    """What one component adds to a measurement.

    Attributes:
        name: the component.
        right: marked characters that it takes.
        right_alone: of these, characters that no other component takes.
        wrong: unmarked characters that it takes.
        wrong_alone: of these, characters that no other component takes.
        entities_alone: entities that all components together find and that would be missed without this one.
    """

    name: str
    right: int = 0
    right_alone: int = 0
    wrong: int = 0
    wrong_alone: int = 0
    entities_alone: int = 0


def contributions(
    rows: Sequence[Row], found: Sequence[Mapping[str, Sequence[Taken]]], labels: LabelMap | None = None
) -> list[Contribution]:
    """Count what each component adds.

    Args:
        rows: the marked texts.
        found: for each row, findings by component; components may overlap.
        labels: as for `kdvert.privacy.measurement.score`.

    Returns:
        One entry per component that took anything, most entities found alone first.
    """
    counted: dict[str, list[int]] = {}
    for row, parts in zip(rows, found, strict=True):
        for name, numbers in _row(row, parts, labels or LabelMap()).items():
            before = counted.setdefault(name, [0] * len(numbers))
            counted[name] = [a + b for a, b in zip(before, numbers, strict=True)]
    made = [Contribution(name, *numbers) for name, numbers in counted.items()]
    return sorted(made, key=lambda c: (-c.entities_alone, -c.right_alone, -c.right, c.name))


def _row(row: Row, parts: Mapping[str, Sequence[Taken]], labels: LabelMap) -> dict[str, list[int]]:
    import numpy as np

    masks = {name: covered(row, taken) for name, taken in parts.items() if taken}
    if not masks:
        return {}
    times = np.sum(list(masks.values()), axis=0)
    gold = covered(row, (s for s in row.spans if labels.name(s.label)))
    judged = gold | ~covered(row, (s for s in row.spans if labels.is_ignored(s.label)))
    together = [entity for entity in entities(row, labels) if is_found(row, entity, times > 0)]
    numbers = {}
    for name, mask in masks.items():
        alone, without = mask & (times == 1), times - mask > 0
        lost = sum(not is_found(row, entity, without) for entity in together)
        areas = (mask & gold, alone & gold, mask & judged & ~gold, alone & judged & ~gold)
        numbers[name] = [*(int(area.sum()) for area in areas), lost]
    return numbers
