"""PDF to text: the text layer, paragraph by paragraph, without running heads and page numbers."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from kdvert.knowledge.loaders import Loaded, document
from kdvert.knowledge.problems import SourceProblem

if TYPE_CHECKING:
    from pdfminer.layout import LTTextBox
    from pdfminer.pdfdocument import PDFDocument

_TAIL = 4096  # bytes at the end in which the end mark must stand; some writers append a little after it
_RUNNING_HEAD = 120  # characters; a longer block that repeats on every page is content
_OTHER_SIZE = 0.2  # of the line height
_SPLIT_WORD = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])")
_DIGITS = re.compile(r"\d+")


def pdf(data: bytes, encoding: str | None = None) -> Iterator[Loaded]:
    """Load a PDF file, which states its own encodings.

    Raises:
        SourceProblem: it is no PDF, cut off, encrypted, forbids taking text out, or holds only pictures.
    """
    logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it quotes broken objects in warnings
    _check_frame(data)
    try:
        opened = _open(data)
        title = _title(opened)
        pages = _pages(opened)
    except SourceProblem:
        raise
    except Exception as error:  # a damaged file surfaces in pdfminer as nearly any exception
        detail = f"cannot be read as PDF ({type(error).__name__}). Get a whole copy, or print it to PDF again."
        raise SourceProblem("broken", detail) from error
    if not pages:
        raise SourceProblem("broken", "has no pages. Get a whole copy.")
    text = "\n\n".join(_without_running_heads(pages))
    if not text.strip():
        raise SourceProblem("no_text", "holds pictures and no text. Run text recognition (OCR) on it first.")
    yield document(text, title, data)


def _check_frame(data: bytes) -> None:
    if b"%PDF-" not in data[:1024]:
        raise SourceProblem("broken", "does not start like a PDF file. Print it to PDF again.")
    if b"%%EOF" not in data[-_TAIL:]:
        raise SourceProblem("truncated", "is cut off: its end mark is missing. Get a whole copy.")


def _open(data: bytes) -> PDFDocument:
    from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError
    from pdfminer.pdfparser import PDFParser

    try:
        opened = PDFDocument(PDFParser(BytesIO(data)))
    except PDFEncryptionError:
        raise SourceProblem("encrypted", "needs a password. Save a copy without one.") from None
    if not opened.is_extractable:
        raise SourceProblem("no_extraction", "has permissions that forbid taking text out. Get a copy that allows it.")
    return opened


def _title(opened: PDFDocument) -> str | None:
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import decode_text

    for info in opened.info:
        raw = resolve1(info.get("Title"))
        if isinstance(raw, bytes) and (title := decode_text(raw).strip()) and title.lower() != "untitled":
            return title
    return None


def _pages(opened: PDFDocument) -> list[list[str]]:
    """Return the text blocks of each page, in reading order, one line each."""
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.layout import LAParams, LTTextBox
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage

    manager = PDFResourceManager()
    device = PDFPageAggregator(manager, laparams=LAParams())
    interpreter = PDFPageInterpreter(manager, device)
    pages: list[list[str]] = []
    for page in PDFPage.create_pages(opened):
        interpreter.process_page(page)
        layout: Any = device.get_result()
        blocks = [block for item in layout if isinstance(item, LTTextBox) for block in _blocks(item)]
        pages.append([block for block in map(_joined, blocks) if block])
    return pages


def _blocks(box: LTTextBox) -> Iterator[str]:
    """Cut a box where the size of its letters changes: a heading stands close above its text."""
    lines: list[str] = []
    height = 0.0
    for line in box:
        if lines and abs(line.height - height) > _OTHER_SIZE * height:
            yield "".join(lines)
            lines = []
        lines.append(line.get_text())
        height = line.height
    yield "".join(lines)


def _joined(block: str) -> str:
    """Put the lines of a block together; a word split at a line end becomes whole."""
    return " ".join(_SPLIT_WORD.sub("", block).split())


def _without_running_heads(pages: list[list[str]]) -> list[str]:
    """Drop what the first or last block of most pages repeats, numbers aside: heads, feet, page numbers."""
    edges = Counter(key for page in pages for key in {_DIGITS.sub("#", b) for b in (page[:1] + page[-1:])})
    often = max(3, len(pages) // 2 + 1)
    running = {key for key, count in edges.items() if count >= often and len(key) <= _RUNNING_HEAD}
    return ["\n\n".join(b for b in page if _DIGITS.sub("#", b) not in running) for page in pages]
