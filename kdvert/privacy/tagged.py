"""Turn what the trained tagger labels into findings, each label by what must be true of its values.

The tagger reads context and form; it knows neither the dictionary nor regions nor people of history. What it is sure of
is believed where the value has the shape of its kind; what it is less sure of needs a word list on its side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kdvert.privacy import gazetteer, names, organizations, places, public_ids
from kdvert.privacy.spans import Hit

Check = Callable[[str, int, int], bool]


@dataclass(frozen=True)
class Rule:
    """What a label of the tagger means.

    Attributes:
        entity: the type of the finding.
        sure: probability from which the tagger is believed.
        holds: whether a value, by text, start and end, has the shape of its kind.
        backed: probability that is enough where `backing` holds too; 1: none is.
        most: the highest score that a finding gets. Types are told apart better by recognizers of one type.
        languages: of the texts in which it is believed at all; none: all.
    """

    entity: str
    sure: float
    holds: Check
    backed: float = 1.0
    backing: Check = lambda text, start, end: False
    most: float = 0.6
    languages: tuple[str, ...] = ()


_SUM = re.compile(r"\b(?:loans?|sums?|amounts?|totals?|exceeds?)\s(?:of\s)?$|[$£€]\s?$", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[789]|20)\d\d")
_ENCLOSING = "(-"
"""Before an abbreviation, a sign that it stands for what was named before it, or for a syllable."""
_SPOKEN = re.compile(r"\b(?:I|I['’]m|[Mm]y|[Mm]e|[Yy]ou|[Yy]our)\b")
_CALLED = re.compile(
    r"(?:^|[.!?:\"“]\s|,\s|\b(?:by|hi|hello|hey|dear|thanks|with|and|or|said|asked?|tell|call(?:ed)?|named?|kid|son|daughter|"
    r"friend|boss|wife|husband|brother|sister|is|for)\s)$",
    re.IGNORECASE,
)
_CALLED_AFTER = re.compile(
    r"$|[,.!?]|['’]s?\b|\s(?:is|was|has|had|his|her|said|says|will|would|lives|works|can|could|and)\b"
)
"""Where a person stands in a message."""
_TOLL_FREE = re.compile(r"(?:\+?1[-. ]?)?\(?8(?:00|88|77|66|55|44|33)\)?[-. ]")
_FORMULA = re.compile(
    r"[∑√=±×÷≤≥<>→]|^-?[\d,]+\.\d+$|^[A-Z]{3}[\d,]+\.\d+|^[A-Z]{1,2}\d?\s?[-+–]\s?[A-Z]{1,2}\d?$|"
    r"^(?:1[4-9]|20)\d\d\s?[-–/]\s?(?:(?:1[4-9]|20)\d\d|\d\d)$"
)
"""What amounts, formulas and ranges of years hold, and no identifier."""
_DECIMAL = re.compile(r"(?<!\d)\d\.\d{3,}")
_SECRET = re.compile(
    r"pass|pwd|\bpin\b|secret|credential|log[ -]?[io]n|\bkey|\bcode|unlock|contraseña|clave|mot de passe|identifiant",
    re.IGNORECASE,
)
"""Words without which nothing is a password."""


def found(text: str, labeled: Sequence[Hit], language: str) -> Iterator[Hit]:
    """Yield findings; their scores are the tagger's probabilities, up to what the rule allows.

    Args:
        text: any text.
        labeled: what `tagger.tag` says of it.
        language: two-letter code of the text.
    """
    for hit in labeled:
        rule = RULES.get(hit.entity)
        if rule is None or (rule.languages and language not in rule.languages):
            continue
        believed = hit.score >= rule.sure or (hit.score >= rule.backed and rule.backing(text, hit.start, hit.end))
        if believed and rule.holds(text, hit.start, hit.end):
            region = rule.entity == "LOCATION" and places.is_region(text[hit.start : hit.end])
            yield Hit("REGION" if region else rule.entity, hit.start, hit.end, min(hit.score, rule.most))


def _has_digit(text: str, start: int, end: int) -> bool:
    return any(c.isdigit() for c in text[start:end])


def _has_capital(text: str, start: int, end: int) -> bool:
    return end - start > 1 and any(c.isupper() for c in text[start:end])


def _is_place(text: str, start: int, end: int) -> bool:
    """Return whether a value can name a place: abbreviations among words ("RPCI") name something else."""
    value = text[start:end]
    short = value.isupper() and value.isalpha() and len(value) < 6 and not places.is_region(value)
    return _has_capital(text, start, end) and not (short and text[start - 1 : start] in _ENCLOSING and start > 0)


def _is_word(text: str, start: int, end: int) -> bool:
    return end - start > 1


def _is_number(text: str, start: int, end: int) -> bool:
    enough = end - start >= 4 and sum(c.isdigit() for c in text[start:end]) >= 2
    return enough and not _FORMULA.search(text[start:end]) and not public_ids.is_public(text, start, end)


def _is_account(text: str, start: int, end: int) -> bool:
    """Return whether a value is longer than a ledger's account, and no sum."""
    digits = sum(c.isdigit() for c in text[start:end])
    return digits >= 6 and not _SUM.search(text, max(0, start - 20), start) and _is_number(text, start, end)


def _is_code(text: str, start: int, end: int) -> bool:
    return _has_digit(text, start, end) and not _YEAR.fullmatch(text[start:end])


def _is_phone(text: str, start: int, end: int) -> bool:
    value = text[start:end]
    return _is_number(text, start, end) and not (_DECIMAL.search(value) or _TOLL_FREE.match(value))


def _is_date(text: str, start: int, end: int) -> bool:
    return end - start > 4 and _has_digit(text, start, end)


def _is_street(text: str, start: int, end: int) -> bool:
    return end - start > 5 and _has_capital(text, start, end)


def _is_secret(text: str, start: int, end: int) -> bool:
    return end - start >= 4 and not text[start:end].isalpha() and bool(_SECRET.search(text, max(0, start - 80), start))


def _is_username(text: str, start: int, end: int) -> bool:
    """Return whether a value is no single word and no compound of ordinary ones ("up-to-date")."""
    parts = re.split(r"[-.]", text[start:end])
    words = all(p.isalpha() and (len(parts) == 1 or gazetteer.is_ordinary(p)) for p in parts)
    return end - start >= 4 and not words


def _is_address(text: str, start: int, end: int) -> bool:
    return "@" in text[start:end]


def _is_firm(text: str, start: int, end: int) -> bool:
    return _has_capital(text, start, end) and not organizations.is_generic(text[start:end])


def _is_person(text: str, start: int, end: int) -> bool:
    return names.is_possible(text, (start, end))


def _is_listed(text: str, start: int, end: int) -> bool:
    """Return whether a word of the value is a name and not also another word."""
    words = [w.lower() for w in names.words_of(text[start:end]) if len(w) > 2]
    named = (w for w in words if w in gazetteer.first_names() or w in gazetteer.surnames())
    return any(w in gazetteer.common_first_names() or not gazetteer.is_ordinary(w) for w in named)


def _is_known(text: str, start: int, end: int) -> bool:
    """Return whether a value is listed, or is what a text that speaks to somebody calls a person by."""
    if _is_listed(text, start, end):
        return True
    word = text[start:end]
    spoken = word.isalpha() and word[0].isupper() and not word.isupper() and _SPOKEN.search(text)
    return bool(spoken and _CALLED.search(text, max(0, start - 30), start) and _CALLED_AFTER.match(text, end))


RULES: Mapping[str, Rule] = {
    "PERSON": Rule("PERSON", 0.8, _is_person, 0.35, _is_known, most=1.0),
    "LOCATION": Rule("LOCATION", 0.65, _is_place),
    "REGION": Rule("REGION", 0.6, _has_capital),
    "STREET_ADDRESS": Rule("STREET_ADDRESS", 0.8, _is_street, 0.5, _has_digit),
    "ZIP_CODE": Rule("ZIP_CODE", 0.5, _is_code),
    "ORGANIZATION": Rule("ORGANIZATION", 0.8, _is_firm),
    "HEALTH_FACILITY": Rule("HEALTH_FACILITY", 0.5, _has_capital),
    "DATE_TIME": Rule("DATE_TIME", 0.7, _is_date),
    "AGE": Rule("STATED_AGE", 0.85, _has_digit, languages=("es", "fr")),
    "PHONE_NUMBER": Rule("PHONE_NUMBER", 0.7, _is_phone),
    "EMAIL_ADDRESS": Rule("EMAIL_ADDRESS", 0.5, _is_address),
    "UNIQUE_ID": Rule("UNIQUE_ID", 0.7, _is_number),
    "USERNAME": Rule("USERNAME", 0.8, _is_username),
    "PASSWORD": Rule("PASSWORD", 0.8, _is_secret),
    "NRP": Rule("NRP", 0.5, _is_word),
    "TITLE": Rule("TITLE", 0.8, _is_word),
    "SEX": Rule("SEX", 0.7, _is_word, languages=("es", "fr")),
    "FINANCIAL_ACCOUNT": Rule("FINANCIAL_ACCOUNT", 0.7, _is_account),
}
"""What each label of the tagger stands for; those that are missing name nobody, or are right too rarely."""
ENTITIES = frozenset({"REGION", *(rule.entity for rule in RULES.values())})
"""The types that `found` gives."""
