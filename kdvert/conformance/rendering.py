"""Look whether every template of a vertical renders, with strict undefined, inside the sandbox."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from jinja2 import meta

from kdvert.conformance.results import one_line
from kdvert.content import shared_templates
from kdvert.elicitation.skills import extraction, tool_call
from kdvert.errors import UserError
from kdvert.templates import TemplateSet
from kdvert.verticals import Vertical

_ASKED = "elicit/"  # what a teacher is asked: rendered for each vertical, whether it overrides the template or not
_SCAFFOLD = "vertical/"  # the templates of `kdvert vertical new`; no vertical overrides them

_LISTS: dict[str, list[Any]] = {
    "passages": ["Water boils at 100 degrees Celsius at sea level."],
    "choices": ["100 degrees Celsius", "50 degrees Celsius"],
    "suffixes": [".md"],
    "regimes": ["gdpr"],
    "tools": [{"name": "search", "argument": "query", "about": "finds passages"}],
    "judgments": [{"criterion": "It names the unit.", "met": True, "reason": "It says Celsius."}],
    "steps": ["Water boils at 100 degrees Celsius at sea level."],
    "criteria": ["It names the unit."],
    "fields": ["quantity: the number with its unit"],
    "labels": ["boiling points"],
}
_VALUES: dict[str, Any] = {"count": 3, "about": 1, "documents": 3, "points": 1, "most": 2}
"""Sample values by the name of the variable; a name in neither table gets a sentence."""


def templates(vertical: Vertical) -> tuple[str, list[str]]:
    """Render every template with sample values, once with and once without the lists that may be empty.

    The templates of elicitation are rendered for every skill, because what a vertical overrides is part of all of them.
    """
    shared = _names(shared_templates())
    own = _names(vertical.templates)
    layered = TemplateSet(None, vertical.templates)
    problems, rendered = [], 0
    for name in own:
        if name.startswith(_SCAFFOLD) or name not in shared:
            problems.append(f"templates/{name}: {_no_twin(name, shared)}")
            continue
        try:
            rendered += _render(layered, name, vertical)
        except UserError as error:
            problems.append(one_line(str(error)))
    inherited = [name for name in shared if name.startswith(_ASKED) and name not in own]
    problems += [p for name in inherited for p in _problem(layered, name, vertical)]
    problems += _lists(layered)
    return f"{len(own)} of its own, {rendered} rendered with sample values; {len(inherited)} shared", problems


def _problem(layered: TemplateSet, name: str, vertical: Vertical) -> list[str]:
    try:
        _render(layered, name, vertical)
    except UserError as error:
        return [one_line(str(error))]
    return []


def _lists(layered: TemplateSet) -> list[str]:
    """Read the templates that are lists of fields and tools as the skills read them."""
    problems = []
    for read in (extraction.fields, tool_call.offered):
        try:
            read(layered)
        except UserError as error:
            problems.append(one_line(str(error)))
    return problems


def _render(layered: TemplateSet, name: str, vertical: Vertical) -> int:
    """Render one template; return 0 if it was only read, because its shared twin needs a real run's data."""
    filled, bare = _contexts(name, vertical)
    try:
        TemplateSet(None, None).render(name, filled)
    except UserError:
        layered.sha256(name)
        return 0
    layered.render(name, filled)
    layered.render(name, bare)
    return 1


def _contexts(name: str, vertical: Vertical) -> tuple[dict[str, Any], dict[str, Any]]:
    # an override may use what the template it overrides uses
    filled: dict[str, Any] = {}
    for variable in _variables(f"shared/{name}"):
        filled[variable] = _sample(variable, vertical)
    return filled, {k: [] if k in _LISTS else v for k, v in filled.items()}


def _sample(variable: str, vertical: Vertical) -> Any:
    if variable == "vertical":
        return vertical.manifest.model_dump()
    return _LISTS.get(variable) or _VALUES.get(variable) or f"A sample {variable.replace('_', ' ')}."


def _variables(name: str) -> set[str]:
    shared = TemplateSet(None, None)
    assert shared.environment.loader is not None
    found: set[str] = set()
    todo, seen = [name], set()
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        tree = shared.environment.parse(shared.environment.loader.get_source(shared.environment, current)[0])
        found |= meta.find_undeclared_variables(tree)
        todo += [other for other in meta.find_referenced_templates(tree) if other]
    return found


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def _no_twin(name: str, shared: list[str]) -> str:
    usable = [s for s in shared if not s.startswith(_SCAFFOLD)]
    near = difflib.get_close_matches(name, usable, n=3, cutoff=0.4)
    named = f"Did you mean: {', '.join(near)}?" if near else f"There are: {', '.join(usable)}."
    return f"kdvert has no template of this path, so nothing would use it. {named}"
