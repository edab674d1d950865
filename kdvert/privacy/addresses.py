"""Find postal addresses of many countries: by a word for a street, by a unit or box, or by what announces them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex as re  # its classes know the letters of every alphabet

from kdvert.privacy import gazetteer, places
from kdvert.privacy.names import Span
from kdvert.privacy.spans import Hit

_SMALL = (
    r"(?:de|da|do|dos|das|del|della|di|du|des|d[’']|la|le|les|el|los|las|van|von|der|den|of|y|e|al|am|im|the|"
    r"rue|rua|calle|via|st|rd|ave|apt|suite|ste|unit|flat|piso|bajo|ul|str|nr|no|n[ºo°]|núm|num|av|avda|c)\b\.?"
)
_TOKEN = (
    r"(?:[\p{Lu}\p{Lo}][\p{L}\p{M}∆’'/-]*\.?|\d{1,3}[.º°ª](?=\s?(?:\n|,|(?:Apt|Suite|Ste|Unit|St)\b|\d|$))|\d[\w/-]*[º°ª]?|"
    rf"{_SMALL}|\(\p{{Lu}}\p{{L}}+\)|#\s?\d+|&)"
)
_JOIN = r"(?:,?[ \t]{1,2}|,?[ \t]*\n[ \t>]{0,4},?[ \t]?)"
_RUN = rf"{_TOKEN}(?:{_JOIN}{_TOKEN}){{1,16}}"

_CUES = (
    r"\b(?:(?:lives?|lived|living|resid(?:es?|ed|ing)|stay(?:s|ed|ing)?|moved)\s(?:now\s)?(?:at|in|to)\s|"
    r"address(?:es)?\b[^.\n:]{0,30}?(?:\sis\s|:\s{0,3}|\sto\s)|"
    r"(?:taxi|cab|send|sent|deliver(?:y|ed)?|ship(?:ped)?|mail(?:ed)?)\b[^.\n]{0,30}?\sto\s|"
    r"(?:meet|meeting)\b[^.\n]{0,40}?(?:\sat\s|,\s)|"
    r"(?:domiciliad[oa]|reside|vive|residente)\sen\s(?:la\s|el\s)?|"
    r"(?:domicilio|dirección|direccion|domicile|adresse|demeurant)\s?:?\s(?:à\s|au\s)?|"
    r"(?:habite|domiciliée?|résidant|demeure)\s(?:à\s|au\s)?)"
)
_CUED = re.compile(
    rf"{_CUES}(?P<run>(?:\d|PSC\b|Unit\b|P\.?\s?O\.?\sBox\b|[Tt]he\scorner\sof\s)"
    rf"{_JOIN.replace('{1,2}', '{0,2}')}?{_RUN})"
)
_NUMBERED = re.compile(rf"(?<![\w.,/$€£%-])(?P<run>(?:\d{{1,6}}[ \t]{{1,2}})?\d{{1,6}}[A-Za-z]?,?[ \t]{{1,2}}{_RUN})")
_UNIT = re.compile(
    r"\b(?:Apt|Suite|Ste|Apartment|Unit|Flat|Appt)\.?\s#?\d{1,5}\b|\b[Pp]\.?\s?[Oo]\.?\sBox\s\d", re.IGNORECASE
)
_LAST_LINE = re.compile(r"\n[ \t>]*\p{Lu}[\p{L} ()]+ \d{4,6}$")
_MILITARY = re.compile(
    r"\b(?:PSC|Unit|CMR|USS|USNS)\s[\w ,]{1,30}?(?:Box\s\d{1,5})?[\s,>]{1,6}(?:APO|FPO|DPO)\s(?:AA|AE|AP)\s\d{5}",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"\b(?:\d{1,6}\s)?(?:P\.?\s?O\.?\sBox|Apartado(?:\sde\sCorreos)?|Casilla|Boîte\spostale|B\.P\.)\s(?:No\.?\s?)?\d{1,6}\b"
)

_CORNER = re.compile(rf"[Tt]he\scorner\sof\s{_TOKEN}(?:{_JOIN}(?:{_TOKEN}|and\b)){{1,12}}")
_TOWN = re.compile(
    r"\s?[,\n]\s*\p{Lu}[^,\n\d]{1,40},\s*(?:[A-Z]{2}|\p{Lu}\p{Ll}+(?:\s\p{Lu}\p{Ll}+)?)(?:,?\s{1,2}\d{5}(?:-\d{4})?)?\.?$"
)
_NAME = r"\p{Lu}[\p{L}\p{M}’'.-]*"
_BEFORE = (
    r"(?:C/|[Cc]alle|Cl\.|[Aa]venida|Av(?:da|\.)?\.?|[Pp]laza|Pza\.?|Pl\.|[Pp]aseo|P[ºª°]\.?|Camino|Carretera|Ctra\.?|Ronda|Travesía|Glorieta|"
    r"Urbanización|Urb\.|Rua|Avenida|Praça|Travessa|[Rr]ue|[Bb]oulevard|[Bb]d\.?|[Aa]venue|[Aa]llée|[Ii]mpasse|[Qq]uai|[Cc]hemin|"
    r"Via|Viale|Piazza|Corso|ul\.|ulica|al\.|os\.|Strada|Ulitsa)"
)
_PREFIXED = re.compile(
    rf"(?<![\p{{L}}/])(?:\d{{1,6}}(?:\s?(?:bis|ter))?,?\s)?(?:[cC]alle\s|c/\s?)?(?:{_BEFORE}|c/)\s?"
    r"(?:(?:de|del|de\sla|de\slos|la|las|los|el|du|des|d[’']|l[’']|da|do|dos|y|e|a|san|santa)\s?)*"
    rf"{_NAME}(?:\s(?:(?:de|del|la|las|los|el|du|des|da|do|dos|y|e)\s)*{_NAME}){{0,4}}"
    r"(?:,?\s(?:s/\s?n|sn)\b|"
    r"(?:,?\s(?:n[ºo°]\.?\s?|núm(?:ero)?\.?\s?|número\s|no\.?\s|km\.?\s|#\s?)?\d{1,4}(?:[.-]\d{1,3})?\s?(?:[A-Z]\b|bis\b|ª|º)?"
    r"(?:\s?[-,.]{0,2}\s?(?:P?\d{1,2}(?:[ºª°]|\.[ºª])?|bajo|piso)\s?-?\s?(?:\d?[A-Z]\b|izqda?\.?|dcha?\.?|izquierda|derecha)?){0,3}"
    r"(?:\s?[,.]\s?[A-Z](?=[.,]))?)?)"
)
_ENDINGS = (
    "strasse", "straße", "gasse", "platz", "allee", "vej", "vænget", "stræde", "gade", "allé", "gata", "gatan",
    "vägen", "vegen", "veien", "katu", "kuja", "polku", "tie", "straat", "laan", "plein", "gracht", "stræti", "vegur",
    "hlíð", "braut", "utca", "tér", "út", "rkp.", "sokak", "caddesi",
)  # fmt: skip
_HOUSE = re.compile(r"(?<=[\p{L}.])\s\d{1,4}[A-Za-z]?\b\.?")
_LEAD = re.compile(r"(?<![\w-])(?:\d{1,6}\s)?(?:\p{L}[\p{L}.’'-]*\s){0,3}?[\p{L}.-]+$")


_HEAD = re.compile(r"(?<![\w.,/-])\d{1,6}[ \t]{1,2}$")
_UNITS = re.compile(r"(?:[.,]?\s{1,3}(?:>\s)?(?:Apt|Suite|Ste|Unit|Flat|Appt|Room)\b\.?\s?#?\d{1,5})+")
_CITY = rf"{_NAME}(?:\s(?:(?:de|do|da|del|la|le|am|an|der|upon|on|u)\s)?{_NAME}){{0,3}}"
_TAIL = re.compile(
    rf"[.,]?\s{{1,3}}(?:>\s)?(?P<town>{_CITY})(?:,?\s{{1,3}}(?:>\s)?(?:(?P<state>[A-Z]{{2}})\b|(?P<last>{_CITY})|\d\d\b))?"
    r"(?:,?\s{1,3}(?P<code>\d{4,6}(?:-\d{4})?)(?![\d/-]|\.\d))?"
)
"""A town behind a street, with a state or country, a postal code, or both."""


def find(text: str) -> list[Span]:
    """Return the spans of ``text`` that are postal addresses or parts of one, sorted."""
    if not re.search(r"\d|corner", text):
        return sorted(_streets(text))
    spans = {m.span("run") for m in _CUED.finditer(text) if _is_address(m.group("run"))}
    spans |= {m.span() for m in _CORNER.finditer(text)}
    spans |= {m.span("run") for m in _NUMBERED.finditer(text) if _has_unit(m.group("run"))}
    spans |= {m.span() for p in (_MILITARY, _BOX) for m in p.finditer(text)}
    return sorted({*spans, *_streets(text)})


def completed(text: str, streets: Iterable[Span]) -> Iterator[Hit]:
    """Yield what belongs to an address around a street: a number before it, and unit, town and postal code behind it.

    Args:
        text: any text.
        streets: spans that are streets or begin an address.
    """
    for start, end in streets:
        if head := _HEAD.search(text, max(0, start - 9), start):
            yield Hit("STREET_ADDRESS", head.start(), start, 0.5)
        if unit := _UNITS.match(text, end):
            yield Hit("STREET_ADDRESS", unit.start(), unit.end(), 0.5)
            end = unit.end()
        tail = _TAIL.match(text, end)
        if tail and _has_town(tail):
            yield Hit("LOCATION", tail.start("town"), tail.end("town"), 0.5)
            if tail["code"]:
                yield Hit("ZIP_CODE", tail.start("code"), tail.end("code"), 0.5)


def _has_town(tail: re.Match[str]) -> bool:
    """Return whether what stands behind a street is a town: "Elm Lane. In 2019 the" begins a sentence."""
    if tail["state"]:
        return True
    last = tail["last"] or ""
    if any(places.is_region(name) for name in (last, last.partition(". ")[0].rstrip("."))):  # a sentence may follow
        return True
    starts = tail.group().startswith(".") and gazetteer.is_ordinary(tail["town"].split()[0].lower())
    return bool(tail["code"]) and not starts


def without_town(text: str, span: Span) -> Span:
    """Cut town, state and ZIP code off an address of the United States: they have rules of their own."""
    match = _TOWN.search(text, *span)
    return (span[0], match.start()) if match and match.start() > span[0] + 5 else span


def _streets(text: str) -> Iterator[Span]:
    for house in _HOUSE.finditer(text):
        line = text[max(0, house.start() - 80) : house.start()]
        if line.endswith(_ENDINGS) and (lead := _LEAD.search(line)):
            yield house.start() - len(line) + lead.start(), house.end()
    for match in _PREFIXED.finditer(text):
        if re.search(r"\d|\bs/?\s?n\b", match.group()):
            yield match.span()


def _is_address(run: str) -> bool:
    return any(c.isdigit() for c in run) and any(c.isupper() for c in run)


def _has_unit(run: str) -> bool:
    return bool(_UNIT.search(run) or _LAST_LINE.search(run))
