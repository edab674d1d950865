"""Which records people look at: a sample that anybody can draw again from the ids and a seed.

Nothing here has a random state. A record's place in the order is the hash of seed and id, so a sample does not depend
on the order of the records, nor on the version of a random generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kdvert.records import sha256_text


def draw(records: Iterable[tuple[str, str]], size: int, seed: int) -> list[str]:
    """Return the ids of a sample in proportion to the strata, in an order that mixes them.

    Args:
        records: id and stratum of each record, in any order.
        size: how many to draw; all of them if there are no more.
        seed: of the order. Another seed gives another sample.

    Raises:
        ValueError: an id stands there twice, or ``size`` is negative.
    """
    strata: dict[str, list[str]] = {}
    seen: set[str] = set()
    for record, stratum in records:
        if record in seen:
            raise ValueError(f"the record {record} stands there twice")
        seen.add(record)
        strata.setdefault(stratum, []).append(record)
    shares = allocation({stratum: len(ids) for stratum, ids in strata.items()}, size)
    drawn = [one for stratum, ids in strata.items() for one in _shuffled(ids, "sample", seed)[: shares[stratum]]]
    return _shuffled(drawn, "sample", seed)


def allocation(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Return how many to draw from each stratum, in proportion to its count (largest remainder).

    A stratum that is due less than one is given one, as long as there is one for each; the others share what is left.

    Args:
        counts: records by stratum.
        size: how many to draw in all; the result sums to it, or to all records if there are no more.

    Raises:
        ValueError: a number is negative.
    """
    if size < 0 or any(count < 0 for count in counts.values()):
        raise ValueError("counts and size must not be negative")
    if size >= sum(counts.values()):
        return dict(counts)
    shares = dict.fromkeys(counts, 0)
    rest = {stratum: count for stratum, count in counts.items() if count}
    while size >= len(rest) and (small := _due_less_than_one(rest, size)):
        shares |= dict.fromkeys(small, 1)
        rest = {stratum: count for stratum, count in rest.items() if stratum not in small}
        size -= len(small)  # it leaves less for the others, so some of them may now be due less than one
    return shares | _largest_remainder(rest, size)


def doubles(ids: Sequence[str], share: float, seed: int) -> set[str]:
    """Return which records of a sample two people judge, neither seeing what the other decided.

    Args:
        ids: the sample.
        share: of it, from 0 to 1, rounded to whole records; at least one if it is above 0.
        seed: of the choice, which does not depend on the order of review.

    Raises:
        ValueError: ``share`` is out of its range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    if not share:
        return set()
    return set(_shuffled(ids, "double", seed)[: max(1, round(share * len(ids)))])


def _due_less_than_one(counts: Mapping[str, int], size: int) -> set[str]:
    total = sum(counts.values())
    return {stratum for stratum, count in counts.items() if size * count < total}


def _largest_remainder(counts: Mapping[str, int], size: int) -> dict[str, int]:
    total = sum(counts.values())
    shares = {stratum: size * count // total for stratum, count in counts.items()}
    by_remainder = sorted(counts, key=lambda s: (-(size * counts[s] % total), -counts[s], s))
    for stratum in by_remainder[: size - sum(shares.values())]:
        shares[stratum] += 1
    return shares


def _shuffled(ids: Iterable[str], what: str, seed: int) -> list[str]:
    """Return ``ids`` by their hash; ``what`` keeps two choices of one seed independent."""
    return sorted(ids, key=lambda one: (sha256_text(f"{what}\0{seed}\0{one}"), one))
