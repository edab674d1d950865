"""Look whether the held-out questions of a vertical are complete, licensed and answerable from its own corpus."""

from __future__ import annotations

from pydantic import ValidationError

from kdvert.errors import GateBlocked
from kdvert.licensing.terms import data_license
from kdvert.records import EvalItem
from kdvert.registry import suggest
from kdvert.verticals import Vertical


def read_items(vertical: Vertical) -> tuple[list[tuple[str, EvalItem]], list[str]]:
    """Read every row of every question file.

    Returns:
        (where it stands, row) for each valid row, and a problem for each other one.
    """
    items, problems = [], []
    for path in vertical.eval_files:
        if not path.is_file():
            near = _files(vertical, path.name)
            problems.append(f"vertical.yaml names eval/{path.name}, which does not exist. {near}")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            where = f"eval/{path.name}, line {number}"
            try:
                items.append((where, EvalItem.model_validate_json(line)))
            except ValidationError as error:
                first = error.errors()[0]
                problems.append(f"{where}: {'.'.join(map(str, first['loc'])) or 'the row'}: {first['msg']}")
    return items, problems


def questions(vertical: Vertical) -> tuple[str, list[str]]:
    """Look at every held-out question."""
    items, problems = read_items(vertical)
    documents = {path.name for path in vertical.corpus}
    seen: dict[str, str] = {}
    for where, item in items:
        if item.id in seen:
            problems.append(f"{where}: the id '{item.id}' stands at {seen[item.id]} too; ids must be unique.")
        seen.setdefault(item.id, where)
        problems += [f"{where} ({item.id}): {problem}" for problem in _row(item, documents)]
    if not items and not problems:
        problems.append("There is no question; kdvert cannot compare base and student without one.")
    return f"{len(items)} questions in {len(vertical.eval_files)} files", problems


def _row(item: EvalItem, documents: set[str]) -> list[str]:
    problems = [f"the {name} is empty." for name in ("question", "answer") if not getattr(item, name).strip()]
    if item.choices is not None and item.answer not in item.choices:
        problems.append(f"the answer '{item.answer}' is not among the choices; write it exactly like one of them.")
    if item.choices is not None and len(set(item.choices)) != len(item.choices):
        problems.append("two choices are the same.")
    if item.task == "choice" and not item.choices:
        problems.append("a task 'choice' needs choices.")
    for name in item.doc_ids or []:
        if name not in documents:
            problems.append(f"doc_ids names '{name}', which is not in corpus/. {suggest(name, documents)}")
    try:
        data_license(item.license)
    except GateBlocked as error:
        problems.append(f"{error.message} {error.hint or ''}".strip())
    return problems


def _files(vertical: Vertical, name: str) -> str:
    return suggest(name, [p.name for p in (vertical.root / "eval").glob("*") if p.is_file()])
