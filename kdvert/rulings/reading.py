"""Read a project's review from its trail."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kdvert.decisions import batches, erasable, signers, trail, trail_check
from kdvert.rulings.contents import Edit
from kdvert.rulings.folding import Review, fold


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
        WorkFailed: it was altered.
    """
    item = erasable.get(root, item_id)
    return Edit.of(item) if item else None
