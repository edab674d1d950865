"""What shards of the base save, and cost: two processes with half a base each, against two with a copy each.

python benchmarks/sharding.py                        # two sizes of model, about ten minutes on two cores
python benchmarks/sharding.py --sizes 360M --shapes 2x128 --json

The models are those of benchmarks/memory.py (random weights), in nf4 and left packed in both cases. Per process: the
bytes of its part of the base, scales included; the most that training takes beyond libraries (on a CPU the kernel's
high-water mark, set back when the model is loaded; on GPUs what torch says), also as `kdvert plan` has it; seconds a
step, without the first. Of two processes that which takes more. With GPUs each process has one (NCCL), else they share
the CPU (gloo), where passing layers on is slow beside memory that is at hand.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from memory import a_training, cases, import_all, status

from kdvert.offline import quiet

quiet()

PROCESSES = 2


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="360M,1.1B", help="some of 60M, 135M, 360M, 1.1B")
    parser.add_argument("--shapes", default="2x128,4x256", help="batch x length, separated by commas")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(**json.loads(options.child))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size, model, batch, length in cases(options.sizes, options.shapes, Path(folder)):
            rows.append({"size": size, "batch": batch, "length": length, **compared(model, batch, length)})
            if not options.json:
                show(rows[-1], first=len(rows) == 1)
    if options.json:
        print(json.dumps({"processes": PROCESSES, "cases": rows}, indent=2))
    else:
        print("\nMemory in MB (10^6 bytes) a process. Ratios: shards to copies.")


def compared(model: Path, batch: int, length: int) -> dict[str, Any]:
    """Measure one case with copies and with shards."""
    copies, shards = (measured(model, batch, length, shard=shard) for shard in (False, True))
    return {
        "copies": copies,
        "shards": shards,
        "ratios": {name: shards[name] / copies[name] for name in ("base", "peak", "step")},
        "loss_apart": abs(shards["loss"] - copies["loss"]),
        "planned_to_measured": shards["planned"] / shards["peak"],
    }


def measured(model: Path, batch: int, length: int, *, shard: bool) -> dict[str, Any]:
    """Train in several processes and return the larger figures of them."""
    with tempfile.TemporaryDirectory() as folder:
        case = {"model": str(model), "folder": folder, "batch": batch, "length": length, "shard": shard}
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
        done = subprocess.run(
            [*launch, __file__, "--child", json.dumps(case)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{model.name}, {batch} x {length}: the training failed.\n{done.stderr[-3000:]}")
        found = [json.loads(path.read_text()) for path in Path(folder).glob("said-*.json")]
    return {name: max(one[name] for one in found) for name in found[0]}


def child(model: str, folder: str, batch: int, length: int, shard: bool) -> None:
    """Train as one of the processes and write down what it took."""
    import_all()
    import torch

    from kdvert.distillation import processes, qlora
    from kdvert.hardware import probe

    hardware = probe()
    if hardware.device == "cpu":
        hardware = dataclasses.replace(hardware, memory_bytes=1)  # so that copies stay packed, as on a GPU
    call = a_training(Path(model), Path(folder), batch, length, True, hardware)
    call["settings"] = call["settings"].model_copy(update={"shard": shard})
    seen: dict[str, Any] = {"steps": []}
    load = qlora._model

    def loaded(*given: Any, **named: Any) -> Any:
        seen["baseline"] = resident(hardware)
        made = load(*given, **named)
        seen["base"] = base_bytes(made)
        start_over(hardware)
        return made

    class Clock:
        def bar(self, *_: Any) -> Any:
            return self

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def advance(self, count: int = 1) -> None:
            seen["steps"].append(time.monotonic())

    qlora._model = loaded
    trained = qlora.train(**call | {"progress": Clock()})
    steps = seen["steps"]
    said = {
        "base": seen["base"],
        "peak": most(hardware) - seen["baseline"],
        "step": (steps[-1] - steps[0]) / (len(steps) - 1),
        "loss": trained.last("loss"),
        "planned": planned(Path(model), batch, length, hardware, PROCESSES if shard else 1),
    }
    torch.distributed.barrier()
    (Path(folder) / f"said-{processes.current().rank}.json").write_text(json.dumps(said))


def base_bytes(model: Any) -> int:
    """Return the bytes of the base that this process holds, with what unpacks it."""
    total = 0
    for parameter in model.parameters():
        if not parameter.requires_grad:
            own = parameter.to_local() if hasattr(parameter, "to_local") else parameter
            total += own.numel() * own.element_size()
    for module in model.modules():
        state = getattr(module, "quant_state", None)
        if state is not None:
            some = (state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code)
            total += sum(one.numel() * one.element_size() for one in some)
    return total


def planned(model: Path, batch: int, length: int, hardware: Any, count: int) -> int:
    """Return the peak of a process as `kdvert plan` has it, from config.json alone."""
    from kdvert.footprint.estimate import Student, footprint
    from kdvert.footprint.machines import here
    from kdvert.footprint.skeleton import Adapter, read_config

    student = Student(str(model), read_config(model, str(model)), Adapter())
    machine = here(hardware).times(count)
    return footprint(student, machine, four_bit=True, batch=batch, length=length).peak_bytes


def resident(hardware: Any) -> int:
    """Return what this process takes now, in bytes."""
    import torch

    return torch.cuda.memory_allocated() if hardware.device == "cuda" else status("VmRSS")


def start_over(hardware: Any) -> None:
    """Forget the most that was taken so far."""
    import ctypes
    import gc

    import torch

    gc.collect()
    if hardware.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def most(hardware: Any) -> int:
    """Return the most that was taken since, in bytes."""
    import torch

    return torch.cuda.max_memory_allocated() if hardware.device == "cuda" else status("VmHWM")


def show(row: dict[str, Any], *, first: bool) -> None:
    """Print a case."""
    columns = ("model", "records", "base: copy", "shard", "ratio", "peak: copies", "shards", "ratio", "planned/peak",
               "step", "loss apart")  # fmt: skip
    if first:
        print(" ".join(f"{name:>12}" for name in columns))
    memory = [f"{row[kind][name] / 1e6:,.0f}" for name in ("base", "peak") for kind in ("copies", "shards")]
    base, peak, step = (f"{row['ratios'][name]:.2f}" for name in ("base", "peak", "step"))
    cells = (
        row["size"], f"{row['batch']} x {row['length']}", *memory[:2], base, *memory[2:], peak,
        f"{row['planned_to_measured']:.2f}", step, f"{row['loss_apart']:.1e}",
    )  # fmt: skip
    print(" ".join(f"{cell:>12}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
