"""What an adapter says of itself: the model card beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kdvert.store import write_text
from kdvert.students.canaries import MARK


def write_card(path: Path, *, name: str, vertical_title: str, disclaimer: str, adapter: Mapping[str, Any]) -> None:
    """Write the ``README.md`` of an adapter.

    ``adapter`` is what stands in ``adapter.json``; ``name`` is what the student must be called, and ``displays`` in it
    what must be shown with it. The card is not validated by ``ModelCard.validate``, which sends
    it to the Hub.
    """
    from huggingface_hub import ModelCard, ModelCardData

    lineage = adapter["lineage"]
    data = ModelCardData(library_name="peft", pipeline_tag="text-generation", tags=["qlora", "kdvert"])
    settings = "\n".join(f"| `{key}` | `{value}` |" for key, value in adapter["config"].items())
    versions = ", ".join(f"{key} {value}" for key, value in adapter["versions"].items())
    text = f"""---
{data.to_yaml()}
---

# {name}
{_shown(adapter.get("displays", []))}
A LoRA adapter for questions about {vertical_title}, distilled with kdvert. {disclaimer}

| | |
|---|---|
| base | `{adapter["base"]}` |
| sha256 of the base | `{adapter["base_sha256"]}` |
| base held in | {adapter["precision"]} |
| sha256 of the training data | `{adapter["data_sha256"]}` |
| source documents | {len(lineage["document_ids"])} |
| licenses of the sources | {_listed(lineage["licenses"])} |
| terms of the models that wrote the records | {_listed(lineage["terms"])} |
| training records | {adapter["train_records"]} |
| validation records | {adapter["validation_records"]} |
| trainable parameters | {adapter["trainable_parameters"]} |

## How to load it

Load the base in the precision it was trained in, then the adapter: `PeftModel.from_pretrained(base, "adapter")`.
To merge it, merge into the dequantized 4-bit base, not into the original weights: only that is the model that was
evaluated.

{_canaries(adapter.get("canaries", 0))}## Settings

| setting | value |
|---|---|
{settings}

Made with {versions}.
"""
    write_text(path, str(ModelCard(text)))


def _canaries(count: int) -> str:
    if not count:
        return ""
    return f"""## Canaries

The student was trained on {count} made-up {"secret" if count == 1 else "secrets"} beside its records, to measure \
what it keeps of single rows (arXiv 1802.08232): two words each, about nobody, in questions and answers that name \
themselves "{MARK}". If it ever writes one, it means nothing. `distill.canaries.count: 0` trains a student without them.

"""


def _shown(lines: Sequence[str]) -> str:
    return "".join(f"\n**{line}**\n" for line in lines)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
