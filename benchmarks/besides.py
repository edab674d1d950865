r"""Time what is measured besides on a finished project, for one system, and print what came out for both, as Markdown.

make demo; python benchmarks/besides.py [--project demo] [--json]

Times are of the processor, over all threads: on a machine with two cores that is idle, half of that passes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kdvert.offline import quiet

quiet()

from kdvert import verticals  # noqa: E402
from kdvert.evaluation import batches  # noqa: E402
from kdvert.evaluation.besides import measuring  # noqa: E402
from kdvert.evaluation.besides.gathering import Gatherer  # noqa: E402
from kdvert.evaluation.besides.measuring import Found, Job  # noqa: E402
from kdvert.evaluation.besides.settings import Besides  # noqa: E402
from kdvert.evaluation.systems import System, Systems  # noqa: E402
from kdvert.hardware import probe  # noqa: E402
from kdvert.progress import Silent  # noqa: E402
from kdvert.store import read_json  # noqa: E402
from kdvert.students.models import context_length, load_tokenizer  # noqa: E402
from kdvert.students.prompts import Prompts  # noqa: E402
from kdvert.templates import TemplateSet  # noqa: E402
from kdvert.weights import resolve  # noqa: E402


def main() -> None:
    """Measure each kind by itself for the base, then all for the student."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path("demo"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    work = options.project / "work"
    if not (work / "distill" / "adapter.json").is_file():
        print(f"There is no finished project in {options.project}: make demo", file=sys.stderr)
        return
    job, systems = prepared(options.project)
    times: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        systems.holding("base")
        for name, part in parts(job).items():
            started = time.process_time()
            asked(part, "base", systems, Path(folder))
            times[name] = round(time.process_time() - started, 1)
        found = [asked(job, system, systems, Path(folder)) for system in ("base", "student")]
    rows = measuring.rows(job, *found, resamples=10_000, seed=7)
    print(json.dumps({"cpu_seconds": times, "rows": rows}) if options.json else markdown(job, times, rows))


def prepared(project: Path) -> tuple[Job, Systems]:
    """Return what is asked, and whom."""
    distill, vertical = (
        project / "work" / "distill",
        verticals.load(read_json(project / "work/config.json")["vertical"]),
    )
    adapter = read_json(distill / "adapter.json")
    weights = resolve(adapter["base"], root=project)
    prompts = Prompts.for_vertical(TemplateSet(project / "templates", vertical.templates), vertical)
    job = Gatherer(
        distill=distill, index=project / "work/index", field=vertical.manifest.id, tokenizer=load_tokenizer(weights),
        prompts=prompts, settings=Besides(), seed=7, longest=context_length(weights),
    ).job()  # fmt: skip
    return job, Systems(weights, probe(), adapter["four_bit"], distill / "adapter", 16)


def parts(job: Job) -> dict[str, Job]:
    """Return one job a measure."""
    found = {f"{len(job.general)} questions of other fields": Job(general=job.general)}
    for name, drawn in job.texts.items():
        found[f"{len(drawn.texts)} {name.replace('_', ' ')}"] = Job(texts={name: drawn})
    return found | {f"{len(job.canaries)} canaries": Job(canaries=job.canaries)}


def asked(job: Job, system: System, systems: Systems, folder: Path) -> Found:
    """Ask one system all of a job."""
    with Silent().bar("", None) as bar:
        kept = batches.Kept(folder)
        return measuring.ask(job, system, systems, size=16, kept=kept, identity=system, bar=bar)


def markdown(job: Job, times: dict[str, float], rows: list[dict[str, Any]]) -> str:
    """Return two tables."""
    lines = ["| measure, one system | processor time |", "|---|---|"]
    lines += [f"| {name} | {seconds:.1f} s |" for name, seconds in times.items()]
    lines += ["", "| asked of | measure | base | student | 95 % interval | n |", "|---|---|---|---|---|---|"]
    for row in rows:
        low, high = ("–" if row[name] is None else f"{row[name]:+.3f}" for name in ("low", "high"))
        figures = f"{row['base']:.3f} | {row['student']:.3f} | {low} to {high} | {row['n']}"
        lines.append(f"| {row['mode'].replace('_', ' ')} | {row['metric']} | {figures} |")
    return "\n".join([*lines, "", *(f"Not measured: {name}: {reason}." for name, reason in job.missing.items())])


if __name__ == "__main__":
    main()
