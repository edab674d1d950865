"""The rules of the Hugging Face Hub for the metadata of a card, checked without asking the Hub.

``validate()`` of the cards sends them to the Hub; a dossier is written without a network and tells nobody.
License ids: huggingface/hub-docs, docs/hub/repositories-licenses.md, as of the versions named in ``_LICENSES``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kdvert.dossier.release import slug
from kdvert.licensing.texts import link_of

_LICENSES = frozenset(
    """apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
    afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
    lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib
    pddl lgpl-lr deepfloyd-if-license llama2 llama3 llama3.1 llama3.2 llama3.3 gemma unknown other""".split()
)
"""License ids that the Hub knows (hub-docs at 008d54d0 and its pull request 1619)."""

_NAMES: Mapping[str, str] = {
    "odc-by-1.0": "odc-by", "odbl-1.0": "odbl", "pddl-1.0": "pddl", "c-uda-1.0": "c-uda", "gpl-3.0-only": "gpl-3.0",
    "gpl-3.0-or-later": "gpl-3.0", "gpl-2.0-only": "gpl-2.0", "gpl-2.0-or-later": "gpl-2.0",
    "agpl-3.0-only": "agpl-3.0", "agpl-3.0-or-later": "agpl-3.0", "licenseref-llama-2": "llama2",
    "licenseref-llama-3": "llama3", "licenseref-llama-3.1": "llama3.1", "licenseref-llama-3.2": "llama3.2",
    "licenseref-llama-3.3": "llama3.3", "licenseref-gemma-terms-of-use": "gemma",
}  # fmt: skip
"""SPDX ids and kdvert's own that the Hub calls otherwise."""

SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B")
_CREATORS = frozenset({"found", "crowdsourced", "expert-generated", "machine-generated", "no-annotation", "other"})
_SOURCES = re.compile(r"original|extended(\|.+)?")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_TASKS = frozenset({"text-generation", "question-answering"})


def license_id(expression: str) -> str:
    """Return what the Hub calls a license: its own id, or ``other``."""
    name = _NAMES.get(expression.lower(), expression.lower())
    return name if name in _LICENSES else "other"


def license_metadata(expressions: Sequence[str]) -> dict[str, Any]:
    """Return ``license``, and ``license_name`` and ``license_link`` where the Hub does not know one of them."""
    ids = list(dict.fromkeys(license_id(expression) for expression in expressions))
    if not ids:
        return {}
    found: dict[str, Any] = {"license": ids[0] if len(ids) == 1 else ids}
    if "other" in ids:
        unknown = [expression for expression in expressions if license_id(expression) == "other"]
        link = link_of(unknown[0]) if len(unknown) == 1 else None
        found |= {
            "license_name": "-and-".join(slug(name) for name in unknown),
            "license_link": link if link and link.startswith("https://") else "LICENSE",
        }
    return found


def size_category(count: int) -> str:
    """Return the Hub's class for a number of records."""
    limits = (10**3, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9)
    return next((name for limit, name in zip(limits, SIZES) if count < limit), SIZES[-1])


def problems(metadata: Mapping[str, Any]) -> list[str]:
    """Return what the Hub would not accept in the metadata of a card, in words; an empty list if nothing."""
    rules = (_license_problems, _list_problems, _base_problems, _index_problems)
    return [problem for rule in rules for problem in rule(metadata)]


def _license_problems(metadata: Mapping[str, Any]) -> list[str]:
    ids = _listed(metadata.get("license"))
    found = [f"license: the Hub knows no '{name}'" for name in ids if name not in _LICENSES]
    if "other" in ids:
        found += [f"license other needs {key}" for key in ("license_name", "license_link") if not metadata.get(key)]
    link = metadata.get("license_link")
    if link and link not in ("LICENSE", "LICENSE.md") and not str(link).startswith("https://"):
        found.append(f"license_link: {link} is neither a file LICENSE nor an address")
    return found


def _list_problems(metadata: Mapping[str, Any]) -> list[str]:
    allowed: tuple[tuple[str, Any], ...] = (
        ("language", _LANGUAGE.fullmatch),
        ("annotations_creators", _CREATORS.__contains__),
        ("language_creators", _CREATORS.__contains__),
        ("source_datasets", _SOURCES.fullmatch),
        ("size_categories", (*SIZES, "other").__contains__),
        ("task_categories", _TASKS.__contains__),
        ("pipeline_tag", _TASKS.__contains__),
    )
    return [
        f"{key}: '{value}' is not allowed"
        for key, fits in allowed
        for value in _listed(metadata.get(key))
        if not fits(value)
    ]


def _base_problems(metadata: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}: '{value}' is no ORG/NAME"
        for key in ("base_model", "datasets")
        for value in _listed(metadata.get(key))
        if not _REPOSITORY.fullmatch(str(value))
    ]


def _index_problems(metadata: Mapping[str, Any]) -> list[str]:
    found = []
    for model in metadata.get("model-index") or []:
        found += [] if model.get("name") else ["model-index: a model has no name"]
        for result in model.get("results") or []:
            parts = (result.get("task", {}).get("type"), result.get("dataset", {}).get("type"))
            found += [] if all(parts) else ["model-index: a result lacks its task or dataset"]
            values = [metric.get("value") for metric in result.get("metrics") or []]
            found += [] if values and all(isinstance(v, int | float) for v in values) else ["model-index: no number"]
    return found


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
