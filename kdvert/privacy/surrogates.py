"""Surrogates: made-up values in the place of personal data, alike in form and the same for the same value.

Every value is drawn by HMAC from a secret key and the value itself (`draws`), so that a rerun gives the same text and
nobody without the key can check a guess. Within a document two values never share a surrogate, and no surrogate is a
value of the document. With one key for a whole corpus a word of a name becomes the same word everywhere; there,
different values may share a surrogate, since no list of them is kept.

A name is made word by word, so "Maria Alvarez", "Alvarez" and "M. Alvarez" stay one person, and relatives stay
relatives. Where nothing fitting can be made up (free words, secrets, a value inside another word), a placeholder
stands instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kdvert.privacy import checksums, languages, surrogate_dates, surrogate_names, surrogate_numbers
from kdvert.privacy.draws import Draws, derived
from kdvert.privacy.ledger import PERSON, Entry
from kdvert.privacy.names import words_of
from kdvert.privacy.people import People, name_tokens
from kdvert.privacy.placeholders import Numbering
from kdvert.privacy.spans import Piece
from kdvert.privacy.surrogate_places import PLACES, place_parts

TRIES = 200
_DATE = re.compile(r"DATE(?:_|$)")
_NAME_SHAPE = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ\s.,’'-]{0,79}")  # names in Latin letters, as the lists have them
_EMAIL = re.compile(r"([^\s@]+)@([^\s@]+)")
_URL = re.compile(r"(?i)((?:[a-z]+://)?(?:www\d?\.)?)([^/?#\s]+)(.*)", re.DOTALL)
_RESERVED = ("example.com", "example.net", "example.org")
"""Domains that nobody can own (RFC 2606)."""


@dataclass
class Surrogates:
    """The surrogates of one document; it takes the place of `Numbering`, which numbers what has none.

    Attributes:
        key: the secret of the document, or of the corpus.
        document_key: the secret of the document.
        unique: two values of the document never share a surrogate (not with a key for the corpus).
        language: whose names are taken.
        numbers: placeholders for the rest.
        made: surrogate word by kind and original.
        attempts: by type and number, which draw was taken.
        taken: surrogates in use, normalized.
        entries: what was emitted, for the ledger.
    """

    key: bytes
    document_key: bytes
    unique: bool
    language: str
    numbers: Numbering
    made: dict[tuple[str, str], str] = field(default_factory=dict)
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    entries: set[Entry] = field(default_factory=set)
    _people: People = field(default_factory=People, repr=False)
    _raw: frozenset[str] = field(default_factory=frozenset, repr=False)
    _shift: surrogate_dates.Shift | None = field(default=None, repr=False)

    @classmethod
    def of(cls, key: bytes, consistency: str, document_id: str, *texts: str) -> Surrogates:
        """Start a document.

        Args:
            key: the secret of the project or the corpus.
            consistency: ``corpus`` or ``document``.
            document_id: part of what a document's own draws depend on.
            texts: the document's raw texts.
        """
        own = derived(key, "document", document_id)
        unique = consistency != "corpus"
        language = languages.language_of("\n".join(texts), tuple(surrogate_names.LOCALES))
        return cls(own if unique else derived(key, "corpus"), own, unique, language, Numbering.of(*texts))

    def copy(self) -> Surrogates:
        """Return an independent copy."""
        return replace(
            self,
            numbers=self.numbers.copy(),
            made=dict(self.made),
            attempts=dict(self.attempts),
            taken=set(self.taken),
            entries=set(self.entries),
        )

    def take(self, other: Surrogates) -> None:
        """Become the same as ``other``."""
        self.numbers.take(other.numbers)
        self.made, self.attempts, self.taken, self.entries = other.made, other.attempts, other.taken, other.entries

    def replacements(self, text: str, pieces: Sequence[Piece], zip3_small: frozenset[str]) -> list[str]:
        """Return what stands in the place of each piece of ``text``."""
        values = [text[p.start : p.end] for p in pieces]
        self._prepare(text, pieces, values)
        fakes = [self._surrogate(text, pieces, i, value) for i, value in enumerate(values)]
        rest = [piece for piece, fake in zip(pieces, fakes, strict=True) if fake is None]
        placeholders = iter(self.numbers.replacements(text, rest, zip3_small))
        self.entries |= {Entry(p.entity, f) for p, f in zip(pieces, fakes, strict=True) if f is not None}
        return [fake if fake is not None else next(placeholders) for fake in fakes]

    def _prepare(self, text: str, pieces: Sequence[Piece], values: Sequence[str]) -> None:
        names = [(v, text[max(0, p.start - 20) : p.start]) for p, v in zip(pieces, values) if p.entity == PERSON]
        self._people = People.of(names, self.language)
        known = {w.casefold() for v in values for w in words_of(v) if len(w) > 1} | {_plain(v) for v in values}
        self._raw = frozenset(known) if self.unique else frozenset()
        dates = [v for p, v in zip(pieces, values) if _DATE.search(p.entity)]
        first = surrogate_dates.day_first(dates, self.language)
        moved = surrogate_dates.offset(Draws(self.document_key, "offset of dates"))
        self._shift = surrogate_dates.Shift(moved, first, self.language)

    def _surrogate(self, text: str, pieces: Sequence[Piece], i: int, value: str) -> str | None:
        piece = pieces[i]
        if piece.action != "replace" or not _is_apart(text, pieces, i):
            return None
        try:
            fake = self._maker(piece.entity)(piece.entity, value)
        except _NothingFits:
            return None
        return None if fake is None or _plain(fake) == _plain(value) else fake

    def _maker(self, entity: str) -> Callable[[str, str], str | None]:
        if _DATE.search(entity):
            return lambda entity, value: self._shift(value) if self._shift else None
        if entity in PLACES:
            return self._place
        return {PERSON: self._person, "EMAIL_ADDRESS": self._email, "URL": self._url}.get(
            entity, self._username if entity.endswith("USERNAME") else self._number
        )

    def _person(self, entity: str, value: str) -> str | None:
        if not _NAME_SHAPE.fullmatch(value) or len(words_of(value)) > 6:
            return None
        parts: list[str] = []
        cursor = 0
        for token in name_tokens(value):
            parts += [value[cursor : token.start], self._name_part(value, token.text)]
            cursor = token.end
        return "".join([*parts, value[cursor:]])

    def _name_part(self, value: str, word: str) -> str:
        if len(word) == 1:
            return self._initial(value, word)
        return _in_case(word, self._name_word(word))

    def _name_word(self, word: str) -> str:
        role, gender = self._people.role(word), self._people.gender(word)
        return self._word(
            role, word.casefold(), lambda draws: surrogate_names.name_word(draws, role, gender, self.language)
        )

    def _initial(self, value: str, letter: str) -> str:
        if full := self._people.word_of_initial(value, letter):
            return _in_case(letter, self._name_word(full)[0])
        others = [c for c in surrogate_numbers.LETTERS if c.casefold() != letter.casefold()]
        return _in_case(letter, Draws(self.key, "initial", value.casefold(), letter.casefold()).pick(others))

    def _place(self, entity: str, value: str) -> str | None:
        if entity in ("CITY", "LOCATION") and not any(c.isdigit() for c in value):
            return self._word("town", _plain(value), lambda draws: surrogate_names.city(draws, self.language))
        parts = place_parts(value)
        return "".join(self._place_part(part) if told else part for part, told in parts) if parts else None

    def _place_part(self, part: str) -> str:
        if any(c.isdigit() for c in part):
            fake = self._number("place", part)
            return part if fake is None else fake
        word = self._word(
            "place", part.casefold(), lambda draws: surrogate_names.name_word(draws, "family", None, self.language)
        )
        return _in_case(part, word)

    def _email(self, entity: str, value: str) -> str | None:
        match = _EMAIL.fullmatch(value)
        if match is None:
            return None
        domain = self._word("domain", match.group(2).casefold(), lambda draws: draws.pick(_RESERVED), shared=True)
        return f"{self._handle(match.group(1))}@{domain}"

    def _username(self, entity: str, value: str) -> str | None:
        return self._handle(value)

    def _handle(self, value: str) -> str:
        """Return a made-up user name: words of names that the document knows become their surrogates."""
        known = max((w for w in self._people.words if len(w) > 2 and w in value.casefold()), key=len, default="")
        parts = re.findall(r"[^\W\d_]+|\d+|[\W_]+", value)
        return "".join(self._handle_part(part, known) if part.isalnum() else part for part in parts)

    def _handle_part(self, part: str, known: str) -> str:
        own = max((w for w in self._people.words if len(w) > 2 and w in part.casefold()), key=len, default="")
        if not own:
            return self._letter(part, known) if len(part) == 1 else self._scrambled(part)
        before, _, after = part.casefold().partition(own)
        lead = "".join(self._letter(c, own) for c in before)
        made = f"{lead}{self._name_word(own).lower()}{self._scrambled(after) if after else ''}"
        return made.upper() if part.isupper() else made

    def _letter(self, letter: str, known: str) -> str:
        """Return the initial that the person called ``known`` has now in the place of ``letter``."""
        word = self._people.word_of_letter(letter.casefold(), known)
        return _in_case(letter, self._name_word(word)[0]) if word else self._scrambled(letter)

    def _scrambled(self, part: str) -> str:
        draws = Draws(self.key, "letters", part.casefold())
        pool = [c for c in "abcdefghijklmnopqrstuvwxyz" if c not in part.casefold()]
        drawn = (str(draws.below(10)) if c.isdigit() else draws.pick(pool) for c in part)
        made = surrogate_numbers.poured(part, "".join(drawn))
        return made if made != part or not part.isdigit() else str((int(part[0]) + 1) % 10) + part[1:]

    def _url(self, entity: str, value: str) -> str | None:
        match = _URL.fullmatch(value)
        if match is None:
            return None
        lead, host, path = match.groups()
        domain = self._word("domain", host.casefold(), lambda draws: draws.pick(_RESERVED), shared=True)
        name = self._scrambled(re.sub(r"\W", "", host.rsplit(".", 1)[0]))
        return f"{lead}{name}.{domain}{self._handle(path)}"

    def _number(self, entity: str, value: str) -> str | None:
        """Draw the characters once per value, and write them as each mention is written."""
        key = _number_key(entity, value)
        if (entity, key) not in self.attempts:
            self._settle_attempt(entity, key, value)
        return surrogate_numbers.number(entity, value, Draws(self.key, entity, key, str(self.attempts[entity, key])))

    def _settle_attempt(self, entity: str, key: str, value: str) -> None:
        for attempt in range(TRIES):
            made = surrogate_numbers.number(entity, value, Draws(self.key, entity, key, str(attempt)))
            if made is None or self._is_free(made, key, words=()):
                self.attempts[entity, key] = attempt
                self.taken.add(_plain(made or ""))
                return
        raise _NothingFits

    def _word(self, kind: str, value: str, make: Callable[[Draws], str], *, shared: bool = False) -> str:
        """Return what was made for ``value`` before, or draw until it is not the original and nobody else's.

        ``shared`` words may stand for several originals.
        """
        slot = (kind, value)
        for attempt in range(TRIES):
            if slot in self.made:
                break
            made = make(Draws(self.key, kind, value, str(attempt)))
            if shared or self._is_free(made, value, words=words_of(made)):
                self.made[slot] = made
                self.taken.add(_plain(made))
        if slot not in self.made:
            raise _NothingFits
        return self.made[slot]

    def _is_free(self, made: str, original: str, *, words: Sequence[str]) -> bool:
        """Return whether ``made`` is not the original and, in a document, nothing that stands in it or was made."""
        plain = _plain(made)
        if plain == _plain(original):
            return False
        raw = any(word.casefold() in self._raw for word in (*words, plain))
        return not self.unique or (plain not in self.taken and not raw)


class _NothingFits(Exception):
    """Every value that was drawn is the original or is taken: a placeholder stands instead."""


def _number_key(entity: str, value: str) -> str:
    plain = checksums.compact(value).casefold()
    return plain[-10:] if entity in ("PHONE_NUMBER", "FAX_NUMBER") else plain


def _is_apart(text: str, pieces: Sequence[Piece], i: int) -> bool:
    """Return whether a piece stands as words of its own: else it could not be found again in the ledger."""
    piece = pieces[i]
    touches = (i > 0 and pieces[i - 1].end == piece.start) or (i + 1 < len(pieces) and pieces[i + 1].start == piece.end)
    around = text[max(0, piece.start - 1) : piece.start], text[piece.end : piece.end + 1]
    return not (touches or around[0].isalnum() or around[1].isalnum())


def _plain(value: str) -> str:
    return re.sub(r"[\W_]+", "", value).casefold()


def _in_case(model: str, word: str) -> str:
    if model.isupper():
        return word.upper() if len(model) > 1 or len(word) == 1 else word
    return word.lower() if model.islower() else word
