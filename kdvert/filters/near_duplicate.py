"""Records that say nearly the same: MinHash finds pairs without comparing all with all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdvert.filters.contract import Material, verdict
from kdvert.filters.wording import shingles
from kdvert.records import Example, Verdict

if TYPE_CHECKING:
    from datasketch import MinHash

_RUN = 3  # words in a shingle
_PERMUTATIONS = 128
_SEED = 1


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Compare questions, with the passages shown, and answer together. Reason code: ``near_duplicate``.

    The score is the exact Jaccard similarity to the nearest record that passed before it; hashing finds candidates.
    """
    from datasketch import MinHashLSH

    least = material.thresholds.near_duplicate
    # a little below the threshold, because the index is approximate and the exact value decides
    index = MinHashLSH(threshold=max(0.1, least - 0.15), num_perm=_PERMUTATIONS)
    kept: dict[str, set[tuple[str, ...]]] = {}
    verdicts: list[list[Verdict]] = []
    for example in examples:
        runs = shingles(f"{example.asked} {example.answer}", _RUN)
        sketch = _sketch(runs)
        nearest = max((_jaccard(runs, kept[key]) for key in index.query(sketch)), default=0.0)
        reason = "near_duplicate" if nearest >= least else None
        verdicts.append([verdict("near_duplicate", reason, nearest)])
        if reason is None and example.accepted and example.id not in kept:
            kept[example.id] = runs
            index.insert(example.id, sketch)
    return verdicts


def _sketch(runs: set[tuple[str, ...]]) -> MinHash:
    from datasketch import MinHash

    sketch = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    sketch.update_batch([" ".join(run).encode() for run in sorted(runs)])
    return sketch


def _jaccard(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> float:
    union = len(left | right)
    return len(left & right) / union if union else 0.0
