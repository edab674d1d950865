"""Which of kdvert's entity types a gold file's own labels stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from kdvert.errors import UserError
from kdvert.registry import suggest

IGNORE = "ignore"
"""What a mapping gives a label that may be taken or left: it is neither missed nor wrongly taken."""
LEAVE = "leave"
"""What a mapping gives a label that is no personal data: never missed, and wrongly taken if it is."""

_FORM = (
    "A mapping is a YAML table: gold label to an entity type, a list of types (the first names it), "
    f"'{IGNORE}' (neither missed nor wrongly taken) or '{LEAVE}' (wrongly taken if it is)."
)


@dataclass(frozen=True)
class LabelMap:
    """Entity types by gold label; no types: the label does not count.

    Attributes:
        types: None stands for "no mapping": every label counts under its own name.
        left: labels that do not count and must not be taken either.
    """

    types: Mapping[str, tuple[str, ...]] | None = None
    left: frozenset[str] = frozenset()

    def name(self, label: str) -> str | None:
        """Return what ``label`` is counted as, or None if it does not count."""
        if self.types is None:
            return label
        return self.types[label][0] if self.types[label] else None

    def fits(self, label: str) -> tuple[str, ...]:
        """Return the types that a finding on ``label`` rightly has; empty if nothing says so."""
        return self.types[label] if self.types else ()

    def is_ignored(self, label: str) -> bool:
        """Return whether it is no matter if ``label`` is taken."""
        return self.name(label) is None and label not in self.left

    def strict(self) -> LabelMap:
        """Return the mapping under which whatever does not count must not be taken."""
        return self if self.types is None else replace(self, left=frozenset(self.types))

    def covers(self, labels: Iterable[str]) -> None:
        """Make sure that every label has a type.

        Raises:
            UserError: a label of the gold file is not in the mapping.
        """
        missing = [] if self.types is None else sorted(set(labels) - set(self.types))
        if missing:
            raise UserError(f"The mapping says nothing of {', '.join(missing)}.", hint=_FORM)

    def within(self, targets: Collection[str]) -> LabelMap:
        """Return the mapping for a policy that acts on ``targets``: labels of other types are ignored."""
        if self.types is None:
            return self
        kept = {label: types if set(types) & set(targets) else () for label, types in self.types.items()}
        return replace(self, types=kept)


def read_mapping(path: Path, known: Collection[str]) -> LabelMap:
    """Read a mapping file.

    Args:
        path: YAML, gold label to a type of ``known``, a list of such types, `IGNORE` or `LEAVE`.
        known: the entity types that there are.

    Raises:
        UserError: the file cannot be read, is no such table, or names an unknown type.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", hint=_FORM) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML.", hint=_FORM) from error
    if not isinstance(value, dict) or not value:
        raise UserError(f"{path} is not a table of labels.", hint=_FORM)
    types = {str(label): _types(entry, known, f"{path}: {label}") for label, entry in value.items()}
    return LabelMap(types, frozenset(str(label) for label, entry in value.items() if entry == LEAVE))


def _types(entry: Any, known: Collection[str], where: str) -> tuple[str, ...]:
    if entry in (IGNORE, LEAVE):
        return ()
    types = [entry] if isinstance(entry, str) else entry
    if not isinstance(types, list) or not types or not all(isinstance(t, str) for t in types):
        raise UserError(f"{where} is given neither a type nor '{IGNORE}' or '{LEAVE}'.", hint=_FORM)
    for name in types:
        if name not in known:
            raise UserError(f"{where}: unknown type '{name}'.", hint=suggest(name, {*known, IGNORE, LEAVE}))
    return tuple(types)
