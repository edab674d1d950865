"""What goes with every export: the model card, notices, license texts, the base's own files, the system message."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from kdvert.distillation import base_notices
from kdvert.dossier import attribution, cards, notices
from kdvert.exporting.contract import Job, Made
from kdvert.store import write_text

CARD, SYSTEM = "README.md", "system.txt"
_LOADING = re.compile(r"^## How to load it\n.*?(?=^## |\Z)", re.M | re.S)


def write(job: Job, folder: Path, made: Made) -> None:
    """Write them into the folder of an export."""
    _base_files(job, folder)
    text = notices.notice(job.lineage).replace(notices.OWN_NOTICES, f"{base_notices.FOLDER}/")
    write_text(folder / notices.NOTICE, text)
    notices.write_licenses(job.lineage, folder)
    notices.write_restrictions(job.lineage, folder)
    attribution.write_attribution(job.lineage, folder)
    write_text(folder / SYSTEM, job.prompts.system()["content"] + "\n")
    _card(job, folder, made)


def _base_files(job: Job, folder: Path) -> None:
    own = job.trained.folder / base_notices.FOLDER
    if own.is_dir():
        shutil.copytree(own, folder / base_notices.FOLDER)


def _card(job: Job, folder: Path, made: Made) -> None:
    """Write the dossier's model card, with how this export is used in place of how the adapter is loaded."""
    from huggingface_hub import ModelCard

    cards.write_model_card(job.lineage, folder)
    (folder / cards.MODEL_CARD).rename(folder / CARD)
    card = ModelCard((folder / CARD).read_text(encoding="utf-8"))
    for key, value in _metadata(card, made).items():
        setattr(card.data, key, value)
    card.text = _LOADING.sub(lambda found: f"## How to use it\n\n{made.usage}\n\n", card.text)
    write_text(folder / CARD, str(card))


def _metadata(card: Any, made: Made) -> dict[str, Any]:
    """Return what differs in the metadata; a relation to a base makes sense only where the base is named."""
    named = getattr(card.data, "base_model", None)
    return {key: value for key, value in made.card.items() if key != "base_model_relation" or named}
