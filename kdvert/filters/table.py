"""The filters in the order they run: the only list of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from kdvert.filters.contract import Filter, Material
from kdvert.progress import Progress, track
from kdvert.records import Example
from kdvert.registry import lookup

FILTERS: dict[str, str] = {
    "evidence": "kdvert.filters.evidence:apply",
    "length": "kdvert.filters.length:apply",
    "language": "kdvert.filters.language:apply",
    "support": "kdvert.filters.support:apply",
    "recombination": "kdvert.filters.recombination:apply",
    "premise": "kdvert.filters.premise:apply",
    "numbers": "kdvert.filters.arithmetic:apply",
    "checks": "kdvert.filters.checks:apply",
    "eval_overlap": "kdvert.filters.eval_overlap:apply",
    # last: a copy counts only if the original passed all else
    "exact_duplicate": "kdvert.filters.exact_duplicate:apply",
    "near_duplicate": "kdvert.filters.near_duplicate:apply",
}


def judge(examples: Sequence[Example], material: Material, names: Sequence[str], progress: Progress) -> list[Example]:
    """Return the records with the verdicts of the filters ``names`` added, in the table's order.

    Raises:
        UserError: a name is not in the table.
    """
    filters = {name: cast(Filter, lookup("filter", FILTERS, name)) for name in names}
    judged = list(examples)
    for name in track(progress, "filtering", [n for n in FILTERS if n in filters]):
        added = filters[name](judged, material)
        judged = [e.model_copy(update={"verdicts": [*e.verdicts, *new]}) for e, new in zip(judged, added, strict=True)]
    return judged
