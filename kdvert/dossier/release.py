"""What the student and its records are handed on as: names, versions, licenses, what must be shown."""

from __future__ import annotations

import re
import uuid

from kdvert.dossier.lineage import Lineage
from kdvert.licensing.obligations import Duty
from kdvert.licensing.student_name import StudentName, student_name

_NAMESPACE = uuid.UUID("6f6b1a52-6a0e-5a53-9d6c-0d2a3b6a7f10")  # any fixed one: names of kdvert's dossiers


def duties(lineage: Lineage, *kinds: str) -> list[Duty]:
    """Return the duties of these kinds that hold for the intended use; of all kinds if none is given."""
    way = lineage.licensing.use.distribution
    return [duty for duty in lineage.licensing.duties if way in duty.when and (not kinds or duty.kind in kinds)]


def name(lineage: Lineage) -> str:
    """Return the name the student is offered under: ``use.name``, else the project's, with the prefix it needs.

    Raises:
        UserError: ``use.name`` breaks a duty.
        GateBlocked: two licenses want the name to begin differently.
    """
    return _named(lineage).name


def dataset_name(lineage: Lineage) -> str:
    """Return the name of the records."""
    return f"{lineage.project.name}-records"


def displays(lineage: Lineage) -> list[str]:
    """Return the lines that must be shown, such as ``Built with Llama``."""
    return _named(lineage).displays


def _named(lineage: Lineage) -> StudentName:
    return student_name(lineage.licensing.duties, lineage.licensing.use, lineage.project.name)


def student_license(lineage: Lineage) -> str | None:
    """Return the license the student is handed on under, if somebody stated it."""
    return lineage.licensing.use.license


def dataset_licenses(lineage: Lineage) -> list[str]:
    """Return the licenses that the accepted records draw on, the most frequent first."""
    counted = lineage.records.by_license
    return sorted(counted, key=lambda license_id: (-counted[license_id], license_id))


def version(lineage: Lineage) -> str:
    """Return a semantic version that changes with the training data."""
    return f"1.0.0+{lineage.student.data_sha256[:12]}"


def student_version(lineage: Lineage) -> str:
    """Return a semantic version that changes with the adapter."""
    return f"1.0.0+{lineage.student.adapter_sha256[:12]}"


def serial(lineage: Lineage) -> str:
    """Return a URN that is the same for the same lineage."""
    return uuid.uuid5(_NAMESPACE, lineage.model_dump_json()).urn


def slug(text: str) -> str:
    """Return ``text`` in lower case, with everything but letters, digits, dots and dashes replaced."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") or "unnamed"


def license_address(license_id: str) -> str:
    """Return where an SPDX license is described; of one that SPDX does not list, the collected text."""
    if license_id.lower().startswith("licenseref-"):
        return f"LICENSES/{license_id}.txt"
    return f"https://spdx.org/licenses/{license_id}.html"
