"""Known errors to hide among the records that people review, so as to learn how many errors they catch.

A planted error is an altered copy of an accepted record that a careful reviewer must refuse. Nothing in it but the
answer says that it is wrong. It never joins the records: it is shown, judged, counted and dropped. Whoever shows it
leaves the original out, or the same question twice would give it away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from kdvert.errors import UserError
from kdvert.records import Example, Record, sha256_text
from kdvert.rulings import alterations


@dataclass(frozen=True)
class Error:
    """A kind of error.

    Attributes:
        about: what is wrong with a record that has it.
        make: takes an accepted record, the records to borrow from and what decides; returns the altered record, or
            None where this kind does not fit.
    """

    about: str
    make: Callable[[Example, Sequence[Example], Random], Example | None]


ERRORS: dict[str, Error] = {
    "wrong_figure": Error("a number is not that of the evidence", alterations.wrong_figure),
    "negated": Error("it says the opposite of the evidence", alterations.negated),
    "made_up_person": Error("it names a person", alterations.made_up_person),
    "other_answer": Error("it answers another question", alterations.other_answer),
    "unsupported_claim": Error("it adds a claim that is not in the evidence", alterations.unsupported_claim),
}
"""The kinds, those that fit few records first: they have the first choice."""


class Planted(Record):
    """A planted error.

    Attributes:
        example: what reviewers see.
        original: the id of the record that it was made from.
        error: its kind, a key of `ERRORS`.
    """

    example: Example
    original: str
    error: str


def plant(examples: Sequence[Example], count: int, seed: int) -> list[Planted]:
    """Make ``count`` errors, spread over kinds and skills, no two from the same record, in an order without meaning.

    Args:
        examples: accepted records, in any order.
        count: how many errors to make.
        seed: of the choice. It must stay hidden from reviewers: it tells the ids.

    Raises:
        UserError: fewer can be made.
    """
    known = sorted(examples, key=lambda one: sha256_text(f"plant\0{seed}\0{one.id}"))
    made: dict[str, Planted] = {}
    claims = {one.id: alterations.claim(one.answer) for one in known}
    waiting = {kind: _Waiting(kind, known, seed) for kind in ERRORS}
    borrowable = known
    while waiting and len(made) < count:
        for kind in list(waiting)[: count - len(made)]:
            one = waiting[kind].next(made, borrowable)
            if one is None:
                del waiting[kind]
            else:
                made[one.original] = one  # what it borrowed, nobody borrows again: meeting it thrice tells
                borrowable = _left(borrowable, claims, one)
    if len(made) < count:
        raise UserError(
            f"Of {len(known)} accepted records only {len(made)} errors can be made, not {count}.",
            hint="Plant fewer, or accept more records.",
        )
    return sorted(made.values(), key=lambda one: one.example.id)


def _left(lenders: Sequence[Example], claims: Mapping[str, str | None], one: Planted) -> list[Example]:
    """Return the lenders whose claim the planted error does not make."""
    answer = one.example.answer
    return [other for other in lenders if other.id == one.original or (claims[other.id] or "\0") not in answer]


class _Waiting:
    """The records that one kind of error has not tried yet, by skill."""

    def __init__(self, kind: str, known: Sequence[Example], seed: int) -> None:
        self._kind = kind
        self._seed = seed
        self._made: Counter[str] = Counter()
        self._skills: dict[str, Iterator[Example]] = {
            skill: iter([one for one in known if one.skill == skill]) for skill in sorted({one.skill for one in known})
        }

    def next(self, used: Mapping[str, Planted], lenders: Sequence[Example]) -> Planted | None:
        """Return an error from the skill that has had the fewest, or None if no record is left for this kind."""
        had = Counter(one.example.skill for one in used.values())
        for skill in sorted(self._skills, key=lambda skill: (self._made[skill], had[skill], skill)):
            for example in self._skills[skill]:
                if example.id in used:
                    continue
                draw = Random(sha256_text(f"{self._seed}\0{self._kind}\0{example.id}"))
                if altered := ERRORS[self._kind].make(example, lenders, draw):
                    self._made[skill] += 1
                    return Planted(example=altered, original=example.id, error=self._kind)
        return None
