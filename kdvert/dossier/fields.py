"""What kdvert cannot know: a table of fields, who has to fill each, and ``dossier.yaml``, where they do it once.

A filled field stands in every document that needs it; an open one says there who must fill it, and is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kdvert.errors import UserError
from kdvert.records import Record
from kdvert.registry import suggest

FILE = "dossier.yaml"

LEGAL = "the provider's legal department"
PRIVACY = "the data protection officer"
PRODUCT = "the product owner"
DATA = "the person who gathered the documents"
DOMAIN = "a domain expert"
MAINTAINER = "the maintainer"
MANAGEMENT = "the management"


@dataclass(frozen=True)
class Field:
    """A field that a person fills: what to write (``about``) and who does (``who``).

    ``setting``: the key of ``kdvert.yaml`` that it is filled by, where other checks need it, too.
    """

    id: str
    label: str
    who: str
    about: str
    setting: str = ""


class ToFill(Record):
    """An open field, as it stands in the place of a value."""

    field: str
    label: str
    who: str
    about: str

    def __str__(self) -> str:
        return f"To be filled by: {self.who}"


FIELDS: tuple[Field, ...] = (
    Field("provider_name", "Provider", LEGAL, "Legal name and address of whoever offers the student."),
    Field("provider_contact", "Contact", LEGAL, "Where questions, complaints and take-down requests are answered."),
    Field("eu_representative", "Representative in the EU", LEGAL, "Name and contact, if the provider sits elsewhere."),
    Field("ai_act_role", "Role under the EU AI Act", LEGAL, "Provider, modifier or deployer, and whether high-risk."),
    Field("placed_on_market", "Placed on the market", PRODUCT, "The day on which it is first offered, and where."),
    Field(
        "student_license",
        "License of the student",
        LEGAL,
        "The license it is handed on under (use.license).",
        setting="use.license",
    ),
    Field("dataset_url", "Address of the dataset", PRODUCT, "Where it is published, or that it is not."),
    Field("intended_use", "Intended use", PRODUCT, "Who asks it what, in which situation, and who decides in the end."),
    Field("out_of_scope", "Uses that are out of scope", PRODUCT, "What it must not be used for."),
    Field("human_oversight", "Human oversight", PRODUCT, "Who reviews answers, and who can switch it off."),
    Field("acquisition", "How the documents were obtained", DATA, "By whom, when, from where, on which permission."),
    Field("crawling", "Crawling", DATA, "Whether any of it was crawled: domains, period, crawler, robots rules."),
    Field("user_data", "Data of users", DATA, "Whether documents hold what users wrote or did, and in which service."),
    Field("tdm_opt_out", "Reservations of rights", LEGAL, "How reservations against text mining were found and kept."),
    Field("illegal_content", "Illegal content", DATA, "How the documents were searched for it before they came here."),
    Field("legal_basis", "Legal basis", PRIVACY, "Basis for processing personal data in the original documents."),
    Field("notice", "Notice to the persons", PRIVACY, "Whether the persons in them were told, and how they object."),
    Field("impact_assessment", "Impact assessment", PRIVACY, "Reference to it, or why none is needed."),
    Field("retention", "Retention", PRIVACY, "How long original documents and records are kept."),
    Field("bias_examination", "Examination for bias", DOMAIN, "Which groups and topics the documents leave out."),
    Field("answers_reviewed", "Review of answers", DOMAIN, "Who read which of its answers, and what was found."),
    Field("social_impact", "Social impact", DOMAIN, "Whom right and wrong answers of the student affect, and how."),
    Field("base_training_data", "What the base was trained on", LEGAL, "The base's own summary of training content."),
    Field("maintenance", "Maintenance", MAINTAINER, "Who corrects, how often, and how receivers learn of it."),
    Field("incidents", "Incidents", MAINTAINER, "Where incidents are reported, and who acts within which time."),
    Field("security", "Security of the operation", MAINTAINER, "Access to documents, keys, weights; what is logged."),
    Field("funding", "Funding", MANAGEMENT, "Who pays for the dataset and the student, and why."),
    Field("policy", "AI policy", MANAGEMENT, "The policy that this student falls under, and who approved it."),
    Field("roles", "Roles and responsibilities", MANAGEMENT, "Who answers for data, model, release and operation."),
    Field("risk_acceptance", "Acceptance of the risks that are left", MANAGEMENT, "By whom, when, for how long."),
)
"""Every field of the dossier that only a person can fill."""

BY_ID: Mapping[str, Field] = {field.id: field for field in FIELDS}


def read(project: Path) -> dict[str, str]:
    """Return what people filled in, by field; empty without a ``dossier.yaml``.

    Raises:
        UserError: the file is no mapping of known fields to text.
    """
    path = project / FILE
    if not path.is_file():
        return {}
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {error}", hint=f"A field a line: {FIELDS[0].id}: …") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path} must be a mapping of fields to text.", hint=f"For example: {FIELDS[0].id}: …")
    return {_known(str(key), path): _text(key, value, path) for key, value in raw.items() if value not in (None, "")}


def value(answers: Mapping[str, str], field: str) -> str | ToFill:
    """Return what was filled in for ``field``, or the open field."""
    row = BY_ID[field]
    if field in answers:
        return answers[field]
    return ToFill(field=row.id, label=row.label, who=row.who, about=row.about)


def still_open(answers: Mapping[str, str], settled: Iterable[str] = ()) -> list[ToFill]:
    """Return the open fields in the order of the table.

    Args:
        settled: fields that the settings answer.
    """
    known = {*answers, *settled}
    return [ToFill(field=f.id, label=f.label, who=f.who, about=f.about) for f in FIELDS if f.id not in known]


def _known(key: str, path: Path) -> str:
    if key not in BY_ID:
        raise UserError(f"{path}: unknown field '{key}'.", hint=suggest(key, BY_ID))
    if setting := BY_ID[key].setting:
        raise UserError(
            f"{path}: {key} is a setting, which the license check judges, too.", hint=f"Set {setting} in kdvert.yaml."
        )
    return key


def _text(key: Any, given: Any, path: Path) -> str:
    if isinstance(given, list | dict):
        raise UserError(f"{path}: {key} must be text, not {type(given).__name__}.", hint="Use a block: `key: |`.")
    return str(given).strip()
