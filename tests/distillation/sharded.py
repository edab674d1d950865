"""What each of two processes does in `test_sharding`: trains on rows from a file, with the base in shards or whole.

python -m torch.distributed.run --nproc-per-node 2 tests/distillation/sharded.py JOB.json
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

from kdvert.offline import quiet

quiet()


class Bars:
    """Progress that raises after ``stop`` steps."""

    def __init__(self, stop):
        self.left = stop

    @contextlib.contextmanager
    def bar(self, label, total):
        yield self

    def advance(self, count=1):
        if self.left is not None:
            self.left -= count
            if self.left == 0:
                raise KeyboardInterrupt


def _loads(weights, hardware):
    """Return how far a sharded base in 4 bits is off with logits, and which share of its bytes this process holds."""
    import torch

    from kdvert.distillation import processes, sharding
    from kdvert.students.models import load_base

    whole = load_base(weights, hardware, four_bit=True).eval()
    cut = load_base(weights, hardware, four_bit=True, to_shard=True).requires_grad_(False).eval()
    sharding.shard(cut, hardware)
    held = [sum(p.numel() * p.element_size() for p in model.parameters()) for model in (whole, cut)]
    mine = sum(p.to_local().numel() * p.element_size() for p in cut.parameters())
    ids = torch.arange(24).view(2, 12)
    with torch.no_grad():
        apart = float((whole(ids).logits - cut(ids).logits).abs().max())
        # answers of other lengths in each process: if they did not wait for each other, this would never end
        cut.generate(ids, max_new_tokens=2 + 5 * processes.current().rank, do_sample=False, eos_token_id=None)
    return {"apart": apart, "whole": held[0], "cut": held[1], "mine": mine}


def main(path: str) -> None:
    """Do what the job says; the first process writes what came of it."""
    from kdvert.distillation import processes, qlora
    from kdvert.distillation.objectives import sft
    from kdvert.distillation.objectives.contract import Phase
    from kdvert.distillation.settings import Settings
    from kdvert.hardware import probe
    from kdvert.weights import resolve

    job = json.loads(Path(path).read_text())
    folder = Path(job["folder"])
    settings, weights, hardware = Settings(**job["settings"]), resolve(job["model"]), probe()
    plain = qlora._arguments
    qlora._arguments = lambda *a, **more: plain(*a, **more) | job["arguments"]
    rows = job["rows"]
    phases = [Phase(f"{n}", rows, rows[:2], sft.trainer, settings.epochs, settings.learning_rate) for n in ("a", "b")]
    processes.join(hardware)
    said = _loads(weights, hardware)
    for stop in (job["stop"], None) if job["stop"] else (None,):
        try:
            trained = qlora.train(
                phases, validation=rows[:2], weights=weights, hardware=hardware, four_bit=True, settings=settings,
                checkpoints=folder / "checkpoints", adapter=folder / "adapter", progress=Bars(stop),
            )  # fmt: skip
        except KeyboardInterrupt:
            processes.wait()
    if processes.current().writes:
        said |= {"history": trained.history, "resumed_at": trained.resumed_at, "sharded": trained.sharded}
        (folder / "said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
