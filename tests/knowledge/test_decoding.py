"""Encodings: what is read, what is refused."""

from __future__ import annotations

import codecs
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdvert.knowledge.decoding import decode, normalize
from kdvert.knowledge.problems import SourceProblem

GERMAN = "Die Übelkeit der Patientin war größer als üblich – die Ärzte prüften die Dosis."


@pytest.mark.parametrize(
    "data",
    [
        GERMAN.encode(),
        GERMAN.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"),
        GERMAN.encode("utf-32"),
        GERMAN.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16-le", "utf-16-be", "utf-32", "windows-1252"],
)
def test_encodings_are_recognized(data: bytes) -> None:
    assert decode(data).text == GERMAN


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Café", "cp1252"),  # four letters: every code page of the West and East would do
        ("L’élève a été reçu à l’hôpital après une crise d’épilepsie.", "cp1252"),
        ("Ο ασθενής εισήχθη στο νοσοκομείο με υψηλό πυρετό και πονοκέφαλο.", "cp1253"),
        ("患者は高熱のため病院に運ばれました。医師は薬を処方しました。", "shift_jis"),
    ],
)
def test_old_code_pages_are_guessed_and_said_to_be(text: str, encoding: str) -> None:
    found = decode(text.encode(encoding))
    assert found.text == text
    assert found.guessed is not None


def test_what_is_stated_or_declared_goes_before_a_guess() -> None:
    polish = "Pacjent zgłosił się z gorączką."  # as Windows-1252 it looks sound too
    assert decode(polish.encode("cp1250"), stated="cp1250") == (polish, None)
    assert decode("Прием".encode("koi8-r"), declared="koi8-r") == ("Прием", None)
    assert decode("Café".encode("cp1252"), declared="no-such-encoding") == ("Café", "cp1252")
    assert decode("Café".encode(), declared="cp1252") == ("Café", None)


def test_a_wrong_statement_is_an_error() -> None:
    with pytest.raises(SourceProblem) as caught:
        decode(GERMAN.encode("cp1252"), stated="utf-8")
    assert caught.value.reason == "encoding"


@pytest.mark.parametrize("data", [b"a\x00b", b"\x89PNG\r\n\x1a\n\x00\x00", bytes(range(1, 256)) * 20])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(SourceProblem) as caught:
        decode(data)
    assert caught.value.reason == "binary"


def test_random_bytes_are_refused() -> None:
    with pytest.raises(SourceProblem):
        decode(os.urandom(4000))


def test_a_cut_utf_16_file_is_refused() -> None:
    with pytest.raises(SourceProblem) as caught:
        decode(GERMAN.encode("utf-16")[:-1])
    assert caught.value.reason == "encoding"


def test_normalize_composes_and_unifies_line_ends() -> None:
    assert normalize("cafe\u0301\r\nline  \rlast\x00\x07\u00ad\n\n") == "café\nline\nlast"


@given(st.text())
def test_normalize_is_stable(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert "\r" not in once
    assert unicodedata.is_normalized("NFC", once)
