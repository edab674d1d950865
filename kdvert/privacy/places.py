"""Tell places smaller than a state from countries and states, and both from words that a tagger takes for one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy import gazetteer
from kdvert.privacy.names import Span, lower_case_words

_WORD = r"\p{Lu}[^\W\d_]+(?:[-’'][^\W\d_]+)*\.?"
_LETTERS = re.compile(r"[^\W\d_]+")
_AROUND = re.compile(r"^(?:the|a|an)\s|[’']s?$", re.IGNORECASE)
_PART_OF = re.compile(r"^(?:(?:north|south)?(?:east|west)(?:ern)?|(?:north|south)(?:ern)?|central)\s")
_PLACE = re.compile(rf"{_WORD}(?:[ \t](?:(?:of|de|del|la|le|the|upon|am|an)[ \t])?{_WORD})*(?<!\.)")
_LOCATIVE = re.compile(
    r"\b(?:in|at|from|near|outside|around|across|throughout|visited|visiting|leaving|reached|towards?|between|"
    r"(?:lives?|lived|based|located|situated|born|moved|travel(?:s|ed|ing)?|went|flew|drove|returned|back)\s(?:in|to|from)|"
    r"(?:city|town|village|suburbs?|outskirts|streets)\sof)\s(?:the\s|downtown\s|central\s|nearby\s|greater\s)*$",
    re.IGNORECASE,
)
_SITE_AFTER = re.compile(
    r"(?:[’']s)?\s(?:clinic|hospital|branch|office|campus|location|metro|area|region|suburbs?|facility|practice)\b|"
    r",\s[A-Z]{2}\b"
)
_CARED_FOR_AT = re.compile(
    r"\b(?:admitted|treated|seen|evaluated|assessed|observed|followed|hospitali[sz]ed|discharged|transferred|referred|"
    r"diagnosed|visited|surgery|appointment|consult(?:ed|ation)?|care|visit|stay|done|performed)\s"
    r"(?:to|at|from|by)\s(?:the\s|our\s)?$",
    re.IGNORECASE,
)
_THING_AFTER = re.compile(
    r"[\s-](?:virus|fever|diseases?|disorders?|syndrome|cells?|convention|agreement|treaty|protocol|accord|criteria|"
    r"code|act|amendment|statement|declaration|rules?|classification|system|score|scale|proteins?|genes?|mutations?|"
    r"types?|research|trials?)\b",
    re.IGNORECASE,
)


_CAPITAL = r"\p{Lu}[\p{L}\p{M}∆’'-]*"
_CUED = re.compile(
    r"\b(?:(?:flew|travel(?:l?ed)?|moved|relocated|drove|commutes?)\s(?:(?:here|back|there|over)\s)?(?:to|from)|grew\sup\sin|"
    r"(?<!(?:information|data|text|words?|terms?|name)\s)(?:originally|comes?|came)\sfrom|I(?:[’']m|\sam)\s(?:now\s)?in|arrived\s(?:at|in)|home\s?(?:city|town)(?:\sof)?|"
    r"(?:born|raised|liv(?:es?|ed|ing)|resid(?:es?|ed|ing)|settled|hometown)\sin|(?:city|town|village|municipality|district)\sof|"
    r"visiting\sfrom|village|resident\sof|r/o|in\sthe\s(?:city|town|village)\sof)\s"
    rf"(?P<name>{_CAPITAL}(?:\s(?:(?:de|del|do|da|la|le|of|the|u|am|y)\s)*{_CAPITAL})*(?:\s\p{{Lu}})?)"
)


def find(text: str, tagged: Iterable[Span]) -> tuple[list[Span], list[Span]]:
    """Return the places below the level of a state, and the countries, states and larger areas.

    Args:
        text: any text.
        tagged: spans that a tagger takes for places.

    Returns:
        Two sorted lists of spans.
    """
    lower = lower_case_words(text)
    places: set[Span] = set()
    regions: set[Span] = set()
    for start, end in tagged:
        if is_region(text[start:end]):
            regions.add((start, end))
            continue
        for match in _PLACE.finditer(text, start, end):
            if is_region(match.group()):
                regions.add(match.span())
            elif _has_evidence(text, match.span(), lower):
                places.add(match.span())
    return sorted(places), sorted(regions)


def named_regions(text: str) -> list[Span]:
    """Return the countries and states that ``text`` names in capitals, sorted."""
    return [m.span() for m in _regions().finditer(text) if not _names_a_thing(text, m.group())]


@cache
def _regions() -> re.Pattern[str]:
    names = sorted((n for n in gazetteer.regions() if len(n) > 4), key=lambda n: (-len(n), n))
    cased = "|".join(re.escape(_cased(n)) for n in names if n not in _DIRECTIONS)
    return re.compile(rf"(?<![\w-])(?:{cased}|USA|U\.S\.A\.|UK)(?![\w-])")


def _cased(name: str) -> str:
    small = {"and", "of", "the"}
    return " ".join(w if w in small else "-".join(p[:1].upper() + p[1:] for p in w.split("-")) for w in name.split(" "))


_DIRECTIONS = frozenset(
    {"north", "south", "northeast", "northwest", "southeast", "southwest", "earth", "pacific", "arctic"}
)


def cued(text: str) -> list[Span]:
    """Return what follows words that only a place can follow, and is no dictionary word, sorted."""
    lower = lower_case_words(text)
    found: set[Span] = set()
    for match in _CUED.finditer(text):
        words = _LETTERS.findall(match.group("name"))
        plain = all(gazetteer.is_ordinary(w) or w.lower() in lower for w in words)
        if not plain and not is_region(match.group("name")) and not _THING_AFTER.match(text, match.end()):
            found.add(match.span("name"))
    return sorted(found)


def sites_of_care(text: str, tagged: Iterable[Span]) -> list[Span]:
    """Return the organizations and places where somebody is said to have been treated, sorted.

    Args:
        text: any text.
        tagged: spans that a tagger takes for organizations, places or persons.
    """
    lower = lower_case_words(text)
    found: set[Span] = set()
    for start, end in tagged:
        match = _PLACE.match(text, start, end)
        if match is None or not (cared := _CARED_FOR_AT.search(text[max(0, start - 40) : start])):
            continue
        words = _LETTERS.findall(match.group())
        if match.group().isupper() and not re.search(r"\bat\s", cared.group()):  # "assessed by ELISA"
            continue
        thing = _THING_AFTER.match(text, match.end()) or all(w.lower() in lower for w in words)
        if not thing and not is_region(match.group()):
            found.add(match.span())
    return sorted(found)


def is_region(name: str) -> bool:
    """Return whether ``name`` is a country, a US state or a larger area."""
    plain = _AROUND.sub("", name.strip())
    core = _PART_OF.sub("", plain.lower())
    return bool({core, plain.lower()} & gazetteer.regions()) or plain in gazetteer.region_abbreviations()


def _has_evidence(text: str, span: Span, lower: frozenset[str]) -> bool:
    start, end = span
    words = _LETTERS.findall(text[start:end])
    if any(w.lower() in lower for w in words) or _names_a_thing(text, text[start:end]):
        return False
    if len(words) == 1 and (any(c.isupper() for c in words[0][1:]) or _is_no_place(words[0])):
        return False
    return bool(_LOCATIVE.search(text[max(0, start - 40) : start]) or _SITE_AFTER.match(text, end))


def _names_a_thing(text: str, name: str) -> bool:
    """Return whether the text says "Marburg virus" or the like anywhere."""
    return any(_THING_AFTER.match(text, m.end()) for m in re.finditer(rf"\b{re.escape(name)}", text))


def _is_no_place(word: str) -> bool:
    """Return whether a word is an adjective or a plural: "Caucasian", "Males"."""
    key = word.lower()
    inflected = key not in gazetteer.ordinary_words() and gazetteer.is_ordinary(key)
    return inflected or key in gazetteer.adjectives() or key in gazetteer.irregular_forms()
