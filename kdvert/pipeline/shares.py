"""Which part of a run a sample asks about: the first passages and questions of each part's draw.

So the run asks the very same and takes the replies over. Only strategies that build on records of others may ask in a
whole run about other records than the sample's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.elicitation.mixing import Part
from kdvert.elicitation.skills import skill
from kdvert.elicitation.strategies import STRATEGIES, Source


@dataclass(frozen=True)
class Share:
    """A part of what a run would elicit: ``asked`` of ``of``, counted in ``unit``.

    ``first`` says for each part how many passages, questions or records it asks about.
    """

    first: list[int]
    asked: int
    of: int
    unit: str


def share(config: Any, count: int, chunks: int, root: Path) -> Share:
    """Return the first ``count`` passages or questions, dealt out over the parts; each gets one at least.

    Args:
        config: the settings of ``elicit``.
        count: passages and questions wanted.
        chunks: passages of the index.
        root: the project folder.
    """
    passages = chunks if config.passages is None else min(chunks, config.passages)
    parts = config.parts(passages)
    own = [_units(part, config, passages, root) for part in parts]
    grows = [_grows(part, config) for part in parts]
    first = _dealt([0 if g else n for g, n in zip(grows, own, strict=True)], count)
    weights = [_per_unit(part, config) for part in parts]
    asked, of = (sum(w * n for w, n, g in zip(weights, ns, grows, strict=True) if not g) for ns in (first, own))
    first = [max(1, round(n * asked / of)) if g else f for f, n, g in zip(first, own, grows, strict=True)]
    if len(parts) == 1:
        unit = "passages" if STRATEGIES[parts[0].strategy].source is Source.PASSAGES else "questions"
        return Share(first, first[0], own[0], unit)
    wanted = [part.wanted or n * w for part, n, w in zip(parts, own, weights, strict=True)]
    little = [min(all_, f * w) for all_, f, w in zip(wanted, first, weights, strict=True)]
    return Share(first, sum(little), sum(wanted), "records asked for")


def _dealt(units: Sequence[int], count: int) -> list[int]:
    """Divide ``count`` in proportion to ``units``: one at least of each that has any, and never more than there are."""
    total = sum(units)
    shares = [count * n / total if total else 0.0 for n in units]
    dealt = [min(n, max(1, int(s))) for n, s in zip(units, shares, strict=True)]
    for index in sorted(range(len(units)), key=lambda i: (int(shares[i]) - shares[i], i)):
        if sum(dealt) < count and dealt[index] < units[index]:
            dealt[index] += 1
    return dealt


def _grows(part: Part, config: Any) -> bool:
    """Whether the part builds on records that the others make."""
    row = STRATEGIES[part.strategy]
    return row.source is Source.RECORDS and not (row.takes_seeds and config.seeds)


def _per_unit(part: Part, config: Any) -> int:
    if STRATEGIES[part.strategy].source is not Source.PASSAGES:
        return 1
    return skill(part.skill).per_passage(int(config.per_passage))


def _units(part: Part, config: Any, passages: int, root: Path) -> int:
    """Return how many passages, questions or records the part asks about, as far as that is known beforehand."""
    source = STRATEGIES[part.strategy].source
    if source is Source.PASSAGES:
        return passages if part.wanted is None else min(passages, math.ceil(part.wanted / _per_unit(part, config)))
    files = config.inputs if source is Source.INPUTS else config.seeds
    given = sum(_questions(root / name) for name in files)
    if source is Source.INPUTS and part.wanted is not None:
        return min(part.wanted, given)
    return given if part.wanted is None else part.wanted


def _questions(path: Path) -> int:
    """Count the lines of a file of questions; what is wrong with it, ``elicit`` says."""
    return sum(bool(line.strip()) for line in path.read_bytes().splitlines()) if path.is_file() else 1
