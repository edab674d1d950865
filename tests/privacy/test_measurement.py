"""Measuring on small gold files whose figures were computed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdvert.errors import GateBlocked, UserError
from kdvert.privacy.measurement import COLUMNS, measure, score
from kdvert.privacy.measurement_gold import Row, Span, read_gold
from kdvert.privacy.measurement_mapping import LabelMap
from kdvert.privacy.spans import Hit

KNOWN = {"PERSON", "CITY", "LOCATION", "PHONE_NUMBER"}


def row(text: str, *spans: tuple[str, str], name: str = "r") -> Row:
    """A row in which the first mention of each text is marked with its label."""
    return Row(name, text, tuple(Span(text.index(t), text.index(t) + len(t), label) for t, label in spans))


def hit(text: str, part: str, entity: str = "PERSON") -> Hit:
    return Hit(entity, text.index(part), text.index(part) + len(part), 1.0)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_shares_by_hand():
    text = "Ann Lee met Bob in Oslo on Monday."
    gold = row(text, ("Ann Lee", "NAME"), ("Bob", "NAME"), ("Oslo", "PLACE"))
    report = score([gold], [[hit(text, "Ann Lee"), hit(text, "Oslo", "CITY"), hit(text, "Monday", "DATE_TIME")]])
    assert report.overall.entity_recall.value == pytest.approx(2 / 3)
    assert report.overall.character_recall.value == pytest.approx(11 / 14)
    assert report.overall.character_precision.value == pytest.approx(11 / 17)
    recall, precision = 11 / 14, 11 / 17
    assert report.overall.f2.value == pytest.approx(5 * precision * recall / (4 * precision + recall))
    assert report.types["NAME"].entity_recall.value == 0.5
    assert report.types["NAME"].character_recall.value == pytest.approx(0.7)
    assert report.types["PLACE"].entity_recall.value == 1.0
    assert report.findings["DATE_TIME"].value == 0.0
    assert report.findings["PERSON"].value == 1.0


def test_an_entity_is_found_only_with_all_its_mentions():
    text = "Ann called. Later Ann wrote. Ann left."
    starts = (0, 18, 29)
    gold = Row("r", text, tuple(Span(s, s + 3, "NAME") for s in starts))
    two = score([gold], [[Hit("PERSON", s, s + 3, 1.0) for s in starts[:2]]])
    assert (two.overall.entity_recall.hits, two.overall.entity_recall.of) == (0, 1)
    assert two.overall.character_recall.value == pytest.approx(2 / 3)
    three = score([gold], [[Hit("PERSON", s, s + 3, 1.0) for s in starts]])
    assert three.overall.entity_recall.value == 1.0


def test_the_same_text_in_two_rows_or_under_two_labels_is_two_entities():
    text = "Paris"
    rows = [row(text, ("Paris", "NAME"), ("Paris", "PLACE")), row(text, ("Paris", "NAME"))]
    report = score(rows, [[hit(text, "Paris")], []])
    assert (report.overall.entity_recall.hits, report.overall.entity_recall.of) == (2, 3)


def test_blanks_and_punctuation_between_findings_need_not_be_covered():
    text = "Lee, Ann (born 1990)"
    gold = row(text, ("Lee, Ann", "NAME"))
    assert score([gold], [[hit(text, "Lee"), hit(text, "Ann")]]).overall.entity_recall.value == 1.0
    assert score([gold], [[hit(text, "Lee"), hit(text, "An")]]).overall.entity_recall.value == 0.0
    assert score([gold], [[hit(text, "Lee"), hit(text, "Ann")]]).overall.character_recall.value == pytest.approx(6 / 8)


def test_a_mention_of_signs_alone_must_be_covered_itself():
    text = "code ##!! end"
    gold = row(text, ("##!!", "SECRET"))
    assert score([gold], [[]]).overall.entity_recall.value == 0.0
    assert score([gold], [[hit(text, "##!!")]]).overall.entity_recall.value == 1.0


def test_overlapping_spans_and_findings_count_each_character_once():
    text = "Dr. Ann Lee of Oslo"
    gold = Row("r", text, (Span(0, 11, "NAME"), Span(4, 11, "NAME"), Span(8, 11, "FAMILY"), Span(8, 11, "FAMILY")))
    found = [Hit("PERSON", 4, 11, 1.0), Hit("PERSON", 8, 19, 1.0), Hit("CITY", 15, 19, 1.0)]
    report = score([gold], [found])
    assert report.overall.character_recall.hits == 7
    assert report.overall.character_recall.of == 11
    assert (report.overall.character_precision.hits, report.overall.character_precision.of) == (7, 15)
    assert (report.overall.entity_recall.hits, report.overall.entity_recall.of) == (2, 3)
    assert (report.findings["PERSON"].hits, report.findings["PERSON"].of) == (7, 15)


def test_ignored_labels_are_neither_missed_nor_wrongly_taken():
    text = "Ann v. Penal Code at Oslo"
    gold = row(text, ("Ann", "PARTY"), ("Penal Code", "STATUTE"))
    labels = LabelMap({"PARTY": ("PERSON",), "STATUTE": ()})
    report = score([gold], [[hit(text, "Ann"), hit(text, "Penal", "ORGANIZATION"), hit(text, "Oslo", "CITY")]], labels)
    assert (report.overall.entity_recall.hits, report.overall.entity_recall.of) == (1, 1)
    assert (report.overall.character_precision.hits, report.overall.character_precision.of) == (3, 7)
    assert report.findings["ORGANIZATION"].value is None
    assert report.ignored == {"STATUTE": 1}
    assert set(report.types) == {"PERSON"}


def test_labels_to_be_left_are_wrongly_taken():
    text = "Ann v. Penal Code"
    gold = row(text, ("Ann", "PARTY"), ("Penal Code", "STATUTE"), ("v", "OTHER"))
    labels = LabelMap({"PARTY": ("PERSON",), "STATUTE": (), "OTHER": ()}, left=frozenset({"STATUTE"}))
    found = [hit(text, "Ann"), hit(text, "Code", "ORGANIZATION"), hit(text, "v")]
    precision = score([gold], [found], labels).overall.character_precision
    assert (precision.hits, precision.of) == (3, 7)
    strict = score([gold], [found], labels.strict()).overall.character_precision
    assert (strict.hits, strict.of) == (3, 8)


def test_a_counted_span_inside_an_ignored_one_counts():
    text = "State v. Ann Lee 1990"
    gold = row(text, ("State v. Ann Lee 1990", "PRECEDENT"), ("Ann Lee", "NAME"))
    labels = LabelMap({"PRECEDENT": (), "NAME": ("PERSON",)})
    report = score([gold], [[hit(text, "Ann Lee 1990")]], labels)
    assert report.overall.entity_recall.value == 1.0
    assert (report.overall.character_precision.hits, report.overall.character_precision.of) == (7, 7)


def test_types_tell_what_was_found_as_something_else():
    text = "Jordan Lee, Oslo"
    gold = row(text, ("Jordan Lee", "NAME"), ("Oslo", "PLACE"))
    labels = LabelMap({"NAME": ("PERSON",), "PLACE": ("CITY", "LOCATION")})
    found = [hit(text, "Jordan", "CITY"), hit(text, "Lee"), hit(text, "Oslo", "LOCATION")]
    report = score([gold], [found], labels)
    assert report.types["PERSON"].entity_recall.value == 1.0
    assert (report.types["PERSON"].typed.hits, report.types["PERSON"].typed.of) == (3, 9)
    assert report.types["CITY"].typed.value == 1.0


def test_types_that_the_policy_leaves_alone_are_set_apart():
    text = "Ann, Acme"
    gold = row(text, ("Ann", "NAME"), ("Acme", "FIRM"))
    labels = LabelMap({"NAME": ("PERSON",), "FIRM": ("LOCATION",)})
    report = score([gold], [[hit(text, "Ann")]], labels, targets={"PERSON"})
    assert report.overall.entity_recall.value == 1.0
    assert report.outside == {"FIRM": 1}
    assert report.ignored == {}


def test_a_text_without_spans_counts_against_precision_alone():
    text = "Ann"
    rows = [row(text, ("Ann", "NAME")), row("Bob", name="s")]
    report = score(rows, [[hit(text, "Ann")], [hit("Bob", "Bob")]])
    assert report.overall.entity_recall.value == 1.0
    assert report.overall.character_precision.value == 0.5


def test_nothing_marked_and_nothing_taken_gives_no_share():
    report = score([row("a"), row("b")], [[], []])
    assert report.overall.entity_recall.value is None
    assert report.overall.character_precision.value is None
    assert report.to_json()["f2"] is None
    assert report.rows() == [("all", "0", "–", "–", "–", "–")]


def test_the_report_as_data_and_as_table():
    text = "Ann Lee met Bob"
    report = score([row(text, ("Ann Lee", "NAME"), ("Bob", "NAME"))], [[hit(text, "Ann Lee")]])
    data = json.loads(json.dumps(report.to_json()))
    assert data["entity_recall"] == 0.5
    assert data["character_precision"] == 1.0
    assert data["types"]["NAME"]["character_recall"] == pytest.approx(0.7)
    low, high = data["intervals"]["entity_recall"]
    assert low < 0.5 < high
    assert "Ann" not in json.dumps(data)
    assert [len(line) for line in report.rows()] == [len(COLUMNS)] * 2
    assert report.rows()[-1][0] == "all"


def test_measure_reads_files_and_hands_over_the_language(tmp_path: Path):
    gold = write(
        tmp_path / "gold.jsonl",
        {"id": 1, "text": "Ana vive", "spans": [{"start": 0, "end": 3, "label": "N"}], "lang": "es", "source": "x"},
        {"id": "b", "text": "Bob", "spans": []},
    )
    mapping = tmp_path / "map.yaml"
    mapping.write_text("N: PERSON\nOTHER: ignore\nX: leave\nP: [CITY, LOCATION]\n")
    seen: list[tuple[str, str | None]] = []

    def find(text: str, language: str | None) -> list[Hit]:
        seen.append((text, language))
        return [Hit("PERSON", 0, 3, 1.0)]

    report = measure(gold, find, mapping, known=KNOWN)
    assert seen == [("Ana vive", "es"), ("Bob", None)]
    assert report.types["PERSON"].entity_recall.value == 1.0
    assert report.overall.character_precision.value == 0.5
    assert report.texts == 2
    assert report.characters == 11


def test_floors_name_each_type_and_its_value():
    text = "Ann, Bob, 555"
    gold = row(text, ("Ann", "PERSON"), ("Bob", "PERSON"), ("555", "PHONE_NUMBER"))
    report = score([gold], [[hit(text, "Ann")]])
    floors = {"PERSON": 0.9, "PHONE_NUMBER": 0.1, "CITY": 1.0}
    assert [(s.type, s.value, s.floor, s.entities) for s in report.under(floors)] == [
        ("PERSON", 0.5, 0.9, 2),
        ("PHONE_NUMBER", 0.0, 0.1, 1),
    ]
    assert report.unjudged(floors) == ["CITY"]
    with pytest.raises(GateBlocked, match=r"PERSON 0\.500 of 2 \(floor 0\.9\); PHONE_NUMBER 0\.000") as blocked:
        report.enforce(floors)
    assert blocked.value.exit_code == 3
    assert blocked.value.details["entity_recall"] == pytest.approx(1 / 3)
    report.enforce({"PERSON": 0.5, "CITY": 1.0})


BAD_ROWS = {
    "not JSON": '{"id": 1, "text": "Ann Secret", "spans": [',
    "not a JSON object": '["Ann Secret"]',
    "'id' is missing": '{"text": "Ann Secret", "spans": []}',
    "'text' is missing": '{"id": 1, "spans": []}',
    "'spans' is missing": '{"id": 1, "text": "Ann Secret"}',
    "'text' has the wrong type": '{"id": 1, "text": 7, "spans": []}',
    "'lang' is not a string": '{"id": 1, "text": "Ann Secret", "spans": [], "lang": 1}',
    "span 1: not a JSON object": '{"id": 1, "text": "Ann Secret", "spans": [[0, 3, "N"]]}',
    "span 1: 'end' is missing": '{"id": 1, "text": "Ann Secret", "spans": [{"start": 0, "label": "N"}]}',
    "span 1: 'start' has the wrong type": '{"id": 1, "text": "Ann Secret", "spans": [{"start": true, "end": 3, "label": "N"}]}',
    "span 1: 'label' is empty": '{"id": 1, "text": "Ann Secret", "spans": [{"start": 0, "end": 3, "label": " "}]}',
    "0 to 99 is not a stretch": '{"id": 1, "text": "Ann Secret", "spans": [{"start": 0, "end": 99, "label": "N"}]}',
    "-1 to 3 is not a stretch": '{"id": 1, "text": "Ann Secret", "spans": [{"start": -1, "end": 3, "label": "N"}]}',
    "3 to 3 is not a stretch": '{"id": 1, "text": "Ann Secret", "spans": [{"start": 3, "end": 3, "label": "N"}]}',
}


@pytest.mark.parametrize("problem", BAD_ROWS)
def test_bad_rows_are_named_by_line_and_never_shown(tmp_path: Path, problem: str):
    path = tmp_path / "gold.jsonl"
    path.write_text('\n{"id": 0, "text": "fine", "spans": []}\n' + BAD_ROWS[problem] + "\n")
    with pytest.raises(UserError) as caught:
        read_gold(path)
    assert "line 3" in str(caught.value)
    assert problem in str(caught.value)
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "holds no row"), (b"\n \n", "holds no row"), (b"\xff\xfe{", "not UTF-8")]
)
def test_files_that_hold_no_gold(tmp_path: Path, content: bytes, problem: str):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=problem):
        read_gold(path)


def test_a_missing_gold_file_is_the_users_error(tmp_path: Path):
    with pytest.raises(UserError, match="cannot be read"):
        read_gold(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="cannot be read"):
        read_gold(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "not a table"),
        ("- PERSON", "not a table"),
        ("N: [", "not valid YAML"),
        ("N: 3", "neither a type nor"),
        ("N: []", "neither a type nor"),
        ("N: PERSOM", "unknown type 'PERSOM'"),
        ("M: PERSON", "says nothing of N"),
    ],
)
def test_bad_mappings(tmp_path: Path, content: str, problem: str):
    gold = write(tmp_path / "g.jsonl", {"id": 1, "text": "Ann", "spans": [{"start": 0, "end": 3, "label": "N"}]})
    mapping = tmp_path / "map.yaml"
    mapping.write_text(content)
    with pytest.raises(UserError, match=problem):
        measure(gold, lambda text, language: [], mapping, known=KNOWN)
