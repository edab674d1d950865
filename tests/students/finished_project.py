"""Makes a finished project whose student and index are real and small, without running the stages before them.

Documents, records and figures are those of ``tests/reporting/finished_run.py``.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from kdvert.hardware import probe
from kdvert.knowledge import index
from kdvert.pipeline import runner
from kdvert.pipeline.fingerprint import fingerprint, output_hashes
from kdvert.pipeline.lock import LockRow, read_lock, write_row
from kdvert.pipeline.table import STAGES
from kdvert.project import read
from kdvert.records import Chunk
from kdvert.store import iter_jsonl, read_json, sha256_file, write_json
from kdvert.students.models import load_base, precision, unpacked
from kdvert.verticals import Vertical
from kdvert.weights import DEFAULT_EMBEDDER, resolve

DAY = "2026-11-24"
SETTINGS = """vertical: medicine
name: ward-assistant
use: {{distribution: internal, commercial: true}}
ingest:
  sources:
    - {{path: "sources/*.md", license: CC-BY-4.0, publisher: Example Health Institute}}
distill:
  student: {base}
"""


def make(root: Path, vertical: Vertical, base: Path, *, four_bit: bool | None = None, **lora: Any) -> Path:
    """Write a finished project into ``root``.

    Args:
        root: an empty folder.
        vertical: medicine.
        base: a model's folder; its LICENSE file becomes one of the base's notices.
        four_bit: whether the base is held in nf4 (default: as this machine would).
        lora: options of ``LoraConfig`` beside the usual ones.
    """
    (root / "sources").mkdir(parents=True)
    for path in vertical.corpus:
        shutil.copy(path, root / "sources")
    (root / "kdvert.yaml").write_text(SETTINGS.format(base=base), encoding="utf-8")
    run = _finished_run()
    run.LICENSES = (("CC-BY-4.0", "Example Health Institute"),) * 3
    run.write(root / "work", vertical)
    _index(root / "work/index")
    _train(root / "work/distill", base, probe().four_bit if four_bit is None else four_bit, lora)
    lock(root)
    return root


def lock(root: Path) -> None:
    """Write the rows that running the stages would have left."""
    run = runner.prepare(read(root))
    work = root / "work"
    for row in STAGES[:-1]:
        parts = fingerprint(row, run.context(row), run.resolved.stages[row.name], read_lock(work))
        hashes = output_hashes(row, work / row.name)
        finished = f"{DAY}T12:00:00+00:00"
        write_row(work, row.name, LockRow(parts=parts, outputs=hashes, summary={}, seconds=1.0, finished=finished))


def _index(folder: Path) -> None:
    index.build(list(iter_jsonl(folder / "chunks.jsonl", Chunk)), folder, DEFAULT_EMBEDDER)


def _train(out: Path, base: Path, four_bit: bool, lora: dict[str, Any]) -> None:
    """Write an adapter of random numbers, large enough that the student is another model than its base."""
    import torch
    from peft import LoraConfig, get_peft_model

    weights = resolve(str(base))
    torch.manual_seed(1)
    options = {"r": 4, "target_modules": "all-linear", "task_type": "CAUSAL_LM", "init_lora_weights": False, **lora}
    held = unpacked(load_base(weights, probe(), four_bit=four_bit), probe())
    student = get_peft_model(held, LoraConfig(**options))
    shutil.rmtree(out / "adapter")
    student.save_pretrained(str(out / "adapter"), save_embedding_layers=False)
    facts = {
        **read_json(out / "adapter.json"),
        "base": str(base), "base_sha256": weights.sha256, "four_bit": four_bit, "name": "ward-assistant",
        "displays": [], "precision": precision(probe(), four_bit=four_bit), "train_records": 9, "validation_records": 1,
        "lineage": {"teachers": [], "document_ids": ["sources/asthma.md"], "licenses": ["CC-BY-4.0"], "terms": []},
    }  # fmt: skip
    write_json(out / "adapter.json", facts)
    (out / "adapter/base").mkdir()
    (out / "adapter/base/LICENSE").write_text("The license of the base.\n", encoding="utf-8")
    assert sha256_file(out / "adapter/adapter_model.safetensors")


def _finished_run() -> Any:
    path = Path(__file__).parents[1] / "reporting" / "finished_run.py"
    spec = importlib.util.spec_from_file_location("finished_run_of_student", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
