"""By what the traces of a document are known in any file: its ids, its path, and pieces of its text.

Files are searched as bytes, in UTF-8 and UTF-16, whatever their format. Pieces are cut where JSON and HTML would write
a character differently, so they are found there too.
"""

from __future__ import annotations

import mmap
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kdvert.lineage.reading import Lineage, Original
from kdvert.lineage.sources import row_text
from kdvert.records import Document
from kdvert.store import iter_jsonl

_LETTERS = r"[^\W_][\w ,.;:()%-]"  # what JSON, HTML and Markdown leave as it is
_LONG, _SHORT = re.compile(_LETTERS + "{23,}"), re.compile(_LETTERS + "{7,}")
_PIECE = 48  # characters of a piece
_MOST = 64  # pieces of a document
_WEIGHTS = (".safetensors", ".gguf", ".bin", ".pt")
_LARGEST = 1 << 26  # bytes of a source that is read for its text
_HEADER = 1 << 20  # of weights only the header can hold text
_SKIPPED = {".git"}


@dataclass(frozen=True)
class Marks:
    """What to search for.

    Attributes:
        ids: ids of documents; none matches within a longer one.
        names: paths of files.
        pieces: of the text; none of them stands in another document.
        shared: how many pieces another document holds too, by its id. They are not searched for.
    """

    ids: frozenset[str]
    names: frozenset[str]
    pieces: frozenset[str]
    shared: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.ids or self.names or self.pieces)

    def mentioned_in(self, path: Path) -> bool:
        """Return whether a file holds any mark."""
        return self.read_in(path) or _search(path, self._ids(), [n.encode() for n in self.names])

    def read_in(self, path: Path) -> bool:
        """Return whether a file holds text of it."""
        return _search(path, None, [p.encode(code) for p in self.pieces for code in ("utf-8", "utf-16-le")])

    def below(self, folder: Path) -> bool:
        """Return whether any file in ``folder`` holds any mark."""
        return any(self.mentioned_in(path) for path in files(folder))

    def _ids(self) -> re.Pattern[bytes] | None:
        parts = "|".join(re.escape(i) for i in sorted(self.ids, reverse=True))
        return re.compile(rf"(?:{parts})(?!\d)".encode()) if parts else None


def of(lineage: Lineage, documents: Iterable[str], originals: Iterable[Original]) -> Marks:
    """Return the marks of documents, of what is still on disk of them."""
    gone = set(documents)
    texts = [*_unread(lineage.root, originals)]
    others: list[tuple[str, str]] = []
    for stage in ("ingest", "scrub"):
        path = lineage.work / stage / "documents.jsonl"
        for document in iter_jsonl(path, Document) if path.is_file() else ():
            (texts if document.id in gone else others).append((document.id, document.text))
    found = {piece for _, text in texts for piece in pieces(text)}
    shared: Counter[str] = Counter()
    twice: set[str] = set()
    for id_, text in dict(others).items():
        held = {piece for piece in found if piece in text}
        shared.update({id_: len(held)} if held else {})
        twice |= held
    twice |= {piece for piece in found if any(piece in text for _, text in others)}
    names = {o.uri for o in originals if o.row is None}
    return Marks(frozenset(gone), frozenset(names), frozenset(found - twice), dict(sorted(shared.items())))


def pieces(text: str) -> list[str]:
    """Return pieces of a text by which it is known, spread over it."""
    runs = [m.group().strip() for line in text.split("\n") for m in _LONG.finditer(line)]
    if not runs:
        runs = [m.group().strip() for line in text.split("\n") for m in _SHORT.finditer(line)]
    cut = [run[i : i + _PIECE] for run in runs for i in range(0, max(1, len(run) - _PIECE // 2), _PIECE)]
    step = max(1, -(-len(cut) // _MOST))
    return cut[::step]


def files(folder: Path) -> Iterator[Path]:
    """Yield the files below ``folder`` (or the file itself), links not followed, git's own store left out."""
    if folder.is_file():
        yield folder
    for at, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name not in _SKIPPED)
        yield from (p for name in sorted(names) if (p := Path(at, name)).is_file() and not p.is_symlink())


def _unread(root: Path, originals: Iterable[Original]) -> Iterator[tuple[str, str]]:
    """Yield the text in the sources, as far as it is text."""
    for original in originals:
        path = root / original.uri
        if not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        if original.row is None:
            data = path.read_bytes()
            code = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
            yield original.id, data.decode(code, "ignore") if b"\0" not in data or code == "utf-16" else ""
        else:
            yield original.id, row_text(path, original.row)


def _search(path: Path, ids: re.Pattern[bytes] | None, wanted: list[bytes]) -> bool:
    size = path.stat().st_size
    if not size or not (ids or wanted):
        return False
    if path.suffix.lower() in _WEIGHTS:
        size = min(size, _HEADER)
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ) as view:
        return any(view.find(w) >= 0 for w in wanted) or bool(ids and ids.search(view))
