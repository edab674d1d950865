"""Corpora that are known: how one is recognized, and what its own terms and traps add to the license that was stated.

A fact about a corpus can only tighten a verdict: it stands beside the license as a link of its own. Facts are data in
``compliance/corpora``; a license on a set says little if the text in it belongs to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from pydantic import Field, model_validator

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.errors import UserError, WorkFailed
from kdvert.licensing.obligations import read_file
from kdvert.licensing.rulings import Judgment, Terms
from kdvert.licensing.terms import data_license
from kdvert.licensing.use import Use
from kdvert.registry import suggest

_HEAD = 3_000  # characters of a text in which a corpus names itself
_TAIL = 1_500


class Marks(ConfigBase):
    """What a corpus is recognized by. One mark that fits is enough.

    Attributes:
        hosts: of the web address, with everything below them.
        addresses: patterns over the web address and the words on the source, in lower case and without scheme.
        publishers: words in the publisher's name, in lower case.
        ids: what the id of a row starts with.
        titles: patterns over title and words on the source.
        texts: patterns over the ends of the text; these mind upper and lower case.
    """

    hosts: list[str] = Field(default_factory=list)
    addresses: list[str] = Field(default_factory=list)
    publishers: list[str] = Field(default_factory=list)
    ids: list[str] = Field(default_factory=list)
    titles: list[str] = Field(default_factory=list)
    texts: list[str] = Field(default_factory=list)


class Origin(ConfigBase):
    """What is known of where a document came from. Everything may name a person, so nothing of it is kept."""

    url: str | None = None
    publisher: str | None = None
    id: str | None = None
    source: str | None = None
    title: str | None = None
    text: str = ""


class ByLicense(ConfigBase):
    """Terms of a corpus for text that was stated under one of ``licenses`` (none: under any).

    ``terms`` left out adds nothing: the license that was stated is the corpus's own and says enough.
    """

    licenses: list[str] = Field(default_factory=list)
    terms: Terms | None = None


class Corpus(ConfigBase):
    """A known corpus.

    Attributes:
        id: stable name.
        title, publisher, url: what it is, who publishes it, where.
        trap: what goes wrong with it, in a sentence or two.
        marks: what it is recognized by.
        terms: the first entry that fits the stated license holds.
        written_by: models that wrote its text, whose terms then count too.
        examples, near_misses: origins that must, and must not, be recognized.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,40}$")
    title: str
    publisher: str
    url: str
    trap: str
    marks: Marks
    terms: list[ByLicense] = Field(default_factory=list)
    written_by: list[str] = Field(default_factory=list)
    examples: list[Origin] = Field(min_length=1)
    near_misses: list[Origin] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> Corpus:
        if not self.written_by and not any(entry.terms for entry in self.terms):
            raise ValueError("give terms, or the models that wrote it")
        return self

    def terms_for(self, expression: str) -> Terms | None:
        """Return the corpus's own terms for text stated under ``expression``; None if they add nothing."""
        stated = set(data_license(expression).licenses)
        fitting = (entry for entry in self.terms if not entry.licenses or stated <= set(entry.licenses))
        found = next(fitting, None)
        return found.terms if found else None

    def judge(self, use: Use, today: date, expression: str) -> Judgment | None:
        """Say what the corpus's own terms mean for a use on a day; None if they add nothing to the stated license."""
        terms = self.terms_for(expression)
        return terms.judge(self.title, use, today) if terms else None


class CorpusFile(ConfigBase):
    """A file of ``compliance/corpora``."""

    corpora: list[Corpus]


@cache
def all_corpora() -> dict[str, Corpus]:
    """Return every known corpus by id."""
    found: dict[str, Corpus] = {}
    for path in sorted((compliance_facts() / "corpora").glob("*.yaml")):
        for row in read_file(path, CorpusFile).corpora:
            if row.id in found:
                raise WorkFailed(f"{path}: '{row.id}' stands in the facts twice.", hint="Keep one row for it.")
            found[row.id] = row
    return found


def corpus(id_: str) -> Corpus:
    """Return the corpus ``id_``.

    Raises:
        UserError: there is none (near ids are suggested).
    """
    if id_ not in all_corpora():
        raise UserError(f"Unknown corpus '{id_}'.", hint=suggest(id_, all_corpora()))
    return all_corpora()[id_]


def terms(id_: str, expression: str) -> Terms | None:
    """Return what the corpus ``id_`` adds for text stated under ``expression``. See `Corpus.terms_for`."""
    return corpus(id_).terms_for(expression)


def writers(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the models that wrote the text of the corpora ``ids``, each once."""
    return tuple(dict.fromkeys(ref for id_ in ids for ref in corpus(id_).written_by))


def known(origin: Origin) -> tuple[str, ...]:
    """Return the ids of the corpora that a document is of, by what is known of its origin."""
    places = [_bare(place) for place in (origin.url, origin.source) if place]
    words = f"{origin.title or ''}\n{origin.source or ''}"[:2_000]
    ends = origin.text if len(origin.text) <= _HEAD + _TAIL else f"{origin.text[:_HEAD]}\n{origin.text[-_TAIL:]}"
    seen: dict[str, Any] = {"places": places, "words": words, "ends": ends, "origin": origin}
    return tuple(row.id for row in all_corpora().values() if _fits(row.id, row.marks, seen))


def _fits(id_: str, marks: Marks, seen: dict[str, Any]) -> bool:
    publisher = (seen["origin"].publisher or "").lower()
    id_of_row = seen["origin"].id or ""
    titles, texts, addresses = _patterns(id_)
    return (
        any(_below(place, host) for host in marks.hosts for place in seen["places"])
        or any(addresses.search(place) for place in seen["places"] if addresses)
        or any(name in publisher for name in marks.publishers)
        or any(id_of_row.startswith(prefix) for prefix in marks.ids)
        or bool(titles and titles.search(seen["words"]))
        or bool(texts and texts.search(seen["ends"]))
    )


@cache
def _patterns(id_: str) -> tuple[re.Pattern[str] | None, ...]:
    marks = all_corpora()[id_].marks
    kinds = ((marks.titles, re.IGNORECASE), (marks.texts, re.NOFLAG), (marks.addresses, re.NOFLAG))
    return tuple(re.compile("|".join(f"(?:{p})" for p in some), flags) if some else None for some, flags in kinds)


def _bare(place: str) -> str:
    return re.sub(r"^[a-z+]{2,10}://(?:[^/@]{1,100}@)?(?:www\.)?", "", place.strip().lower()[:1_000])


def _below(place: str, host: str) -> bool:
    found = re.split(r"[/:?#\s]", place, maxsplit=1)[0]
    return found == host or found.endswith(f".{host}")
