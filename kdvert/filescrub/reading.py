"""From paths to items: a document, or a row of a JSON-lines file with the strings in it that are scrubbed."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from kdvert.errors import UserError
from kdvert.knowledge.loaders import LOADERS, Loaded, load
from kdvert.knowledge.problems import SourceProblem

ROWS = ".jsonl"
STDIN = Path("-")
LONGEST_FILE = 200_000_000
"""Bytes that a file which is one document may have; JSON lines are streamed and may have any size."""

Place = tuple[str | int, ...]
"""Keys and positions that lead to a string within a row."""


@dataclass(frozen=True)
class Item:
    """What is scrubbed as one unit: names in it are kept apart and numbered together.

    Attributes:
        name: for messages and findings: the file's place below the path that was given, and the line of a row.
        target: the file that it is written to, relative to the output folder.
        texts: the strings to scrub, by their place in the row; of a document, one string at the place ``()``.
        row: the whole row, or None for a document.
    """

    name: str
    target: Path
    texts: dict[Place, str]
    row: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Selection:
    """Which strings of a row are scrubbed.

    Attributes:
        fields: only these keys of the row (empty: all).
        keep: keys, at any depth, whose values stay as they are.
    """

    fields: Collection[str] = ()
    keep: Collection[str] = ()

    def texts(self, row: dict[str, Any]) -> dict[Place, str]:
        """Return the chosen strings of ``row`` by their place."""
        chosen = {k: v for k, v in row.items() if not self.fields or k in self.fields}
        return dict(self._walk(chosen, ()))

    def _walk(self, value: Any, place: Place) -> Iterator[tuple[Place, str]]:
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key not in self.keep:
                    yield from self._walk(inner, (*place, key))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from self._walk(inner, (*place, number))


def files(paths: Sequence[Path], reserved: Collection[str] = ()) -> list[tuple[Path, Path]]:
    """Return the files at or below ``paths`` with their place relative to what was given, sorted.

    Links are followed; a folder that is reached on two ways below one path counts once. Hidden files and folders are
    left out.

    Args:
        paths: files, folders, or `STDIN`.
        reserved: names that no file may have in the output folder.

    Raises:
        UserError: a path does not exist, a folder cannot be read or holds nothing to read, a file that was named has
            a suffix that no loader reads, or two files would be written to one place.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if path == STDIN:
            found[STDIN] = Path("stdin.txt")
        elif path.is_dir():
            below = [p for p in _below(path) if p.suffix.lower() in LOADERS]
            if not below:  # to end well would say that the folder is clean
                raise UserError(f"{path} holds no file that kdvert reads.", hint=f"It reads {' '.join(LOADERS)}.")
            found |= {p: p.relative_to(path) for p in below}
        elif not path.exists():
            raise UserError(f"{path} does not exist.")
        elif path.suffix.lower() not in LOADERS:
            raise UserError(f"{path}: unknown suffix '{path.suffix}'.", hint=f"kdvert reads {' '.join(LOADERS)}.")
        else:
            found[path] = Path(path.name)
    seen: Counter[str] = Counter(target_of(relative).as_posix() for relative in found.values())
    if twice := sorted(target for target, count in seen.items() if count > 1):
        raise UserError(f"Two files would be written to {twice[0]}.", hint="Scrub them one after the other.")
    if taken := sorted(seen.keys() & set(reserved)):
        raise UserError(f"{taken[0]} is the name of a file that kdvert itself writes.", hint="Rename that input file.")
    return list(found.items())


def _below(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted."""
    found: list[Path] = []
    real = {os.path.realpath(folder)}

    def refuse(error: OSError) -> None:
        raise UserError(f"{error.filename} cannot be read ({error.strerror}).", hint="Nothing was scrubbed.")

    for top, inner, names in os.walk(folder, onerror=refuse, followlinks=True):
        ways = [(name, os.path.realpath(os.path.join(top, name))) for name in sorted(inner) if not name.startswith(".")]
        inner[:] = [name for name, way in ways if way not in real]
        real.update(way for _, way in ways)
        found += [Path(top, name) for name in names if not name.startswith((".", "~$"))]
    return sorted(path for path in found if path.is_file())


def target_of(relative: Path) -> Path:
    """Return where the scrubbed form of a file goes: plain text keeps its suffix, other formats become Markdown."""
    return relative if relative.suffix.lower() in (".txt", ".md", ROWS) else relative.with_name(f"{relative.name}.md")


def items(path: Path, relative: Path, selection: Selection) -> Iterator[Item]:
    """Yield what a file holds. JSON lines are read line by line.

    Raises:
        UserError: the file, or a row of it, cannot be read; the message never quotes the content.
    """
    if path == STDIN:
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
        yield Item("stdin", relative, {(): text})
    elif path.suffix.lower() == ROWS:
        try:
            with open(path, "rb") as stream:
                yield from _rows(stream, relative, selection)
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    else:
        yield _document(path, relative)


def _document(path: Path, relative: Path) -> Item:
    try:
        loaded = [item for item in load(path, max_bytes=LONGEST_FILE) if isinstance(item, Loaded)]
    except SourceProblem as problem:
        raise UserError(f"{path} {problem.detail} [{problem.reason}]") from None
    return Item(relative.as_posix(), target_of(relative), {(): loaded[0].text})


def _rows(stream: BinaryIO, relative: Path, selection: Selection) -> Iterator[Item]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        name = f"{relative.as_posix()}#{number}"
        try:
            row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except ValueError:  # not JSON, or not UTF-8
            raise UserError(f"{name}: not valid JSON in UTF-8.", hint="Each line must be one JSON object.") from None
        except RecursionError:
            raise UserError(f"{name}: nested too deeply.") from None
        if not isinstance(row, dict):
            raise UserError(f"{name}: not a JSON object.", hint="Each line must be one JSON object.")
        yield Item(name, relative, selection.texts(row), row)
