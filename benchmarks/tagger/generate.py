r"""Write templates out to marked texts: alternatives chosen, slots filled, several joined, made untidy as texts are.

A template is one line of ``templates/<language>_<style>.txt``: ``{slot}`` is filled by `values`, ``[a|b|]`` is one of
its alternatives (they nest), ``\n`` a line break, ``#`` at the start a comment. ``rules_<language>.yaml`` names parts
of templates that are used as slots too.
"""

from __future__ import annotations

import random
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from prose import sentences
from values import Values, running_words

FOLDER = Path(__file__).parent / "templates"
LANGUAGES = ("en", "es", "fr")
HELD_OUT = 12
"""One template in so many is kept out of training, and scores are taken on it."""
NEAR_COPY = 80
"""A template that is so like one that is trained on (100: the same letters) is no test, and is trained on too."""
RUNNING = {"en": 0.12, "es": 0.2, "fr": 0.2}
"""Share of texts that are strung together from words (see `Generator.running`)."""
RARE = 0.2
"""Share of the words of English running text that are drawn from the dictionary, however rare they are."""
PROSE = 0.1
"""Share of English texts that are sentences of the sample corpora, in which nobody is named."""
ANYWHERE = (
    "name", "name", "plainname", "plainname", "plainname", "given", "family", "town", "date", "org", "street", "street",
    "hospital", "phone", "num", "sum", "area", "year", "rule",
)  # fmt: skip
"""Slots that stand between the words of running text."""
ORDINARY = {
    "en": ("namedafter", "namedafter", "eponym", "code", "abbreviated", "scholar", "publicfirm", "theorist", "generic"),
    "es": (),
    "fr": (),
}  # fmt: skip
"""More of them that are personal to nobody."""

Piece = tuple[str, str | None]


@dataclass(frozen=True)
class Example:
    """A text and its spans: start, end (exclusive), label."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


@cache
def templates(language: str, held_out: bool) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (style, templates) for one language: those of one side of the split."""
    files = {path.stem.split("_", 1)[1]: _lines(path) for path in sorted(FOLDER.glob(f"{language}_*.txt"))}
    kept_out = _held_out([line for lines in files.values() for line in lines])
    sides = {style: tuple(x for x in lines if (x in kept_out) == held_out) for style, lines in files.items()}
    return tuple((style, lines) for style, lines in sides.items() if lines)


def _lines(path: Path) -> list[str]:
    return [x for x in path.read_text(encoding="utf-8").splitlines() if x.strip() and not x.startswith("#")]


def _held_out(lines: Sequence[str]) -> frozenset[str]:
    """Return the templates that are kept for scoring: some, by their text alone, that are no near copy of another."""
    from rapidfuzz.process import cdist

    drawn = [line for line in lines if zlib.crc32(line.encode()) % HELD_OUT == 0]
    others = [line for line in lines if line not in set(drawn)]
    likeness = cdist(drawn, others) if drawn and others else None
    return frozenset(x for n, x in enumerate(drawn) if likeness is None or likeness[n].max() < NEAR_COPY)


@cache
def rules(language: str) -> dict[str, str]:
    """Return the named parts of templates of a language."""
    path = FOLDER / f"rules_{language}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


class Generator:
    """An endless source of marked texts of one language; the same seed gives the same texts."""

    def __init__(self, seed: int, language: str, held_out: bool = False) -> None:
        self.rng = random.Random(f"{seed}/{language}/{held_out}")
        self.language = language
        self.held_out = held_out
        self.values = Values(self.rng, language)
        self.styles = templates(language, held_out)
        self._weights = [len(lines) ** 0.5 for _, lines in self.styles]

    def __iter__(self) -> Iterator[Example]:
        while True:
            yield self.example()

    def example(self) -> Example:
        """Make one text of one to eight templates."""
        count = self.rng.choice((1, 1, 1, 2, 3, 4, 6, 8))
        lines = self._style()
        pieces: list[Piece] = []
        for _ in range(count):
            if self.rng.random() < 0.3:
                lines = self._style()
            if pieces:
                pieces.append((self.rng.choice((" ", " ", "\n", "\n", "\n\n", ".\n")), None))
            pieces += self._part(lines)
        return joined(untidy(pieces, self.rng))

    def _part(self, lines: Sequence[str]) -> list[Piece]:
        kind, share = self.rng.random(), RUNNING[self.language]
        if kind < share:
            return self.running()
        if self.language == "en" and not self.held_out and kind < share + PROSE:
            return [*self.expand("[|||{carrier}|{speaker}]"), (self.rng.choice(sentences()), None)]
        return self.expand(self.rng.choice(lines))

    def _style(self) -> tuple[str, ...]:
        return self.rng.choices(self.styles, self._weights)[0][1]

    def running(self) -> list[Piece]:
        """String words of the language together, some capitalized, with now and then something personal between them.

        It makes no sense, and shows which words are ordinary and that a name can stand anywhere.
        """
        words, summed = running_words(self.language)
        pieces: list[Piece] = []
        for number, word in enumerate(self.rng.choices(words, cum_weights=summed, k=self.rng.randint(4, 40))):
            chance = self.rng.random()
            gap = " " if number else ""
            if chance < 0.05:
                pieces += [(gap, None), *self.expand("{" + self.rng.choice(ANYWHERE + ORDINARY[self.language]) + "}")]
                continue
            if self.language == "en" and self.rng.random() < RARE:
                word = self.values.draw("term")[0]
            shown = word.capitalize() if chance < 0.1 or not number else word.upper() if chance < 0.11 else word
            mark = self.rng.choice(",.;:)") if self.rng.random() < 0.1 else ""
            pieces.append((gap + shown + mark, None))
        return [*pieces, (".", None)]

    def expand(self, template: str) -> list[Piece]:
        """Choose the alternatives of a template and fill its slots."""
        pieces: list[Piece] = []
        for part in re.split(r"(\{\w+\})", chosen(template, self.rng).replace("\\n", "\n").replace("\\t", "\t")):
            if not re.fullmatch(r"\{\w+\}", part):
                pieces.append((part, None))
                continue
            slot = part[1:-1]
            if slot in rules(self.language):
                pieces += self.expand(rules(self.language)[slot])
            else:
                pieces.append(self.values.draw(slot))
        return titles_marked(pieces)


TITLE = re.compile(
    r"\b(?:(?:The )?Hon(?:'ble|ourable|orable|\.)? )?"
    r"(?:M[Rr]|M[Rr][Ss]|M[Ss]|Miss|Mx|Messrs|D[Rr]|Dra|Prof|Professor|Rev|Sir|Dame|Lord|Lady|Shri|Smt|Sri|Kumari|Km|Sh|Er|Adv|Capt|"
    r"Captain|Col|Lt|Sgt|Judge|JUDGE|(?:(?:Lord|Lady|Chief|Mr\.?|Mrs\.?|Ms\.?|Dr\.?) )?Justice|Sr|Sra|Sres|Srta|D|Dña|"
    r"Don|Doña|M|MM|Mme|Mmes|Mlle|Me|Mes|Maître|Monsieur|Madame)\.? ?$"
)


def titles_marked(pieces: Sequence[Piece]) -> list[Piece]:
    """Give a title that a template writes before a person's name its label."""
    marked: list[Piece] = []
    for (text, label), (_, following) in zip(pieces, [*pieces[1:], ("", None)], strict=True):
        found = TITLE.search(text) if label is None and following == "PERSON" else None
        if found:
            marked += [(text[: found.start()], None), (text[found.start() :], "TITLE")]
        else:
            marked.append((text, label))
    return marked


def chosen(template: str, rng: random.Random) -> str:
    """Replace each ``[a|b]`` by one of its alternatives, the innermost first."""
    while match := re.search(r"\[([^\[\]]*)\]", template):
        template = template[: match.start()] + rng.choice(match.group(1).split("|")) + template[match.end() :]
    return template


def untidy(pieces: Sequence[Piece], rng: random.Random) -> list[Piece]:
    """Change the case, accents, blanks or marks of half of the texts as typists, forms and scanners do."""
    change = rng.choices(list(CHANGES), list(CHANGES.values()))[0]
    return [(change(text, label, rng), label) for text, label in pieces]


def _as_is(text: str, label: str | None, rng: random.Random) -> str:
    return text


def _lower(text: str, label: str | None, rng: random.Random) -> str:
    return text.lower()


def _upper(text: str, label: str | None, rng: random.Random) -> str:
    return text.upper()


def _titled(text: str, label: str | None, rng: random.Random) -> str:
    return text.title() if label or rng.random() < 0.5 else text


def _upper_names(text: str, label: str | None, rng: random.Random) -> str:
    return text.upper() if label == "PERSON" else text


def _without_accents(text: str, label: str | None, rng: random.Random) -> str:
    return without_accents(text)


def _without_marks(text: str, label: str | None, rng: random.Random) -> str:
    return text if label else re.sub(r"[.,;:]", lambda m: rng.choice((m.group(), "")), text)


def _wrapped(text: str, label: str | None, rng: random.Random) -> str:
    return re.sub(" ", lambda _: rng.choice(" " * 9 + "\n"), text)


def _in_columns(text: str, label: str | None, rng: random.Random) -> str:
    return (
        text if label else re.sub(r"(?<=\w)[:.,]? ", lambda m: rng.choice((m.group(), m.group(), "  ", "     ")), text)
    )


def _indented(text: str, label: str | None, rng: random.Random) -> str:
    return re.sub("\n", lambda _: "\n" + " " * rng.randint(0, 30), text)


def _scanned(text: str, label: str | None, rng: random.Random) -> str:
    return scanned(text, rng)


def _spaced_marks(text: str, label: str | None, rng: random.Random) -> str:
    return re.sub(r"(?<=\w)([-.,()'\"])", r" \1 " if rng.random() < 0.5 else r" \1", text)


def _curly(text: str, label: str | None, rng: random.Random) -> str:
    return text.replace("'", "’").replace(' "', " “").replace('"', "”")


def _glued(text: str, label: str | None, rng: random.Random) -> str:
    return text if label else re.sub(r"([.,:]) ", r"\1", text)


CHANGES: dict[Callable[[str, str | None, random.Random], str], int] = {
    _as_is: 41, _curly: 5, _lower: 7, _upper: 5, _titled: 4, _upper_names: 4, _without_accents: 6, _without_marks: 4,
    _wrapped: 6, _in_columns: 4, _indented: 3, _scanned: 3, _spaced_marks: 5, _glued: 3,
}  # fmt: skip
"""What is done to a text, and how many texts in a hundred it is done to."""


def without_accents(text: str) -> str:
    """Write ``text`` in plain Latin letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def scanned(text: str, rng: random.Random) -> str:
    """Misread a letter here and there."""
    swaps = {"l": "1", "O": "0", "0": "O", "1": "l", "m": "rn", "e": "c", "I": "l", "é": "e", "ñ": "n"}
    return "".join(swaps[c] if c in swaps and rng.random() < 0.06 else c for c in text)


def joined(pieces: Sequence[Piece]) -> Example:
    """Put pieces together and say where the labels lie; blanks at the ends of a value get none."""
    text, spans = "", []
    for part, label in pieces:
        if label and part.strip():
            lead = len(part) - len(part.lstrip())
            spans.append((len(text) + lead, len(text) + len(part.rstrip()), label))
        text += part
    return Example(text, tuple(spans))
