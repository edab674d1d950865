"""A project: the folder with ``kdvert.yaml``, and how its settings are read and merged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kdvert.errors import UserError

FILE = "kdvert.yaml"


@dataclass(frozen=True)
class Project:
    """A project folder and the plain data of its ``kdvert.yaml``."""

    root: Path
    raw: dict[str, Any]

    @property
    def vertical(self) -> str:
        """The id of the vertical that the project names."""
        return str(self.raw["vertical"])

    @property
    def name(self) -> str:
        """The project's name: the key ``name`` or the folder's name."""
        return str(self.raw.get("name") or self.root.name)

    @property
    def work(self) -> Path:
        """Where stages write."""
        return self.root / "work"

    @property
    def templates(self) -> Path:
        """The user's own templates, which win over the vertical's and the shared ones."""
        return self.root / "templates"


def find(start: Path) -> Path:
    """Return the project folder at or above ``start``.

    Raises:
        UserError: there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise UserError(
        f"No {FILE} in {start} or above it.", hint="Make a project: `kdvert new medicine my-assistant`, then cd there."
    )


def read(root: Path) -> Project:
    """Read ``kdvert.yaml``.

    Raises:
        UserError: the file is missing, is not YAML, or is not a mapping with a ``vertical``.
    """
    path = root / FILE
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"No {FILE} in {root}.", hint="Make a project with `kdvert new`.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error.reason}).", hint="Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(raw, dict) or not raw.get("vertical"):
        raise UserError(f"{path} must be a mapping with the key 'vertical'.", hint="For example: vertical: medicine")
    return Project(root=root, raw=raw)


def merge(*layers: dict[str, Any]) -> dict[str, Any]:
    """Merge nested mappings, later ones win; lists and scalars are replaced whole."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            old = merged.get(key)
            merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def parse_set(option: str) -> dict[str, Any]:
    """Turn ``a.b=c`` into ``{"a": {"b": c}}``; the value is read as YAML.

    Raises:
        UserError: the option has no ``=`` or an empty key, or its value is not YAML.
    """
    path, equals, text = option.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise UserError(
            f"--set {option}: expected the form stage.key=value.", hint="For example: --set distill.epochs=2"
        )
    try:
        value: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"--set {option}: the value is not valid YAML: {error}") from None
    for key in reversed(keys):
        value = {key: value}
    return dict(value)
