"""Files that survive a crash: JSON lines, atomic writes, hashes of trees."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kdvert.errors import WorkFailed

M = TypeVar("M", bound=BaseModel)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` so that a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        WorkFailed: the file is not JSON (cut off, or edited by hand).
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise WorkFailed(
            f"{path} is not valid JSON ({error}).", hint="Delete it and run again with --force."
        ) from error


def write_jsonl(path: Path, records: Iterable[BaseModel | dict[str, Any]]) -> int:
    """Write one JSON object a line, atomically; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            for record in records:
                stream.write(to_line(record))
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def to_line(record: BaseModel | dict[str, Any]) -> str:
    """Return ``record`` as one line of JSON, newline included."""
    if isinstance(record, BaseModel):
        return record.model_dump_json(exclude_none=True) + "\n"
    return json.dumps(record, ensure_ascii=False) + "\n"


def iter_jsonl(path: Path, model: type[M]) -> Iterator[M]:
    """Yield the records of a JSON-lines file.

    Raises:
        WorkFailed: a line does not fit ``model``; the message names file and line, not the content.
    """
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                yield model.model_validate_json(line)
            except ValidationError as error:
                fields = ", ".join(".".join(map(str, e["loc"])) or "line" for e in error.errors()[:3])
                raise WorkFailed(
                    f"{path}, line {number}: not a valid {model.__name__} (at {fields}).",
                    hint="If the file was written by kdvert, run again with --force.",
                ) from None


def read_jsonl(path: Path, model: type[M]) -> list[M]:
    """Read a whole JSON-lines file. See `iter_jsonl`."""
    return list(iter_jsonl(path, model))


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def hash_tree(root: Path, *, leave_out: Iterable[str] = ()) -> dict[str, str]:
    """Return the SHA-256 of every file below ``root``, by relative POSIX path.

    Args:
        root: a folder, or a single file (then the key is its name).
        leave_out: names of direct children that are not hashed.
    """
    if root.is_file():
        return {root.name: sha256_file(root)}
    skipped = set(leave_out)
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.relative_to(root).parts[0] not in skipped)
    return {p.relative_to(root).as_posix(): sha256_file(p) for p in files}
