"""Tell whom a text writes about as the author of a theory or a person of the past, by what the text itself says.

A textbook gives a scholar's years of life, cites a work by surname and year, or names what somebody discovered. Whoever
is introduced so in a text is meant by the surname alone too. A text with anybody's address, number or birth date
introduces nobody so, and neither does "Mr.".
"""

from __future__ import annotations

from collections.abc import Iterator

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy import gazetteer

_WORD = r"(?:[A-Z][’'])?\p{Lu}[\p{L}\p{M}’'-]*\p{Ll}"
_INITIAL = r"\p{Lu}\."
_SMALL = r"(?:de|da|di|del|della|dos|van|von|der|den|la|le|al|bin|ibn|ter|ten)"
_NAME = rf"(?:(?:{_WORD}|{_INITIAL})[ ]){{0,3}}(?:{_SMALL}[ ]){{0,2}}{_WORD}"
_SCHOLAR = (
    r"(?:psycholog|psychiatr|physiolog|sociolog|anthropolog|biolog|microbiolog|bacteriolog|virolog|immunolog|ecolog|"
    r"zoolog|geolog|patholog|philolog|theolog|mycolog|parasitolog|pharmacolog|entomolog|archaeolog)ists?|"
    r"(?:botan|chem|biochem|phys|econom|geneti|linguis|natural)(?:ic)?ists?|philosophers?|mathematicians?|statisticians?|"
    r"historians?|astronomers?|theorists?|theoreticians?|microscopists?|naturalists?|laureates?|scientists?|inventors?|"
    r"physicians?|obstetricians?|surgeons?|researchers?|economists?|geneticists?|linguists?"
)
_NATION = (
    r"(?:American|British|English|Scottish|Irish|French|German|Swiss|Austrian|Dutch|Danish|Swedish|Norwegian|Finnish|"
    r"Russian|Soviet|Polish|Czech|Hungarian|Italian|Spanish|Portuguese|Greek|Chinese|Japanese|Indian|Canadian|Australian|"
    r"Belgian|Persian|Israeli|Brazilian|Mexican|South\sAfrican|Nobel|renowned|famous|pioneering|influential|noted|"
    r"nineteenth-century|twentieth-century|19th-century|20th-century|ancient)"
)
_IDEA = (
    r"(?:theor(?:y|ies)|hypothes[ie]s|laws?|principles?|taxonomy|paradox|effect|equations?|postulates|hierarchy|model)"
)
_DEED = (
    r"(?:theor(?:y|ies)|hypothes[ie]s|principles?|concepts?|taxonomy|paradox|psychology|behaviorism|vaccine|therapy|"
    r"microscopes?|intelligence\stest|laws?\sof\s[a-z]+|equations?|classification)"
)
_MADE = (
    r"(?:developed|proposed|introduced|discovered|invented|founded|coined|formulated|pioneered|devised|theorized|"
    r"hypothesized|postulated|popularized|originated|created|published)"
)
_YEAR = r"(?:1[4-9]|20)\d\d"
_LIFE = re.compile(rf"(?P<name>{_NAME})(?:[’']s)?,?\s\((?:c\.\s?|ca\.\s?)?{_YEAR}\s?[-–—]\s?(?:{_YEAR})?\)")
_CITED = re.compile(
    rf"(?:(?P<name>{_WORD}),\s(?:{_YEAR}[a-z]?|n\.d\.)(?=[;)]|,\s(?:pp?\.|{_YEAR}))|"
    rf"(?P<name>{_WORD})(?:[’']s|\set\sal\.,?)?\s\({_YEAR}[a-z]?(?=[,;:)]))"
)
_WITH = re.compile(rf"(?P<name>{_WORD}),?\s(?:and|&)\s{_WORD},?\s\(?{_YEAR}[a-z]?[;)]")
_LISTED = re.compile(
    rf"\((?:see\s(?:also\s)?|e\.g\.,?\s|cf\.\s)?(?P<names>{_WORD}(?:(?:,\s&|,\sand|\s&|\sand|,)\s{_WORD}){{1,8}})(?:\set\sal\.)?,?\s"
    rf"(?:{_YEAR}|n\.d\.)"
)
_LONG_AGO = re.compile(
    rf"\b(?:{_MADE}|initiated|described|led|observed)\sby\s(?P<name>{_NAME})(?:\sand\s(?:colleagues|{_NAME}))?\sin\s"
    r"(?:(?:the\s)?(?:(?:early|mid|late)[- ])?(?:1[5-9]|20)\d0s|the\s(?:(?:early|mid|late)[- ])?\d\dth\scentury|"
    r"1[5-9][0-8]\d\b)"
)
_OF_NATION = re.compile(rf"\b{_NATION}\s(?:[a-z-]+\s){{0,2}}(?:{_SCHOLAR})\s(?P<name>{_NAME})")
_MAKER = re.compile(
    rf"(?P<name>{_NAME})\s(?:(?:first|later|originally|also|independently|famously)\s)?{_MADE}\s(?:a|an|the|his|her)\s"
    rf"(?:[\w-]+\s){{0,4}}{_DEED}\b"
)
_MADE_BY = re.compile(rf"\b{_DEED}\b[^.;\n]{{0,60}}?\b{_MADE}\sby\s(?:[a-z]+\s){{0,3}}(?P<name>{_NAME})")
_OWNED = re.compile(rf"(?P<name>{_WORD})[’']s?\s(?:[a-z]+\s){{0,2}}{_IDEA}\b")
_FOLLOWING = re.compile(rf"\s(?P<name>{_WORD})")
_ANY = re.compile(rf"{_YEAR}[a-z]?[,;:)]|n\.d\.|{_MADE}|{_IDEA}|{_NATION}")
"""Without any of these a text introduces nobody so."""
_PRIVATE = re.compile(
    r"\b(?:Mrs?|Ms|Miss|[Pp]atient|[Cc]lient|[Ss]tudent|[Pp]upil|[Dd]efendant|[Pp]laintiff|[Aa]ccused|[Ww]itness|[Nn]urse)\.?\s"
    rf"(?:{_NAME}\s)??(?P<name>{_WORD})"
)
"""Whoever is called so is no scholar, though a work of the same surname be cited."""


_OF_PERSONS = re.compile(
    r"@|\b(?:DOB|MRN|SSN|NHS)\b|\b(?:[Dd]ate\sof\s[Bb]irth|[Mm]edical\srecord|[Ss]tudent\sID|[Dd]ear)\b|\b\d{3}[-.\s]\d{4}\b|"
    r"\b\d{1,3}[- ]year[- ]old\s(?:man|woman|male|female|boy|girl)\b"
)
"""A text with any of these is about somebody: whoever it names besides may be known to that person."""


def surnames(text: str) -> frozenset[str]:
    """Return the last names of those whom ``text`` introduces as scholars or people of the past."""
    if not _ANY.search(text) or _OF_PERSONS.search(text):
        return frozenset()
    return frozenset(_names(text)) - {match["name"] for match in _PRIVATE.finditer(text)}


def is_one(text: str, start: int, end: int, known: frozenset[str]) -> bool:
    """Return whether the name at ``start`` to ``end`` (exclusive) ends in one of ``known``, or one follows it.

    Args:
        text: any text.
        start: first character.
        end: behind the last.
        known: see `surnames`.
    """
    if not known:
        return False
    words = re.findall(r"[\p{L}\p{M}’'-]{2,}", re.sub(r"[’']s?$", "", text[start:end]))
    following = _FOLLOWING.match(text, end)
    return bool(words) and (words[-1] in known or bool(following and following["name"] in known))


def _names(text: str) -> Iterator[str]:
    for match in _LISTED.finditer(text):
        yield from re.findall(_WORD, match["names"])
    for pattern in (_LIFE, _CITED, _WITH, _OF_NATION, _MAKER, _MADE_BY, _LONG_AGO):
        for match in pattern.finditer(text):
            yield _last(match["name"])
    for match in _OWNED.finditer(text):  # "Anna's model" may be a sketch of hers
        if match["name"].lower() not in gazetteer.first_names():
            yield _last(match["name"])


def _last(name: str) -> str:
    return re.sub(r"[’']s$", "", name).split(" ")[-1]
