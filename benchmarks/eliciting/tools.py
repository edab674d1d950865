"""How each tool is run on the same passages: a function a tool, and a row in the table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from eliciting.judging import Pair

HERE = Path(__file__).parent
AT_ONCE = 3  # passages that sdg-hub is given together: a run that is cut off keeps what was done


@dataclass(frozen=True)
class Made:
    """What a tool gave, and how many records it was asked for."""

    asked_for: int
    pairs: list[Pair]


@dataclass(frozen=True)
class Job:
    """What a tool is given.

    Attributes:
        rows: passages, with ``title``, ``text``, ``source`` and ``license``.
        count: records to ask for about a passage; with kdvert, about each part of 160 tokens that it makes of one.
        folder: for the tool's own files; emptied before.
        base_url: the proxy's address for the tool.
        model: the teacher's name there.
        python: the interpreter of the environment that the tool is installed in.
    """

    rows: Sequence[dict[str, str]]
    count: int
    folder: Path
    base_url: str
    model: str
    python: Path


def kdvert(job: Job, skill: str = "grounded_qa") -> Made:
    """Run ``kdvert run --until filter`` on the passages as one source; return its accepted records."""
    project = job.folder / "project"
    subprocess.run([sys.executable, "-m", "kdvert", "new", "science", str(project)], check=True, stdout=sys.stderr)
    shutil.rmtree(project / "sources")
    (project / "sources").mkdir()
    lines = [json.dumps({k: r[k] for k in ("title", "text", "source", "license")}) for r in job.rows]
    (project / "sources" / "passages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    teacher = {"model": job.model, "base_url": job.base_url, "concurrency": 1, "timeout_s": 3600, "retries": 0}
    settings: dict[str, Any] = {
        "vertical": "science",
        "ingest": {"sources": [{"path": "sources/*.jsonl"}]},
        "elicit": {"per_passage": job.count, "skill": skill, "teacher": teacher},
        "filter": {"min_accepted": 1},
    }
    (project / "kdvert.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "kdvert", "run", "--project", str(project), "--until", "filter"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    parts = len(_lines(project / "work" / "index" / "chunks.jsonl"))
    return Made(parts * job.count, _records(project, job.rows))


def _records(project: Path, rows: Sequence[dict[str, str]]) -> list[Pair]:
    work = project / "work"
    row_of = {d["id"]: rows[int(d["row"]) - 1] for d in _lines(work / "ingest" / "originals.jsonl") if d.get("row")}
    documents = {c["id"]: c["document_id"] for c in _lines(work / "index" / "chunks.jsonl")}
    return [
        Pair(_said(r, "user"), _said(r, "assistant"), row_of[documents[r["evidence"][0]["chunk_id"]]]["text"])
        for r in _lines(work / "filter" / "accepted.jsonl")
    ]


def _said(record: dict[str, Any], role: str) -> str:
    return str(next(m["content"] for m in record["messages"] if m["role"] == role))


def sdg_hub(job: Job) -> Made:
    """Run the flow that writes questions about documents, judges answers by the document and drops the unfaithful."""
    pairs = []
    for start in range(0, len(job.rows), AT_ONCE):
        some, out = job.rows[start : start + AT_ONCE], job.folder / f"{start}.out.jsonl"
        given = job.folder / f"{start}.jsonl"
        given.write_text("".join(json.dumps(r) + "\n" for r in some), encoding="utf-8")
        command = [str(job.python), str(HERE / "sdg_hub_driver.py"), str(given), str(out), job.base_url, job.model]
        subprocess.run(
            command, check=True, stdout=sys.stderr, env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        )
        pairs += [Pair(r["question"] or "", r["answer"] or "", some[r["passage"]]["text"]) for r in _lines(out)]
    return Made(job.count * len(job.rows), pairs)


def synthetic_data_kit(job: Job) -> Made:
    """Run ``create --type qa`` on each passage as a file of its own; nothing verifies what it writes."""
    config, made = job.folder / "config.yaml", job.folder / "made"
    config.write_text(yaml.safe_dump(_kit_settings(job)), encoding="utf-8")
    pairs = []
    for number, row in enumerate(job.rows):
        text = job.folder / f"{number}.txt"
        text.write_text(row["text"], encoding="utf-8")
        command = [str(job.python.parent / "synthetic-data-kit"), "-c", str(config), "create", str(text)]
        command += ["--type", "qa", "-n", str(job.count), "-o", str(made)]
        subprocess.run(command, check=True, stdout=sys.stderr, cwd=job.folder)
        found = json.loads((made / f"{number}_qa_pairs.json").read_text(encoding="utf-8"))["qa_pairs"]
        pairs += [Pair(str(p.get("question", "")), str(p.get("answer", "")), row["text"]) for p in found]
    return Made(job.count * len(job.rows), pairs)


def _kit_settings(job: Job) -> dict[str, Any]:
    """Return the settings that the kit ships with, with our endpoint: its prompts and temperatures stay its own."""
    where = "import importlib.util as u; print(u.find_spec('synthetic_data_kit').submodule_search_locations[0])"
    found = subprocess.run([str(job.python), "-c", where], check=True, capture_output=True, text=True)
    shipped = Path(found.stdout.strip().splitlines()[-1]) / "config.yaml"
    settings: dict[str, Any] = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    settings["api-endpoint"] |= {"api_base": job.base_url, "api_key": "x", "model": job.model, "sleep_time": 0}
    settings["generation"]["batch_size"] = 1
    return settings


TOOLS: dict[str, Callable[[Job], Made]] = {
    "kdvert": kdvert,
    "kdvert-extractive": partial(kdvert, skill="extractive_qa"),
    "synthetic-data-kit": synthetic_data_kit,
    "sdg-hub": sdg_hub,
}
"""Every tool, by name."""


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
