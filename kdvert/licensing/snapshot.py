"""The facts as they are now, hashed row by row, so that a later change of one is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kdvert.content import compliance_facts
from kdvert.records import sha256_json

PLACES = ("licenses", "models", "corpora", "duties.yaml", "conditions.yaml", "uses.yaml")
"""Files and folders of ``compliance/`` that the license check reads."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
_IDS = ("id", "ids", "family", "provider", "name")


def facts_snapshot(root: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of every row of facts, by ``file#row``.

    Args:
        root: the folder of facts (default: kdvert's own).
    """
    root = root or compliance_facts()
    found: dict[str, str] = {}
    for path in _files(root):
        for name, digest in _rows(root, path):
            same = sum(1 for known in found if known == name or known.startswith(f"{name} ("))
            found[f"{name} ({same + 1})" if same else name] = digest
    return found


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Name the rows that ``new`` holds otherwise than ``old``: "file#row: changed", "… removed", "… added"."""
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(f"{name}: removed")
        elif name not in old:
            found.append(f"{name}: added")
        elif old[name] != new[name]:
            found.append(f"{name}: changed")
    return found


def _files(root: Path) -> Iterator[Path]:
    for place in PLACES:
        path = root / place
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(path.rglob("*.yaml"))


def _rows(root: Path, path: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, hash) of the rows of a file: the members of each list in it, and whatever else it holds."""
    label = path.relative_to(root).as_posix()
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER) or {}
    for key, value in content.items() if isinstance(content, dict) else [("rows", content)]:
        if not isinstance(value, list):
            yield f"{label}#{key}", _sha(value)
            continue
        for number, row in enumerate(value, 1):
            yield f"{label}#{_id(row) or f'{key} {number}'}", _sha(row)


def _id(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    value = next((row[key] for key in _IDS if row.get(key)), None)
    return str(value[0] if isinstance(value, list) else value) if value else None


def _sha(value: Any) -> str:
    return sha256_json(_plain(value))


def _plain(value: Any) -> Any:
    """Return YAML data as JSON has it: days and numbers as text, names of keys as text (YAML reads ``on`` as True)."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else str(value)
