"""What the student was made of, as CycloneDX components: models, sources, records, packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata, version
from typing import Any
from urllib.parse import quote

from kdvert.dossier import fields, release, sources
from kdvert.dossier.lineage import Lineage, ModelFacts


def provider(lineage: Lineage) -> dict[str, Any]:
    """Return who offers the student, or who must say so."""
    return {"name": str(fields.value(lineage.answers, "provider_name"))}


def licenses(expressions: list[str]) -> list[dict[str, Any]]:
    """Return licenses: SPDX ids, others by name; one expression where one of them is compound."""
    from cyclonedx.spdx import fixup_id

    known = [(name, fixup_id(name)) for name in dict.fromkeys(expressions)]
    if any(spdx is None and " " in name for name, spdx in known):
        joined = [f"({name})" if " " in name and len(known) > 1 else name for name, _ in known]
        return [{"expression": " AND ".join(joined)}]
    return [{"license": {"id": spdx} if spdx else {"name": name}} for name, spdx in known]


def sha256(value: str | None) -> list[dict[str, str]]:
    """Return a hash, or nothing for none."""
    return [{"alg": "SHA-256", "content": value}] if value else []


def models(lineage: Lineage) -> list[dict[str, Any]]:
    """Return base, writers, teachers that stood beside the student, and embedder."""
    writers = [_model(f"teacher:{n}", writer) for n, writer in enumerate(lineage.writers, 1)]
    beside = [_model(f"beside:{n}", model) for n, model in enumerate(lineage.beside, 1)]
    return [_model("base", lineage.base), *writers, *beside, _model("embedder", lineage.embedder)]


def services(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the vendors that were asked over a network, and what was sent to them."""
    return [
        {
            "bom-ref": f"service:{number}",
            "name": writer.name,
            "provider": {"name": writer.route},
            "authenticated": True,
            "x-trust-boundary": True,
            "description": "Asked to write records. It got passages of scrubbed documents, and nothing else.",
            "data": [
                {"flow": "outbound", "classification": "scrubbed text"},
                {"flow": "inbound", "classification": "synthetic text"},
            ],
        }
        for number, writer in enumerate(lineage.writers, 1)
        if writer.route != "local"
    ]


def sources_of(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the documents by license and publisher, with the hash of each."""
    kinds = sorted({row.label for row in lineage.privacy.rows})
    made = []
    for number, group in enumerate(sources.groups(lineage), 1):
        own = sources.members(lineage, group)
        held = {"sensitiveData": kinds} if group.findings else {}
        contents: dict[str, Any] = {
            "properties": [{"name": f"kdvert:document:{d.id}", "value": f"sha256:{d.sha256}"} for d in own]
        }
        made.append(
            {
                "type": "data",
                "bom-ref": f"source:{number}",
                "name": f"{group.publisher}, {group.license}",
                "description": f"{group.documents} documents; license check: {group.verdict} ({group.code})",
                "licenses": licenses([group.license]),
                "data": [
                    {
                        "type": "dataset",
                        "name": f"documents of {group.publisher}",
                        "contents": contents,
                        "classification": "confidential" if group.findings else "licensed text",
                        **held,
                        "governance": {
                            "owners": [{"organization": {"name": group.publisher}}],
                            "custodians": [{"organization": provider(lineage)}],
                        },
                    }
                ],
                **_addresses(group.urls),
            }
        )
    return made


def records(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the files of records."""
    return [
        {
            "type": "data",
            "bom-ref": f"data:{file.name}",
            "name": f"{release.dataset_name(lineage)}-{file.name}",
            "version": release.version(lineage),
            "description": file.about,
            "hashes": sha256(file.sha256),
            "licenses": licenses(release.dataset_licenses(lineage)),
            "data": [
                {
                    "type": "dataset",
                    "name": file.name,
                    "contents": {"properties": [{"name": "kdvert:records", "value": str(file.rows)}]},
                    "classification": "scrubbed",
                    "description": "Synthetic records; what may be left of personal data is said in the datasheet.",
                    "governance": {"custodians": [{"organization": provider(lineage)}]},
                }
            ],
        }
        for file in lineage.data
        if file.name != "rejected"
    ]


def libraries(lineage: Lineage) -> list[dict[str, Any]]:
    """Return the packages that shaped the result."""
    return [{"type": "library", **package(name, number)} for name, number in sorted(lineage.versions.items())]


def package(name: str, number: str) -> dict[str, Any]:
    """Return a package with its purl, and its license if the very version is installed and declares one."""
    kind = "generic" if name == "python" else "pypi"
    found: dict[str, Any] = {
        "bom-ref": f"package:{name}",
        "name": name,
        "version": number,
        "purl": _purl(kind, name, number),
    }
    declared = _declared(name, number)
    return found | ({"licenses": licenses([declared])} if declared else {})


def _declared(name: str, number: str) -> str | None:
    try:
        stated = metadata(name)
        known = "License-Expression" in stated and version(name) == number
        return stated["License-Expression"] if known else None
    except PackageNotFoundError:
        return None


def _model(ref: str, model: ModelFacts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": ref,
        "name": model.name,
        "description": f"{model.role}, reached by: {model.route}",
        "hashes": sha256(model.sha256),
        "licenses": licenses(model.licenses),
        "properties": [{"name": "kdvert:reference", "value": model.ref}],
    }
    if purl := _model_purl(model):
        found["purl"] = purl
    return found


def _model_purl(model: ModelFacts) -> str | None:
    if model.ref.startswith("pypi:"):
        name, _, rest = model.ref.removeprefix("pypi:").partition("==")
        number, _, inside = rest.partition("/")
        return _purl("pypi", name, number, inside)
    if model.ref.startswith("hf:") and model.hub:
        _, _, revision = model.ref.partition("#")[0].partition("@")
        return _purl("huggingface", model.hub, revision or None)
    return None


def _purl(kind: str, name: str, number: str | None, inside: str | None = None) -> str:
    from packageurl import PackageURL

    organization, _, bare = name.rpartition("/")
    purl = PackageURL(type=kind, namespace=organization or None, name=bare, version=number, subpath=inside or None)
    return str(purl.to_string())


def _addresses(urls: list[str]) -> dict[str, Any]:
    rows = [{"type": "source-distribution", "url": quote(url, safe="%:/?#[]@!$&'()*+,;=~-._")} for url in urls]
    return {"externalReferences": rows} if rows else {}
