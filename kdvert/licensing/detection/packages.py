"""What the metadata of a package or a data set beside the documents says: one reader for each kind of file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import yaml

from kdvert.licensing.detection.contract import ALL_RIGHTS_RESERVED, Detected, Evidence, Unreadable, bounded
from kdvert.licensing.detection.markup import json_licenses
from kdvert.licensing.detection.names import identify, is_unstated

_LIMIT = 1_000_000  # bytes


def packages(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the metadata files in the nearest folder that has some say.

    Raises:
        Unreadable: a file is too large, broken, or cannot be opened.
    """
    for folder in evidence.folders:
        found = [
            _detected(value, name) for name, read in READERS.items() if (folder / name).is_file()
            for value in read(folder / name) if not is_unstated(value)
        ]  # fmt: skip
        if found:
            yield from found
            return


def _detected(value: str, name: str) -> Detected:
    where = f"the file {name} beside it"
    if name == "package.json" and value.upper() == "UNLICENSED":  # npm's word for "no license", not the Unlicense
        return Detected(license=ALL_RIGHTS_RESERVED, method="package", where=where, confidence="M")
    named = identify(value)
    exact = named.exact if named else True
    return Detected(
        license=named.license if named else None, method="package", where=where, confidence="M", exact=exact
    )


def _headers(path: Path) -> list[str]:
    message = HeaderParser().parsestr(bounded(path, _LIMIT))
    stated = message.get("License-Expression") or message.get("License") or ""
    classified = [
        str(c).rpartition("::")[2].strip() for c in message.get_all("Classifier", []) if "License ::" in str(c)
    ]
    if stated.strip() and len(stated) < 200:
        return [stated.strip()]
    return [name for name in classified if name not in ("OSI Approved",)]


def _node(path: Path) -> list[str]:
    data = _json(path)
    stated = [data.get("license"), *_listed(data.get("licenses"))]
    values = [row.get("type") or row.get("name") if isinstance(row, dict) else row for row in stated]
    return [v for v in values if isinstance(v, str) and v and not v.upper().startswith("SEE LICENSE IN")]


def _frictionless(path: Path) -> list[str]:
    rows = [row for row in _listed(_json(path).get("licenses")) if isinstance(row, dict)]
    return [str(value) for row in rows if (value := row.get("name") or row.get("path") or row.get("title"))]


def _linked(path: Path) -> list[str]:
    return json_licenses(_json(path))


def _infos(path: Path) -> list[str]:
    parts = [part for part in _json(path).values() if isinstance(part, dict)]
    return [str(part["license"]) for part in parts if part.get("license")]


def _cargo(path: Path) -> list[str]:
    stated = _table(_toml(path), "package").get("license")
    return [stated.replace("/", " OR ")] if isinstance(stated, str) else []


def _python(path: Path) -> list[str]:
    stated = _table(_toml(path), "project").get("license")
    if isinstance(stated, dict):
        stated = stated.get("text")
    return [stated] if isinstance(stated, str) and len(stated) < 200 else []


def _citation(path: Path) -> list[str]:
    try:
        data = yaml.safe_load(bounded(path, 100_000))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable(type(error).__name__) from None
    return [str(v) for v in _listed(data.get("license"))] if isinstance(data, dict) else []


READERS: dict[str, Callable[[Path], list[str]]] = {
    "package.json": _node,
    "PKG-INFO": _headers,
    "METADATA": _headers,
    "Cargo.toml": _cargo,
    "pyproject.toml": _python,
    "CITATION.cff": _citation,
    "datapackage.json": _frictionless,
    "codemeta.json": _linked,
    "croissant.json": _linked,
    "dataset_infos.json": _infos,
}
"""Name of a file to what reads the licenses stated in it."""


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(bounded(path, _LIMIT))
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    return data if isinstance(data, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(bounded(path, _LIMIT))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name)
    return table if isinstance(table, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
