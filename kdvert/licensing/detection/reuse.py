"""``REUSE.toml`` and ``.reuse/dep5``: which license holds for which files, by glob (https://reuse.software/spec-3.3)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kdvert.licensing.detection.contract import Detected, Evidence, Unreadable, bounded
from kdvert.licensing.detection.names import identify

_LIMIT = 1_000_000  # bytes
_MOST = 5_000  # globs that are looked at


def reuse(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the nearest of both files says of the document; in one file the last glob that fits counts.

    Raises:
        Unreadable: the file is too large, broken, or cannot be opened.
    """
    for folder in evidence.folders:
        for name, read in (("REUSE.toml", _toml), (".reuse/dep5", _dep5)):
            if not (folder / name).is_file():
                continue
            relative = evidence.path.relative_to(folder).as_posix()
            fitting = [value for glob, value in read(folder / name)[:_MOST] if _fits(glob, relative)]
            if fitting:
                yield Detected.of(identify(fitting[-1]), "reuse", f"{name} above it", "H")
                return


def _toml(path: Path) -> list[tuple[str, str]]:
    try:
        rows = tomllib.loads(bounded(path, _LIMIT)).get("annotations", [])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    if not isinstance(rows, list):
        return []
    return [
        (str(glob), " AND ".join(map(str, _many(row.get("SPDX-License-Identifier")))))
        for row in rows if isinstance(row, dict) and row.get("SPDX-License-Identifier")
        for glob in _many(row.get("path"))
    ]  # fmt: skip


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dep5(path: Path) -> list[tuple[str, str]]:
    """Read the paragraphs of Debian's copyright format that have ``Files:`` and ``License:``."""
    found = []
    for paragraph in re.split(r"\n[ \t]*\n", bounded(path, _LIMIT)):
        fields = dict(re.findall(r"^(Files|License):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", paragraph, re.MULTILINE))
        if "Files" in fields and fields.get("License", "").strip():
            license_ = fields["License"].strip().splitlines()[0]
            found += [
                (glob, re.sub(r"\b(and|or)\b", lambda m: m[0].upper(), license_)) for glob in fields["Files"].split()
            ]
    return found


def _fits(glob: str, path: str) -> bool:
    """Match without regular expressions of the file's making: ``**`` and dep5's ``*`` span folders."""
    parts = re.split(r"\*+", glob[:500].removeprefix("./"))
    if len(parts) == 1:
        return path == parts[0]
    if not path.startswith(parts[0]) or not path.endswith(parts[-1]) or len(path) < len(parts[0]) + len(parts[-1]):
        return False
    place = len(parts[0])
    for part in parts[1:-1]:
        place = path.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return place <= len(path) - len(parts[-1])
