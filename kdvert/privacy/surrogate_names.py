"""Words for made-up names of persons and places: Faker's lists by language and gender."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from kdvert.privacy import gazetteer
from kdvert.privacy.draws import Draws

Gender = Literal["female", "male"]
Role = Literal["given", "family"]

LOCALES = {"en": "en_US", "es": "es_ES", "fr": "fr_FR"}
"""Faker's locale by language."""

HONORIFICS = frozenset(
    "dr drs mr mrs ms miss mx messrs prof professor doctor sir dame lord lady rev reverend hon judge justice capt "
    "captain sgt sergeant lt lieutenant col colonel nurse attorney adv shri smt jr sr ii iii iv md phd rn esq "
    "sra srta don doña dra señor señora mme mlle madame monsieur maître me dra".split()
)
"""Words beside a name that are no part of it; they stay."""
_TITLES: dict[str, Gender] = {
    "mr": "male", "sir": "male", "lord": "male", "mrs": "female", "ms": "female", "miss": "female", "dame": "female",
    "lady": "female", "smt": "female", "shri": "male", "sra": "female", "srta": "female", "doña": "female",
    "dra": "female", "señora": "female", "señor": "male", "don": "male", "mme": "female", "mlle": "female",
    "madame": "female", "monsieur": "male",
}  # fmt: skip
_NAME_SOURCES = (
    "en_US", "en_GB", "en_IE", "en_IN", "en_NG", "es_ES", "es_MX", "es_CO", "fr_FR", "de_DE", "it_IT", "pt_BR", "pt_PT",
    "nl_NL", "pl_PL", "sv_SE", "da_DK", "fi_FI", "cs_CZ", "hu_HU", "ro_RO", "hr_HR", "tr_TR",
)  # fmt: skip
FEWEST = 20
"""Names of either gender that a language must have, or all its names are taken for those of unknown gender."""
CLEARLY = 4.0
"""How many times as frequent a name must be with one gender as with the other to count as that gender's."""


@dataclass(frozen=True)
class Lists:
    """Names of one language, sorted: given names by gender, given names of either, family names."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    either: tuple[str, ...]
    family: tuple[str, ...]


def name_word(draws: Draws, role: Role, gender: Gender | None, language: str) -> str:
    """Return one made-up given or family name."""
    known = _lists(language)
    if role == "family":
        return draws.pick(known.family)
    return draws.pick({"female": known.female, "male": known.male, None: known.either}[gender])


def city(draws: Draws, language: str) -> str:
    """Return a made-up town, as Faker writes them in ``language``."""
    fake = _faker(language)
    fake.seed_instance(draws.below(1 << 64))
    return str(fake.city())


def gender_of(word: str) -> Gender | None:
    """Return the gender that a given name is mostly given to; None where it is either's or not known."""
    female, male = _frequencies()
    key = word.casefold()
    shares = (female.get(key, 0.0), male.get(key, 0.0))
    if shares[0] > CLEARLY * shares[1]:
        return "female"
    return "male" if shares[1] > CLEARLY * shares[0] else None


def gender_by_title(before: str) -> Gender | None:
    """Return the gender that a title at the end of ``before`` tells ("was seen by Mrs. ")."""
    match = re.search(r"([^\W\d_]+)\.?\s{1,3}$", before)
    if match and match.group(1) == "M":
        return "male"
    return _TITLES.get(match.group(1).casefold()) if match else None


@cache
def _faker(language: str):  # type: ignore[no-untyped-def]
    from faker import Faker

    return Faker(LOCALES[language])


@cache
def _lists(language: str) -> Lists:
    provider = importlib.import_module(f"faker.providers.person.{LOCALES[language]}").Provider
    given = _usable(provider.first_names_female) | _usable(provider.first_names_male)
    by_gender = {gender: {name for name in given if gender_of(name) == gender} for gender in ("female", "male", None)}
    return Lists(
        female=tuple(sorted(by_gender["female"])),
        male=tuple(sorted(by_gender["male"])),
        either=tuple(sorted(by_gender[None] if len(by_gender[None]) >= FEWEST else given)),
        family=tuple(sorted(_usable(provider.last_names))),
    )


def _usable(names: object) -> set[str]:
    """Leave out names of several words and those that are other words too: they would be taken for those."""
    assert isinstance(names, dict | list | tuple)
    plain = {name for name in names if re.fullmatch(r"[A-ZÀ-Þ][a-zß-ÿ]{2,}", name)}
    return {name for name in plain if not gazetteer.is_ordinary(name)}


@cache
def _frequencies() -> tuple[dict[str, float], dict[str, float]]:
    female: dict[str, float] = {}
    male: dict[str, float] = {}
    for locale in _NAME_SOURCES:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute, shares in (("first_names_female", female), ("first_names_male", male)):
            names = getattr(provider, attribute, ())
            weights = names.values() if isinstance(names, dict) else [1.0 / max(1, len(names))] * len(names)
            total = sum(weights)
            for name, weight in zip(names, weights, strict=True):
                shares[name.casefold()] = shares.get(name.casefold(), 0.0) + weight / total
    return female, male
