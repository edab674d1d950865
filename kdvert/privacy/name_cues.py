"""Names that their surroundings give away, whatever a tagger says: kinship, roles in court, aliases, initials.

Court papers name people in forms that news text does not have: "R.T.Gowda S/o Basappa", "Smt.Leena K.Varkey",
"Veeresh (PW 3)", "Kashi Nath @ Pappu".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex as re

from kdvert.privacy import gazetteer

Span = tuple[int, int]

_WORD = r"\p{Lu}[\p{L}’'-]*\p{Ll}[\p{L}’'-]*"
_INITIALS = r"(?:\p{Lu}\.[^\S\n]{0,3}){1,4}"
_JOINED = r"(?:[^\S\n]{1,40}|(?<=\.)[^\S\n]{0,40})"  # justified text in PDFs has wide gaps
_PART = rf"(?:{_WORD}|\p{{Lu}}\.|\p{{Lu}}(?=[^\S\n]))"
_PARTICLE = r"(?:[^\S\n](?:de|da|di|del|van|von|bin|ibn|al|el))?"
LONGEST = 80
"""Characters of a name before a role."""
NAME = rf"(?:{_INITIALS})?{_PART}(?:{_PARTICLE}{_JOINED}{_PART}){{0,4}}"
"""One to five capitalized words or initials, also without a space behind an initial's dot."""

_LONG = re.compile(r"\p{L}{2,}")
_PARTS = re.compile(r"[\p{L}’'-]+\.?")
_HONORIFIC = (
    r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Smt|Shri|Sri|Sh|Sr|Sra|Srta|Don|Doña|Mme|Mlle|Me|M\.|Kum|Kumari|Adv|Advocate|Justice|"
    r"Hon['’]?ble(?:\sMr\.?|\sMrs\.?|\sMs\.?|\sDr\.?)?(?:\sJustice)?|Md|Begum)"
)
_KIN = r"(?:[SDWCsdwc]/[Oo]\.?|(?i:son|daughter|wife|widow)\sof(?:\slate)?|(?i:hij[oa])\sde|(?i:fils|fille)\sde)"
_ROLE_AFTER = re.compile(
    r"[^\S\n]{0,3}\(\s?(?:P\.?W|D\.?W|C\.?W|L\.?W|A|PW|DW)\.?[ -]?\d{1,3}\s?\)|"
    rf"[^\S\n]{{1,4}}{_KIN}|,?[^\S\n]{{1,4}}(?i:aged\sabout|r/o)\b"
)
_BEFORE_ROLE = re.compile(rf"(?<![\w.])(?P<name>{NAME})$")
_PARTY = (
    r"\b(?i:petitioners?|respondents?|appellants?|applicants?|revisionist|plaintiffs?|defendants?|accused|complainant|"
    r"coram|opposite\sparty|counsel\sfor\s[\w ]{1,30}?|"
    r"for\s(?:the\s)?(?:petitioners?|respondents?|appellants?|applicants?|state))"
    r"[^\S\n]{0,4}(?::-?|:–|–)[^\S\n]{0,40}"
)
_BEFORE = re.compile(
    rf"(?:(?<!\w)(?:{_HONORIFIC}(?:\.[^\S\n]{{0,40}}|[^\S\n]{{1,40}})){{1,3}}|{_PARTY}|{_KIN}[^\S\n]{{1,4}}"
    rf"(?:{_HONORIFIC}(?:\.[^\S\n]{{0,3}}|[^\S\n]{{1,4}})){{0,2}}|"
    rf"\b(?:P\.?W|D\.?W|L\.?W)\.?[ -]?\d{{1,3}}\)?[ \t,:-]{{1,4}})"
    rf"(?P<name>{NAME})"
)
_ALIAS = re.compile(rf"(?<![\w.])(?P<name>{NAME})[^\S\n]?@[^\S\n]?(?P<other>{NAME})(?!\w)")
_INITIALED = re.compile(rf"(?<![\w.])(?P<name>{_INITIALS}{_WORD}(?:[^\S\n]{{1,3}}{_WORD}){{0,2}})")
_NEXT = re.compile(
    rf"[^\S\n]{{0,4}}(?:,|&|;|/|\band\b|\bwith\b)\s{{0,40}}(?P<name>{NAME})(?=\s*(?:[,&;./()]|\band\b|$))"
)
_NO_INITIALS = re.compile(r"(?:U\.\s?S|N\.\s?Y|U\.\s?K|E\.\s?U|D\.\s?C|U\.\s?N|P\.\s?O|[AP]\.\s?M|S\.\s?A)\.")
NO_NAME = frozenset(
    """versus vs petitioner petitioners respondent respondents appellant appellants applicant accused court courts state
    union judge justice high supreme the and for hon honble counsel advocate advocates senior learned order judgment no
    nos section act state government police station district date dated present between
    witness plaintiff defendant complainant investigating officer bench chief india nos addl general ors anr sri smt
    shri mr mrs ms dr adv resp govt ltd opposite coram revisionist legislature legislatures town ps thana
    mohalla crpc ipc aor agp""".split()
)  # fmt: skip
"""Words of court papers that are no part of a name."""


def marked(text: str) -> Iterator[Span]:
    """Yield the spans of names that a cue beside them marks."""
    for match in _BEFORE.finditer(text):
        yield from _trimmed(text, match.span("name"))
    for role in _ROLE_AFTER.finditer(text):  # first the role, which is rare
        start = max(0, role.start() - LONGEST)
        if match := _BEFORE_ROLE.search(text[start : role.start()]):
            yield from _trimmed(text, (start + match.start("name"), role.start()))
    for match in _ALIAS.finditer(text) if "@" in text else ():
        yield from _trimmed(text, match.span("name"))
        yield from _trimmed(text, match.span("other"))
    for match in _INITIALED.finditer(text):
        if not _NO_INITIALS.match(match.group()):
            yield from _initialed(text, match.span("name"))


def listed(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the names that follow a known one in a list: "Suresh Tomar, K.L. Bhatia and Mohan Srivastava".

    Args:
        text: any text.
        spans: names that are known; those of one word start no list.
    """
    todo = [span for span in spans if re.search(r"\p{L}\W+\p{L}", text[slice(*span)])]  # one word may be a place
    seen = set(todo)
    while todo:
        match = _NEXT.match(text, todo.pop()[1])
        if match and match.span("name") not in seen and _looks_listed(match["name"]):
            seen.add(match.span("name"))
            todo.append(match.span("name"))
            yield match.span("name")


def _looks_listed(name: str) -> bool:
    """Return whether a word of ``name`` stands in a list of names, or it has several and none is in the dictionary."""
    words = [w.lower() for w in _LONG.findall(name)]
    if NO_NAME.intersection(words):
        return False
    known = any(w in gazetteer.first_names() or w in gazetteer.surnames() for w in words)
    return known or (len(words) > 1 and not any(map(gazetteer.is_ordinary, words)))


def _trimmed(text: str, span: Span) -> Iterator[Span]:
    """Drop words at either end that cannot be part of a name; give nothing back if none is left."""
    words = [m.span() for m in _PARTS.finditer(text[slice(*span)])]
    while words and _is_no_name(text, span, words[-1]):
        words.pop()
    while words and _is_no_name(text, span, words[0]):
        words.pop(0)
    if words and any(end - start > 2 for start, end in words):
        yield span[0] + words[0][0], span[0] + words[-1][1]


def _is_no_name(text: str, span: Span, word: Span) -> bool:
    plain = text[span[0] + word[0] : span[0] + word[1]].strip(".").lower()
    if plain in NO_NAME:
        return True
    known = plain in gazetteer.first_names() or plain in gazetteer.surnames()
    return len(plain) > 1 and not known and gazetteer.is_ordinary(plain)


def _initialed(text: str, span: Span) -> Iterator[Span]:
    """Take initials and a word for a name unless the word stands in the dictionary and in no list of names."""
    for start, end in _trimmed(text, span):
        if start == span[0]:
            yield start, end
