"""What a detector is given and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kdvert.records import Record

ALL_RIGHTS_RESERVED = "LicenseRef-All-Rights-Reserved"
"""Stands for a document that says its rights are reserved: no license at all."""

HEAD = 64_000
"""Bytes at the start of a file in which signs are looked for."""

TAIL = 16_000
"""Bytes at the end of a file in which signs are looked for."""

Confidence = Literal["H", "M", "L"]


class Detected(Record):
    """A sign of a license. It never holds text of the document, which may name a person.

    Attributes:
        license: its id in the SPDX list or in the facts; None for a license that is stated and not recognized.
        method: the detector's name in `kdvert.licensing.detection.table.DETECTORS`.
        where: the place inside or beside the document, in fixed words.
        confidence: ``H`` a statement made for machines about this document, ``M`` a sentence or a license text,
            ``L`` a bare address or a note of copyright.
        exact: False if the version is not stated; ``license`` is then the newest one.
    """

    license: str | None
    method: str
    where: str
    confidence: Confidence
    exact: bool = True

    @classmethod
    def of(cls, named: tuple[str, bool] | None, method: str, where: str, confidence: Confidence) -> Detected:
        """Make the sign for a license that was named, or, of None, stated and not recognized."""
        license_, exact = named or (None, True)
        return cls(license=license_, method=method, where=where, confidence=confidence, exact=exact)


class Unreadable(Exception):
    """A detector could not read what it was given: a broken or hostile file, which shows no license then."""


@dataclass(frozen=True)
class Evidence:
    """A document as a detector sees it.

    Attributes:
        path: the file it came from.
        suffix: of the file, in lower case.
        text: the document's text as the loader gives it.
        fields: what a row states beside its text, by field.
        folders: the folders whose license files hold for the document, the nearest first.
        row: whether the document is one row of a file.
    """

    path: Path
    suffix: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    row: bool = False


Detector = Callable[[Evidence], Iterable[Detected]]


def ends(path: Path) -> tuple[str, str]:
    """Return the start and the end of a text file, however large it is. Bytes that are no UTF-8 are replaced.

    Raises:
        Unreadable: the system refuses to open it.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(HEAD)
            size = stream.seek(0, 2)
            stream.seek(max(len(head), size - TAIL))
            tail = stream.read(TAIL)
    except OSError as error:
        raise Unreadable(type(error).__name__) from error
    return _text(head), _text(tail)


def bounded(path: Path, limit: int) -> str:
    """Return the text of a small file.

    Raises:
        Unreadable: it is larger than ``limit`` bytes, no file, or cannot be opened.
    """
    try:
        if not path.is_file() or path.stat().st_size > limit:
            raise Unreadable("too large, or no file")
        return _text(path.read_bytes()[:limit])
    except OSError as error:
        raise Unreadable(type(error).__name__) from error


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\x00", "")
