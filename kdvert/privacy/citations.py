"""Find cited cases ("Roe v. Wade, 410 U.S. 113"): whom a published decision names is no secret of this document.

A case counts as cited by what stands behind it, a report or a year, or by what leads to it in a sentence ("held in").
The caption of the document's own case has neither. Source of the forms: the Bluebook, rule 10; OSCOLA, part 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy.spans import Hit, merged, subtract

Span = tuple[int, int]

CITABLE = frozenset(
    {"PERSON", "ORGANIZATION", "LOCATION", "CITY", "REGION", "NRP", "TITLE", "DATE_TIME", "TIME_EXPRESSION",
     "DOCKET_NUMBER", "UNIQUE_ID"}
)  # fmt: skip
"""Types of what a citation holds."""

_WORD = r"(?!(?:Nos?|Case|Docket|Civ|Crl|Criminal|Civil|Index|Claim)\b)"
_WORD += (
    r"(?:(?:\p{Lu}\.)+[\p{L}\p{M}]*|\p{Lu}[\p{L}\p{M}’'&-]*(?:(?<=\b(?:Co|Inc|Ltd|Corp|St|Dr|Mr|Mrs|Bros|Govt|Assn|Comm|Dept|Ins|"
    r"Univ|Bd|Ry|Mfg|Nat|Pvt))\.)?)"
)
_SMALL = r"(?:of|the|&|de|la)"
_MORE = rf"(?<!(?:Co|Inc|Ltd|Corp|LLC)\.),?\s(?:{_SMALL}\b\.?\s){{0,2}}{_WORD}"
_PARTY = rf"{_WORD}(?:{_MORE}){{0,7}}(?:,?\s(?:and|&)\s(?:others?|ors?|anr|another)\b\.?)?"
_VERSUS = re.compile(r"\s(?:[vV]s?\.?|[vV]ersus)\s")
_BEFORE = re.compile(rf"(?<![\p{{L}}.]){_PARTY}$")
_AFTER = re.compile(_PARTY)
_LONGEST = 120
"""Characters of a party's name."""
_REPORT = (
    r"(?:A\.?I\.?R\.?|I\.?L\.?R\.?|S\.?C\.?[CR]\.?|S\.?C\.?A\.?L\.?E|SCC|SCR|Cr\.?\s?L\.?\s?J|Cri\.?L\.?J|JT|MANU|"
    r"U\.\s?S\.|F\.\s?(?:2d|3d|4th|Supp)|S\.\s?Ct|L\.\s?Ed|N\.\s?[EW]\.|So\.|P\.\s?[23]d|A\.\s?[23]d|S\.\s?[EW]\.|"
    r"A\.?C\b|Q\.?B|K\.?B|Ch\b|W\.?L\.?R|All\s?E\.?R|UKSC|UKHL|EWCA|EWHC|ECHR|EHRR|CLR|DLR|SCC\sOnLine|WL\b|LEXIS)"
)
_TAIL = re.compile(
    rf",?\s{{0,3}}(?:[,(\[]{{0,2}}\s?(?:reported\s(?:in|as|at)\b|(?:1[6-9]|20)\d\d\b|\d{{1,4}}\s{_REPORT}|{_REPORT}\s?\d)|"
    r"\(?(?:supra|ibid)\b|(?:case|decision|ruling|judgment|doctrine|test|rule|standard)\b)"
)
_REST = re.compile(
    rf"(?:[\s,;:()\[\]–-]|\d+|{_REPORT}\.?|\b(?:reported|in|as|at|p|pp|para|Supp|SC|HC|Cir|DB|FB|WL|d|nd|rd|th)\b\.?|"
    r"\b(?:9th|2d|3d|[SN]\.D\.N?\.?Y?\.?)\b){1,40}"
)
"""The report behind a case's name."""
_LEAD = re.compile(
    r"\b(?:[Ii]n|[Ss]ee(?:\salso)?,?|[Cc]f\.?|citing|following|overrul\w+|appl(?:ied|ying)|reli(?:ed|ance|es|ying)\s(?:up)?on|"
    r"(?:case|decision|judgment|ruling|ratio|dictum)\s(?:of|in)|held\s(?:by\s[\w ]{2,40}\s)?in|[Uu]nder|distinguish\w+|"
    r"law\slaid\sdown\sin|established\sin|since)\s(?:the\s)?(?:case\sof\s|matter\sof\s)?$"
)
_OPENING = re.compile(r"(?:In|See|Under|Since|Cf\.)\s(?:the\s)?(?:case\sof\s)?")
"""The same at the start of a sentence, where it looks like a part of the name."""
_OWN = re.compile(r",?\s{0,3}\(?(?:[Nn]o|[Cc]ase|[Dd]ocket|[Cc]iv|[Cc]rim|[Ii]ndex|[Cc]laim)\b")
"""A number of a docket: the case is the document's own as likely as not."""


def without_cited(text: str, hits: Iterable[Hit]) -> Iterator[Hit]:
    """Yield ``hits`` without what lies in a cited case; of what reaches out of one the rest is left."""
    spans = cited(text)
    for hit in hits:
        if not spans or hit.entity not in CITABLE:
            yield hit
            continue
        left = subtract(hit.start, hit.end, spans)
        if left == [(hit.start, hit.end)]:
            yield hit
        else:
            yield from (Hit(hit.entity, s, e, hit.score) for s, e in left if sum(c.isalnum() for c in text[s:e]) > 2)


def cited(text: str) -> list[Span]:
    """Return the spans of cited cases, with their reports, sorted and disjoint."""
    return merged(span for match in _VERSUS.finditer(text) for span in _case(text, match))


def _case(text: str, versus: re.Match[str]) -> Iterator[Span]:
    near = text[max(0, versus.start() - _LONGEST) : versus.start()]
    first, second = _BEFORE.search(near), _AFTER.match(text, versus.end(), versus.end() + _LONGEST)
    if not first or not second or "\n\n" in text[versus.start() - len(near) + first.start() : second.end()]:
        return
    start, lead = _without_lead(text, versus.start() - len(near) + first.start())
    reported = _TAIL.match(text, second.end())
    if not reported and (not lead or _OWN.match(text, second.end())):
        return
    rest = _REST.match(text, second.end()) if reported else None
    yield start, rest.end() if rest else second.end()


def _without_lead(text: str, start: int) -> tuple[int, bool]:
    """Return where the name of the first party begins, and whether words lead to it: "In Griggs", "see Griggs"."""
    own = _OPENING.match(text, start)
    return (own.end(), True) if own else (start, bool(_LEAD.search(text, max(0, start - 60), start)))
