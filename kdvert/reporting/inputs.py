"""The finished output of the other stages, with a clear message when a part of it is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel

from kdvert.errors import WorkFailed
from kdvert.store import iter_jsonl, read_json

M = TypeVar("M", bound=BaseModel)


class _Object(RootModel[dict[str, Any]]):
    """Any JSON object."""


@dataclass(frozen=True)
class Inputs:
    """Output folders by stage name."""

    folders: Mapping[str, Path]

    def path(self, stage: str, name: str) -> Path:
        """Return the file ``name`` of a stage.

        Raises:
            WorkFailed: the stage has not run, or did not write the file.
        """
        folder = self.folders.get(stage)
        if folder is None or not folder.is_dir():
            raise WorkFailed(f"The report needs the output of '{stage}', which has not run.", hint=_again(stage))
        path = folder / name
        if not path.is_file():
            raise WorkFailed(f"The output of '{stage}' has no {name} (looked in {folder}).", hint=_again(stage))
        return path

    def json(self, stage: str, name: str = "summary.json") -> dict[str, Any]:
        """Read a JSON file that holds an object.

        Raises:
            WorkFailed: it is missing, or no JSON object.
        """
        path = self.path(stage, name)
        value = read_json(path)
        if not isinstance(value, dict):
            raise WorkFailed(f"{path} holds no JSON object.", hint=_again(stage))
        return value

    def records(self, stage: str, name: str, model: type[M]) -> Iterator[M]:
        """Yield the records of a JSON-lines file, one at a time: a corpus may be larger than memory.

        Raises:
            WorkFailed: it is missing, or a line does not fit ``model``.
        """
        return iter_jsonl(self.path(stage, name), model)

    def lines(self, stage: str, name: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of a JSON-lines file that holds plain numbers."""
        return (row.root for row in iter_jsonl(self.path(stage, name), _Object))

    def finished(self, stage: str) -> datetime:
        """Return when the stage wrote its summary, in UTC."""
        return datetime.fromtimestamp(self.path(stage, "summary.json").stat().st_mtime, UTC)


def _again(stage: str) -> str:
    return f"kdvert run --from {stage} --force"
