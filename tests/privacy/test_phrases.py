from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdvert.privacy.corpus import as_phrases, is_left, sure_names
from kdvert.privacy.ledger import Entry, Ledger
from kdvert.privacy.phrases import Phrases
from kdvert.records import Document, Finding, ScrubLog, Source, SpanMove


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("Maria Alvarez", "x Maria\n Alvarez, y", ["Maria\n Alvarez"]),
        ("Maria", "Mariana, aMaria, maria, (Maria)", ["Maria"]),
        ("(555) 555-0142", "call (555) 555-0142.", ["(555) 555-0142"]),
        ("[PERSON_1]", "x[PERSON_1]y [PERSON_11]", ["[PERSON_1]"]),
        ("Ann Ann", "Ann Ann Ann", ["Ann Ann", "Ann Ann"]),
        ("...", "...", []),
    ],
)
def test_values_are_found_as_words_of_their_own(value: str, text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end, _ in Phrases([value]).find(text)] == found


@given(st.lists(st.text("ab ().é🙂", max_size=5), max_size=6), st.text("ab ().é🙂", max_size=40))
def test_what_is_found_is_there(values: list[str], text: str) -> None:
    wanted = {" ".join(v.split()) for v in values}
    for start, end, value in Phrases(values).find(text):
        assert value in wanted
        assert " ".join(text[start:end].split()) == value


def test_a_ledger_comes_back_sorted_and_knows_parts_of_names(tmp_path: Path) -> None:
    ledger = Ledger([Entry("PERSON", "Helen Whitfield"), Entry("CITY", "Port Avel"), Entry("CITY", "Port Avel")])
    assert ledger.write(tmp_path / "ledger.jsonl") == 2
    assert (tmp_path / "ledger.jsonl").read_text().startswith('{"entity": "CITY", "value": "Port Avel"}\n')
    again = Ledger.read(tmp_path / "ledger.jsonl")
    assert again.entries == ledger.entries
    text = "Whitfield of Port Avel, Port, Helen Whitfield"
    assert [text[a:b] for a, b in again.spans(text)] == ["Whitfield", "Port Avel", "Helen Whitfield"]
    assert Ledger.read(tmp_path / "none.jsonl").spans(text) == []


def document(text: str) -> Document:
    return Document(id="a", source=Source(uri="a", title="", license="CC0-1.0", sha256=""), text=text)


def log(*found: tuple[str, int, int, float], moves: list[SpanMove] | None = None) -> ScrubLog:
    findings = [Finding(entity=e, start=s, end=t, score=p, action="replace") for e, s, t, p in found]
    return ScrubLog(document_id="a", findings=findings, moves=moves or [])


def test_only_sure_full_names_are_searched_elsewhere() -> None:
    text = "Zelda Thornquist Maria Alexander Fleming Green House Odo Brakk"
    spans = {"Zelda Thornquist": 0.85, "Maria": 0.85, "Alexander Fleming": 0.85, "Green House": 0.85, "Odo Brakk": 0.4}
    findings = [("PERSON", text.index(v), text.index(v) + len(v), score) for v, score in spans.items()]
    assert sure_names([(document(text), log(*findings))]) == {"Zelda Thornquist"}
    assert sure_names([(document(text), log(*findings))], most=1) == {"Zelda Thornquist"}


def test_a_known_name_that_was_put_in_is_not_left() -> None:
    known = as_phrases(["Zelda Thornquist"])
    text = "Here is ZELDA THORNQUIST."
    assert is_left(known, document(text), log())
    put_in = SpanMove(start=8, end=20, scrubbed_start=8, scrubbed_end=24)
    assert not is_left(known, document(text), log(moves=[put_in]))
