"""Values of Spanish texts: people of Spain, of Latin America and before European courts, their dates and numbers."""

from __future__ import annotations

import random

import values_names as names
import values_numbers as numbers
import values_romance as romance

Rng = random.Random

AREAS = {
    "spanish": 62.0, "made-up": 8.0, "maghreb": 3.0, "arabic": 2.0, "eastern": 4.0, "slavic": 4.0, "english": 3.0,
    "french": 3.0, "italian": 2.0, "portuguese": 2.0, "german": 2.0, "turkish": 1.0, "african": 1.0, "asian": 1.5,
    "nordic": 1.0, "indian": 0.5,
}  # fmt: skip
"""Where the people of Spanish texts come from, by weight."""

_LOCALES = ("es_ES", "es_ES", "es_ES", "es_AR", "es_MX", "es_CL", "es_CO")
_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_NUMERALS = (
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve treinta"
).split()  # fmt: skip


def given(rng: Rng) -> str:
    """Return a given name, a quarter of them double ("María del Mar", "José Luis")."""
    area = romance.area_of(rng, AREAS)
    if area != "spanish":
        return names.given(rng, area)
    return given_of(rng, rng.choice(("female", "male")))


def given_of(rng: Rng, sex: str) -> str:
    """Return a Spanish given name of a sex."""
    first = romance.gendered(rng, sex, *_LOCALES)
    form = rng.random()
    if form < 0.08:
        common = ("María", "M.ª", "Mª", "Ana", "Rosa") if sex == "female" else ("José", "Juan", "Luis", "Fco.", "J.")
        return f"{rng.choice(common)} {first}"
    if form < 0.11 and sex == "female":
        return "María " + rng.choice(
            ("del Carmen", "del Mar", "de los Ángeles", "Dolores", "de la O", "del Pilar", "José")
        )
    return first


def family(rng: Rng) -> str:
    """Return one family name, now and then with a particle."""
    area = romance.area_of(rng, AREAS)
    name = names.family(rng, area)
    if area == "spanish" and rng.random() < 0.05:
        return rng.choice(("de ", "de la ", "del ", "De la ")) + name
    return name


def families(rng: Rng) -> str:
    """Return the two family names that Spanish documents write, or one."""
    first = family(rng)
    form = rng.random()
    if form < 0.75:
        return f"{first} {names.family(rng, 'spanish')}"
    return f"{first} {rng.choice(('y', 'i', '-'))} {family(rng)}".replace(" - ", "-") if form < 0.82 else first


def full(rng: Rng, sex: str) -> str:
    """Return a full name of a sex, with one family name or two, now and then in capitals."""
    last = families(rng) if rng.random() < 0.7 else family(rng)
    name = f"{given_of(rng, sex)} {last}"
    form = rng.random()
    if form < 0.07:
        return name.upper()
    return f"{name[0]}. {last}" if form < 0.13 else name


def plain_name(rng: Rng) -> str:
    """Return a full name of anybody, in any form."""
    if romance.area_of(rng, AREAS) != "spanish":
        return romance.foreign(rng)
    form = rng.random()
    if form < 0.05:
        return f"{names.initials(rng, rng.choice(('. ', '.')))} {family(rng)}"
    return inverted(rng) if form < 0.09 else full(rng, rng.choice(("female", "male")))


def inverted(rng: Rng) -> str:
    """Return family names, a comma and the given name."""
    last = families(rng)
    return f"{rng.choice((last, last, last.upper()))}{rng.choice((', ', ', ', ', ', ' '))}{given(rng)}"


def _day(rng: Rng) -> str:
    return rng.choice(("1º", "1.º", "01", "05")) if rng.random() < 0.03 else str(rng.randint(1, 31))


def _month(rng: Rng) -> str:
    month = rng.choice(_MONTHS)
    return rng.choice((month, month, month, month, month, month.capitalize(), month.upper()))


def day_month(rng: Rng) -> str:
    """Return a day and its month."""
    return f"{_day(rng)} de {_month(rng)}"


def day_month_year(rng: Rng, first: int = 1975, last: int = 2026) -> str:
    """Return a date with its month in letters, between two years."""
    year = rng.randint(first, last)
    day, month = _day(rng), rng.choice(_MONTHS)
    usual = f"{day_month(rng)} de {year}"
    return rng.choice((
        usual, usual, usual, f"{day_month(rng)} del {year}", f"{day} {month} {year}", f"{day}-{month[:3]}-{year}",
        f"{day_month(rng)}, {year}", f"{day} de {month} del año {year}",
        f"{rng.choice(_NUMERALS)} de {month} de dos mil {rng.choice(_NUMERALS[:26])}",
    ))  # fmt: skip


def date(rng: Rng) -> str:
    """Return a date of any form, without its article."""
    return romance.numeric_date(rng, 1975, 2026) if rng.random() < 0.3 else day_month_year(rng)


def with_article(rng: Rng) -> str:
    """Return a date behind its article ("el 3 de mayo")."""
    shown = rng.choice((day_month_year, day_month_year, day_month, date))(rng)
    return rng.choice(("el ", "el ", "el ", "el ", "el ", "el día ")) + shown


def birth(rng: Rng) -> str:
    """Return a date of birth as forms write it."""
    return romance.numeric_date(rng, 1925, 2022) if rng.random() < 0.75 else day_month_year(rng, 1925, 2022)


def month_year(rng: Rng) -> str:
    """Return a month and its year."""
    return f"{rng.choice(_MONTHS)} de{rng.choice(('', '', 'l'))} {rng.randint(1980, 2026)}"


def age(rng: Rng) -> str:
    """Return an age with its unit."""
    years = rng.randint(1, 99)
    if rng.random() < 0.12:
        return rng.choice(
            (
                f"{rng.randint(2, 23)} meses",
                f"{rng.randint(2, 30)} días",
                f"{rng.randint(1, 12)} semanas",
                f"{years} a.",
            )
        )
    word = rng.choice(_NUMERALS[1:29]) if rng.random() < 0.07 else years
    return f"{word} años"


def money(rng: Rng) -> str:
    """Return a sum of money in a currency of Spanish texts."""
    if rng.random() < 0.25:
        return rng.choice(("$ ", "$", "US$ ", "S/ ", "₡")) + romance.amount(rng, rng.choice(".,"), rng.choice(",."))
    unit = rng.choice(
        (
            "euros",
            "euros",
            "euros",
            "€",
            "€",
            "EUR",
            "pesetas",
            "pesos",
            "dólares",
            "millones de euros",
            "soles",
            "pesos mexicanos",
        )
    )
    return romance.amount(rng, ".", ",") + " " + unit


def login(rng: Rng) -> str:
    """Return a user's name."""
    return numbers.username(rng, given(rng), family(rng))


def email(rng: Rng) -> str:
    """Return somebody's address, at Spanish and other domains."""
    own = numbers.plain(names.family(rng, "spanish"))
    domains = [host.replace("*", own) for host in _HOSTS]
    return numbers.email(rng, given(rng), family(rng), *domains)


_HOSTS = (
    "hotmail.es", "gmail.com", "gmail.com", "yahoo.es", "telefonica.net", "hospital*.es", "*.org", "salud.*.es",
    "*.com.ar", "yahoo.com.mx", "*.cl", "u*.edu.co", "*.com",
)  # fmt: skip


_BANKS = (("ES",), ("ES",), ("ES",), ("FR", "DE", "PT", "IT"))
_TOWNS = (("address.es_CO", "municipalities"), ("address.es_AR", "municipalities"), ("address.es_CL", "communes"))

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
        families=families,
        gf=lambda rng: f"{given(rng)} {family(rng)}",
        gff=lambda rng: f"{given(rng)} {families(rng)}",
        familycaps=lambda rng: families(rng).upper(),
        invname=inverted,
        lastfirst=inverted,
        foreign=romance.foreign,
        foreignf=romance.foreign,
        foreignfam=romance.foreign_family,
        initials=romance.person_initials,
    ),
    **romance.labeled(
        "DATE_TIME",
        date=date,
        eldate=with_article,
        elnum=lambda rng: rng.choice(("el ", "el día ")) + romance.numeric_date(rng, 1940, 2026),
        Eldate=lambda rng: with_article(rng).replace("el", "El", 1),
        daymonth=day_month,
        monthyear=month_year,
        datenum=lambda rng: romance.numeric_date(rng, 1990, 2026),
        birth=birth,
        expiry=lambda rng: f"{rng.randint(1, 12):02}/{rng.randint(24, 33)}",
    ),
    **romance.labeled("AGE", age=age, agenum=lambda rng: str(rng.randint(1, 99))),
    **romance.labeled("UNIQUE_ID", appno=romance.application_number),
    **romance.labeled("FINANCIAL_ACCOUNT", iban=lambda rng: numbers.iban(rng, *rng.choice(_BANKS))),
    **romance.labeled("PHONE_NUMBER", phone=lambda rng: numbers.phone(rng, "es", "es", "es", "latam", "mx")),
    **romance.labeled("EMAIL_ADDRESS", email=email),
    **romance.labeled("USERNAME", user=login, username=login),
    **romance.labeled(
        None,
        oddfamily=romance.foreign_family,
        num=romance.fraction,
        w=lambda rng: romance.ordinary_word(rng, "es"),
        W=lambda rng: romance.ordinary_word(rng, "es").capitalize(),
        para=lambda rng: str(rng.randint(1, 140)),
        sum=money,
        time=lambda rng: romance.clock(rng, "{h}:{m:02}", "{h:02}:{m:02}", "{h}.{m:02}", "{h}:{m:02} h"),
        hash=lambda rng: "#",
        fakerjob=lambda rng: rng.choice(romance.table("job.es_ES", "jobs")).lower(),
        fakertown=lambda rng: rng.choice(romance.table(*rng.choice(_TOWNS))),
    ),
}
"""Slots of the Spanish templates that ``templates/lists_es.yaml`` does not have (see `values`)."""
