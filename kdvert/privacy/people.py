"""Who is who among the names of a document: which word is a given name, which a family name, whose an initial is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kdvert.privacy import gazetteer
from kdvert.privacy.placeholders import full_names
from kdvert.privacy.surrogate_names import HONORIFICS, Gender, Role, gender_by_title, gender_of

_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_PARTICLES = frozenset("de da di del della dos das do van von der den la le el al bin ibn y e du des".split())


@dataclass(frozen=True)
class NameToken:
    """A word or initial of a name, ``value[start:end]``."""

    start: int
    end: int
    text: str


def name_tokens(value: str) -> Iterator[NameToken]:
    """Yield the words and initials of a name, without titles and particles."""
    for match in _WORD.finditer(value):
        word = match.group()
        if (word.casefold() in HONORIFICS and len(word) > 1) or word in _PARTICLES:
            continue
        yield NameToken(match.start(), match.end(), word)


@dataclass(frozen=True)
class People:
    """The names of a document.

    Attributes:
        words: every word of a name in lower case, longer than an initial.
        roles: role by word.
        genders: gender by given name.
        persons: words of the fullest name by each name as written.
    """

    words: tuple[str, ...] = ()
    roles: dict[str, Role] = field(default_factory=dict)
    genders: dict[str, Gender | None] = field(default_factory=dict)
    persons: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[tuple[str, str]], language: str) -> People:
        """Read names.

        Args:
            names: each name as written, and the text before it.
            language: in Spanish a person has two family names.
        """
        roles: dict[str, Role] = {}
        genders: dict[str, Gender | None] = {}
        longest_first = sorted(dict.fromkeys(names), key=lambda n: (-len(list(name_tokens(n[0]))), n))
        for value, before in longest_first:
            for word, role in _roles(value, before, language):
                roles.setdefault(word, role)
                if role == "given":
                    genders[word] = gender_of(word)
        persons = full_names([value for value, _ in names], [])
        for value, before in names:  # "Mrs. Alvarez" tells of Leonor Alvarez
            for word in persons[value]:
                if genders.get(word, "male") is None:
                    genders[word] = _title_gender(value, before)
        return cls(tuple(sorted(roles)), roles, genders, persons)

    def role(self, word: str) -> Role:
        """Return whether ``word`` is a given or a family name."""
        return self.roles.get(word.casefold(), "family")

    def gender(self, word: str) -> Gender | None:
        """Return the gender of a given name."""
        return self.genders.get(word.casefold())

    def word_of_initial(self, value: str, letter: str) -> str | None:
        """Return the word of a person's fullest name that ``letter`` in the shorter name ``value`` stands for."""
        own = {t.text.casefold() for t in name_tokens(value)}
        full = sorted(w for w in self.persons.get(value, ()) if len(w) > 1 and w not in own)
        return next((w for w in full if w.startswith(letter.casefold()) and w in self.roles), None)

    def word_of_letter(self, letter: str, beside: str) -> str | None:
        """Return a word that begins with ``letter`` in the name of a person who is also called ``beside``."""
        for person in self.persons.values():
            if beside in person:
                for word in sorted(person - {beside}):
                    if word.startswith(letter) and len(word) > 1 and word in self.roles:
                        return word
        return None


def _roles(value: str, before: str, language: str) -> Iterable[tuple[str, Role]]:
    full = [t for t in name_tokens(value) if len(t.text) > 1]
    words = [t.text.casefold() for t in full]
    if len(words) < 2:
        return [(w, _single(w, value, before)) for w in words]
    comma = value.find(",")
    if comma >= 0:  # "Alvarez, Maria"
        return [(w, "family" if t.start < comma else "given") for w, t in zip(words, full, strict=True)]
    given = len(words) - 1
    if language == "es" and len(words) > 2:
        given = 2 if len(words) > 3 or words[1] in gazetteer.first_names() - gazetteer.surnames() else 1
    if any(len(t.text) == 1 for t in name_tokens(value)) and value[-1:].isupper() and language == "en":
        given = len(words) - 1  # "Alvarez Maria L"
    return [(w, "given" if i < given else "family") for i, w in enumerate(words)]


def _single(word: str, value: str, before: str) -> Role:
    alone = next(iter(name_tokens(value)), None)
    titled = gender_by_title(before) or (alone and value[: alone.start].strip())
    if titled or any(len(t.text) == 1 for t in name_tokens(value)):
        return "family"
    given = word in gazetteer.first_names() and (gender_of(word) or word not in gazetteer.surnames())
    return "given" if given else "family"


def _title_gender(value: str, before: str) -> Gender | None:
    first = next(iter(name_tokens(value)), None)
    return gender_by_title(value[: first.start]) or gender_by_title(before) if first else None
