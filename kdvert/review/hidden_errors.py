"""Known errors among the records: who holds them, and what reviewers made of them.

``private/planted.json`` says which records they are; the trail holds its hash alone, so that nobody can name other
ones afterwards. Who can read that file knows them: keep it from reviewers.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kdvert.errors import WorkFailed
from kdvert.records import Record
from kdvert.rulings import places
from kdvert.rulings.folding import Review
from kdvert.rulings.planting import Planted
from kdvert.store import sha256_file, write_json, write_jsonl

FILE, RECORDS = places.PLANTED, places.PLANTED_RECORDS


class Known(Record):
    """``planted.json``.

    Attributes:
        salt: so that its hash tells nothing.
        records: SHA-256 of ``planted.jsonl``.
        errors: kind of error, by id of the altered record.
        originals: id of the record that was altered, by id of the altered one.
    """

    salt: str
    records: str
    errors: dict[str, str]
    originals: dict[str, str]


@dataclass(frozen=True)
class HiddenErrors:
    """The known errors of one project; empty where none were planted, or where the trail does not name them."""

    root: Path

    def keep(self, planted: Iterable[Planted]) -> str:
        """Write them down and return the hash for the trail."""
        rows = list(planted)
        (self.root / FILE).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_jsonl(self.root / RECORDS, [p.example for p in rows])
        known = Known(
            salt=secrets.token_hex(32),
            records=sha256_file(self.root / RECORDS),
            errors={p.example.id: p.error for p in rows},
            originals={p.example.id: p.original for p in rows},
        )
        write_json(self.root / FILE, known.model_dump())
        for name in (FILE, RECORDS):
            (self.root / name).chmod(0o600)
        return sha256_file(self.root / FILE)

    def read(self, review: Review) -> Known | None:
        """Return them, or None without any.

        Raises:
            WorkFailed: they are not those that the trail names last.
        """
        if not review.planted:
            return None
        path = self.root / FILE
        raw = path.read_bytes() if path.is_file() else b""
        named = review.planted[-1].refs.get("sha256")
        try:
            known = Known.model_validate_json(raw)
        except ValidationError:
            known = None
        records = self.root / RECORDS
        whole = known and records.is_file() and sha256_file(records) == known.records
        if not whole or hashlib.sha256(raw).hexdigest() != named:
            raise WorkFailed(
                f"{path} is not what the trail names: the planted errors are lost.",
                hint="Restore private/planted.json and private/planted.jsonl, or plant others: kdvert review plant",
            )
        return known
