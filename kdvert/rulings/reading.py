"""Read a project's review from its trail."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import ValidationError

from kdvert.decisions import batches, erasable, kinds, signers, trail, trail_check
from kdvert.errors import WorkFailed
from kdvert.records import sha256_json
from kdvert.rulings.contents import Edit
from kdvert.rulings.folding import ACTIONS, Review, fold


def read(root: Path) -> Review:
    """Return what stands in the trail of the project ``root``; what is not validly signed counts for nothing.

    Raises:
        WorkFailed: the trail cannot be read, or a list that it rests on is gone.
    """
    trusted = signers.read(root)
    return fold(trail_check.judged(trail.entries(root), trusted), trusted, partial(batches.get, root))


def edit_of(root: Path, item_id: str) -> Edit | None:
    """Return an edit by its id in the erasable store, or None once it was erased.

    Raises:
        WorkFailed: it was altered, or is no edit.
    """
    item = erasable.get(root, item_id)
    try:
        return Edit.of(item) if item else None
    except ValidationError:
        raise WorkFailed(
            f"The text {item_id[:16]}… is no edit, and a decision takes it for one.", hint="Undo that decision."
        ) from None


def basis(root: Path) -> str:
    """Return the hash of all that decides about records: decisions, the keys behind them, and edits that were erased.

    Comments, samples, overrides and sign-offs decide about no record, so they leave it as it is.

    Raises:
        WorkFailed: the trail cannot be read.
        UserError: ``signers.yaml`` cannot be read.
    """
    entries = trail.entries(root)
    decisions = [e for e in entries if e.kind in ACTIONS or e.kind == kinds.UNDONE]
    deciders, edits = {e.who for e in decisions}, {e.refs.get("edit") for e in decisions}
    more = [
        e
        for e in entries
        if (e.kind == kinds.SIGNER_RETIRED and e.refs.get("key") in deciders)
        or (e.kind == kinds.TOMBSTONE and not edits.isdisjoint(e.items))
    ]
    counted = sorted([*decisions, *more], key=lambda e: e.seq)
    rows = {k: v.model_dump(mode="json") for k, v in signers.read(root).items() if k in {e.who for e in counted}}
    return sha256_json([[e.model_dump(mode="json") for e in counted], rows])
