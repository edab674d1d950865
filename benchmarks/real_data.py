r"""Run the whole pipeline on a corpus and questions of your own with a remote teacher, and print what came out.

    python benchmarks/real_data.py --corpus a.jsonl b.jsonl --questions q.jsonl \
        --base-url http://localhost:8000/v1 --model NAME --folder benchmarks/work/medicine

The corpus is JSON lines with title, text, source and license; the questions are JSON lines in the form of a vertical's
eval files. Resumable: the same command goes on where it stopped. Prints Markdown, with the version and commit of kdvert
that did the work; `--print-only` prints it again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

RUNS = "runs.jsonl"
REPORTED = ("ingest", "scrub", "index", "elicit", "filter", "review", "distill", "evaluate", "report")


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vertical", default="medicine")
    parser.add_argument("--corpus", type=Path, nargs="+")
    parser.add_argument("--questions", type=Path, nargs="+")
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--passages", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=Path("benchmarks/work/medicine"))
    parser.add_argument("--set", action="append", default=[], metavar="STAGE.KEY=VALUE")
    parser.add_argument("--until", help="stop after this stage")
    parser.add_argument("--print-only", action="store_true")
    options = parser.parse_args()
    if options.print_only:
        print(markdown(options.folder))
        return
    if not (options.corpus and options.questions and options.base_url and options.model):
        print(f"{Path(__file__).name}: skipped; it needs --corpus, --questions, --base-url and --model (see --help)")
        return
    if not options.folder.exists():
        make_project(options)
    note_version(options.folder)
    command = [sys.executable, "-m", "kdvert", "run", "--project", str(options.folder)]
    command += [part for s in options.set for part in ("--set", s)]
    command += ["--until", options.until] if options.until else []
    subprocess.run(command, check=True)
    if not options.until:
        print(markdown(options.folder))


def note_version(folder: Path) -> None:
    """Add to ``runs.jsonl`` which kdvert is about to run, since a resumed run can be the work of several."""
    row = {"kdvert": version("kdvert"), **commit(), "started": datetime.now(UTC).isoformat(timespec="minutes")}
    with open(folder / RUNS, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


def commit() -> dict[str, Any]:
    """Return the commit that this script lies in, and whether tracked files differ from it; nothing without git."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain", "-uno"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "changed": None}


def versions(folder: Path) -> list[str]:
    """Return a line for each kdvert that worked on the project, the first one first."""
    path = folder / RUNS
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    lines = [
        f"kdvert {row['kdvert']}, commit {(row['commit'] or 'unknown')[:12]}"
        f"{' with uncommitted changes' if row['changed'] else ''}, started {row['started']}."
        for row in rows
    ]
    same = list({line.partition(", started")[0]: line for line in reversed(lines)}.values())
    return list(reversed(same)) or ["The version of kdvert was not recorded."]


def make_project(options: argparse.Namespace) -> None:
    """Write a project whose sources are the given corpus."""
    subprocess.run([sys.executable, "-m", "kdvert", "new", options.vertical, str(options.folder)], check=True)
    shutil.rmtree(options.folder / "sources")
    (options.folder / "sources").mkdir()
    for path in options.corpus:
        shutil.copyfile(path, options.folder / "sources" / path.name)
    settings: dict[str, Any] = {
        "vertical": options.vertical,
        "ingest": {"sources": [{"path": "sources/*.jsonl"}]},
        "elicit": {
            "passages": options.passages,
            "teacher": {"model": options.model, "base_url": options.base_url, "concurrency": 1, "timeout_s": 1800},
        },
        "filter": {"eval_files": [str(p.resolve()) for p in options.questions]},
        "evaluate": {"files": [str(p.resolve()) for p in options.questions]},
    }
    (options.folder / "kdvert.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def markdown(folder: Path) -> str:
    """Return the results of the project in ``folder`` as Markdown tables."""
    work = folder / "work"
    lock = json.loads((work / "lock.json").read_text(encoding="utf-8"))
    summaries = {name: read(work / name / "summary.json") for name in REPORTED}
    machine = f"Machine: {os.cpu_count()} cores, {platform.machine()}, no GPU unless said."
    lines = [machine, "", *versions(folder), "", *stages(lock)]
    if summaries["filter"]:
        lines += ["", *rejects(summaries), "", *teacher(summaries)]
    if summaries["evaluate"]:
        lines += ["", *comparison(summaries["evaluate"])]
    return "\n".join(lines)


def read(path: Path) -> dict[str, Any]:
    """Read a JSON object, or nothing if the stage wrote none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def stages(lock: dict[str, Any]) -> list[str]:
    """Return a table of stages: time and what each said."""
    lines = ["| stage | seconds | result |", "|---|---|---|"]
    for name in REPORTED:
        if name in lock:
            words = ", ".join(f"{k} {v}" for k, v in lock[name]["summary"].items() if isinstance(v, int | float | str))
            lines.append(f"| {name} | {lock[name]['seconds']:.0f} | {words} |")
    return lines


def rejects(summaries: dict[str, Any]) -> list[str]:
    """Return a table of what was not kept, by reason."""
    lines = ["| lost at | reason | count |", "|---|---|---|"]
    for stage, key in (("elicit", "failures"), ("filter", "reasons"), ("review", "reasons")):
        for reason, count in sorted(summaries[stage].get(key, {}).items(), key=lambda r: -r[1]):
            lines.append(f"| {stage} | `{reason}` | {count} |")
    return lines


def teacher(summaries: dict[str, Any]) -> list[str]:
    """Return what an accepted record cost."""
    elicit, accepted = summaries["elicit"], (summaries["review"] or summaries["filter"])["accepted"]
    read_tokens, written = elicit["input_tokens"], elicit["output_tokens"]
    per = (read_tokens + written) / max(accepted, 1)
    return [
        f"Teacher: {elicit['requests']} requests, {read_tokens} tokens read, {written} written,",
        f"{accepted} records accepted:",
        f"**{per:.0f} teacher tokens per accepted record** ({1000 / per:.1f} accepted per 1,000 tokens)."
        if accepted
        else "no record was accepted.",
    ]


def comparison(summary: dict[str, Any]) -> list[str]:
    """Return base against student with 95 % intervals."""
    lines = ["| mode | metric | base | student | difference [95 % interval] | questions |", "|---|---|---|---|---|---|"]
    for r in summary["rows"]:
        if r["delta"] is None:
            continue
        interval = f"{r['delta']:+.3f} [{r['low']:+.3f}, {r['high']:+.3f}]"
        lines.append(f"| {r['mode']} | {r['metric']} | {r['base']:.3f} | {r['student']:.3f} | {interval} | {r['n']} |")
    return lines


if __name__ == "__main__":
    main()
