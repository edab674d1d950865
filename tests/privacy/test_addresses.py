"""What belongs to an address around a street, and the sentences that only look like it."""

from __future__ import annotations

import pytest

from kdvert.privacy import addresses


def completed(text: str, street: str) -> list[tuple[str, str]]:
    start = text.index(street)
    hits = addresses.completed(text, [(start, start + len(street))])
    return [(h.entity, text[h.start : h.end].strip(" .,")) for h in hits]


@pytest.mark.parametrize(
    ("text", "street", "parts"),
    [
        (
            "She lives at 418 Larkspur Lane Apt 12, Fairhollow, OH 43999 now.",
            "Larkspur Lane",
            [
                ("STREET_ADDRESS", "418"),
                ("STREET_ADDRESS", "Apt 12"),
                ("LOCATION", "Fairhollow"),
                ("ZIP_CODE", "43999"),
            ],
        ),
        (
            "He moved to Olmstraat 7, Velderdam 1011 in spring.",
            "Olmstraat 7",
            [("LOCATION", "Velderdam"), ("ZIP_CODE", "1011")],
        ),
        (
            "418 Larkspur Lane\nFairhollow, OH\n43999",
            "Larkspur Lane",
            [("STREET_ADDRESS", "418"), ("LOCATION", "Fairhollow"), ("ZIP_CODE", "43999")],
        ),
        (
            "> 418 Larkspur Lane\n> Fairhollow, OH 43999",
            "Larkspur Lane",
            [("STREET_ADDRESS", "418"), ("LOCATION", "Fairhollow"), ("ZIP_CODE", "43999")],
        ),
        (
            "Write to Larkspur Lane, Fairhollow 43999-1234.",
            "Larkspur Lane",
            [("LOCATION", "Fairhollow"), ("ZIP_CODE", "43999-1234")],
        ),
        (
            "It is in Rua do Carvalho 7, Vilarim, Portugal. Then we left.",
            "Rua do Carvalho 7",
            [("LOCATION", "Vilarim")],
        ),
        (
            "Larkspur Lane. Salt Lake City, UT 84999",
            "Larkspur Lane",
            [("LOCATION", "Salt Lake City"), ("ZIP_CODE", "84999")],
        ),
    ],
)
def test_the_rest_of_an_address(text: str, street: str, parts: list[tuple[str, str]]) -> None:
    assert completed(text, street) == parts


@pytest.mark.parametrize(
    "text",
    [
        "They met on Larkspur Lane. In 2019 the road was closed.",
        "They met on Larkspur Lane. The Board sat 12/2020.",
        "Larkspur Lane. Call 555014 for more.",
        "Larkspur Lane, Fairhollow is a nice road.",
        "It cost 3.418 Larkspur Lane pounds.",
        "On Larkspur Lane, Fairhollow 12.5 inches of rain fell.",
        "Larkspur Lane. She was there.",
    ],
)
def test_a_sentence_about_a_street_is_no_address(text: str) -> None:
    assert completed(text, "Larkspur Lane") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Vive en la calle del Olmo Viejo, 12 desde mayo.", "calle del Olmo Viejo, 12"),
        ("Elle habite 14 rue des Lilas 3, près du parc.", "14 rue des Lilas 3"),
        ("Mail goes to P.O. Box 4417 only.", "P.O. Box 4417"),
        ("Ihre Wohnung: Ahornstraße 14a, zweiter Stock.", "Ahornstraße 14a"),
    ],
)
def test_streets_of_several_countries(text: str, value: str) -> None:
    assert value in {text[start:end].strip() for start, end in addresses.find(text)}


@pytest.mark.parametrize(
    "text",
    ["See Section 12 of the Act.", "The 14 patients of Table 3 fell.", "In 2019 20 states changed it.", "12 Monkeys"],
)
def test_numbers_in_prose_are_no_streets(text: str) -> None:
    assert addresses.find(text) == []


def test_the_town_of_an_american_address_is_cut_off() -> None:
    text = "418 Larkspur Lane, Fairhollow, OH 43999"
    start, end = addresses.without_town(text, (0, len(text)))
    assert text[start:end] == "418 Larkspur Lane"
