"""The whole detector: tricks, languages, addresses, lists."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import pytest

from kdvert import verticals
from kdvert.filescrub.rulebook import everything
from kdvert.privacy import detectors
from kdvert.privacy.detectors import Detector, windows
from kdvert.privacy.matching import REACH
from kdvert.privacy.second_opinion import sentences
from kdvert.privacy.spans import Hit, resolve

Find = Callable[[str], set[tuple[str, str]]]
Found = set[tuple[str, int, int]]
PEOPLE = (
    "Leonora Vantongeren, born 03/14/1941, MRN 48213907, lives at 418 Larkspur Lane, Fairhollow, Ohio 43999.",
    "Emeka Thorncastle, (555) 555-0142, e.thorncastle@orchard.com, has account number 000418823907.",
    "Mr. Tarquin Oyelaran, SSN 219-09-9999, student ID 4471920, was seen on May 6, 2024 in Fresno.",
)


@pytest.fixture(scope="module")
def detector() -> Detector:
    specs = [*detectors.generic_specs(), *everything().recognizers]
    return Detector(specs, sorted(detectors.known_entities(specs)), 0.4)


@pytest.fixture(scope="module")
def find(detector: Detector) -> Find:
    def run(text: str) -> set[tuple[str, str]]:
        return {(h.entity, text[h.start : h.end]) for h in detector.find(text, {})}

    return run


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("Her card 4111 1111\n1111 1111 was read.", "CREDIT_CARD", "4111 1111\n1111 1111"),
        ("Write to m.vale&#64;orchard.com today.", "EMAIL_ADDRESS", "m.vale&#64;orchard.com"),
        ("His SSN is 219\u200b-09-9\u200b999 there.", "US_SSN", "219\u200b-09-9\u200b999"),
        ("\U0001f600 SSN: 219-09-9999", "US_SSN", "219-09-9999"),
        ("Mr. Odalys Br\u0430ndmere came.", "PERSON", "Odalys Br\u0430ndmere"),
    ],
)
def test_tricks(find: Find, text: str, entity: str, value: str) -> None:
    assert (entity, value) in find(text)


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("El demandante, el Sr. Tarık Öztan, nació el 9 de octubre de 1974 en la ciudad.", "PERSON", "Tarık Öztan"),
        ("El demandante nació el 9 de octubre de 1974 en la ciudad.", "DATE_TIME", "el 9 de octubre de 1974"),
        ("Los demandantes son ciudadanos polacos y viven en el país.", "NRP", "polacos"),
        (
            "La paciente vive en Calle Olmo Viejo 12, 3º B con su familia.",
            "STREET_ADDRESS",
            "Calle Olmo Viejo 12, 3º B",
        ),
        ("La requête a été introduite par Mme Solveig Ranström le 3 août 1993.", "PERSON", "Solveig Ranström"),
        (
            "Une requête (no 51102/07) dirigée contre la France par des personnes.",
            "ECHR_APPLICATION_NUMBER",
            "51102/07",
        ),
        ("Il a été arrêté dans la République de Chypre avec les autres.", "REGION", "République de Chypre"),
        ("Datos del paciente. NHC: 471120. Fecha de la cita del paciente.", "UNIQUE_ID", "471120"),
    ],
)
def test_spanish_and_french(find: Find, text: str, entity: str, value: str) -> None:
    assert any(e == entity and value in v for e, v in find(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("She lives at 4417 Olmstraat 12, Velderdam.", "4417 Olmstraat 12"),
        ("Send it to PSC 4412, Box 771\nAPO AE 09331 now.", "PSC 4412, Box 771\nAPO AE 09331"),
        ("My new address is 88 Rua do Carvalho 7 Apt. 41, Vilarim.", "88 Rua do Carvalho 7 Apt. 41"),
        ("Er wohnt: Lindenstraße 14 und hier.", "Lindenstraße 14"),
    ],
)
def test_addresses_of_other_countries(find: Find, text: str, value: str) -> None:
    assert any(e == "STREET_ADDRESS" and value in v for e, v in find(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("met with sarah connolly about the invoice", "sarah connolly"),
        ("please ask mary to call me back", "mary"),
        ("please forward this to imogen marsden before noon", "imogen marsden"),
    ],
)
def test_names_in_a_text_without_capitals(find: Find, text: str, name: str) -> None:
    assert ("PERSON", name) in find(text)


def test_a_list_of_names_is_taken_whole(find: Find) -> None:
    found = find("They had four: Gaetane, Hannah, Anthony and Derek.")
    assert {"Gaetane", "Hannah", "Anthony", "Derek"} <= {v for e, v in found if e == "PERSON"}


@pytest.mark.parametrize(
    "text",
    [
        "Use 20 mg of lisinopril for hypertension.",
        "take aspirin with the hope of a rose garden and mark the page in april or may",
        "Ohio, Texas and Virginia have such laws.",
        "See Section 12 of the Act.",
        "Chapter 3\nTable 12 rows\n14 columns",
    ],
)
def test_domain_text_holds_no_person_or_address(find: Find, text: str) -> None:
    assert not {e for e, _ in find(text)} & {"PERSON", "STREET_ADDRESS", "CREDIT_CARD", "US_SSN", "PHONE_NUMBER"}


@pytest.mark.parametrize("text", ["", "a" * 60_000, "One. " * 9_000, "x\n\n" * 4_000, "no end\n" * 200])
def test_windows_and_sentences_cover_the_text(text: str) -> None:
    covered = 0
    for start, window in windows(text):
        assert text.startswith(window, start)
        assert start <= covered
        covered = start + len(window)
        assert "".join(part for _, part in sentences(window)) == window
    assert covered == len(text)


@pytest.mark.parametrize("vertical", sorted(verticals.discover()))
def test_a_second_reading_finds_what_a_full_one_would(detector: Detector, vertical: str) -> None:
    """Of people planted in sample documents every other value is replaced: what only a reading of the new text shows
    must be shown by the one that looks around the replaced stretches too, and the other way round."""
    for path in verticals.load(vertical).corpus[::5]:
        parts = path.read_text(encoding="utf-8").split("\n\n")
        text = "\n\n".join(part for pair in zip(parts, cycle(PEOPLE), strict=False) for part in pair)
        new, put_in, first = _half_replaced(text, detector.find(text, {}))
        full = _apart(detector.find(new, {}), put_in)
        again = _apart(detector.find(new, {}, (), put_in), put_in)
        assert len(first) > 10
        assert full - first <= again <= full
        near = [h for h in full if any(s - REACH // 2 < h[1] and h[2] < e + REACH // 2 for s, e in put_in)]
        assert near
        assert again >= set(near)


def _half_replaced(text: str, hits: list[Hit]) -> tuple[str, list[tuple[int, int]], Found]:
    """Return a text with a placeholder for every other finding, where those are, and what is left of the findings."""
    pieces = [(piece.start, piece.end) for piece in resolve(hits, dict.fromkeys((h.entity for h in hits), "drop"))][::2]
    new, put_in, left, cursor = "", [], set(), 0
    for start, end in [*pieces, (len(text), len(text))]:
        between = (h for h in hits if cursor <= h.start and h.end <= start)
        left |= {(h.entity, h.start - cursor + len(new), h.end - cursor + len(new)) for h in between}
        new += text[cursor:start]
        if start < end:
            put_in.append((len(new), len(new) + len("[PERSON_1]")))
            new += "[PERSON_1]"
        cursor = end
    return new, put_in, left


def _apart(hits: list[Hit], spans: list[tuple[int, int]]) -> Found:
    return {(h.entity, h.start, h.end) for h in hits if not any(s < h.end and h.start < e for s, e in spans)}
