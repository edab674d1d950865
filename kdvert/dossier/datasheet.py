"""The datasheet of the records: questions of Gebru et al., *Datasheets for Datasets* (arXiv 1803.09010), in own words.

A table of sections, each a list of questions with the function that answers it from the lineage.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kdvert.dossier import fields, markdown, release, sources, statements
from kdvert.dossier.lineage import Lineage
from kdvert.reporting.html import count, plural
from kdvert.store import write_text

FILE = "datasheet.md"

Answer = Callable[[Lineage], str]


def write(lineage: Lineage, folder: Path) -> None:
    """Write the datasheet."""
    sections = {name: [(asked, answer(lineage)) for asked, answer in rows] for name, rows in SECTIONS.items()}
    write_text(folder / FILE, markdown.render("datasheet.md.j2", lineage, sections=sections, release=release))


def _person(field: str) -> Answer:
    return lambda lineage: str(fields.value(lineage.answers, field))


def _joined(part: Callable[[Lineage], list[str]]) -> Answer:
    return lambda lineage: " ".join(part(lineage))


def _purpose(lineage: Lineage) -> str:
    return (
        f"To teach {release.name(lineage)} to answer questions about {lineage.project.vertical_title.lower()} from "
        f"{plural(len(lineage.documents), 'document')}."
    )


def _instances(lineage: Lineage) -> str:
    skills = ", ".join(f"{name.replace('_', ' ')} ({count(n)})" for name, n in lineage.records.by_skill.items())
    return f"Conversations of question and answer with their evidence and provenance, by skill: {skills}."


def _amount(lineage: Lineage) -> str:
    return ", ".join(f"{file.name} {count(file.rows)}" for file in lineage.data) + "."


def _sample(lineage: Lineage) -> str:
    cited = sum(1 for d in lineage.documents if d.records)
    return f"{count(cited)} of {plural(len(lineage.documents), 'document')} gave accepted records; no sample was drawn."


def _missing(lineage: Lineage) -> str:
    rows = [f"{loss.meaning or loss.code} ({count(loss.count)})" for loss in lineage.funnel.losses]
    return f"Left out, by reason: {', '.join(rows)}." if rows else "Nothing was left out."


def _splits(lineage: Lineage) -> str:
    return (
        f"Training {count(lineage.student.train_records)}, validation {count(lineage.student.validation_records)}, "
        f"split by document. {plural(lineage.evaluation.questions, 'held-out question')} come from elsewhere; "
        f"{plural(lineage.evaluation.overlap_rejects, 'record')} that resembled one were turned down."
    )


def _confidential(lineage: Lineage) -> str:
    groups = sources.groups(lineage)
    private = [g for g in groups if g.license.lower().startswith("licenseref-")]
    return f"{plural(sum(g.documents for g in private), 'document')} under a license that is not a public one."


def _cleaning(lineage: Lineage) -> str:
    return " ".join(statements.preprocessing(lineage))


def _raw(lineage: Lineage) -> str:
    return "The originals stay in work/ingest of the project, which is confidential. " + str(
        fields.value(lineage.answers, "retention")
    )


def _licenses(lineage: Lineage) -> str:
    terms = ", ".join(release.dataset_licenses(lineage))
    duties = " ".join(duty.text for duty in release.duties(lineage))
    return f"The records draw on text under {terms}. {duties}".strip()


def _check(lineage: Lineage) -> str:
    check = lineage.licensing
    return f"License check as of {check.as_of} for {check.use.distribution} use: {check.verdict}."


SECTIONS: dict[str, list[tuple[str, Answer]]] = {
    "Motivation": [
        ("What was it made for?", _purpose),
        ("Who made it?", _person("provider_name")),
        ("Who paid for it?", _person("funding")),
    ],
    "Composition": [
        ("What is one entry?", _instances),
        ("How many are there?", _amount),
        ("Is it a sample of something larger?", _sample),
        ("What is missing, and why?", _missing),
        ("How is it split?", _splits),
        ("Is anything in it confidential?", _confidential),
        ("Which personal data may be in it?", _joined(statements.personal_data)),
        ("Whom or what does it leave out?", _joined(statements.biases)),
        ("Was that examined?", _person("bias_examination")),
    ],
    "Collection": [
        ("Where does the text come from?", statements.collection),
        ("How was it obtained, by whom, when?", _person("acquisition")),
        ("Was any of it crawled?", _person("crawling")),
        ("Who wrote the entries?", statements.annotation),
        ("On which legal basis is personal data in the originals processed?", _person("legal_basis")),
        ("Were the persons told?", _person("notice")),
        ("Is there an impact assessment?", _person("impact_assessment")),
    ],
    "Preprocessing": [
        ("What was done to it?", _cleaning),
        ("Is the raw data kept?", _raw),
    ],
    "Uses": [
        ("What is it used for?", _person("intended_use")),
        ("What should it not be used for?", _person("out_of_scope")),
        ("What can go wrong?", _joined(statements.limitations)),
    ],
    "Distribution": [
        ("Where is it published?", _person("dataset_url")),
        ("Under which terms?", _licenses),
        ("Were the terms checked?", _check),
    ],
    "Maintenance": [
        ("Who keeps it, and how often is it corrected?", _person("maintenance")),
        ("How is the keeper reached?", _person("provider_contact")),
        (
            "How is a source taken out?",
            lambda _: "The command kdvert forget takes it out and names the adapters that used it.",
        ),
    ],
}
"""Section to (question, function that answers it)."""
