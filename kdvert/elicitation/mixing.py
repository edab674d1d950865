"""What is elicited, in which shares: the entries of ``elicit.mix`` and how many records each is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, model_validator

from kdvert.configuration import ConfigBase
from kdvert.elicitation.strategies import STRATEGIES, Source
from kdvert.registry import suggest

_NEAR_ONE = 1e-6
BUILDS = (Source.RECORDS, Source.ACCEPTED)
"""What strategies start from that cannot stand alone."""


class Entry(ConfigBase):
    """One part of the mix.

    Attributes:
        strategy: how knowledge is elicited, in the words of the survey.
        skill: what the records train.
        count: records to ask for.
        share: part of all records to ask for, instead of a count; the shares of a mix sum to 1. For ``feature``: part
            of the accepted records of the skill, beside that sum.
    """

    strategy: str = "curation"
    skill: str = "grounded_qa"
    count: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _one_measure(self) -> Entry:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"unknown strategy '{self.strategy}'. {suggest(self.strategy, STRATEGIES)}")
        if self.elicits and (self.count is None) == (self.share is None):
            raise ValueError(f"{self.name}: give either a count or a share")
        if self.count is not None and self.share is not None:
            raise ValueError(f"{self.name}: give either a count or a share, or neither for all")
        return self

    @property
    def elicits(self) -> bool:
        """Whether it makes records, and does not add to those that the others made."""
        return STRATEGIES[self.strategy].source is not Source.ACCEPTED

    @property
    def name(self) -> str:
        """Return strategy and skill, as summaries name them."""
        return f"{self.strategy}/{self.skill}"


@dataclass(frozen=True)
class Part:
    """An entry of the mix.

    Attributes:
        strategy: how knowledge is elicited.
        skill: what the records train.
        wanted: records that it is asked for (None: as many as its sources give).
        first: of the passages or questions that it would ask about, only so many, the first ones of the draw: a
            sample, whose replies a whole run takes over (None: all).
    """

    strategy: str
    skill: str
    wanted: int | None = None
    first: int | None = None


def checked(mix: Sequence[Entry], *, seeded: bool) -> Sequence[Entry]:
    """Return ``mix`` if it holds together.

    Args:
        mix: the entries.
        seeded: whether the project gives seed examples.

    Raises:
        ValueError: counts and shares are mixed, shares do not sum to 1, an entry stands there twice, or one builds on
            records and no other makes any.
    """
    if not mix:
        return mix
    names = [e.name for e in mix]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise ValueError(f"{twice} stands in the mix twice; add its counts or shares up")
    eliciting = [e for e in mix if e.elicits]
    shares = [e.share for e in eliciting if e.share is not None]
    if shares and len(shares) != len(eliciting):
        raise ValueError("give counts to all entries of the mix or shares to all")
    if shares and abs(sum(shares) - 1) > _NEAR_ONE:
        raise ValueError(f"the shares of the mix sum to {sum(shares):g}; they must sum to 1")
    made = {e.skill for e in eliciting}
    if idle := next((e for e in mix if not e.elicits and e.skill not in made), None):
        raise ValueError(f"{idle.name}: no other entry of the mix makes records of the skill {idle.skill}")
    for entry in eliciting:
        if reason := _nothing_before(entry.strategy, [e.strategy for e in mix], seeded=seeded):
            raise ValueError(reason)
    return mix


def nothing_to_build_on(strategy: str, *, seeded: bool) -> str | None:
    """Return why ``strategy`` cannot stand alone, or None if it can."""
    return _nothing_before(strategy, [strategy], seeded=seeded)


def _nothing_before(strategy: str, together: Sequence[str], *, seeded: bool) -> str | None:
    row = STRATEGIES[strategy]
    if row.source not in BUILDS or (row.takes_seeds and seeded):
        return None
    first = [name for name, other in STRATEGIES.items() if other.source not in BUILDS]
    if set(first) & set(together):
        return None
    seeds = " or give elicit.seeds" if row.takes_seeds else ""
    return f"{strategy} builds on records that others make: add an entry with {' or '.join(first)} to the mix{seeds}"


def parts(mix: Sequence[Entry], total: int) -> list[Part]:
    """Return the parts in the order in which they are elicited: those that build on records come last.

    Args:
        mix: the entries, of counts or of shares.
        total: records to ask for in all, which shares divide; what is left by rounding goes to the largest remainders.
    """
    mix = [e for e in mix if e.elicits]
    wanted = _divided([e.share or 0.0 for e in mix], total) if any(e.share for e in mix) else [e.count for e in mix]
    made = [Part(e.strategy, e.skill, n) for e, n in zip(mix, wanted, strict=True)]
    return sorted(made, key=lambda p: list(Source).index(STRATEGIES[p.strategy].source))


def _divided(shares: Sequence[float], total: int) -> list[int]:
    exact = [share * total for share in shares]
    counts = [int(value + _NEAR_ONE) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts
