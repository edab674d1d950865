"""The summary of training content that the EU AI Act asks of providers of general-purpose models (Article 53(1)(d)).

It follows the sections of the template of 2025-07-24 in kdvert's own words. For a fine-tune far below the guidelines'
threshold it is voluntary, and information for whoever supplies the student onward; the ratio that decides stands in it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from kdvert.dossier import compute, fields, markdown, release, sources, statements
from kdvert.dossier.compute import Compute, in_powers
from kdvert.dossier.fields import ToFill
from kdvert.dossier.lineage import Lineage
from kdvert.records import Record
from kdvert.store import write_json, write_text

JSON_FILE, TEXT_FILE = "training-content-summary.json", "training-content-summary.md"
_RANGES = ((10**9, "less than 1 billion tokens"), (10**13, "1 billion to 10 trillion tokens"))

Answer = str | ToFill


class General(Record):
    """Who, which model, what kind of data, how much, until when."""

    provider: Answer
    contact: Answer
    representative: Answer
    model: str
    version: str
    depends_on: list[str]
    base_summary: Answer
    placed_on_market: Answer
    modalities: dict[str, str]
    content: list[str]
    languages: list[str]
    latest_data: Answer


class Source(Record):
    """Documents of one kind: under which license, from whom, how much of the text (0 to 1)."""

    license: str
    publisher: str
    documents: int
    share: float
    addresses: list[str]


class Synthetic(Record):
    """A model whose output the student was trained on."""

    model: str
    hub: str | None
    route: str
    reached: str
    licenses: list[str]
    records: int
    purpose: str


class Sources(Record):
    """Where the data came from. What is public is told by the license alone; a person must confirm it.

    ``domains`` counts the documents that state an address, by host.
    """

    public: list[Source]
    by_agreement: list[Source]
    domains: dict[str, int]
    crawled: Answer
    user_data: Answer
    synthetic: list[Synthetic]
    other: Answer


class Processing(Record):
    """How rights were kept and illegal content was looked for."""

    reservations: Answer
    licenses_checked: str
    illegal_content: Answer
    personal_data: str
    other: list[str]


class Summary(Record):
    """The summary of training content."""

    standing: str
    as_of: str
    general: General
    sources: Sources
    processing: Processing
    compute: Compute


def write(lineage: Lineage, folder: Path) -> None:
    """Write the summary for machines."""
    write_json(folder / JSON_FILE, build(lineage).model_dump(mode="json"))


def write_text_file(lineage: Lineage, folder: Path) -> None:
    """Write the summary for people."""
    write_text(folder / TEXT_FILE, markdown.render("training-summary.md.j2", lineage, summary=build(lineage)))


def build(lineage: Lineage) -> Summary:
    """Return the summary."""
    spent = computed(lineage)
    return Summary(
        standing=standing(spent),
        as_of=lineage.as_of.isoformat(),
        general=_general(lineage),
        sources=_sources(lineage),
        processing=_processing(lineage),
        compute=spent,
    )


def computed(lineage: Lineage) -> Compute:
    """Return what training the student and writing its records cost, against the base."""
    return compute.estimate(
        base=lineage.base.ref,
        tokens=lineage.records.tokens,
        writers=[writer.ref for writer in lineage.writers],
        written=lineage.teacher.input_tokens + lineage.teacher.output_tokens,
    )


def standing(spent: Compute) -> str:
    """Return what the ratio means: voluntary information, or a question for the legal department."""
    limit = "one third of the compute that its base was trained with"
    if spent.share is None:
        return (
            f"The ratio to {limit} cannot be told ({', '.join(spent.unknown)} unknown). A small adapter is far below "
            "it as a rule; the legal department must say so here."
        )
    if spent.share > spent.threshold_share:
        return (
            f"The fine-tune took {in_powers(spent.share)} of its base's compute, more than {limit}: whoever places it "
            "on the market may be the provider of a general-purpose model for the change. Ask counsel."
        )
    return (
        f"The fine-tune took {in_powers(spent.share)} of its base's compute, below {limit}. Under the guidelines its "
        "maker is then no provider of a general-purpose model, and this summary is voluntary information for whoever "
        "supplies or uses the student."
    )


def _general(lineage: Lineage) -> General:
    def answer(field: str) -> Answer:
        return fields.value(lineage.answers, field)

    tokens = lineage.records.tokens
    retrieved = sorted(d.retrieved for d in lineage.documents if d.retrieved)
    return General(
        provider=answer("provider_name"),
        contact=answer("provider_contact"),
        representative=answer("eu_representative"),
        model=release.name(lineage),
        version=release.student_version(lineage),
        depends_on=[lineage.base.hub or lineage.base.ref],
        base_summary=answer("base_training_data"),
        placed_on_market=answer("placed_on_market"),
        modalities={"text": "unknown" if tokens is None else size_range(tokens)},
        content=[f"Non-fiction: {lineage.project.vertical_title}", "Questions and answers written by a model"],
        languages=lineage.project.languages,
        latest_data=retrieved[-1] if retrieved else answer("acquisition"),
    )


def size_range(tokens: int) -> str:
    """Return the template's class of size for a number of tokens."""
    return next((text for limit, text in _RANGES if tokens < limit), "more than 10 trillion tokens")


def _sources(lineage: Lineage) -> Sources:
    rows = [(_is_public(g.license), _source(g)) for g in sources.groups(lineage)]
    return Sources(
        public=[row for public, row in rows if public],
        by_agreement=[row for public, row in rows if not public],
        domains=_domains(lineage),
        crawled=fields.value(lineage.answers, "crawling"),
        user_data=fields.value(lineage.answers, "user_data"),
        synthetic=[
            Synthetic(
                model=writer.name,
                hub=writer.hub,
                route=writer.route,
                reached=statements.reached(writer),
                licenses=writer.licenses,
                records=lineage.records.accepted,
                purpose="wrote questions and answers about passages of the documents, for distillation",
            )
            for writer in lineage.writers
        ],
        other=fields.value(lineage.answers, "acquisition"),
    )


def _domains(lineage: Lineage) -> dict[str, int]:
    hosts = Counter(host for d in lineage.documents if d.url and (host := urlsplit(d.url).hostname))
    return dict(sorted(hosts.items(), key=lambda item: (-item[1], item[0])))


def _is_public(license_id: str) -> bool:
    return not license_id.lower().startswith("licenseref-")


def _source(group: sources.SourceGroup) -> Source:
    return Source(
        license=group.license,
        publisher=group.publisher,
        documents=group.documents,
        share=round(group.share, 4),
        addresses=group.urls,
    )


def _processing(lineage: Lineage) -> Processing:
    check = lineage.licensing
    return Processing(
        reservations=fields.value(lineage.answers, "tdm_opt_out"),
        licenses_checked=(
            f"Every document states a license; the check of {check.as_of} gave {check.verdict} for "
            f"{check.use.distribution} use. A document without a license stops the run."
        ),
        illegal_content=fields.value(lineage.answers, "illegal_content"),
        personal_data=statements.privacy_measures(lineage),
        other=statements.preprocessing(lineage),
    )
