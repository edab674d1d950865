"""Write a whole dossier: beside its place, and then into it, so that a reader sees the old one or the new one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kdvert.dossier import index, page
from kdvert.dossier.index import Index
from kdvert.dossier.lineage import Lineage
from kdvert.dossier.table import DOCUMENTS, PAGE
from kdvert.errors import UserError
from kdvert.records import sha256_json
from kdvert.store import write_json
from kdvert.templates import TemplateSet

LINEAGE = "lineage.json"


def write(
    lineage: Lineage, out: Path, *, templates: TemplateSet | None = None, data: dict[str, Path] | None = None
) -> Index:
    """Write every document, the page and the index into ``out``.

    Args:
        out: the dossier's folder; an older dossier there is replaced, anything else is refused.
        templates: where the project may override the page.
        data: files of records to hand on with it, by name; none by default.

    Raises:
        UserError: ``out`` holds something that is no dossier.
        WorkFailed: a document would not be valid.
    """
    _require_free(out)
    beside = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        made = _fill(lineage, beside, templates, data or {})
        _swap(beside, out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made


def _fill(lineage: Lineage, folder: Path, templates: TemplateSet | None, data: dict[str, Path]) -> Index:
    for document in DOCUMENTS:
        document.write(lineage, folder)
    plain = lineage.model_dump(mode="json")
    write_json(folder / LINEAGE, plain)
    for name, path in data.items():
        (folder / "data").mkdir(exist_ok=True)
        shutil.copyfile(path, folder / "data" / f"{name}.jsonl")
    page.write(lineage, folder, index.entries(folder, (*DOCUMENTS, *index.EXTRA)), templates)
    rows = index.entries(folder, (PAGE, *DOCUMENTS, *index.EXTRA))
    return index.write(folder, lineage, sha256_json(plain), rows, page.to_fill(lineage))


def _require_free(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / index.FILE).is_file()):
        raise UserError(
            f"{out} holds something that is no dossier.", hint="Name another folder: kdvert report --out FOLDER"
        )


def _swap(new: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        os.replace(out, old)
    os.replace(new, out)
    shutil.rmtree(old, ignore_errors=True)
