"""Names of files can name people. This says which surely do not, without any model: by word lists alone.

The words of a file name stand in no sentence, so no recognizer can be trusted with them ("mlopez_dx_1984"). So the
question is turned around: a path is shown only if it consists of dictionary words that are no names, and at most one
short number. Every other one is known outside the ingest folder by the number of its document.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from kdvert.privacy import gazetteer, names

_SUFFIXES = frozenset({".md", ".jsonl", ".docx", ".xlsx", ".pptx", *mimetypes.MimeTypes().types_map[True]})
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_BETWEEN = re.compile(r"[\w\s/.,&+()*?-]*")
_KNOWN = frozenset({"sources"})  # saves the word lists for the usual globs
_LONGEST_NUMBER = 4  # a year, a chapter, a part; identifiers are longer
_SHORTEST_NAME = 4  # letters of a name that is looked for inside another word ("mlopez")


HIDDEN = "(hidden)"
"""Stands for a path or title that may name a person, where no id is at hand."""


@lru_cache(maxsize=4096)
def is_plain(path: str) -> bool:
    """Return whether ``path`` surely names nobody. The suffix of a known format does not count.

    Args:
        path: relative, with ``/``; a glob too.
    """
    stem = path.removesuffix(suffix) if (suffix := PurePosixPath(path).suffix).lower() in _SUFFIXES else path
    tokens = _TOKEN.findall(stem)
    numbers = [t for t in tokens if t.isdigit()]
    letters = [t for t in tokens if len(t) == 1 and not t.isdigit()]
    if not _BETWEEN.fullmatch(stem) or len(numbers) > 1 or len(letters) > 1:
        return False  # two numbers can be a date, two letters initials
    if any(len(number) > _LONGEST_NUMBER for number in numbers):
        return False
    return all(_is_safe(t) for t in tokens if len(t) > 1 and not t.isdigit() and t not in _KNOWN)


def names_one_of(path: str, people: Collection[str]) -> bool:
    """Return whether a word of ``path`` is, or contains, a word of a person's name.

    Args:
        path: see `is_plain`.
        people: names as they stand in a text.
    """
    words = {word.lower() for word in _TOKEN.findall(path)}
    parts = {part.lower() for name in people for part in names.words_of(name) if len(part) > 1}
    inside = (p for p in parts if len(p) >= _SHORTEST_NAME)
    return not words.isdisjoint(parts) or any(part in word for part in inside for word in words if not _is_safe(word))


def title_of(stem: str, text: str, otherwise: str) -> str:
    """Return a title made of a file's name, for a document that states none.

    Words stay that are no names and stand in the dictionary, or in lower case in the document itself: those are terms
    of its subject, in whatever language. What is left is scrubbed later like any other title.

    Args:
        stem: the file's name without its suffix.
        text: the document's text.
        otherwise: the title if no word stays.
    """
    if is_plain(stem):
        return re.sub(r"[_-]", " ", stem)
    used = {word for word in _TOKEN.findall(text) if word.islower()}
    kept = [t for t in _TOKEN.findall(stem) if len(t) > 1 and not _is_name(t) and (_is_safe(t) or t.lower() in used)]
    return " ".join(kept) or otherwise


def address(url: str) -> str:
    """Return a web address without what can name a person: query, user, and a path that is not plain."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path if is_plain(parts.path) else '/'}"


def _is_safe(word: str) -> bool:
    return not word.isdigit() and not _is_name(word) and gazetteer.is_ordinary(word)


def _is_name(word: str) -> bool:
    return word.lower() in gazetteer.first_names() or word.lower() in gazetteer.surnames()
