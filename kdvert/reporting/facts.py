"""What a report says, as closed records: the same numbers stand in ``report.json`` and on the page."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from kdvert.records import Record
from kdvert.reporting.features import Features
from kdvert.reporting.planned import Planned
from kdvert.reporting.reviewed import Reviewed
from kdvert.reporting.topics import Topics

Outcome = Literal["better", "unclear", "worse", "unscored"]

SCHEMA = 1


class About(Record):
    """What the report is about. ``date`` is ISO 8601: when the student was evaluated."""

    title: str
    project: str
    vertical: str
    vertical_title: str
    vertical_version: str
    disclaimer: str
    date: str


class Measure(Record):
    """One metric in one mode: base against student.

    ``delta`` is student minus base; ``low`` and ``high`` bound it with the confidence of the evaluation. ``outcome``
    is better or worse only if the whole interval lies on that side of zero.
    """

    mode: str
    metric: str
    base: float | None
    student: float | None
    delta: float | None
    low: float | None
    high: float | None
    n: int
    unscored: int
    higher_is_better: bool
    outcome: Outcome


class Evaluation(Record):
    """The comparison and what it rests on.

    ``unscored`` sums over the measures. ``not_asked`` counts questions that could not be put, by reason code.
    ``overlap_rejects``: records thrown out for resembling a question.
    """

    confidence: float
    measures: list[Measure]
    questions: int
    by_task: dict[str, int]
    by_source: list[dict[str, str | int]]
    files: list[str]
    unscored: int
    not_asked: dict[str, int]
    overlap_rejects: int


class BesidesRow(Record):
    """One measure of what training did besides.

    ``base_interval`` and ``student_interval`` bound a share; ``chance`` is how likely a student that never saw the
    canaries has an exposure as high. An exposure counts as worse only if that is small too.
    """

    measure: Measure
    base_interval: tuple[float, float] | None = None
    student_interval: tuple[float, float] | None = None
    chance: float | None = None


class Besides(Record):
    """What training did besides.

    Attributes:
        rows: the measures.
        missing: measures that were not taken, with the reason in words.
        canaries: how many were put among the training rows.
        phases: objectives whose rows held them.
        sentences: what came out, in words.
        clear: those of them that tell of a clear loss or a clear memory.
        answers: tokens of an answer that were given, and tokens asked for.
        passages: the same of a passage.
        too_short: texts that had fewer, by kind.
    """

    rows: list[BesidesRow]
    missing: dict[str, str]
    canaries: int
    phases: list[str]
    sentences: list[str]
    clear: list[str]
    answers: tuple[int, int]
    passages: tuple[int, int]
    too_short: dict[str, int]


class FunnelStep(Record):
    """One step on the way from documents to records. ``name`` is for machines, ``label`` for people."""

    name: str
    label: str
    count: int


class Loss(Record):
    """How many units a stage dropped for one reason; ``meaning`` is empty for a code nobody explained."""

    stage: str
    code: str
    meaning: str
    count: int


class Funnel(Record):
    """From documents to accepted records, and why the others fell out."""

    steps: list[FunnelStep]
    losses: list[Loss]


class LicenseRow(Record):
    """Documents and accepted records under one license from one publisher, and what the license says about the use."""

    license: str
    publisher: str
    documents: int
    records: int
    verdict: str
    reason: str


class ModelLink(Record):
    """The terms that teacher or student stand under, and what they say about the use."""

    kind: str
    subject: str
    verdict: str
    reason: str


class Duty(Record):
    """Something that the use asks for, and the terms that ask for it."""

    text: str
    subjects: list[str]


class ConflictNote(Record):
    """Demands of several terms that cannot all be met."""

    subjects: list[str]
    verdict: str
    reason: str


class OverrideNote(Record):
    """A decision of counsel about a part of the license check, and whether it held."""

    by: str
    target: str
    held: bool
    why: str
    reason: str
    expires: date


class Licensing(Record):
    """The license check of sources, teacher and student for the stated use, on the day ``as_of``.

    ``sources`` are the links about sources that do not simply allow the use.
    """

    distribution: str
    commercial: bool
    as_of: date
    verdict: str
    rows: list[LicenseRow]
    sources: list[ModelLink]
    models: list[ModelLink]
    conflicts: list[ConflictNote]
    overrides: list[OverrideNote]
    duties: list[Duty]


class FindingRow(Record):
    """Personal data of one type that got one action."""

    entity: str
    label: str
    action: str
    count: int


class RegimeNote(Record):
    """A body of rules that was applied, and what applying it cannot do."""

    id: str
    title: str
    source: str
    limits: list[str]


class Privacy(Record):
    """What scrubbing found and did."""

    documents: int
    documents_with_findings: int
    findings: int
    rows: list[FindingRow]
    regimes: list[RegimeNote]
    policy_sha: str


class Teacher(Record):
    """Who wrote the records, and what it cost."""

    name: str
    route: str
    requests: int
    cached: int
    input_tokens: int
    output_tokens: int
    seconds: float | None
    tokens_per_accepted: float | None


class CurvePoint(Record):
    """Loss at an optimizer step, in nats per token (per pair for ``preference``), of the objective trained then."""

    step: int
    loss: float
    objective: str = ""


class Student(Record):
    """The distilled student: a base model and the adapter trained on the records.

    ``objectives`` were minimized one after the other; ``notes`` say what was done otherwise than asked for.
    """

    base: str
    base_sha256: str
    adapter_sha256: str
    data_sha256: str
    trainable_parameters: int | None
    precision: str
    objectives: list[str]
    notes: list[str]
    train_records: int
    validation_records: int
    tokens: int | None
    seconds: float | None
    train_curve: list[CurvePoint]
    validation_curve: list[CurvePoint]


class Segment(Record):
    """A run of passage text; ``marked`` if it is evidence."""

    text: str
    marked: bool


class Sample(Record):
    """A record shown in full, with the passage its evidence stands in.

    ``start`` and ``end`` are offsets of the passage in the scrubbed document. ``intact`` says that every evidence
    span still hashes to what was stored. ``withheld``: the text is not shown, since it was rejected for privacy.
    """

    id: str
    question: str
    answer: str
    strategy: str
    skill: str
    passage: list[Segment]
    intact: bool
    document_id: str
    document: str
    start: int | None
    end: int | None
    license: str
    teacher: str
    templates: dict[str, str]
    reasons: list[Loss]
    withheld: bool = False


class Report(Record):
    """Everything a report says."""

    schema_version: int = SCHEMA
    about: About
    headline: str
    summary: str
    evaluation: Evaluation
    funnel: Funnel
    licensing: Licensing
    privacy: Privacy
    teacher: Teacher
    student: Student
    samples: list[Sample]
    rejected: list[Sample]
    configuration: dict[str, Any]
    versions: dict[str, str]
    planned: Planned | None = None
    topics: Topics | None = None
    features: Features | None = None
    besides: Besides | None = None
    reviewed: Reviewed | None = None
