"""Who wrote the sources: ``ATTRIBUTION.md`` for people and ``attribution.json`` for machines.

A source is named here if its license asks for that; others are only counted, so that titles of a client's files or of
one's own are not handed on. Titles and addresses are those that scrubbing left. A publisher, who may be a person, is
printed as ``ingest.sources`` states it: whoever states an author there means to have that author named. A name that
stands in a document or a row alone was scrubbed, and the entry says that it has to be added.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from kdvert.dossier import markdown, release
from kdvert.dossier.lineage import DocumentFacts, Lineage
from kdvert.errors import GateBlocked
from kdvert.licensing.facts import data_licenses
from kdvert.licensing.obligations import duties
from kdvert.licensing.terms import data_license
from kdvert.licensing.texts import link_of, text_of
from kdvert.records import Record
from kdvert.store import write_json, write_text

ATTRIBUTION, ATTRIBUTION_JSON = "ATTRIBUTION.md", "attribution.json"
CHANGED = "Changed: cut into passages, freed of personal data, and rewritten as questions and answers."

_NAMING = ("attribution", "changes", "notice", "share_alike")
_OWN_WORDS = {
    "etalab-source": "{publisher} - Données originales téléchargées sur {url}, {date}.",
    "eu-reuse-statement": "© European Union. Source: {title}, {url}. Reused under Decision 2011/833/EU.",
    "source-note": "{publisher}, {license}, {link}. Data: {url}.",
}
"""The words of attributions that the text of a license describes without giving a line to print, by duty."""


class Entry(Record):
    """A source that has to be named.

    Attributes:
        license: the expression it stands under.
        publisher: author or publisher; None if nobody stated one.
        statement: the attribution in the words that its license asks for, if it asks for certain words.
        documents: how many documents it is, as ids.
        records: how many accepted records draw on it.
        lacks: what its license wants named and nobody stated.
    """

    title: str
    publisher: str | None
    license: str
    license_links: list[str]
    url: str | None
    retrieved: str | None
    changed: str
    statement: str | None
    documents: list[str]
    passages: int
    records: int
    lacks: list[str]


def write_attribution(lineage: Lineage, folder: Path) -> None:
    """Write ``ATTRIBUTION.md``."""
    write_text(folder / ATTRIBUTION, attribution(lineage))


def write_attribution_json(lineage: Lineage, folder: Path) -> None:
    """Write ``attribution.json``: the entries, and how many documents are not named."""
    rows = [entry.model_dump() for entry in entries(lineage)]
    write_json(folder / ATTRIBUTION_JSON, {"as_of": lineage.as_of.isoformat(), "sources": rows, **_rest(lineage)})


def attribution(lineage: Lineage) -> str:
    """Return the text of ``ATTRIBUTION.md``."""
    return markdown.render(
        "attribution.md.j2",
        lineage,
        student=release.name(lineage),
        entries=entries(lineage),
        models=models(lineage),
        changed=CHANGED,
        **_rest(lineage),
    )


def entries(lineage: Lineage) -> list[Entry]:
    """Return the sources to name, by license, publisher and title; documents that say the same are one."""
    authors = _authors(lineage)
    found: dict[tuple[str | None, ...], list[DocumentFacts]] = defaultdict(list)
    for document in lineage.documents:
        if asked_of(document.license) and (document.passages or document.records):
            key = (document.license, authors[document.id], document.title, document.url, document.retrieved)
            found[key].append(document)
    ordered = sorted(found.items(), key=lambda item: tuple(part or "" for part in item[0]))
    return [_entry(documents, key[1]) for key, documents in ordered]


def asked_of(expression: str) -> list[str]:
    """Return the ids of the duties that make a source of this license one to name; empty if nothing asks for it."""
    ids = dict.fromkeys(duty for name in licenses_of(expression) for duty in _terms(name))
    return [duty for duty in ids if duties()[duty].kind in _NAMING]


def licenses_of(expression: str) -> list[str]:
    """Return the ids in a license expression; itself, if kdvert knows nothing about it."""
    try:
        return data_license(expression).licenses
    except GateBlocked:
        return [expression]


def models(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the models that took part, each with its licenses and where they can be read."""
    taking_part = [lineage.base, *lineage.writers, *lineage.beside, lineage.embedder]
    return [
        {"role": m.role, "name": m.hub or m.name, "licenses": [(name, link_of(name)) for name in m.licenses]}
        for m in taking_part
    ]


def _terms(license_id: str) -> list[str]:
    found = data_licenses().get(license_id.lower())
    return found[1].terms.duties if found else []


def _entry(documents: list[DocumentFacts], publisher: str | None) -> Entry:
    first = documents[0]
    ids = licenses_of(first.license)
    return Entry(
        title=first.title,
        publisher=publisher,
        license=first.license,
        license_links=[link for name in ids if (link := link_of(name))],
        url=first.url,
        retrieved=first.retrieved,
        changed=CHANGED,
        statement=" ".join(line for name in ids if (line := _statement(name, first, publisher))) or None,
        documents=[document.id for document in documents],
        passages=sum(document.passages for document in documents),
        records=sum(document.records for document in documents),
        lacks=_lacks(first, publisher),
    )


def _statement(license_id: str, document: DocumentFacts, publisher: str | None) -> str | None:
    """Return the attribution in the words of the license's own text, else in those that it describes."""
    row = text.row if (text := text_of(license_id)) else None
    if row and row.statement:
        named = publisher if row.blank == "[name of licensor]" else document.title
        return row.statement.replace(row.blank, named or "(licensor not stated)") if row.blank else row.statement
    words = next((_OWN_WORDS[duty] for duty in _terms(license_id) if duty in _OWN_WORDS), None)
    if words is None:
        return None
    return words.format(
        title=document.title,
        publisher=publisher or "(provider not stated)",
        license=row.title if row else license_id,
        link=link_of(license_id) or "",
        url=document.url or "(address not stated)",
        date=f"le {document.retrieved}" if document.retrieved else "(date non indiquée)",
    )


def _lacks(document: DocumentFacts, publisher: str | None) -> list[str]:
    asked = asked_of(document.license)
    missing = [] if publisher else ["author or publisher"]
    if not document.url and not {"etalab-source", "source-note", "eu-reuse-statement"}.isdisjoint(asked):
        missing.append("address")
    return [*missing, "date of its last update"] if "etalab-source" in asked else missing


def _authors(lineage: Lineage) -> dict[str, str | None]:
    """Return the publisher of each document, as stated under ``ingest.sources`` where scrubbing replaced a name.

    A stated publisher that no document bears any more was scrubbed. It is given back to the documents of its license
    and day only if there is no doubt whose it is: one such name, and one stand-in for it.
    """
    stated = _stated(lineage)
    everybody = {name for names in stated.values() for name in names}
    borne = {document.publisher for document in lineage.documents}
    stand_ins: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for document in lineage.documents:
        if document.publisher and document.publisher not in everybody:
            stand_ins[document.license, document.retrieved].add(document.publisher)
    found: dict[str, str | None] = {}
    for document in lineage.documents:
        key = (document.license, document.retrieved)
        gone = stated.get(key, set()) - borne
        is_stand_in = document.publisher in stand_ins[key] and len(stand_ins[key]) == len(gone) == 1
        found[document.id] = next(iter(gone)) if is_stand_in else document.publisher
    return found


def _stated(lineage: Lineage) -> dict[tuple[str, str | None], set[str]]:
    ingest = lineage.configuration.get("ingest")
    rules = ingest.get("sources") if isinstance(ingest, dict) else None
    found: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for rule in rules or []:
        if rule.get("license") and rule.get("publisher"):
            day = str(rule["retrieved"]) if rule.get("retrieved") else None
            found[_rendered(str(rule["license"])), day].add(str(rule["publisher"]))
    return found


def _rendered(expression: str) -> str:
    try:
        return data_license(expression).expression
    except GateBlocked:
        return expression


def _rest(lineage: Lineage) -> dict[str, Any]:
    silent = Counter(document.license for document in lineage.documents if not asked_of(document.license))
    return {"not_named": dict(sorted(silent.items()))}
