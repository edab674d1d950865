"""Texts that decisions rest on (comments, reasons, diffs), kept so that they can be erased for good.

One file a text: ``decisions/erasable/<id>.json``. The id is the SHA-256 of a random salt and the text: the trail, which
names it, commits to the text, and once the file with the salt is gone nobody can confirm a guess of a short text. A
signed tombstone in the trail accounts for what was erased.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from kdvert.decisions import trail
from kdvert.decisions.kinds import TOMBSTONE
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError, WorkFailed
from kdvert.records import Record
from kdvert.store import write_json

FOLDER = "erasable"

Sort = Literal["comment", "reason", "diff"]


class Item(Record):
    """One text. ``salt`` is 32 random bytes in hexadecimal digits."""

    sort: Sort
    salt: str
    text: str

    @property
    def id(self) -> str:
        """What the trail names it by."""
        raw = f"{self.sort}\0{self.text}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(bytes.fromhex(self.salt) + raw).hexdigest()


def folder_of(root: Path) -> Path:
    """Return the store's folder in the project ``root``."""
    return root / trail.FOLDER / FOLDER


def put(root: Path, sort: Sort, text: str) -> str:
    """Keep ``text`` and return its id, once it is on the disk. Name the id in a trail entry's ``items``."""
    item = Item(sort=sort, salt=secrets.token_hex(32), text=text)
    write_json(_path(root, item.id), item.model_dump())
    trail.sync_folder(folder_of(root))
    return item.id


def get(root: Path, item_id: str) -> Item | None:
    """Return a text by id, or None when it is gone.

    Raises:
        WorkFailed: it was altered.
    """
    path = _path(root, item_id)
    if not path.is_file():
        return None
    try:
        item = Item.model_validate_json(path.read_bytes())
        genuine = item.id == item_id
    except (ValidationError, ValueError):
        genuine = False
    if not genuine:
        raise WorkFailed(f"{path} was altered.", hint="Restore it, or erase it.")
    return item


def ids(root: Path) -> list[str]:
    """Return the ids of all texts that are there, sorted."""
    return sorted(path.stem for path in folder_of(root).glob("*.json"))


def erase(root: Path, item_ids: Sequence[str], *, signer: Signer, now: datetime) -> trail.Entry | None:
    """Erase texts for good and account for them in the trail, by a tombstone that ``signer`` signs.

    The tombstone comes first: a crash in between leaves a text that the trail calls erased, which verification names
    and a second call removes.

    Returns:
        The tombstone, or None when all of them have one already (what is still there is removed all the same).

    Raises:
        UserError: an id is none that the trail names.
    """
    known = trail.entries(root)
    named = {item for entry in known if entry.kind != TOMBSTONE for item in entry.items}
    buried = {item for entry in known if entry.kind == TOMBSTONE for item in entry.items}
    wanted = list(dict.fromkeys(item_ids))
    if strange := [item for item in wanted if item not in named]:
        raise UserError(f"No entry of the trail names the text {strange[0][:16]}….")
    fresh = [item for item in wanted if item not in buried]
    entry = trail.append(root, TOMBSTONE, now=now, signer=signer, items=fresh) if fresh else None
    for item in wanted:
        for leftover in folder_of(root).glob(f".{item}.json.*"):  # of a write that a crash cut off
            leftover.unlink(missing_ok=True)
        _path(root, item).unlink(missing_ok=True)
    if wanted:
        trail.sync_folder(folder_of(root))
    return entry


def _path(root: Path, item_id: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{64}", item_id):
        raise UserError("An id of the erasable store is 64 hexadecimal digits.")
    return folder_of(root) / f"{item_id}.json"
