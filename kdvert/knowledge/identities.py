"""Ids of documents that say nothing of file names, paths and row ids, which may name a person.

An id is a number in the order in which files and rows were first seen. It is derived from nothing, so it cannot be
guessed back (45 CFR 164.514(c) asks that of any code that stands for a record), and the same sources give the same ids
on every machine. Files that are added later get the next numbers, and the numbers of those that are gone stay unused.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any

from kdvert.store import read_json, write_json


class Identities:
    """Numbers of files, and of rows within a file.

    What is kept from run to run is numbers by salted hash of the name, so that no name stands in the file.

    Args:
        path: the file that keeps them; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        kept: dict[str, Any] = read_json(path) if path.is_file() else {}
        self._salt = bytes.fromhex(kept.get("salt") or secrets.token_hex(16))
        self._files: dict[str, int] = kept.get("files", {})
        self._rows: dict[str, dict[str, int]] = kept.get("rows", {})

    def of(self, uri: str, row: str | None = None) -> str:
        """Return the id of a file ("doc-0007"), or of a row in it ("doc-0007#12")."""
        file = self._key(uri)
        number = self._files.setdefault(file, len(self._files) + 1)
        if row is None:
            return f"doc-{number:04d}"
        rows = self._rows.setdefault(file, {})
        return f"doc-{number:04d}#{rows.setdefault(self._key(row), len(rows) + 1)}"

    def find(self, uri: str, row: str | None = None) -> str | None:
        """Return the id that a file or row has already, or None."""
        file = self._key(uri)
        known = file in self._files if row is None else self._key(row) in self._rows.get(file, {})
        return self.of(uri, row) if known and file in self._files else None

    def forget(self, uri: str, row: str | None = None) -> None:
        """Let go of a name. Its number stays used up, so that it never stands for something else."""
        file = self._key(uri)
        if row is None:
            _let_go(self._files, file)
            self._rows.pop(file, None)
        else:
            _let_go(self._rows.get(file, {}), self._key(row))

    def save(self) -> None:
        """Keep the numbers for the next run."""
        write_json(self._path, {"salt": self._salt.hex(), "files": self._files, "rows": self._rows})

    def _key(self, name: str) -> str:
        return hmac.new(self._salt, name.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _let_go(numbers: dict[str, int], key: str) -> None:
    if key in numbers:
        number = numbers.pop(key)
        numbers[f"forgotten-{number}"] = number
