"""The sealed map: what stood where before scrubbing, encrypted, for those who must re-identify. Off by default.

The file (`FILE`) holds one Fernet token a line (AES-128-CBC with HMAC-SHA256): first a line that shows whether a key
fits, then one for each document, so that it can be written and read as a stream. Nothing in it can be read without the
key. The key comes from the environment (`keys.seal_key`) and is never written.

For a command that restores::

    sealed = SealedMap.open(path, keys.seal_key())      # UserError: no key, the wrong key, no such file
    done = sealed.restore(document_id, scrubbed_text)   # also part="title"
    done.text, done.restored, done.left                 # left: stand-ins that could not be told

Writing: `opening_line(key)` first, then `Scrubbed.sealed` of each document, each with a newline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kdvert.errors import UserError, WorkFailed
from kdvert.privacy.phrases import Phrases

FILE = "sealed.jsonl.enc"
Part = Literal["text", "title"]
_OPENING = "kdvert sealed map 1"


@dataclass(frozen=True)
class Swap:
    """A raw value and what stands in its place, ``scrubbed[start:end]``. Never log or print one."""

    start: int
    end: int
    raw: str
    replacement: str


@dataclass(frozen=True)
class Restored:
    """A text with raw values put back.

    Attributes:
        text: it holds personal data again.
        restored: how many stand-ins were replaced.
        left: how many were left, because the text was changed and the stand-in is that of several values.
    """

    text: str
    restored: int
    left: int


def opening_line(key: bytes) -> str:
    """Return the first line of a map, without a newline."""
    return _encrypt(key, _OPENING)


def seal(key: bytes, document_id: str, text: Iterable[Swap], title: Iterable[Swap] = ()) -> str:
    """Return the line of a document, without a newline.

    Args:
        key: see `keys.seal_key`.
        document_id: the id in the scrubbed documents.
        text: swaps of its text, sorted by ``start``.
        title: swaps of its title.
    """
    page = {"document": document_id, "text": [_row(s) for s in text], "title": [_row(s) for s in title]}
    return _encrypt(key, json.dumps(page, ensure_ascii=False))


class SealedMap:
    """A sealed map, opened with its key. Only where each document's line begins is kept in memory."""

    def __init__(self, path: Path, key: bytes, lines: dict[str, int]) -> None:
        self._path, self._key, self._lines = path, key, lines

    @classmethod
    def open(cls, path: Path, key: bytes) -> SealedMap:
        """Open the map at ``path``.

        Raises:
            UserError: there is no such file, it is no sealed map, or the key is another.
            WorkFailed: a line is damaged.
        """
        if not path.is_file():
            raise UserError(f"{path} does not exist.", hint="Scrub with scrub.sealed_map to get a sealed map.")
        lines: dict[str, int] = {}
        with open(path, "rb") as stream:
            if _decrypt(key, stream.readline()) != _OPENING:
                raise UserError(
                    f"{path} cannot be opened: it is no sealed map, or its key is another one.",
                    hint="Set KDVERT_SEAL_KEY to the key that was set when the documents were scrubbed.",
                )
            while True:
                offset = stream.tell()
                if not (line := stream.readline()):
                    return cls(path, key, lines)
                lines[_page(path, key, line)["document"]] = offset

    @property
    def documents(self) -> list[str]:
        """Ids of the documents in the map, in order."""
        return list(self._lines)

    def restore(self, document_id: str, text: str, part: Part = "text") -> Restored:
        """Put raw values back into a scrubbed text.

        Args:
            document_id: whose text it is.
            text: the scrubbed text. If it was changed since, or is only a part, stand-ins are told by their wording,
                and those that stand for more than one value are left.
            part: which of the document's texts it is.

        Raises:
            UserError: the map has no such document.
            WorkFailed: the map was changed since it was opened.
        """
        if document_id not in self._lines:
            raise UserError(f"{self._path} holds no document '{document_id}'.")
        with open(self._path, "rb") as stream:
            stream.seek(self._lines[document_id])
            page = _page(self._path, self._key, stream.readline())
        swaps = [Swap(**row) for row in page[part]]
        if all(text[s.start : s.end] == s.replacement for s in swaps):
            return _put_back(text, swaps)
        return _by_wording(text, swaps)


def _put_back(text: str, swaps: Sequence[Swap]) -> Restored:
    parts: list[str] = []
    cursor = 0
    for swap in swaps:
        parts += [text[cursor : swap.start], swap.raw]
        cursor = swap.end
    return Restored("".join([*parts, text[cursor:]]), len(swaps), 0)


def _by_wording(text: str, swaps: Sequence[Swap]) -> Restored:
    raw_of: dict[str, set[str]] = {}
    for swap in swaps:
        raw_of.setdefault(" ".join(swap.replacement.split()), set()).add(swap.raw)
    found: list[Swap] = []
    left = reach = 0
    for start, end, value in sorted(Phrases(raw_of).find(text), key=lambda f: (f[0], -f[1])):
        if start < reach:
            continue
        reach = end
        if len(raw_of[value]) == 1:
            found.append(Swap(start, end, next(iter(raw_of[value])), value))
        else:
            left += 1
    done = _put_back(text, found)
    return Restored(done.text, done.restored, left)


def _row(swap: Swap) -> dict[str, Any]:
    return {"start": swap.start, "end": swap.end, "raw": swap.raw, "replacement": swap.replacement}


def _page(path: Path, key: bytes, line: bytes) -> dict[str, Any]:
    plain = _decrypt(key, line)
    if plain is None:
        raise WorkFailed(f"{path}: a line is damaged.", hint="Take the map from a backup, or scrub again.")
    page: dict[str, Any] = json.loads(plain)
    return page


def _encrypt(key: bytes, plain: str) -> str:
    from cryptography.fernet import Fernet

    return Fernet(key).encrypt(plain.encode("utf-8", "surrogatepass")).decode("ascii")


def _decrypt(key: bytes, token: bytes) -> str | None:
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(key).decrypt(token.strip()).decode("utf-8", "surrogatepass")
    except InvalidToken:
        return None
