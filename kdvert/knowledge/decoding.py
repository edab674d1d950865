"""Bytes to text: which encoding a file is in, and a text that later steps can rely on."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple

from kdvert.knowledge.problems import SourceProblem

_MARKS = (  # the longer mark first: the UTF-32 one starts like the UTF-16 one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = "cp1252"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\u00ad]")  # soft hyphens split words for every later search
_SAVE_AS = "Save it as UTF-8."


class Decoded(NamedTuple):
    """A text; ``guessed`` names the encoding when nothing but the look of the text speaks for it."""

    text: str
    guessed: str | None = None


def decode(data: bytes, *, stated: str | None = None, declared: str | None = None) -> Decoded:
    """Decode a text file.

    The order: a byte order mark, the encoding that the user states, UTF-8, the one that the file itself declares,
    Windows-1252 if the text looks sound in it, else the best guess of charset-normalizer. Code pages of one letter
    a byte cannot be told apart for certain, so a guess is reported as one.

    Args:
        data: the file's bytes.
        stated: the encoding by the user's word.
        declared: the encoding named inside the file (an HTML ``meta`` tag).

    Raises:
        SourceProblem: the bytes are no text (``binary``), or not in the encoding announced for them (``encoding``).
    """
    mark = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if mark or stated:
        return Decoded(_strictly(data, str(mark or stated)))
    if b"\x00" in data:
        raise SourceProblem("binary", "holds NUL bytes, so it is not text. " + _SAVE_AS)
    for name in ("utf-8", declared):
        text = _softly(data, name)
        if text is not None:
            return Decoded(text)
    return _guessed(data)


def normalize(text: str) -> str:
    """Return ``text`` in NFC, with Unix line ends, without control characters and blanks at line ends."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    text = _CONTROLS.sub("", text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        detail = f"is announced as {encoding} and is not from byte {error.start} on: it may be cut off. {_SAVE_AS}"
        raise SourceProblem("encoding", detail) from None


def _softly(data: bytes, encoding: str | None) -> str | None:
    try:
        return data.decode(encoding) if encoding else None
    except (UnicodeDecodeError, LookupError):
        return None


def _guessed(data: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    # In a short text many code pages are equally likely; the one that most old Western files use goes first.
    best = from_bytes(data, cp_isolation=[_WESTERN]).best() or from_bytes(data).best()
    if best is None:
        raise SourceProblem("binary", "is not text in any encoding that could be recognized. " + _SAVE_AS)
    return Decoded(str(best), best.encoding)
