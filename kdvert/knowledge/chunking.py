"""Cut a document into passages that fit the embedder: whole sentences, sections kept together, exact offsets.

Own code, because the splitters of langchain-text-splitters lose the place: with a token length they search the start
of a chunk at "end of the last chunk minus the overlap in *characters*", which a repeated sentence defeats, and in
Markdown they rewrite the text. Here a chunk is a slice of the document and nothing else.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

Offsets = Callable[[str], list[tuple[int, int]]]
"""Where each token of a text lies, in order: (start, end) in Python string offsets."""

Span = tuple[int, int]

_BLOCK_END = re.compile(r"\n[ \t]*\n\s*")
_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_LINE_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)]|\|)[ \t]*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[^\sa-z])|(?<=[。！？])")
_ABBREVIATION = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|No|Nos|Fig|Art|Sec|e\.g|i\.e|cf|al|approx)|\b[A-Z])\.\Z")
_CHARACTERS_A_TOKEN = 12  # a "word" of more is split: WordPiece counts any word above 100 characters as one token


@dataclass(frozen=True)
class _Atom:
    """A span that is not cut unless it is too long: a sentence, with the headings above it.

    ``opens`` is True when a heading or the document starts here.
    """

    start: int
    end: int
    opens: bool


@dataclass(frozen=True)
class _Ruler:
    """Measures spans in tokens, on the tokens of the whole document (which are counted once)."""

    starts: list[int]

    def size(self, start: int, end: int) -> int:
        """Return how many tokens start in the span, or more if its words are extremely long."""
        tokens = bisect_left(self.starts, end) - bisect_left(self.starts, start)
        return max(tokens, (end - start) // _CHARACTERS_A_TOKEN)

    def reach(self, start: int, end: int, budget: int) -> int:
        """Return the farthest offset up to ``end`` such that the span from ``start`` fits ``budget``."""
        first = bisect_left(self.starts, start)
        limit = self.starts[first + budget] if first + budget < len(self.starts) else end
        return max(start + 1, min(end, limit, start + budget * _CHARACTERS_A_TOKEN))


def chunk(text: str, offsets: Offsets, *, budget: int, overlap: int = 0) -> list[Span]:
    """Cut ``text`` into spans of at most ``budget`` tokens.

    Sections that fit together share a chunk; a longer section is cut into about equal parts between sentences, and a
    sentence that is too long between words. A heading stays with the text below it and is no chunk of its own.

    Args:
        text: the document.
        offsets: the embedder's tokenizer.
        budget: most tokens of a chunk, special tokens not counted.
        overlap: most tokens that a chunk repeats from the one before it in the same section, in whole sentences.

    Returns:
        Spans in order, none of which starts or ends with white space.
    """
    ruler = _Ruler([start for start, end in offsets(text) if end > start])
    atoms = [part for atom in _atoms(text) for part in _cut(text, atom, ruler, budget)]
    spans = [span for group in _groups(atoms, ruler, budget) for span in _pack(group, ruler, budget, overlap)]
    return [span for span in (_trim(text, *span) for span in spans) if span[0] < span[1]]


# --- sentences and headings ------------------------------------------------------------------------------------


def _atoms(text: str) -> list[_Atom]:
    atoms: list[_Atom] = []
    opened: int | None = None  # start of the headings that wait for their text
    for start, end in _blocks(text):
        if _HEADING.match(text, start):
            opened = start if opened is None else opened
            continue
        for number, (first, last) in enumerate(_sentences(text, start, end)):
            opens = number == 0 and (opened is not None or not atoms)
            atoms.append(_Atom(opened if opens and opened is not None else first, last, opens))
        opened = None
    return atoms  # headings at the very end have no text below them: they say nothing


def _blocks(text: str) -> Iterator[Span]:
    """Yield paragraphs; a heading line is a block of its own even without blank lines around it."""
    start = 0
    for end, following in [*((m.start(), m.end()) for m in _BLOCK_END.finditer(text)), (len(text), len(text))]:
        place = start
        for line_start, line_end in _lines(text, start, end):
            if _HEADING.match(text, line_start):
                yield from _if_any(text, place, line_start)
                yield line_start, line_end
                place = line_end
        yield from _if_any(text, place, end)
        start = following


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        found = text.find("\n", start, end)
        line_end = end if found < 0 else found
        yield start, line_end
        start = line_end + 1


def _if_any(text: str, start: int, end: int) -> Iterator[Span]:
    start, end = _trim(text, start, end)
    if start < end:
        yield start, end


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the sentences of a block; list items and table rows count as sentences."""
    cuts = {m.end() for m in _SENTENCE_END.finditer(text, start, end) if not _is_abbreviation(text, start, m.start())}
    cuts |= {first for first, last in _lines(text, start, end) if _LINE_ITEM.match(text, first, last)}
    for first, last in pairwise(sorted(cuts - {start, end} | {start, end})):
        yield from _if_any(text, first, last)


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    return _ABBREVIATION.search(text, max(start, end - 8), end) is not None


def _trim(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _cut(text: str, atom: _Atom, ruler: _Ruler, budget: int) -> Iterator[_Atom]:
    """Cut an atom that is longer than ``budget`` between words, or inside one that is itself too long."""
    start, opens = atom.start, atom.opens
    while ruler.size(start, atom.end) > budget:
        limit = ruler.reach(start, atom.end, budget)
        space = max(text.rfind(mark, start + 1, limit) for mark in (" ", "\n", "\t"))
        end = space if space > start + (limit - start) // 2 else limit
        yield _Atom(start, end, opens)
        start, opens = end, False
        while start < atom.end and text[start].isspace():
            start += 1
    if start < atom.end:
        yield _Atom(start, atom.end, opens)


# --- packing ---------------------------------------------------------------------------------------------------


def _groups(atoms: list[_Atom], ruler: _Ruler, budget: int) -> Iterator[list[_Atom]]:
    """Yield sections, small neighbors together as long as they fit one chunk."""
    group: list[_Atom] = []
    for section in _sections(atoms):
        if group and ruler.size(group[0].start, section[-1].end) > budget:
            yield group
            group = []
        group += section
    if group:
        yield group


def _sections(atoms: list[_Atom]) -> Iterator[list[_Atom]]:
    section: list[_Atom] = []
    for atom in atoms:
        if atom.opens and section:
            yield section
            section = []
        section.append(atom)
    if section:
        yield section


def _pack(group: list[_Atom], ruler: _Ruler, budget: int, overlap: int) -> Iterator[Span]:
    """Cut a section into as few chunks as possible, of about equal size: no tail of one short sentence."""
    first = 0
    room = budget
    while first < len(group):
        start = group[first].start
        rest = ruler.size(start, group[-1].end)
        aim = rest / -(-rest // room) if rest else 0
        last = first
        while last + 1 < len(group):
            now, then = (ruler.size(start, group[i].end) for i in (last, last + 1))
            if then > room or then - aim > aim - now:
                break
            last += 1
        yield _back(group, first, last, ruler, budget, overlap), group[last].end
        first, room = last + 1, budget - overlap


def _back(group: list[_Atom], first: int, last: int, ruler: _Ruler, budget: int, overlap: int) -> int:
    """Return where a chunk starts: whole sentences earlier, within ``overlap`` tokens and the whole ``budget``."""
    start = first
    while (
        start > 0
        and ruler.size(group[start - 1].start, group[first].start) <= overlap
        and ruler.size(group[start - 1].start, group[last].end) <= budget
    ):
        start -= 1
    return group[start].start
