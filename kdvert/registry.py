"""One way to look a name up: a table of names to ``module:attribute``, imported on use."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from kdvert.errors import UserError


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known names, for error messages."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    start = f"Did you mean: {', '.join(close)}? " if close else ""
    return f"{start}Available: {', '.join(names) or 'none'}."


def lookup(kind: str, table: Mapping[str, str], name: str) -> Any:
    """Import and return the object that ``table`` names for ``name``.

    Args:
        kind: what the table holds, for the error message ("stage", "filter").
        table: name to ``"module:attribute"`` (or ``"module"`` for the module itself).

    Raises:
        UserError: the name is not in the table.
    """
    if name not in table:
        raise UserError(f"Unknown {kind} '{name}'.", hint=suggest(name, table))
    module, _, attribute = table[name].partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded
