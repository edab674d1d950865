"""What a review shows so far: how much was looked at, how many records were wrong, what reviewers overlook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median

from kdvert.records import Record
from kdvert.rulings import bounds
from kdvert.rulings.agreement import Agreement, agreement
from kdvert.rulings.folding import Review, Ruling
from kdvert.rulings.policy import Policy

WRONG = ("rejected", "edited", "escalated", "conflict")
"""Statuses of a record that count it as wrong; what is not settled counts as wrong until it is."""


class PersonFigures(Record):
    """What one person did. ``seconds`` is the median time of a record she opened and decided."""

    key_id: str
    name: str
    role: str
    accepted: int
    edited: int
    rejected: int
    escalated: int
    bulk: int
    seconds: float | None


class SampleFigures(Record):
    """What the sample shows.

    Attributes:
        size: records drawn; ``examined``: of them, those that somebody read and decided about one by one.
        wrong: rejected, edited, or not settled yet.
        low, high: two-sided interval of the share of wrong records among those examined.
        upper: what the share of wrong records does not exceed, at ``confidence``, errors that reviewers overlook
            counted in where known ones were planted.
        waiting: records that still wait for a second, blind judgment.
    """

    population: int
    size: int
    examined: int
    wrong: int
    low: float
    high: float
    upper: float
    confidence: float
    waiting: int


class PlantedFigures(Record):
    """What reviewers made of known errors: ``met`` were decided about, ``caught`` were not accepted."""

    planted: int
    met: int
    caught: int
    recall: float | None
    recall_low: float
    by_error: dict[str, tuple[int, int]]


class Figures(Record):
    """All numbers of a review.

    Attributes:
        records: how many records are in each status; those with planted errors are counted, too.
        reasons: why records were rejected.
        seconds: of every decision that was timed, sorted.
    """

    records: dict[str, int]
    reasons: dict[str, int]
    people: list[PersonFigures]
    sample: SampleFigures
    planted: PlantedFigures
    agreement: Agreement
    seconds: list[int]


class Material(Record):
    """What figures are made of.

    Attributes:
        contents: hash of the present text of every record that the checks accepted, by id; planted ones too.
        sample: ids of the drawn sample; all records where everything is looked at.
        doubles: those that two people judge blindly.
        planted: kind of error by id.
        names: (name, role) by key id.
    """

    contents: dict[str, str]
    sample: list[str]
    doubles: list[str]
    planted: dict[str, str]
    names: dict[str, tuple[str, str]]


def figures(review: Review, policy: Policy, material: Material) -> Figures:
    """Return the numbers of a review."""
    status = {i: review.of(i).status(content) for i, content in material.contents.items()}
    rulings = [r for i, content in material.contents.items() for r in review.of(i).by_person(content).values()]
    planted = _planted(review, material, policy.confidence)
    return Figures(
        records=dict(Counter(status.values())),
        reasons=dict(Counter(r.reason for r in rulings if r.reason).most_common()),
        people=_people(rulings, material.names),
        sample=_sample(review, policy, material, status, planted),
        planted=planted,
        agreement=agreement(_blind(review, material)),
        seconds=sorted(r.seconds for r in rulings if r.seconds is not None),
    )


def _people(rulings: Iterable[Ruling], names: Mapping[str, tuple[str, str]]) -> list[PersonFigures]:
    found: dict[str, list[Ruling]] = {}
    for ruling in rulings:
        found.setdefault(ruling.who, []).append(ruling)
    made = []
    for who, own in found.items():
        counts = Counter(r.action for r in own)
        timed = [r.seconds for r in own if r.seconds is not None]
        name, role = names.get(who, (who, ""))
        made.append(
            PersonFigures(
                key_id=who,
                name=name,
                role=role,
                accepted=counts["accept"],
                edited=counts["edit"],
                rejected=counts["reject"],
                escalated=counts["escalate"],
                bulk=sum(r.bulk for r in own),
                seconds=median(timed) if timed else None,
            )
        )
    return sorted(made, key=lambda p: p.name)


def read_one_by_one(review: Review, record: str, content: str) -> bool:
    """Return whether somebody decided about this record by itself: who decides about many at once has read none."""
    return any(not r.bulk for r in review.of(record).by_person(content).values())


def _sample(
    review: Review, policy: Policy, material: Material, status: Mapping[str, str], planted: PlantedFigures
) -> SampleFigures:
    real = [i for i in material.sample if i in material.contents and i not in material.planted]
    examined = [i for i in real if read_one_by_one(review, i, material.contents[i])]
    wrong = sum(status[i] in WRONG for i in examined)
    population = max(len(material.contents) - len(material.planted), len(examined), 1)
    low, high = bounds.interval(wrong, len(examined), policy.confidence)
    upper = bounds.upper(wrong, len(examined), policy.confidence, population)
    if planted.planted:
        upper = bounds.corrected(
            wrong, len(examined), planted.caught, planted.met, policy.confidence, population
        ).rate_upper
    two = [i for i in material.doubles if i in material.contents]
    waiting = sum(len(_judges(review, i, material.contents[i])) < 2 for i in two)
    return SampleFigures(
        population=population, size=len(real), examined=len(examined), wrong=wrong, low=low, high=high, upper=upper,
        confidence=policy.confidence, waiting=waiting,
    )  # fmt: skip


def _planted(review: Review, material: Material, confidence: float) -> PlantedFigures:
    by_error: dict[str, tuple[int, int]] = {}
    met = caught = 0
    for record, error in sorted(material.planted.items()):
        content = material.contents.get(record, "")
        seen = read_one_by_one(review, record, content)
        stopped = seen and review.of(record).status(content) in WRONG
        met, caught = met + seen, caught + stopped
        before = by_error.get(error, (0, 0))
        by_error[error] = (before[0] + seen, before[1] + stopped)
    low, _ = bounds.interval(caught, met, confidence)
    return PlantedFigures(
        planted=len(material.planted), met=met, caught=caught, recall=caught / met if met else None, recall_low=low,
        by_error=by_error,
    )  # fmt: skip


def _judges(review: Review, record: str, content: str) -> dict[str, Ruling]:
    """Return the first decision of the first two people about a record: neither had seen the other's."""
    first: dict[str, Ruling] = {}
    for ruling in review.of(record).rulings:
        if ruling.content == content and not ruling.bulk and len(first) < 2:
            first.setdefault(ruling.who, ruling)
    return first


def _blind(review: Review, material: Material) -> dict[str, dict[str, str]]:
    found = {}
    for record in material.doubles:
        judges = _judges(review, record, material.contents.get(record, ""))
        found[record] = {who: "accept" if r.action == "accept" else "reject" for who, r in judges.items()}
    return found
