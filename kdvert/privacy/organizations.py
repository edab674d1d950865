"""Find organizations that a tagger of news text does not know, by what stands around or at the end of their names.

They are no personal data by themselves and regimes keep them, so this may take more than it should.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy import gazetteer
from kdvert.privacy.names import Span
from kdvert.privacy.phrases import Phrases

_CAP = r"(?:\p{Lu}[\p{L}\d’'&-]*|\d{1,3}(?=\s\p{Lu}))"
_NAME = rf"{_CAP}(?:\s(?:(?:and|of|&|the|for|de|y|et|e)\s){{0,2}}{_CAP}){{0,4}}"
_ENDING = (
    r"(?:Inc|LLC|L\.L\.C|Ltd|PLC|Plc|LLP|LP|Corp|Corporation|Co|Company|Companies|Group|Holdings?|Partners|Associates|and\sSons|"
    r"Technologies|Consulting|Solutions|Systems|Analytics|Labs|Capital|Bank|Limited|Pvt|GmbH|AG|SE|S\.A\.(?:U\.)?|SA|S\.L\.|SL|"
    r"SARL|SAS|BV|B\.V\.|NV|AB|A/S|Oy|Mills|Industries|Enterprises|Insurance|Foundation|Trust|Union|Association|Society|Club|"
    r"University|College|Institute|Agency|Ministry|Commission|Board|Authority|Department|Council|Bureau|Office)"
)
_ENDED = re.compile(
    rf"(?<![\w-])(?:M/[Ss]\.?\s?)?{_NAME}(?:,?\s{_ENDING}\b\.?){{1,3}}(?:\s\(\w+\))?(?:\s(?:Ltd|Limited|Pvt)\b\.?){{0,2}}"
)
_TRIPLE = re.compile(r"(?<![\w-])(\p{Lu}[\p{L}’'-]+), (\p{Lu}[\p{L}’'-]+),? (?:and|y|et) (\p{Lu}[\p{L}’'-]+)")
_MIXED = re.compile(r"(?<![\w-])\p{Lu}\p{Ll}+\p{Lu}\p{Ll}[\p{L}]*(?![\w-])")
_CUED = re.compile(
    rf"\b(?:(?:work(?:s|ed|ing)?|employed)\s(?:for|at|by)|(?:CEO|founder|chairman|president|director|head)\sof|joined|"
    rf"customer\sof)\s(?P<name>{_NAME}\.?)"
)
_LISTED = re.compile(rf"(?P<name>{_NAME}),\s(?P<next>{_NAME})\sand\s(?P<last>{_NAME})(?=[.\"”])")
_DEFINED = re.compile(
    rf"(?:^|(?<=[\n.>]\s?))(?P<name>{_NAME}\.?)(?=\sis\san?\s(?:\p{{Lu}}\w+\s)?"
    r"(?:multinational|company|firm|start-?up|corporation|bank|manufacturer|provider))",
    re.MULTILINE,
)
_AFTER_PERSON = re.compile(
    rf"(?:\s(?:from|of|at|with)\s)(?P<name>{_NAME}\.?)(?=(?:[’']s)?(?:,|\.|\s(?:is|was|and)\b|\s?$))", re.MULTILINE
)
_PUBLIC = re.compile(
    r"\b(?:State|Union|Government|Govt\.|Republic|Province)\s[Oo]f\s(?:the\s)?"
    r"(?:\p{Lu}\.(?:\s?\p{Lu}\.)*|\p{Lu}\p{L}+(?:\s(?:&\s)?\p{Lu}\p{L}+)?)"
)
_PREAMBLE = re.compile(
    r"\b(?:versus|vs?\.)\s|(?:petitioner|respondent|appellant|opposite\sparty)\S*\s*(?::|\n|$)", re.IGNORECASE
)
_PARTY = re.compile(
    r"(?:^[ \t]{0,40}\d{1,2}\s?[.)][ \t]{0,10}(?:The[ \t]{1,10})?|"
    r"\b(?i:versus|vs\.)\s{1,60}(?:\d{1,2}\.\s{1,10})?(?:The\s{1,10})?|"
    r"(?i:petitioner|respondent|appellant|opposite\sparty)s?\s?:-\s)"
    r"(?P<name>\p{Lu}[^\n]{2,90}?(?:,?[ \t]*\n[ \t]{4,60}[^\n]{3,90}?){0,3})"
    r"(?=\s*(?:\.\s*(?:\n|$)|\n\s*\n|\n\s*\d{1,2}\s?[.)]|\.{2,}|…|[ \t]{4,}|&|\sAnd\s|\sand\s(?:others|another|anr)|"
    r"\sthrough\b|\sby\b|$))",
    re.MULTILINE,
)
"""A party in the head of a court paper: numbered, after versus, or after its role."""
_ACRONYM = re.compile(r"[A-Z][A-Z&.\d]{1,6}s?$")
_ACRONYM_CUE = re.compile(r"\b(?:work\w*\s(?:for|at)|at|from|joined|by|of)\s(?:the\s)?$")


def find(text: str, tagged: Iterable[Span], persons: Iterable[Span]) -> list[Span]:
    """Return the spans of ``text`` that name an organization, sorted.

    Args:
        text: any text.
        tagged: spans that a tagger takes for organizations.
        persons: spans that name a person: who follows "from" or "of" after one is where she works.
    """
    spans = {span for span in tagged if not (_is_abbreviation(text, span) or _is_one_plain_word(text, span))}
    spans |= {m.span() for m in _ENDED.finditer(text)}
    spans |= {m.span("name") for p in (_CUED, _DEFINED) for m in p.finditer(text)}
    spans |= {m.span() for m in _PUBLIC.finditer(text)}
    if _PREAMBLE.search(text):
        spans |= {m.span("name") for m in _PARTY.finditer(text)}
    spans |= {m.span() for m in _TRIPLE.finditer(text) if _are_surnames(*m.groups())}
    spans |= {m.span() for m in _MIXED.finditer(text)}
    for _, end in persons:
        if match := _AFTER_PERSON.match(text, end):
            spans.add(match.span("name"))
    return sorted({*spans, *_companions(text, spans)})


def _companions(text: str, spans: set[Span]) -> Iterator[Span]:
    """Find what stands in one list with an organization: "home city X: A, B and C"."""
    for match in _LISTED.finditer(text):
        own = {match.span(k) for k in ("name", "next", "last")}
        if any(start < e and s < end for start, end in own for s, e in spans):
            yield match.span()


def _are_surnames(*words: str) -> bool:
    return all(w.lower() in gazetteer.surnames() for w in words)


def _is_abbreviation(text: str, span: Span) -> bool:
    """Return whether a tagged span is more likely an abbreviation of a thing: "MRN", "COPD"."""
    start, end = span
    return bool(_ACRONYM.match(text[start:end])) and not _ACRONYM_CUE.search(text, max(0, start - 30), start)


def _is_one_plain_word(text: str, span: Span) -> bool:
    """Return whether a tagged span is a word of the dictionary alone: "the Court", "State"."""
    words = re.findall(r"\p{L}+", re.sub(r"^[Tt]he\s", "", text[slice(*span)]))
    return len(words) == 1 and gazetteer.is_ordinary(words[0])


@cache
def _occupations() -> Phrases:
    """Return Faker's names of occupations of several words, a British career guide's, in lower case."""
    from faker.providers.job.en_US import Provider

    return Phrases(name for name in {str(job).lower() for job in Provider.jobs} if " " in name)


def jobs(text: str) -> Iterator[Span]:
    """Yield the names of occupations in ``text``."""
    lower = text.lower()
    if len(lower) == len(text):
        yield from ((start, end) for start, end, _ in _occupations().find(lower))
    yield from (m.span("job") for m in _JOB.finditer(text))


_JOB = re.compile(
    r"\b(?:work(?:s|ed|ing)?|employed)\s(?:for|at|by)\s[^,.\n]{2,40}?\sas\s(?:an?\s)?"
    r"(?P<job>\p{L}[\p{L}/ -]{2,40}?)(?=[,.]|\sbut\b)|"
    r"(?<=\p{L},\sthe\s)(?P<job>\p{Lu}[\p{L}/ -]{2,40}?)(?=,\s(?:said|says|told|asked)\b)"
)
"""What somebody works as."""
