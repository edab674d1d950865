"""Training: its speed, memory and loss in 4 bits, what a kill costs, and which objective teaches most.

python benchmarks/distillation.py speed         # sft beside a bare TRL script; kl from kept distributions beside GKD
python benchmarks/distillation.py bits          # 4-bit base beside float32: bytes of weights, held-out loss, LoftQ
python benchmarks/distillation.py resume        # killed with SIGKILL and gone on, beside uninterrupted
python benchmarks/distillation.py study --folder FOLDER --plots docs/results

Every part takes --json. The student is SmolLM2-135M. Speeds are taken in turns, each case in a process of its own. The
study keeps each run in FOLDER and goes on where it was cut off; its data lies in ../shared/data (--data).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kdvert.offline import quiet

quiet()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="speed", choices=PARTS)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--folder", type=Path, default=Path("benchmarks/work/distillation"))
    parser.add_argument("--rounds", type=int, default=2, help="speed: turns of each case")
    parser.add_argument("--steps", type=int, default=8, help="speed: steps of a case")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8], help="study")
    parser.add_argument("--questions", type=int, default=48, help="study: questions to learn from")
    parser.add_argument("--tokens", type=int, default=16_000, help="study: what a run may read")
    parser.add_argument("--answers", nargs="+", default=["teacher", "gold"], help="study: whose answers are learned")
    parser.add_argument("--only", nargs="+", help="study: some of the runs")
    parser.add_argument("--plots", type=Path, help="study: write SVG pictures into this folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    found, text = PARTS[options.part](options)
    print(json.dumps(found, indent=1) if options.json else text)


def speed(options: argparse.Namespace) -> tuple[Any, str]:
    """Return tokens a second and memory of each way of training."""
    from distilling import speed as own

    rows = own.measure(options.folder, options.rounds, options.steps)
    return rows, own.table(rows)


def bits(options: argparse.Namespace) -> tuple[Any, str]:
    """Return bytes of weights and held-out loss in both precisions."""
    from distilling import bits as own

    rows = own.measure(options.data, options.folder)
    return rows, own.table(rows)


def resume(options: argparse.Namespace) -> tuple[Any, str]:
    """Return the losses of a training that was killed and of one that was not."""
    from distilling import resume as own

    found = own.measure(options.folder, options.steps)
    return found, own.table(found)


def study(options: argparse.Namespace) -> tuple[Any, str]:
    """Return the held-out loss of each objective."""
    from distilling import plots
    from distilling.study import RUNS, Study, compared
    from distilling.tables import studied

    results, bases = [], []
    for seed in options.seeds:
        one = Study(options.data, options.folder, seed, options.questions, options.tokens)
        bases += [{"passages": p, "seed": seed, "nll": one.base(passages=p)} for p in (False, True)]
        for answers in options.answers:
            # what privileged learns from does not depend on the answers of the records
            names = [n for n in RUNS if n in (options.only or RUNS) and (n != "privileged" or answers == "teacher")]
            results += [one.run(name, answers) for name in names]
    rows = list(compared(results))
    if options.plots:
        plots.draw(rows, results, options.plots)
    return {"rows": rows, "bases": bases}, studied(rows, bases)


PARTS: dict[str, Callable[[argparse.Namespace], tuple[Any, str]]] = {
    "speed": speed, "bits": bits, "resume": resume, "study": study,
}  # fmt: skip


if __name__ == "__main__":
    main()
