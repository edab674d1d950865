"""Front matter: of a Markdown document itself, and of the card (``README.md``) of the data set it lies in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kdvert.licensing.detection.contract import Confidence, Detected, Evidence, ends
from kdvert.licensing.detection.names import address, identify, is_unstated
from kdvert.licensing.detection.statements import of_text

_FRONT = re.compile(r"\A\s*---[ \t]*\r?\n(.{0,60000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEYS = ("license", "licence", "rights")
_NAMES = ("README.md", "readme.md", "Readme.md", "DATASET_CARD.md", "MODEL_CARD.md")
_MOST_ALIASES = 20  # YAML aliases; more of them is no front matter but an attack


def front_matter(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the front matter of a Markdown document says."""
    if evidence.suffix == ".md" and not evidence.row:
        yield from _of(evidence.path, "front-matter", "its front matter", "H")


def cards(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the card in the nearest folder that has one says, in its front matter or else in its text."""
    for folder in evidence.folders:
        path = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
        if path is None or path == evidence.path:
            continue
        where = "a README.md beside it"
        if found := list(_of(path, "card", where, "M")):
            yield from found
            return
        head, tail = ends(path)
        said = [d for d in of_text(head + tail, "card", "it") if d.method == "card"]
        if said:
            yield from (d.model_copy(update={"where": where, "confidence": "L"}) for d in said)
            return


def _of(path: Path, method: str, where: str, confidence: Confidence) -> Iterator[Detected]:
    fields = _fields(ends(path)[0])
    for key in _KEYS:
        for value in _listed(fields.get(key)):
            stated = str(fields.get("license_name") or value) if str(value).lower() == "other" else str(value)
            named = identify(stated) or address(str(fields.get("license_link") or ""))
            if named is None and (key == "rights" or is_unstated(stated)):
                continue
            yield Detected.of(named, method, where, confidence)


def _fields(head: str) -> dict[str, Any]:
    found = _FRONT.match(head)
    if not found or len(re.findall(r"[:\[,-]\s*\*\w", found[1])) > _MOST_ALIASES:
        return {}
    try:
        data = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
