"""Put the raw values back into a folder that ``kdvert scrub`` wrote with a sealed map."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdvert.errors import UserError
from kdvert.filescrub.job import unit_id
from kdvert.filescrub.packing import BORDER, packed
from kdvert.filescrub.reading import ROWS, Selection
from kdvert.filescrub.staging import Staging
from kdvert.filescrub.writing import SUMMARY, put
from kdvert.privacy import keys
from kdvert.privacy.sealed import FILE, SealedMap
from kdvert.store import read_json


@dataclass
class Returned:
    """How many stand-ins were replaced by what stood there, and how many could not be told."""

    files: int = 0
    restored: int = 0
    left: int = 0


def restore(folder: Path, out: Path) -> Returned:
    """Write the files of ``folder`` with their raw values into ``out``. It then holds personal data again.

    Raises:
        UserError: there is no sealed map, the key of the environment is missing or another one, or ``out`` is no
            empty folder.
    """
    if not (folder / SUMMARY).is_file():
        raise UserError(f"{folder} was not written by kdvert scrub.", hint=f"It holds no {SUMMARY}.")
    sealed = SealedMap.open(folder / FILE, keys.seal_key())
    summary = read_json(folder / SUMMARY)
    selection = Selection(summary["selection"]["fields"], summary["selection"]["keep"])
    done = Returned()
    with Staging(out) as staging:
        for number, target in enumerate(summary["targets"]):
            if not (folder / target).is_file():
                continue
            place = staging.place / target
            place.parent.mkdir(parents=True, exist_ok=True)
            with open(place, "w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(_File(folder / target, number, sealed, selection, done).parts())
            done.files += 1
    return done


@dataclass
class _File:
    path: Path
    number: int
    sealed: SealedMap
    selection: Selection
    done: Returned

    def parts(self) -> Iterator[str]:
        """Yield the restored text, or a JSON-lines file row by row."""
        if self.path.suffix != ROWS:
            with open(self.path, encoding="utf-8", newline="") as stream:  # offsets count line ends as they are
                yield self._restored(1, stream.read())
            return
        with open(self.path, encoding="utf-8", newline="\n") as stream:
            for number, line in enumerate(stream, 1):
                yield json.dumps(self._row(number, json.loads(line)), ensure_ascii=False) + "\n"

    def _row(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        texts = self.selection.texts(row)
        if not texts:
            return row
        new = copy.deepcopy(row)
        parts = self._restored(number, packed(texts)).split(BORDER)
        for place, text in zip(texts, parts, strict=True):
            put(new, place, text)
        return new

    def _restored(self, number: int, text: str) -> str:
        restored = self.sealed.restore(unit_id(self.number, number), text)
        self.done.restored += restored.restored
        self.done.left += restored.left
        return restored.text
