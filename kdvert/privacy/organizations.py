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
_HEAD_LINES = 4
"""Line breaks of a text that can have the head of a court paper."""
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
_PARTY_END = re.compile(
    r"[,(\s]\s*(?i:through|thro['’]?|thr\b|rep\b|represented|by\b|having|aged?\b|[swd]/o|son\sof|wife\sof|r/o|resid|office\b|"
    r"registered|with\b|under\b|constituted|whose|occ\b|dated|regd|a\scompany|incorporated|situated|located|at\b|in\sthe|"
    r"vide|near|village|tehsil|taluk|post\b|dist\b|p\.?s\.?\b|road|street|floor|\d)|\s[-–]\s|;"
)
"""What follows the name of a party in its description."""
_FIRM = re.compile(
    r"(?<![\p{L}’'-])(?P<name>\p{Lu}[\p{L}’'-]+)(?:\s\p{Lu}[\p{L}’'-]+){0,3}(?:,?\s&\sCo\b|,?\s(?:Inc|LLC|L\.L\.C|Ltd|PLC|Corp|"
    r"Corporation|GmbH|Technologies|Holdings|Pharmaceuticals)\b)|\([“\"](?:the\s)?(?P<name>\p{Lu}[\p{L}’'-]+)[”\"]\)"
)
_NO_FIRM = re.compile(r"\b(?:Court|Tribunal|Judicature|Bench|Act|Code|Constitution|Rules|Ordinance)\b")
"""Courts and laws, which stand beside every party and are none."""
_FORM = re.compile(
    r"\b(?:Inc|LLC|L\.L\.C|Ltd|PLC|Plc|LLP|LP|Corp|Corporation|Company|Co|Limited|Pvt|GmbH|AG|SE|S\.A|SA|S\.L|SL|SARL|SAS|BV|B\.V|"
    r"NV|AB|A/S|Oy|and\sSons|Holdings?|Associates)\b"
)
_SMALL = frozenset("of the and for to in at de la y et others another anr ors".split())
_ACRONYM = re.compile(r"[A-Z][A-Z&.\d]{1,6}s?$")
_ACRONYM_CUE = re.compile(r"\b(?:work\w*\s(?:for|at)|at|from|joined|by|of)\s(?:the\s)?$")


def find(text: str, tagged: Iterable[Span], persons: Iterable[Span]) -> list[Span]:
    """Return the spans of ``text`` that name an organization, sorted.

    Args:
        text: any text.
        tagged: spans that a tagger takes for organizations.
        persons: spans that name a person: who follows "from" or "of" after one is where she works.
    """
    spans = {span for span in tagged if _is_likely(text, span)}
    head = text.count("\n") >= _HEAD_LINES and bool(_PREAMBLE.search(text))
    spans |= {m.span() for m in _ENDED.finditer(text) if head or not is_generic(m.group())}
    spans |= {m.span("name") for p in (_CUED, _DEFINED) for m in p.finditer(text)}
    spans |= {m.span() for m in _PUBLIC.finditer(text)}
    if head:
        parties = (_party(text, m.span("name")) for m in _PARTY.finditer(text))
        spans |= {span for span in parties if _is_named(text[slice(*span)])}
    spans |= {m.span() for m in _TRIPLE.finditer(text) if _are_surnames(*m.groups())}
    spans |= {m.span() for m in _MIXED.finditer(text)}
    for _, end in persons:
        if match := _AFTER_PERSON.match(text, end):
            spans.add(match.span("name"))
    return sorted(s for s in {*spans, *_companions(text, spans)} if not _NO_FIRM.search(text, *s))


def firms(text: str) -> frozenset[str]:
    """Return the words by which ``text`` calls its firms: "Huawei" where "Huawei Technologies" stands, or a definition.

    A word that is also somebody's name is none of them.
    """
    words = {m["name"] for m in _FIRM.finditer(text)}
    return frozenset(w for w in words if not {w.lower()} & (gazetteer.first_names() | gazetteer.surnames()))


def is_generic(name: str) -> bool:
    """Return whether a name is made of words of the dictionary and no form of company: "Finance Department"."""
    words = [w for w in re.findall(r"[\p{L}’']{2,}", name) if w.lower() not in _SMALL]
    return not _FORM.search(name) and all(gazetteer.is_ordinary(w) or (w.isupper() and len(w) < 4) for w in words)


def _party(text: str, span: Span) -> Span:
    """Cut a party's name off its description."""
    end = _PARTY_END.search(text, *span)
    return (span[0], end.start()) if end and end.start() > span[0] + 2 else span


def _is_named(value: str) -> bool:
    """Return whether what stands where a party does is a name and no sentence: its words begin with capitals."""
    words = [w for w in re.findall(r"\p{L}{2,}", value) if w.lower() not in _SMALL]
    return bool(words) and sum(w[0].islower() for w in words) * 4 <= len(words)


def _is_likely(text: str, span: Span) -> bool:
    """Return whether a span that a tagger of news takes for an organization is the name of one."""
    return not (_is_abbreviation(text, span) or _is_one_plain_word(text, span) or is_generic(text[slice(*span)]))


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
