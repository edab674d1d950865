"""Find persons, countries and institutions in Spanish and French by titles, labels, initials and lists of names."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache

import regex as re  # its classes know the capital letters of every alphabet

from kdvert.privacy import gazetteer
from kdvert.privacy.spans import Hit

_WORD = r"\p{Lu}[\p{L}\p{M}]*(?:[-’'][\p{L}]+)*"
_JOIN = r"(?:[ \t](?:(?:de|del|de\sla|de\slos|la|las|du|des|le|van|von|der|den|of)[ \t]){0,2}|[ \t]?-[ \t]?)"
_NAME = rf"(?:\p{{Lu}}\.[ \t]?(?:-[ \t]?)?)*{_WORD}(?:{_JOIN}(?:\p{{Lu}}\.[ \t]?)*{_WORD}){{0,4}}"
_TITLE = (
    r"(?:Sr(?:es|as?|tas?)?|Dr(?:es|as?)|Dña|Dñas|Don|Doña|D\.ª|Prof|Profa|Lic|Ldo|Lda|Excmo|Ilmo|MM|M|Mme|Mmes|Mlle|Mlles|Me|Mes|Mᵉ|"
    r"Maître|Monsieur|Madame|Docteur|Doctor|Doctora|Dr|Pr|Lord\sJustice|Lord|Lady|Sir|Mr|Mrs|Ms|Judge|juge|magistrad[oa]|époux)"
)
_TITLED = re.compile(
    rf"(?<![\p{{L}}.])(?i:el\s|la\s)?(?P<title>{_TITLE})(?:\.[ \t]{{0,2}}|[ \t]{{1,2}})(?P<name>{_NAME})"
)
_SHORT = re.compile(r"(?<![\p{L}.])D\.[ \t](?P<name>\p{Lu}\p{Ll}{2,}(?:[ \t]\p{Lu}\p{Ll}+){0,3})")
_LABELED = re.compile(
    r"\b(?i:nombre|apellidos|médico|remitido\spor|responsable\sclínico|firmado|autora?|nom|prénoms?|médecin|signé)"
    r"\s?:[ \t]{0,3}"
    rf"(?:{_TITLE}\.?[ \t]+)?(?P<name>{_NAME})"
)
_INITIALED = re.compile(
    r"(?<![\p{L}.])(?P<name>(?:\p{Lu}\.[ \t]?(?:-[ \t]?)?){1,3}\p{Lu}\p{Ll}+(?:[- ]\p{Lu}[\p{L}]+)*)"
)
_LETTERS = re.compile(r"(?<=[\"“«(\[]\s?)(?P<name>\p{Lu}\.?(?:\s?\p{Lu}\.){0,2})(?=\s?[\"”»)\]])")
_SEQUENCE = re.compile(rf"(?<![\p{{L}}.’'-]){_WORD}(?:[ \t](?:(?:de|del|la|du|van|von)[ \t])?{_WORD}){{1,4}}")
_SEAT = re.compile(
    r"\b(?i:tribunal|corte|fiscal|juzgado|audiencia|cour|prison|prisión|dirección|direction|procureur|comisaría)\b"
    r"[^,.;:\n()]{0,50}\s(?:de|à|d\s?[’'])\s?(?P<name>\p{Lu}\p{Ll}+(?:[ -]\p{Lu}\p{Ll}+)?)(?![\p{L}’'])"
)
_KINDS = frozenset(
    "Primera Casación Apelación Derechos Distrito Justicia Seguridad Asuntos Estado Instancia Estrasburgo Cassation "
    "Droits Sa Su Supremo Constitucional Intérieur Interior".split()
)
"""Words that name the kind of a court or office and not its seat."""
_NUMERAL = re.compile(r"\b(?:articles?|artículos?|section|capítulo|chapitre|protocole)\s$", re.IGNORECASE)
_BODY = (
    r"(?:Ministerio|Ministère|ministère|Parlamento|Parlement|Partido|Parti|Universidad|Université|Colegio|Instituto|Institut|"
    r"Fundación|Fondation|Asociación|Association|association|Sindicato|Syndicat|Banco|Banque|Comisaría|Commissariat|Cámara|Chambre|"
    r"Agencia|Agence|Comité|comité|Consejo|Conseil|Prisión|[Pp]rison|prisión|Servicio|Service)"
)
_OF = r"(?:de|del|de\sla|de\slos|du|des|de\sl[’'][ \t]?|d[’'][ \t]?|y|et|la|le|nacional|national|des\saffaires)"
_INSTITUTION = re.compile(
    rf"\b{_BODY}(?:[ \t]{_OF}){{1,3}}[ \t]?\p{{Lu}}[\p{{L}}’'-]+"
    r"(?:[ \t](?:(?:de|del|la|y|et|du|des|étrangères|de\sla)[ \t]){0,3}\p{Lu}[\p{L}’'-]+){0,4}"
    r"|\bHM\sPrison\s\p{Lu}\p{L}+|\bForeign\sand\sCommonwealth\sOffice|\b(?:la|La)\s(?:Corona|Couronne)\b"
    r"|\b(?:\p{Lu}\p{L}+\s){1,3}(?:Board|Office|Court|Solicitors|Limited|Ltd|Service|Union|Council|Corporation|"
    r"Chambers|A/S|S\.?A\.?)\b"
)


def find(text: str, language: str) -> Iterator[Hit]:
    """Yield persons, countries, and bodies with a name.

    Args:
        text: any text.
        language: ``es`` or ``fr``.
    """
    yield from _persons(text)
    for match in _SEAT.finditer(text):
        if match.group("name").split()[0] not in _KINDS:
            yield Hit("LOCATION", match.start("name"), match.end("name"), 0.5)
    for match in _countries(language).finditer(text):
        yield Hit("REGION", match.start(), match.end(), 0.85)
    for match in _INSTITUTION.finditer(text):
        yield Hit("ORGANIZATION", match.start(), match.end(), 0.6)


def _persons(text: str) -> Iterator[Hit]:
    for pattern, score in ((_TITLED, 0.85), (_LABELED, 0.85), (_INITIALED, 0.6), (_SHORT, 0.7), (_LETTERS, 0.5)):
        for match in pattern.finditer(text):
            start, end = match.span("name")
            if not _NUMERAL.search(text, max(0, start - 14), start):
                yield Hit("PERSON", start, end, score)
    for match in _TITLED.finditer(text):
        yield Hit("TITLE", match.start("title"), match.end("title"), 0.6)
    for match in _SEQUENCE.finditer(text):
        if _is_name(match.group()):
            yield Hit("PERSON", match.start(), match.end(), 0.6)


def _is_name(value: str) -> bool:
    """Return whether a given name opens a row of capitalized words and a family name ends it."""
    words = [w.lower() for w in re.findall(r"[\p{L}’'-]{3,}", value)]
    given = len(words) > 1 and words[0] in gazetteer.first_names()
    return given and words[-1] in gazetteer.surnames() and words[0] not in _OPENERS


_OPENERS = frozenset(
    "los las una con por del para les des dans sur pour sous san santa santo corte cour alta real".split()
)


@cache
def _countries(language: str) -> re.Pattern[str]:
    locale = {"es": "es_ES", "fr": "fr_FR"}[language]
    provider = importlib.import_module(f"faker.providers.address.{locale}").Provider
    names = {str(n) for n in provider.countries} | _MORE[language]
    whole = "|".join(re.escape(n) for n in sorted(names, key=lambda n: (-len(n), n)) if len(n) > 3)
    state = {
        "es": r"(?:Rep[úu]blica|Reino)\sde(?:l)?\s(?:la\s)?",
        "fr": r"(?:République|Royaume)\s(?:de\sla\s|du\s|de\s|d[’']\s?)",
    }[language]
    kingdom = (
        r"Reino\sUnido(?:\sde\sGran\sBretaña\se\sIrlanda\sdel\sNorte)?|"
        r"Royaume[ ]?-[ ]?Uni(?:\sde\sGrande[ ]?-[ ]?Bretagne\set\sd[ ]?[’'][ ]?Irlande\sdu\sNord)?"
    )
    part = (
        r"(?:(?:la\sparte\s|la\spartie\s|el\s|le\s)?(?:norte|sur|este|oeste|sureste|suroeste|noreste|noroeste|"
        r"nord|sud|ouest|(?:nord|sud)\s?-\s?(?:est|ouest))\s(?:de(?:l)?|du)\s(?:la\s|l[’'])?)?"
    )
    return re.compile(rf"(?<![\p{{L}}-]){part}(?:{kingdom}|(?:{state})?(?:{whole}))(?![\p{{L}}-])")


_MORE = {
    "es": frozenset(
        """Inglaterra|Escocia|Gales|Irlanda del Norte|Estados Unidos|Gran Bretaña|Kurdistán|Palestina|Afganistán|
        Nigeria|España|Turquía|Chipre|Suecia|Noruega|Dinamarca|Polonia|Rusia|Europa""".replace("\n        ", "").split(
            "|"
        )
    ),
    "fr": frozenset(
        """Angleterre|Écosse|Ecosse|Pays de Galles|Irlande du Nord|États-Unis|Etats-Unis|Grande-Bretagne|Kurdistan|
        Palestine|Turquie|Chypre|Suède|Norvège|Danemark|Pologne|Russie|Irak|Europe""".replace("\n        ", "").split(
            "|"
        )
    ),
}
