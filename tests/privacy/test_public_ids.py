"""Public codes are left alone; a personal one beside them, or behind a word that is often a label, is not."""

from __future__ import annotations

import pytest

from kdvert.filescrub.rulebook import everything
from kdvert.privacy import public_ids, tagged
from kdvert.privacy.detectors import Detector, generic_specs, known_entities
from kdvert.privacy.spans import Hit


def is_public(text: str, value: str) -> bool:
    start = text.index(value)
    return public_ids.is_public(text, start, start + len(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("billed with CPT 99213 and", "99213"),
        ("LOINC code: 4548-4", "4548-4"),
        ("the custody holds ISIN US0378331005 in", "US0378331005"),
        ("a bond, US0378331005, fell", "US0378331005"),
        ("LEI HWUPKR0MPOU8FGXBT394 names", "HWUPKR0MPOU8FGXBT394"),
        ("enrolled in (NCT04471902).", "NCT04471902"),
        ("enrolled in NCT04471902", "04471902"),
        ("reads in SRR4471902 and", "SRR4471902"),
        ("the genome NC_000913.3, as", "NC_000913.3"),
        ("doi 10.1038/s41586-020-2649-2.", "10.1038/s41586-020-2649-2"),
        ("under Section 302 of the Code", "302"),
        ("sections 404(b) and", "404(b)"),
        ("Regulation (EU) 2016/679", "Regulation (EU) 2016/679"),
        ("Public Law No. 101-549", "101-549"),
        ("see Case C-131/12", "C-131/12"),
        ("Commission File Number 001-36743", "001-36743"),
        ("sent Form 1040 in", "1040"),
        ("CAS 7732-18-5", "7732-18-5"),
    ],
)
def test_a_public_code(text: str, value: str) -> None:
    assert is_public(text, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ISIN US0378331005 in account number 000418823907", "000418823907"),
        ("NCT04471902, MRN 48213907", "48213907"),
        ("Section 12 of the Act, case number 2:21-cv-04471", "2:21-cv-04471"),
        ("Form 1040 of client 4471920", "4471920"),
        ("a bond, US0378331006, fell", "US0378331006"),  # the check digit is wrong
        ("his number 99213-4471", "99213-4471"),
        ("subsection of party 44719", "44719"),  # "section" within a word
        ("nct04471902", "nct04471902"),
        ("In her note 48213907 it says", "48213907"),
        ("On his form 48213907 it says", "48213907"),
        ("Item no. 48213907", "48213907"),
        ("In act 48213907", "48213907"),
    ],
)
def test_no_public_code(text: str, value: str) -> None:
    assert not is_public(text, value)


def test_the_tagger_is_not_believed_about_a_public_code_alone() -> None:
    text = "ISIN US0378331005, held for client 4471920AB."
    labeled = [Hit("UNIQUE_ID", 5, 17, 0.99), Hit("UNIQUE_ID", 35, 44, 0.99)]
    assert [text[h.start : h.end] for h in tagged.found(text, labeled, "en")] == ["4471920AB"]


IDENTIFIERS = [
    ("US_SSN", "", "219-09-9999"),
    ("CREDIT_CARD", "", "4111 1111 1111 1111"),
    ("PHONE_NUMBER", "", "415-555-0142"),
    ("EMAIL_ADDRESS", "", "m.vale@orchard.com"),
    ("IBAN_CODE", "", "GB82 WEST 1234 5698 7654 32"),
    ("MEDICAL_RECORD_NUMBER", "MRN ", "48213907"),
    ("FINANCIAL_ACCOUNT", "account number ", "000418823907"),
    ("STAFF_ID", "employee ID ", "4471920"),
]


@pytest.fixture(scope="module")
def detector() -> Detector:
    specs = [*generic_specs(), *everything().recognizers]
    return Detector(specs, sorted(known_entities(specs)), 0.4)


@pytest.mark.parametrize("label", ["Note", "Form", "Item no.", "act", "lot", "Section", "title:", "Art."])
def test_a_pattern_takes_an_identifier_behind_any_word(detector: Detector, label: str) -> None:
    for entity, before, value in IDENTIFIERS:
        text = f"See {label} {before}{value} on the page."
        assert (entity, value) in {(h.entity, text[h.start : h.end]) for h in detector.find(text, {})}


@pytest.mark.parametrize(
    ("text", "personal", "public"),
    [
        ("The custody holds ISIN US0378331005 in account number 000418823907.", "000418823907", "US0378331005"),
        ("She enrolled in NCT04471902, MRN 48213907, on the ward.", "48213907", "NCT04471902"),
        ("Under Section 12 of the Act, case number 2:21-cv-04471 was opened.", "2:21-cv-04471", "Section 12"),
        ("Her employee ID 4471920 stands beside CPT 99213 on the bill.", "4471920", "99213"),
    ],
)
def test_a_personal_number_beside_a_public_one(detector: Detector, text: str, personal: str, public: str) -> None:
    hits = detector.find(text, {})
    assert personal in {text[h.start : h.end] for h in hits}
    start = text.index(public)
    assert not [h for h in hits if h.start < start + len(public) and start < h.end]
