from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdvert.privacy import checksums
from kdvert.privacy.draws import Draws
from kdvert.privacy.names import words_of
from kdvert.privacy.spans import Piece
from kdvert.privacy.surrogate_names import gender_of
from kdvert.privacy.surrogates import Surrogates

KEY = b"0123456789abcdef0123456789abcdef"


def replaced(
    text: str, *values: tuple[str, str], document: str = "a", consistency: str = "document", key: bytes = KEY
) -> list[str]:
    pieces = []
    cursor = 0
    for entity, value in values:
        start = text.index(value, cursor)
        cursor = start + len(value)
        pieces.append(Piece(entity, start, cursor, 1.0, "replace"))
    return Surrogates.of(key, consistency, document, text).replacements(text, pieces, frozenset())


def people(text: str, *names: str, **options) -> list[str]:
    return replaced(text, *(("PERSON", name) for name in names), **options)


def test_all_forms_of_a_name_become_forms_of_one_other() -> None:
    names = ["Maria L. Alvarez", "Alvarez", "Maria", "M. Alvarez", "ALVAREZ", "Alvarez, Maria", "Tom Alvarez"]
    text = "; ".join(f"x {name}" for name in names)
    full, family, given, short, capitals, comma, relative = people(text, *names)
    first, initial, last = full.split()
    assert (family, given, capitals, comma) == (last, first, last.upper(), f"{last}, {first}")
    assert short == f"{first[0]}. {last}"
    assert re.fullmatch(r"[A-Z]\.", initial)
    assert relative.split()[1] == last
    assert relative.split()[0] != first
    assert not {w.casefold() for n in names for w in words_of(n) if len(w) > 1} & {
        w.casefold() for n in (full, relative) for w in words_of(n)
    }


@pytest.mark.parametrize(
    ("name", "gender"),
    [("Maria Alvarez", "female"), ("John Thornquist", "male"), ("Giovanni Rossi", "male"), ("Camille Dubois", None)],
)
def test_given_names_keep_their_gender(name: str, gender: str | None) -> None:
    for document in "abcdefgh":
        (made,) = people(f"{name} came", name, document=document)
        if gender:
            assert gender_of(made.split()[0]) in (gender, None)


def test_a_title_tells_the_gender_of_a_name_that_no_list_knows() -> None:
    text = "Xyloria Quenbury came. Mrs. Quenbury left."
    for document in "abcdefgh":
        full, short = people(text, "Xyloria Quenbury", "Quenbury", document=document)
        assert gender_of(full.split()[0]) in ("female", None)
        assert short == full.split()[1]


def test_titles_particles_hyphens_and_apostrophes_keep_their_place() -> None:
    titled, particles, hyphen, apostrophe = people(
        "by Dr. Thornquist, Ludwig van der Berg, Anne-Marie Smythe-Jones, Sean O'Brannigan.",
        "Dr. Thornquist", "Ludwig van der Berg", "Anne-Marie Smythe-Jones", "Sean O'Brannigan",
    )  # fmt: skip
    assert re.fullmatch(r"Dr\. [A-Z][a-z]+", titled)
    assert re.fullmatch(r"[A-Z][a-z]+ van der [A-Z][a-z]+", particles)
    assert re.fullmatch(r"[A-Z][a-z]+-[A-Z][a-z]+ [A-Z][a-z]+-[A-Z][a-z]+", hyphen)
    assert "Brannigan" not in apostrophe


def test_a_document_follows_its_language() -> None:
    text = "El paciente Joaquín García Montoya fue visto por el médico en la clínica y se fue. García Montoya volvió."
    full, short = people(text, "Joaquín García Montoya", "García Montoya")
    assert full.split()[1:] == short.split()  # two family names, as in Spain


def test_documents_differ_and_reruns_do_not() -> None:
    text = "Maria Alvarez came"
    made = {document: people(text, "Maria Alvarez", document=document)[0] for document in "abcdefghij"}
    assert len(set(made.values())) > 5
    assert made == {d: people(text, "Maria Alvarez", document=d)[0] for d in made}
    assert made["a"] != people(text, "Maria Alvarez", key=b"x" * 32)[0]


def test_a_corpus_has_one_surrogate_for_one_value() -> None:
    one = people("Maria Alvarez came", "Maria Alvarez", document="a", consistency="corpus")
    two = people("Then Alvarez saw Maria", "Alvarez", "Maria", document="b", consistency="corpus")
    assert one == [f"{two[1]} {two[0]}"]
    numbers = [
        replaced(f"MRN {n}", ("MEDICAL_RECORD_NUMBER", n), document=d, consistency="corpus")[0]
        for d, n in (("a", "48-213907"), ("b", "48213907"))
    ]
    assert numbers[0].replace("-", "") == numbers[1]


NUMBERS = [
    ("CREDIT_CARD", "4111 1111 1111 1111"), ("CREDIT_CARD", "3714-496353-98431"), ("IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
    ("IBAN_CODE", "ES9121000418450200051332"), ("IBAN_CODE", "FR14 2004 1010 0505 0001 3M02 606"), ("US_NPI", "1234567893"),
    ("ABA_ROUTING_NUMBER", "021000021"), ("MEDICAL_LICENSE", "AB1234563"), ("UK_NHS", "943 476 5919"),
    ("VEHICLE_ID", "1M8GDM9AXKP042788"), ("ORCID", "0000-0002-1825-0097"), ("US_MBI", "1EG4-TE5-MK73"),
    ("ES_NIF", "12345678Z"), ("MEDICAL_RECORD_NUMBER", "BBH-20190412-311"), ("LICENSE_PLATE", "kdv 4471"),
]  # fmt: skip


@pytest.mark.parametrize(("entity", "value"), NUMBERS)
def test_numbers_keep_shape_and_checks(entity: str, value: str) -> None:
    passed = [check for check in checksums.positive() if check(checksums.compact(value))]
    for document in "abc":
        (made,) = replaced(f"is {value}.", (entity, value), document=document)
        assert made != value
        shape = [(c.isdigit(), c.isalpha(), c.isupper(), None if c.isalnum() else c) for c in value]
        assert shape == [(c.isdigit(), c.isalpha(), c.isupper(), None if c.isalnum() else c) for c in made]
        assert all(check(checksums.compact(made)) for check in passed)
        if entity == "IBAN_CODE":
            assert made[:2] == value[:2]


@pytest.mark.parametrize(
    ("entity", "value", "pattern"),
    [
        ("PHONE_NUMBER", "(212) 555-7788", r"\([2-9]\d\d\) 555-01\d\d"),
        ("PHONE_NUMBER", "+1 212 664 7788", r"\+1 [2-9]\d\d 555 01\d\d"),
        ("PHONE_NUMBER", "664-7788", r"555-01\d\d"),
        ("PHONE_NUMBER", "212.664.7788 ext. 412", r"[2-9]\d\d\.555\.01\d\d ext\. \d{3}"),
        ("FAX_NUMBER", "07700 912345", r"(?:07700 900|01632 960)\d{3}"),
        ("PHONE_NUMBER", "+44 20 7946 0958", r"\+44 (?:77 0090 0|16 3296 0)\d{3}"),
        ("PHONE_NUMBER", "+33 6 12 34 56 78", r"\+33 (?:1 99 00|2 61 91|3 53 01|6 39 98) \d\d \d\d"),
        ("PHONE_NUMBER", "+34 612 345 678", r"\+34 6\d\d \d{3} \d{3}"),
        ("US_SSN", "219-09-9998", r"9\d\d-(?:0[1-9]|[1-4]\d)-\d{4}"),
        ("US_ITIN", "912-70-1234", r"9\d\d-(?:6[6-9]|89|93)-\d{4}"),
        ("IP_ADDRESS", "10.20.30.40", r"(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}"),
        ("IP_ADDRESS", "fe80::1", r"2001:db8:[0-9a-f:]+"),
        ("MAC_ADDRESS", "00:1B:44:11:3A:B7", r"02(?::[0-9A-F]{2}){5}"),
        ("UUID", "123e4567-e89b-42d3-a456-426614174000", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),
        ("STREET_ADDRESS", "418 Larkspur Lane, Apt 5", r"\d{3} [A-Z][a-z]+ Lane, Apt \d"),
        ("STREET_ADDRESS", "Calle Velarde 12", r"Calle [A-ZÁÉÍÓÚ]\w+ \d\d"),
        ("HEALTH_FACILITY", "Brindle Bay Hospital", r"[A-Z][a-z]+ [A-Z][a-z]+ Hospital"),
        ("ZIP_CODE", "43999-1234", r"\d{5}-\d{4}"),
        ("URL", "https://www.elmclinic.org/staff/12", r"https://www\.[a-z]{9}\.example\.(?:com|net|org)/[a-z]{5}/\d\d"),
        ("SCHOOL_USERNAME", "xkq4471", r"[a-z]{3}\d{4}"),
    ],
)  # fmt: skip
def test_each_kind_has_its_form(entity: str, value: str, pattern: str) -> None:
    for document in "abc":
        (made,) = replaced(f"is {value}.", (entity, value), document=document)
        assert re.fullmatch(pattern, made), made
        assert made != value


def test_an_address_follows_the_name() -> None:
    text = "Maria Alvarez, m.alvarez@clinic.org, malvarez77@gmail.com, other.person@clinic.org"
    name, first, second, third = replaced(
        text, ("PERSON", "Maria Alvarez"), *(("EMAIL_ADDRESS", e) for e in text.split(", ")[1:])
    )
    given_name, family = (w.lower() for w in name.split())
    assert re.fullmatch(rf"{given_name[0]}\.{family}@example\.(com|net|org)", first)
    assert re.fullmatch(rf"{given_name[0]}{family}\d\d@example\.(com|net|org)", second)
    assert "other" not in third
    assert "person" not in third
    assert first.split("@")[1] == third.split("@")[1]


def test_the_same_number_however_it_is_written() -> None:
    text = "call 555-0142, (212) 555-0142, 212.555.0142, +1 212 555 0142"
    _, *made = replaced(text, *(("PHONE_NUMBER", v) for v in text[5:].split(", ")))
    assert len({re.sub(r"\D", "", m)[-10:] for m in made}) == 1


@pytest.mark.parametrize(
    ("entity", "value"),
    [("NRP", "Ruritanian"), ("CRYPTO", "abcdef"), ("PERSON", "Maria 4417"), ("DATE_TIME", "three days ago"),
     ("PERSON", "王小明"), ("EMAIL_ADDRESS", "no address")],
)  # fmt: skip
def test_what_cannot_be_made_up_gets_a_placeholder(entity: str, value: str) -> None:
    assert replaced(f"is {value}.", (entity, value)) == [f"[{entity}_1]"]


def test_a_value_inside_a_word_gets_a_placeholder() -> None:
    assert replaced("xMaria came", ("PERSON", "Maria")) == ["[PERSON_1]"]
    assert replaced("MariaJohn", ("PERSON", "Maria"), ("PERSON", "John")) == ["[PERSON_1]", "[PERSON_2]"]


def test_more_values_than_surrogates_end_in_placeholders() -> None:
    numbers = [f"664-{n:04d}" for n in range(1000, 1140)]
    made = replaced(", ".join(numbers), *(("PHONE_NUMBER", n) for n in numbers))
    assert len(set(made)) == len(made)
    assert sum(m.startswith("[PHONE_NUMBER_") for m in made) >= 40


@settings(max_examples=60, deadline=None)
@given(
    entity=st.sampled_from(["PERSON", "PHONE_NUMBER", "MEDICAL_RECORD_NUMBER", "EMAIL_ADDRESS", "URL", "STREET_ADDRESS",
                            "CITY", "CREDIT_CARD", "US_SSN", "IP_ADDRESS", "UNIQUE_ID", "DATE_TIME", "ORGANIZATION"]),
    value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=24) | st.from_regex(r"[A-Z]{0,3}[-. ]?\d{1,9}", fullmatch=True)
    | st.from_regex(r"[A-Z][a-z]{1,8}( [A-Z]\.)?( [A-Z][a-z]{1,8})?", fullmatch=True),
)  # fmt: skip
def test_a_surrogate_is_never_the_original(entity: str, value: str) -> None:
    text = f"( {value} )"
    piece = Piece(entity, 2, 2 + len(value), 1.0, "replace")
    surrogates = Surrogates.of(KEY, "document", "a", text)
    (made,) = surrogates.replacements(text, [piece], frozenset())
    plain = re.sub(r"[\W_]+", "", value).casefold()
    if not made.startswith("["):
        assert re.sub(r"[\W_]+", "", made).casefold() != plain
        assert {e.value for e in surrogates.entries} == {made}
    if len(plain) > 5:
        assert value not in made


def test_draws_follow_the_key_and_cover_their_range() -> None:
    drawn = [Draws(KEY, "x", str(n)).below(10) for n in range(300)]
    assert set(drawn) == set(range(10))
    assert drawn == [Draws(KEY, "x", str(n)).below(10) for n in range(300)]
    assert drawn != [Draws(b"k" * 32, "x", str(n)).below(10) for n in range(300)]
