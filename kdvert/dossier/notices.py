"""What licenses want handed on with the student: ``NOTICE``, ``LICENSES/`` and ``USE_RESTRICTIONS.md``.

Every line that a license words itself is taken from its vendored text (`kdvert.licensing.texts`), and the restrictions
are the license's own words. Where a text could not be had, a file in ``LICENSES/`` says who has to add it.
"""

from __future__ import annotations

from pathlib import Path

from kdvert.dossier import release
from kdvert.dossier.attribution import ATTRIBUTION, licenses_of
from kdvert.dossier.lineage import Lineage, ModelFacts
from kdvert.licensing.facts import model_licenses
from kdvert.licensing.links import Link
from kdvert.licensing.obligations import Duty
from kdvert.licensing.texts import MissingRow, missing, text_of
from kdvert.records import Record
from kdvert.store import write_text

NOTICE, LICENSES, RESTRICTIONS = "NOTICE", "LICENSES", "USE_RESTRICTIONS.md"
OWN_NOTICES = "adapter/base/"
"""Where training put the LICENSE and NOTICE files that lay beside the base, below ``work/distill``."""


class Restriction(Record):
    """Use restrictions to pass on: of which license, in whose words, and what of them could not be had."""

    license: str
    title: str
    asked: list[str]
    text: str
    absent: list[MissingRow]


def write_notice(lineage: Lineage, folder: Path) -> None:
    """Write ``NOTICE``."""
    write_text(folder / NOTICE, notice(lineage))


def write_licenses(lineage: Lineage, folder: Path) -> None:
    """Write the text of every license of the chain into ``LICENSES/``; of one that is missing, who must add it."""
    for license_id in chain_licenses(lineage):
        found = text_of(license_id)
        name = f"{license_id}.txt" if found else f"{license_id}.MISSING.txt"
        write_text(folder / LICENSES / name, found.text if found else _excuse(license_id))


def write_restrictions(lineage: Lineage, folder: Path) -> None:
    """Write ``USE_RESTRICTIONS.md``, if there are restrictions to keep or to pass on."""
    if restrictions(lineage):
        write_text(folder / RESTRICTIONS, restrictions_text(lineage))


def chain_licenses(lineage: Lineage) -> list[str]:
    """Return the ids of all licenses and policies of the chain, sorted: of sources, models, and of the student."""
    own = [release.student_license(lineage)]
    ids = {name for document in lineage.documents for name in licenses_of(document.license)}
    ids |= {name for model in _models(lineage) for name in model.licenses}
    ids |= {name for link in lineage.licensing.links for name in licenses_behind(link)}
    ids |= {str(name) for name in own if name and text_of(name)}
    policies = {text.row.policy for name in ids if (text := text_of(name)) and text.row.policy}
    values = {duty.value for duty in release.duties(lineage, "restrictions") if duty.value and missing(duty.value)}
    return sorted(name for name in ids | policies | values if name and (text_of(name) or missing(name)))


def licenses_behind(link: Link) -> list[str]:
    """Return the ids of the licenses that a link of the chain judges; none for terms of a vendor."""
    if link.kind == "source":
        return licenses_of(link.subject) if " " not in link.subject or " AND " in link.subject else []
    name = link.subject.rpartition(" under ")[2]
    row = model_licenses().get(name.lower())
    return [row.id] if row else []


def asking(lineage: Lineage, duty: Duty) -> list[str]:
    """Return the ids of the licenses in the chain that ask for a duty."""
    links = [link for link in lineage.licensing.links if any(held.id == duty.id for held in link.duties)]
    return list(dict.fromkeys(name for link in links for name in licenses_behind(link)))


def notice(lineage: Lineage) -> str:
    """Return the text of ``NOTICE``: name, lines to show, what was changed, and the notices of the models."""
    lines = [release.name(lineage), *release.displays(lineage), "", *_changes(lineage), ""]
    for model in _models(lineage):
        lines += [*_model_notice(lineage, model), ""]
    return "\n".join([*lines, f"Sources of the training records: see {ATTRIBUTION}."]) + "\n"


def restrictions(lineage: Lineage) -> list[Restriction]:
    """Return the use restrictions that the intended use has to keep or pass on, by license."""
    found: dict[str, list[str]] = {}
    for duty in release.duties(lineage, "restrictions"):
        for name in restricting(lineage, duty):
            found.setdefault(name, []).append(duty.text)
    return [_restriction(name, asked) for name, asked in sorted(found.items())]


def restricting(lineage: Lineage, duty: Duty) -> list[str]:
    """Return the ids of the texts that hold the restrictions of a duty: its value, else the licenses that ask."""
    named = duty.value or ""
    return [named] if text_of(named) or missing(named) else asking(lineage, duty)


def restrictions_text(lineage: Lineage) -> str:
    """Return the text of ``USE_RESTRICTIONS.md``, worded as terms that bind whoever receives the student."""
    name = release.name(lineage)
    parts = [
        f"# Use restrictions of {name}",
        f"These restrictions are terms of the agreement under which {name} is handed on or made available. Whoever "
        "receives or uses it accepts them, keeps them, and puts them into every agreement under which it, or a model "
        "made of it, is passed on or made available.",
    ]
    for row in restrictions(lineage):
        parts += [f"## {row.title}", *row.asked, *(_fenced(row.text) if row.text else [])]
        parts += [f"Not included: {gone.title}. {gone.reason} {gone.url}" for gone in row.absent]
    return "\n\n".join(parts) + "\n"


def base_files(lineage: Lineage) -> list[str]:
    """Return the paths, below ``work/distill``, of the base's own LICENSE and NOTICE files that training kept."""
    outputs = [path for stage in lineage.stages if stage.name == "distill" for path in stage.outputs]
    return sorted(path for path in outputs if path.startswith(OWN_NOTICES))


def _models(lineage: Lineage) -> list[ModelFacts]:
    seen: dict[tuple[str, str], ModelFacts] = {}
    for model in (lineage.base, *lineage.writers, *lineage.beside, lineage.embedder):
        seen.setdefault((model.role, model.name), model)
    return list(seen.values())


def _changes(lineage: Lineage) -> list[str]:
    base = lineage.base.hub or lineage.base.name
    return [
        f"Changed files: the adapter was trained on top of {base} ({lineage.finished[:10]}). Its files are new; the",
        "weights of the base are changed by it wherever it is loaded or merged. Made with kdvert.",
    ]


def _model_notice(lineage: Lineage, model: ModelFacts) -> list[str]:
    lines = [f"{model.role.capitalize()}: {model.hub or model.name}"]
    for name in model.licenses:
        text = text_of(name)
        title = text.row.title if text else name
        lines.append(f"  {title}: {LICENSES}/{name}{'' if text else '.MISSING'}.txt")
        if text and text.row.notice:
            lines.append(f"  {text.row.notice}")
    if model.role == "base":
        lines += [f"  The base's own {Path(path).name} is at {path}." for path in base_files(lineage)]
    return lines if model.licenses else [*lines, "  No license of its weights is known: the terms of its service hold."]


def _restriction(license_id: str, asked: list[str]) -> Restriction:
    text, gone = text_of(license_id), missing(license_id)
    policy = missing(text.row.policy) if text and text.row.policy else None
    title = text.row.title if text else gone.title if gone else license_id
    return Restriction(
        license=license_id,
        title=title,
        asked=list(dict.fromkeys(asked)),
        text=text.restrictions if text else "",
        absent=[row for row in (gone, policy) if row],
    )


def _fenced(text: str) -> list[str]:
    """Return the text as a block that Markdown shows as it stands."""
    return [f"~~~text\n{text}\n~~~"]


def _excuse(license_id: str) -> str:
    row = missing(license_id)
    assert row  # only ids that the manifest knows are collected
    return (
        f"{row.title}\n\nThis text is missing. {row.reason}\n"
        f"Whoever hands the student on adds it here, as {license_id}.txt. It was last known at {row.url}\n"
    )
