"""Prepare a review: draw the sample that the policy asks for, hide known errors among the records."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from kdvert.decisions import batches, kinds, trail
from kdvert.decisions.signing import Signer
from kdvert.errors import UserError
from kdvert.progress import Progress
from kdvert.review.desk import Desk, now
from kdvert.review.hidden_errors import HiddenErrors
from kdvert.review.queue import Filter
from kdvert.rulings import bounds, planting, sampling


def draw_sample(desk: Desk, signer: Signer) -> int:
    """Draw the sample that the policy asks for and return its size, planted errors included.

    Raises:
        UserError: the person may not.
    """
    with desk.lock:
        known = desk.known()
        planted = set(known.errors) if known else set()
        originals = set(known.originals.values()) if known else set()
        rows = [r for r in desk.queue.strata(desk.policy.strata) if r[0] not in planted]
        size = bounds.sample_size(desk.policy.bound, desk.policy.confidence, len(rows)) if rows else 0
        if desk.policy.look_at == "all":
            size = len(rows)
        drawn = {*sampling.draw([r for r in rows if r[0] not in originals], size, desk.policy.seed), *planted}
        contents = desk.queue.contents(sorted(drawn))
        refs: dict[str, trail.Value] = {
            "list": batches.put(desk.root, contents), "count": len(contents), "population": len(rows),
            "seed": desk.policy.seed, "double": round(1000 * desk.policy.double),
        }  # fmt: skip
        trail.append(desk.root, kinds.SAMPLE_DRAWN, now=now(), signer=signer, refs=refs)
        desk.refresh()
        return len(contents)


def plant(desk: Desk, signer: Signer, count: int, progress: Progress) -> Desk:
    """Hide ``count`` known errors among the records, and return the desk opened anew with them.

    Raises:
        UserError: the person may not, errors are planted already, or the records do not allow for as many.
    """
    signer.require("admin", to="plant errors")
    if desk.known():
        raise UserError("Errors are planted already.", hint="A second set would meet people who know the first.")
    with _closing(desk):
        accepted = [desk.queue.example(e) for e in desk.queue.all(Filter(place="accepted"), desk.who(signer))
                    if not desk.review.of(e.id).rulings]  # fmt: skip
        made = planting.plant(accepted, count, secrets.randbits(62))
        sha = HiddenErrors(desk.root).keep(made)
        refs: dict[str, trail.Value] = {"sha256": sha, "count": len(made)}
        trail.append(desk.root, kinds.ERRORS_PLANTED, now=now(), signer=signer, refs=refs)
    return Desk.open(desk.run, progress)


@contextmanager
def _closing(desk: Desk) -> Iterator[None]:
    with desk.lock:
        try:
            yield
        finally:
            desk.queue.close()
