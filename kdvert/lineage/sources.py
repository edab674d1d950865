"""Take files, and rows of JSON lines, out of a project's sources."""

from __future__ import annotations

import codecs
import os
import shutil
from pathlib import Path

from kdvert.errors import UserError
from kdvert.knowledge import loaders
from kdvert.knowledge.decoding import decode
from kdvert.knowledge.listing import FOLDER
from kdvert.knowledge.loaders import Loaded
from kdvert.knowledge.problems import SourceProblem
from kdvert.lineage.reading import Original

_WIDE = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip


def remove(root: Path, original: Original, encoding: str | None = None) -> list[str]:
    """Remove a file or a row; done already is no error.

    Returns:
        what a person must see to: places outside the project that hold it too.
    """
    path = root / original.uri
    if original.row is not None:
        if path.is_file():
            _remove_row(path, original.row, encoding)
        return []
    if not path.is_file() and not path.is_symlink():
        return []
    real = Path(os.path.realpath(path))
    for link in _links_to(root, real):
        link.unlink()
    path.unlink(missing_ok=True)
    notes = []
    if real != path and real.exists():
        if real.is_relative_to(os.path.realpath(root)):
            real.unlink()
        else:
            notes.append("The source was a link to a file outside the project, which was left as it is.")
    _remove_empty(path.parent, root)
    return notes


def row_text(path: Path, row: str, encoding: str | None = None) -> str:
    """Return the text of a row, or nothing when it is not there or cannot be read."""
    try:
        items = loaders.rows(path.read_bytes(), encoding)
        return "\n".join(item.text for item in items if isinstance(item, Loaded) and item.row == row)
    except SourceProblem:
        return ""


def _remove_row(path: Path, row: str, encoding: str | None) -> None:
    """Empty the row's line. The line itself stays: rows without an id of their own are known by their number."""
    data = path.read_bytes()
    numbers = {item.line for item in loaders.rows(data, encoding) if isinstance(item, Loaded) and item.row == row}
    if not numbers:
        return
    mark, code = next(((m, c) for m, c in _WIDE if data.startswith(m)), (b"", None))
    if code:
        lines: list[bytes] = [part.encode(code) for part in data[len(mark) :].decode(code).split("\n")]
        end = "\n".encode(code)
    else:
        lines, end = data.split(b"\n"), b"\n"
        if len(lines) != decode(data, stated=encoding).text.count("\n") + 1:
            raise UserError("The file of this row is in an encoding whose lines cannot be told apart as bytes.",
                            hint="Save it as UTF-8, then call again.")  # fmt: skip
    kept = [b"" if number in numbers else line for number, line in enumerate(lines, 1)]
    if not b"".join(kept).strip(b"\0\r\n\t \xef\xbb\xbf"):
        path.unlink()
        return
    _replace(path, mark + end.join(kept))


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    shutil.copymode(path, temporary)
    os.replace(temporary, path)


def _links_to(root: Path, real: Path) -> list[Path]:
    """Return the links in the sources that lead to a file: one that stays would bring it back."""
    found = [Path(at, name) for at, _, names in os.walk(root / FOLDER) for name in names]
    return [p for p in found if p.is_symlink() and Path(os.path.realpath(p)) == real]


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove folders that are empty now, up to ``sources/``: their names may be telling too."""
    while folder not in (root, root / FOLDER) and folder.is_relative_to(root) and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
