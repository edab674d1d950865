"""Which names of files may be shown, and what titles are made of them."""

from __future__ import annotations

import pytest

from kdvert.privacy.file_names import address, is_plain, names_one_of, title_of


@pytest.mark.parametrize(
    "path",
    [
        "sources/asthma.md", "sources/wound-care_notes.txt", "sources/guidelines/chapter 12.pdf", "sources/**",
        "sources/*.jsonl", "sources/statement 2023.pdf", "sources/no-rule.pdf", "a.md", "",
    ],
)  # fmt: skip
def test_dictionary_words_may_be_shown(path: str) -> None:
    assert is_plain(path)


@pytest.mark.parametrize(
    "path",
    [
        "sources/Discharge Maria Lopez 1984.pdf", "sources/mlopez.md", "Lopez/report.md", "sources/MariaLopez.txt",
        "sources/scan 48213377.pdf", "sources/1984-03-14.txt", "2021/03/scan.txt", "sources/ml/j k.md",
        "m.lopez@example.org.txt", "sources/Müller.md", "sources/Rose.md", "sources/*lopez*", "sources/李明.md",
        "sources/María‐José.md", "sources/rec#12.md", "sources/asthma.lopez.md", "sources/report.lopez", "Care of J. Lopez",
    ],
)  # fmt: skip
def test_what_may_name_a_person_is_not(path: str) -> None:
    assert not is_plain(path)


def test_a_name_that_a_document_gives_away_is_seen_in_the_path() -> None:
    assert names_one_of("sources/wound ulster.md", ["Mary Ulster"])
    assert names_one_of("sources/mquennell.md", ["Ottoline Quennell"])
    assert not names_one_of("sources/painful wounds.md", ["Carla Pain"])
    assert not names_one_of("sources/asthma.md", ["Mary Ulster", "A. B."])


@pytest.mark.parametrize(
    ("stem", "text", "title"),
    [
        ("wound-care_notes", "", "wound care notes"),
        ("Discharge Maria Lopez 1984", "Maria Lopez went home.", "Discharge"),
        ("mlopez_48213377", "text", "doc-0001"),
        ("ficha-hospitalaria", "La ficha hospitalaria se dio ayer.", "ficha hospitalaria"),
        ("quillonax-dosing", "Take quillonax daily.", "quillonax dosing"),
        ("lopez notes", "lopez was seen", "notes"),
    ],
)
def test_a_title_keeps_terms_and_no_names(stem: str, text: str, title: str) -> None:
    assert title_of(stem, text, "doc-0001") == title


def test_an_address_keeps_its_host() -> None:
    assert address("https://example.org/asthma/treatment?patient=7") == "https://example.org/asthma/treatment"
    assert address("https://ana:pw@example.org/~ana.lopez/48213377") == "https://example.org/"
