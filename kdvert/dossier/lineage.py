"""The lineage of a finished run: one closed model that every document of the dossier is written from.

No text of a document or a record stands in it, and names of files and people are those that scrubbing left.
"""

from __future__ import annotations

from datetime import date

from pydantic import Field

from kdvert.licensing.chain import Report
from kdvert.records import Record
from kdvert.reporting.facts import Besides, Evaluation, Funnel, Privacy, Student, Teacher
from kdvert.reporting.reviewed import Reviewed

SCHEMA = 1


class ProjectFacts(Record):
    """What the student is for. ``folder`` is the project's own name, which the released name may differ from."""

    name: str
    vertical: str
    vertical_title: str
    vertical_description: str
    vertical_version: str
    disclaimer: str
    languages: list[str]
    skills: list[str]
    topics: list[str]


class DocumentFacts(Record):
    """One document as scrubbing left it. ``sha256`` is of the file, or of the scrubbed text if it was renamed.

    ``passages`` and ``records`` (accepted) count what rests on it.
    """

    id: str
    title: str
    license: str
    publisher: str | None
    url: str | None
    retrieved: str | None
    sha256: str
    characters: int
    findings: int
    passages: int
    records: int


class ModelFacts(Record):
    """A model that took part. ``ref`` is kdvert's reference, ``hub`` its name on the Hugging Face Hub if it has one.

    ``licenses`` are the ids of the licenses of its weights that kdvert knows, ``route`` says how it was reached,
    ``parameters`` counts all of its weights, ``sha256`` is that of its file or folder.
    """

    role: str
    ref: str
    name: str
    hub: str | None = None
    route: str = "local"
    sha256: str | None = None
    licenses: list[str]
    parameters: int | None = None


class DataFile(Record):
    """A file of records. ``path`` is relative to the project's ``work/``; ``size`` in bytes."""

    name: str
    path: str
    sha256: str
    size: int
    rows: int
    about: str


class StageFacts(Record):
    """A finished stage. ``outputs`` maps each output file to its SHA-256; ``finished`` is ISO 8601 in UTC."""

    name: str
    finished: str
    seconds: float
    outputs: dict[str, str]


class RecordFacts(Record):
    """Counts over the accepted records.

    ``by_license`` and ``by_terms`` count each record under every license of its passages and under all terms of the
    models that wrote it.
    ``evidence`` counts spans that were checked against their passage; ``tokens`` are what the student read in all
    epochs; ``checks`` lists every check that the records passed. ``rejected`` counts what checks or people keep out;
    people decided about ``decided`` of all, and worded ``edited`` of the accepted ones.
    """

    accepted: int
    rejected: int
    decided: int
    edited: int
    by_strategy: dict[str, int]
    by_skill: dict[str, int]
    by_license: dict[str, int]
    by_terms: dict[str, int]
    evidence: int
    checks: list[str]
    epochs: float | None
    tokens: int | None


class Taint(Record):
    """An adapter in the project that learned from a source which was forgotten since; ``current``: the student."""

    adapter: str
    documents: int
    at: str
    current: bool


class Lineage(Record):
    """Everything the dossier says.

    Attributes:
        as_of: the day the license check holds for.
        finished: when the student was evaluated, ISO 8601 in UTC.
        licensing: the verdict with its chain, conflicts, duties, overrides and the intended use.
        base: the model the student was trained from.
        writers: every model that wrote text of a record, the teacher first.
        beside: models that the student learned from while it trained, beside what the records say.
        embedder: the model that passages are retrieved with.
        templates: SHA-256 of each prompt template that accepted records were written with.
        configuration: all settings, secrets masked.
        versions: packages that trained the student, else those that are installed.
        answers: what people filled in, by the id of the field (see `kdvert.dossier.fields`).
        besides: what training did besides; None if an older version evaluated.
        reviewed: what people decided and signed.
    """

    schema_version: int = SCHEMA
    as_of: date
    finished: str
    project: ProjectFacts
    licensing: Report
    documents: list[DocumentFacts]
    records: RecordFacts
    evaluation: Evaluation
    funnel: Funnel
    privacy: Privacy
    teacher: Teacher
    student: Student
    base: ModelFacts
    writers: list[ModelFacts]
    beside: list[ModelFacts] = Field(default_factory=list)
    embedder: ModelFacts
    data: list[DataFile]
    stages: list[StageFacts]
    templates: dict[str, str]
    configuration: dict[str, object]
    versions: dict[str, str]
    taint: list[Taint]
    answers: dict[str, str]
    besides: Besides | None = None
    reviewed: Reviewed | None = None
