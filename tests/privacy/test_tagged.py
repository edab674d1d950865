"""What the tagger's labels are taken for: which values, how sure, in which language."""

from __future__ import annotations

import pytest

from kdvert.privacy import tagged, tagger
from kdvert.privacy.spans import Hit


def found(text: str, value: str, label: str, score: float, language: str = "en") -> list[tuple[str, float]]:
    start = text.index(value)
    hits = list(tagged.found(text, [Hit(label, start, start + len(value), score)], language))
    assert [text[h.start : h.end] for h in hits] == [value] * len(hits)
    return [(h.entity, h.score) for h in hits]


def test_every_rule_stands_for_a_label_that_the_tagger_gives() -> None:
    assert set(tagged.RULES) <= set(tagger.load().manifest.labels)
    assert all(0 < rule.backed <= 1 and 0 < rule.sure < 1 and rule.most <= 1 for rule in tagged.RULES.values())


@pytest.mark.parametrize(
    ("text", "value", "label"),
    [
        ("Seen by Odalys Brandmere today.", "Odalys Brandmere", "PERSON"),
        ("She moved to Fairhollow in May.", "Fairhollow", "LOCATION"),
        ("She lives at 418 Larkspur Lane.", "418 Larkspur Lane", "STREET_ADDRESS"),
        ("Post to SW1A 1AA please.", "SW1A 1AA", "ZIP_CODE"),
        ("Her file 4471920-B was lost.", "4471920-B", "UNIQUE_ID"),
        ("Her password is tulip!417x.", "tulip!417x", "PASSWORD"),
        ("Her login is obrand417.", "obrand417", "USERNAME"),
        ("Paid to 0004188239 yesterday.", "0004188239", "FINANCIAL_ACCOUNT"),
        ("Born on 14 March 1941.", "14 March 1941", "DATE_TIME"),
        ("She is Spanish.", "Spanish", "NRP"),
    ],
)
def test_a_value_of_the_right_shape_is_believed_only_when_sure(text: str, value: str, label: str) -> None:
    rule = tagged.RULES[label]
    assert found(text, value, label, 0.99) == [(rule.entity, min(0.99, rule.most))]
    assert found(text, value, label, min(rule.sure, rule.backed) - 0.01) == []


@pytest.mark.parametrize(
    ("text", "value", "label"),
    [
        ("Give Penicillin first.", "Penicillin", "PERSON"),
        ("It enters the Calvin cycle.", "Calvin", "PERSON"),
        ("A town called fairhollow.", "fairhollow", "LOCATION"),
        ("Her file B-LOST was lost.", "B-LOST", "UNIQUE_ID"),
        ("He has 12 of them.", "12", "UNIQUE_ID"),
        ("Billed with CPT 99213 today.", "99213", "UNIQUE_ID"),
        ("A loan of 250000000 matures.", "250000000", "FINANCIAL_ACCOUNT"),
        ("It cost $ 250000000 then.", "250000000", "FINANCIAL_ACCOUNT"),
        ("Account 4000 is credited.", "4000", "FINANCIAL_ACCOUNT"),
        ("The tulip!417x was red.", "tulip!417x", "PASSWORD"),  # nobody speaks of a password
        ("Her password is tulip.", "tulip", "PASSWORD"),
        ("Her login is brandmere.", "brandmere", "USERNAME"),
        ("Write to orchard.com soon.", "orchard.com", "EMAIL_ADDRESS"),
        ("Some day in spring.", "in spring", "DATE_TIME"),
        ("in the lane there", "the lane", "STREET_ADDRESS"),
    ],
)
def test_a_value_of_another_shape_is_never_believed(text: str, value: str, label: str) -> None:
    assert found(text, value, label, 1.0) == []


def test_a_name_of_the_lists_needs_less() -> None:
    assert found("It was Imogen Vale then.", "Imogen Vale", "PERSON", 0.4) == [("PERSON", 0.4)]
    assert found("It was Brandq Velm then.", "Brandq Velm", "PERSON", 0.4) == []
    assert found("It was Brandq Velm then.", "Brandq Velm", "PERSON", 0.8) == [("PERSON", 0.8)]


def test_a_street_with_a_number_needs_less() -> None:
    assert found("at 418 Larkspur Lane.", "418 Larkspur Lane", "STREET_ADDRESS", 0.6)
    assert not found("at Larkspur Lane.", "Larkspur Lane", "STREET_ADDRESS", 0.6)


def test_a_state_is_a_region_and_keeps_its_town_apart() -> None:
    assert found("She moved to Ohio.", "Ohio", "LOCATION", 0.9) == [("REGION", 0.6)]
    assert found("She moved to Fairhollow.", "Fairhollow", "LOCATION", 0.9) == [("LOCATION", 0.6)]


@pytest.mark.parametrize(("language", "entity"), [("en", []), ("es", ["STATED_AGE"]), ("fr", ["STATED_AGE"])])
def test_ages_are_the_taggers_only_where_no_recognizer_reads_them(language: str, entity: list[str]) -> None:
    text = "Paciente de 47 años."
    assert [e for e, _ in found(text, "47 años", "AGE", 0.99, language)] == entity


def test_labels_without_a_rule_are_left_out() -> None:
    assert found("She is a nurse.", "nurse", "PROFESSION", 1.0) == []


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("Please call Odalys Brandmere about the invoice of last week.", "en", "Odalys Brandmere"),
        ("La paciente Lucía Fernández Ortega fue dada de alta ayer.", "es", "Lucía Fernández Ortega"),
        ("Le dossier de Étienne Marchand est incomplet depuis lundi.", "fr", "Étienne Marchand"),
    ],
)
def test_the_real_tagger_names_a_person(text: str, language: str, value: str) -> None:
    hits = tagged.found(text, tagger.tag([text], language)[0], language)
    assert ("PERSON", value) in {(h.entity, text[h.start : h.end]) for h in hits}
