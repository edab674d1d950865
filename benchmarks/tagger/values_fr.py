"""Values of French texts: people of France, Belgium, Switzerland, Quebec, Africa and before courts; dates, numbers."""

from __future__ import annotations

import random

import values_names as names
import values_numbers as numbers
import values_romance as romance

Rng = random.Random

AREAS = {
    "french": 54.0, "maghreb": 9.0, "african": 3.0, "made-up": 8.0, "arabic": 4.0, "portuguese": 3.0, "italian": 3.0,
    "spanish": 3.0, "dutch": 2.0, "german": 2.0, "english": 2.0, "slavic": 3.0, "eastern": 2.0, "turkish": 2.0,
    "asian": 2.0, "nordic": 1.0, "indian": 0.5,
}  # fmt: skip
"""Where the people of French texts come from, by weight; one in three of "african" bears a name of French Africa."""

_LOCALES = ("fr_FR", "fr_FR", "fr_FR", "fr_BE", "fr_CH")
_AFRICAN = (
    "Mamadou Aminata Fatou Ousmane Ibrahima Awa Moussa Kofi Aïssatou Cheikh Adama Salif Bintou Mariam Kouadio Akissi "
    "Koffi Yao Affoué Seydou Boubacar Hadja Nadège Célestin Dieudonné Espérance Providence Innocent Aristide Tiana "
    "Voahirana Haja Rokhaya Ndeye Serigne Souleymane Drissa Rasmané Wendkuni Edwige Prosper Blandine Modeste"
).split()  # fmt: skip
_AFRICAN_FAMILIES = (
    "Diop Ndiaye Traoré Keïta Koné Ouattara Mbemba Nguema Ouédraogo Sawadogo Diallo Bah Camara Sow Fall Guèye Mbaye "
    "Kouassi Kouamé N'Guessan Yao Aka Mvondo Essomba Fotso Ngono Kabongo Tshibangu Mukendi Ilunga Rakotomalala "
    "Randrianarisoa Sissoko Coulibaly Dembélé Sané Badji Faye Cissé Touré Zongo Kaboré Agbodjan Adjovi Houngbédji "
    "Nzé Obiang Moukoko Tchatchoua Kamga Djibril Mahamat Idriss Barry Konaté"
).split()  # fmt: skip
_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_NUMERALS = (
    "premier deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf vingt vingt-et-un vingt-deux vingt-trois vingt-quatre vingt-cinq vingt-six vingt-sept vingt-huit"
).split()  # fmt: skip


def given(rng: Rng) -> str:
    """Return a given name of anybody."""
    area = romance.area_of(rng, AREAS)
    if area == "african" and rng.random() < 0.7:
        return rng.choice(_AFRICAN)
    return given_of(rng, rng.choice(("female", "male"))) if area == "french" else names.given(rng, area)


def given_of(rng: Rng, sex: str) -> str:
    """Return a French given name of a sex, some of them double ("Jean-Luc")."""
    first = romance.gendered(rng, sex, *_LOCALES)
    if rng.random() < 0.1:
        common = ("Marie", "Anne", "Marie", "Rose") if sex == "female" else ("Jean", "Pierre", "Jean", "Paul")
        return rng.choice(common) + rng.choice("-- ") + first
    return first


def family(rng: Rng) -> str:
    """Return a family name, now and then a double one or one with a particle."""
    area = romance.area_of(rng, AREAS)
    if area == "african" and rng.random() < 0.7:
        return rng.choice(_AFRICAN_FAMILIES)
    name = names.family(rng, area)
    if area != "french":
        return name
    form = rng.random()
    if form < 0.06:
        return f"{name}-{names.family(rng, 'french')}"
    return rng.choice(("de ", "Le ", "du ", "de La ", "d'", "Van den ")) + name if form < 0.1 else name


def full(rng: Rng, sex: str) -> str:
    """Return a full name of a sex in one of the forms of French papers."""
    first, last = given_of(rng, sex), family(rng)
    return _arranged(rng, first, last)


def _arranged(rng: Rng, first: str, last: str) -> str:
    form = rng.random()
    if form < 0.18:
        return f"{first} {last.upper()}"
    if form < 0.25:
        return f"{last.upper()} {first}"
    if form < 0.29:
        return f"{first} {last}".upper()
    if form < 0.35:
        return f"{first[0]}. {last}"
    if form < 0.38:
        return f"{first[0]}.-{rng.choice('PLMCFY')}. {last}"
    return f"{last} {first}" if form < 0.4 else f"{first} {last}"


def plain_name(rng: Rng) -> str:
    """Return a full name of anybody, in any form."""
    area = romance.area_of(rng, AREAS)
    if area == "french":
        return full(rng, rng.choice(("female", "male")))
    if area == "african":
        return _arranged(rng, rng.choice(_AFRICAN), rng.choice(_AFRICAN_FAMILIES))
    return (
        _arranged(rng, names.given(rng, area), names.family(rng, area)) if rng.random() < 0.6 else romance.foreign(rng)
    )


def inverted(rng: Rng) -> str:
    """Return the family name first: "DURAND Paul", "Durand, Paul"."""
    last = family(rng)
    return rng.choice(
        (
            f"{last.upper()} {given(rng)}",
            f"{last.upper()} {given(rng)}",
            f"{last}, {given(rng)}",
            f"{last} {given(rng)}",
        )
    )


def _day(rng: Rng) -> str:
    day = rng.randint(1, 31)
    return rng.choice(("1er", "1er", "1", "01")) if day == 1 else f"{day:02}" if rng.random() < 0.06 else str(day)


def day_month(rng: Rng) -> str:
    """Return a day and its month."""
    month = rng.choice(_MONTHS)
    return f"{_day(rng)} {rng.choice((month,) * 12 + (month.upper(), month.capitalize()))}"


def day_month_year(rng: Rng, first: int = 1975, last: int = 2026) -> str:
    """Return a date with its month in letters, between two years."""
    year = rng.randint(first, last)
    usual = f"{day_month(rng)} {year}"
    short = rng.choice(("janv.", "févr.", "avr.", "juil.", "sept.", "oct.", "nov.", "déc.", "juill."))
    return rng.choice(
        (usual,) * 10 + (f"{_day(rng)} {short} {year}", f"{_day(rng)}-{rng.choice(_MONTHS)}-{year}", _spelled(rng))
    )


def _spelled(rng: Rng) -> str:
    return f"{rng.choice(_NUMERALS)} {rng.choice(_MONTHS)} deux mille {rng.choice(_NUMERALS[1:26])}"


def date(rng: Rng) -> str:
    """Return a date of any form, without its article."""
    return romance.numeric_date(rng, 1975, 2026) if rng.random() < 0.25 else day_month_year(rng)


def with_article(rng: Rng) -> str:
    """Return a date behind its article ("le 3 mai")."""
    return "le " + rng.choice((day_month_year, day_month_year, day_month_year, day_month, date))(rng)


def birth(rng: Rng) -> str:
    """Return a date of birth as forms write it."""
    return romance.numeric_date(rng, 1925, 2022) if rng.random() < 0.75 else day_month_year(rng, 1925, 2022)


def month_year(rng: Rng) -> str:
    """Return a month and its year."""
    return f"{rng.choice(_MONTHS)} {rng.randint(1980, 2026)}"


def age(rng: Rng) -> str:
    """Return an age with its unit."""
    years = rng.randint(1, 99)
    if rng.random() < 0.1:
        return rng.choice(
            (f"{rng.randint(2, 23)} mois", f"{rng.randint(2, 30)} jours", f"{rng.randint(1, 12)} semaines")
        )
    word = rng.choice(_NUMERALS[1:]) if rng.random() < 0.07 else years
    return f"{word} ans"


def money(rng: Rng) -> str:
    """Return a sum of money in a currency of French texts."""
    if rng.random() < 0.12:
        return rng.choice(("CHF ", "Fr. ", "EUR ")) + romance.amount(rng, rng.choice("' "), ".")
    unit = rng.choice(
        ("euros", "euros", "euros", "€", "€", "EUR", "francs", "F", "FCFA", "$", "dollars", "millions d'euros")
    )
    return romance.amount(rng, rng.choice("  ."), ",") + " " + unit


def login(rng: Rng) -> str:
    """Return a user's name."""
    return numbers.username(rng, given(rng), family(rng))


def email(rng: Rng) -> str:
    """Return somebody's address, at French and other domains."""
    own = numbers.plain(names.family(rng, "french"))
    return numbers.email(rng, given(rng), family(rng), *(host.replace("*", own) for host in _HOSTS))


_HOSTS = (
    "orange.fr", "free.fr", "gmail.com", "gmail.com", "wanadoo.fr", "laposte.net", "hotmail.fr", "yahoo.fr", "ch-*.fr",
    "chu-*.fr", "ac-*.fr", "*.be", "bluewin.ch", "*.ch", "videotron.ca", "*.qc.ca", "*-avocats.fr", "*.sn", "*.com",
)  # fmt: skip
_BANKS = (("FR",), ("FR",), ("FR",), ("BE", "CH", "LU", "MC"))
_PHONES = ("fr", "fr", "fr", "fr", "be", "ch", "africa", "us")

SLOTS: dict[str, romance.Slot] = {
    **romance.labeled(
        "PERSON",
        plainname=plain_name,
        name=plain_name,
        male=lambda rng: full(rng, "male"),
        female=lambda rng: full(rng, "female"),
        given=given,
        givenm=lambda rng: given_of(rng, "male"),
        givenf=lambda rng: given_of(rng, "female"),
        family=family,
        gf=lambda rng: f"{given(rng)} {family(rng)}",
        givencaps=lambda rng: f"{given(rng)} {family(rng).upper()}",
        capsgiven=lambda rng: f"{family(rng).upper()} {given(rng)}",
        familycaps=lambda rng: family(rng).upper(),
        invname=inverted,
        lastfirst=inverted,
        foreign=romance.foreign,
        foreignfam=romance.foreign_family,
        initials=romance.person_initials,
    ),
    **romance.labeled(
        "DATE_TIME",
        date=date,
        ledate=with_article,
        lenum=lambda rng: "le " + romance.numeric_date(rng, 1940, 2026),
        Ledate=lambda rng: "L" + with_article(rng)[1:],
        daymonth=day_month,
        ledaymonth=lambda rng: "le " + day_month(rng),
        monthyear=month_year,
        datenum=lambda rng: romance.numeric_date(rng, 1940, 2026),
        birth=birth,
        expiry=lambda rng: f"{rng.randint(1, 12):02}/{rng.randint(24, 33)}",
    ),
    **romance.labeled("AGE", age=age),
    **romance.labeled("UNIQUE_ID", appno=romance.application_number),
    **romance.labeled("FINANCIAL_ACCOUNT", iban=lambda rng: numbers.iban(rng, *rng.choice(_BANKS))),
    **romance.labeled("PHONE_NUMBER", phone=lambda rng: numbers.phone(rng, *_PHONES)),
    **romance.labeled("EMAIL_ADDRESS", email=email),
    **romance.labeled("USERNAME", user=login, username=login),
    **romance.labeled(
        None,
        oddfamily=romance.foreign_family,
        num=romance.fraction,
        w=lambda rng: romance.ordinary_word(rng, "fr"),
        W=lambda rng: romance.ordinary_word(rng, "fr").capitalize(),
        para=lambda rng: str(rng.randint(1, 140)),
        sum=money,
        numeral=lambda rng: rng.choice(_NUMERALS[1:26]),
        time=lambda rng: romance.clock(rng, "{h} h {m:02}", "{h}h{m:02}", "{h:02}:{m:02}", "{h} heures", "{h}H{m:02}"),
        fakerjob=lambda rng: rng.choice(romance.table("job.fr_FR", "jobs")).lower(),
        fakertown=lambda rng: rng.choice(romance.table("address.fr_DZ", "cities")),
    ),
}
"""Slots of the French templates that ``templates/lists_fr.yaml`` does not have (see `values`)."""
