"""Look whether the checks of a vertical exist, accept right answers, and speak in reason codes.

This is the only part of the suite that runs code of the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from kdvert.conformance.held_out import read_items
from kdvert.errors import UserError
from kdvert.records import EvalItem
from kdvert.registry import suggest
from kdvert.verticals import Check, Vertical

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ALIAS = "_kdvert_vertical_under_test"


def checks(vertical: Vertical) -> tuple[str, list[str]]:
    """Call every check on the held-out answers with their documents, and on empty and foreign text."""
    names = vertical.manifest.checks
    if not names:
        return "none named", []
    documents = {p.name: text for p in vertical.corpus if (text := _text(p)) is not None}
    items = [i for _, i in read_items(vertical)[0] if i.doc_ids and all(d in documents for d in i.doc_ids)]
    problems: list[str] = []
    with _module(vertical) as module:
        for name in names:
            check = getattr(module, name, None)
            if callable(check):
                problems += _try(name, check, items, documents)
            else:
                near = suggest(name, [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")])
                problems.append(f"vertical.yaml names the check '{name}', and checks.py has none. {near}")
    return f"{', '.join(names)}: {len(items)} right answers with their documents", problems


def _try(name: str, check: Check, items: list[EvalItem], documents: dict[str, str]) -> Iterator[str]:
    whole = "\n\n".join(documents.values())
    for item in items:
        evidence = "\n\n".join(documents[d] for d in item.doc_ids or [])
        code = _call(name, check, item.question, item.answer, evidence)
        if code is not None:
            yield f"{name} rejects the answer of {item.id} as '{code}', with its own document as evidence: too strict."
    for answer, evidence in (("", ""), (whole, ""), ("Because of 17 mg.", "No figure here.")):
        code = _call(name, check, "Why?", answer, evidence)
        if code is not None and not (isinstance(code, str) and _CODE.fullmatch(code)):
            yield f"{name} returns {code!r}; return None, or a short reason code such as 'unit_missing'."
            return


def _call(name: str, check: Check, question: str, answer: str, evidence: str) -> Any:
    try:
        return check(question, answer, evidence)
    except Exception as error:
        said = f"{name} raises {type(error).__name__}: {error}"
        raise UserError(said, hint="Return a reason code instead.") from error


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None  # a PDF or Word file: only the ingest stage reads it


@contextmanager
def _module(vertical: Vertical) -> Iterator[ModuleType]:
    """Import the package's ``checks``, from its folder even where another copy of the package is installed."""
    spec = importlib.util.find_spec(vertical.package)
    installed = [Path(p).resolve() for p in (spec.submodule_search_locations or [])] if spec else []
    if vertical.root.resolve() in installed:
        yield importlib.import_module(f"{vertical.package}.checks")
        return
    own = importlib.util.spec_from_file_location(
        _ALIAS, vertical.root / "__init__.py", submodule_search_locations=[str(vertical.root)]
    )
    if own is None or own.loader is None or not (vertical.root / "__init__.py").is_file():
        raise UserError(f"{vertical.package} has no __init__.py.", hint="Add one that holds only a docstring.")
    package = importlib.util.module_from_spec(own)
    try:
        sys.modules[_ALIAS] = package
        own.loader.exec_module(package)
        yield importlib.import_module(f"{_ALIAS}.checks")
    finally:
        for name in [n for n in sys.modules if n == _ALIAS or n.startswith(f"{_ALIAS}.")]:
            del sys.modules[name]
