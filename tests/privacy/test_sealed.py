from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from kdvert.errors import UserError, WorkFailed
from kdvert.privacy import keys
from kdvert.privacy.sealed import SealedMap, Swap, opening_line, seal

KEY = Fernet.generate_key()
RAW = "Maria Alvarez and Tom Bell; Alvarez left 🙂."
CLEAN = "[PERSON_1] and [PERSON_2]; [PERSON_1] left 🙂."


def swaps() -> list[Swap]:
    found, cursor = [], 0
    for raw, stand_in in (("Maria Alvarez", "[PERSON_1]"), ("Tom Bell", "[PERSON_2]"), ("Alvarez", "[PERSON_1]")):
        start = CLEAN.index(stand_in, cursor)
        cursor = start + len(stand_in)
        found.append(Swap(start, cursor, raw, stand_in))
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "sealed.jsonl.enc"
    file.write_text("\n".join([opening_line(KEY), seal(KEY, "a", swaps()), seal(KEY, "b", [], [])]) + "\n")
    return file


def test_a_document_comes_back_as_it_was(path: Path) -> None:
    opened = SealedMap.open(path, KEY)
    assert opened.documents == ["a", "b"]
    done = opened.restore("a", CLEAN)
    assert (done.text, done.restored, done.left) == (RAW, 3, 0)


def test_a_changed_text_gets_back_what_is_certain(path: Path) -> None:
    done = SealedMap.open(path, KEY).restore("a", "Then [PERSON_2] met [PERSON_1].")
    assert (done.text, done.restored, done.left) == ("Then Tom Bell met [PERSON_1].", 1, 1)


def test_the_file_shows_nothing(path: Path) -> None:
    content = path.read_text()
    assert not [word for word in ("Alvarez", "Tom", "PERSON", "document") if word in content]


def test_another_key_opens_nothing(path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened") as caught:
        SealedMap.open(path, Fernet.generate_key())
    assert "KDVERT_SEAL_KEY" in str(caught.value)


def test_a_damaged_line_is_told(path: Path) -> None:
    path.write_text(path.read_text()[:-20] + "\n")
    with pytest.raises(WorkFailed, match="damaged"):
        SealedMap.open(path, KEY)


def test_an_unknown_document_is_told(path: Path) -> None:
    with pytest.raises(UserError, match="no document 'c'"):
        SealedMap.open(path, KEY).restore("c", "x")


def test_no_key_or_a_wrong_one_is_told_with_a_way_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.SEAL_KEY, raising=False)
    with pytest.raises(UserError, match="not set") as caught:
        keys.seal_key()
    assert "python -c" in str(caught.value)
    monkeypatch.setenv(keys.SEAL_KEY, "short")
    with pytest.raises(UserError, match="is not a key") as caught:
        keys.seal_key()
    assert "short" not in str(caught.value)


def test_the_key_that_the_message_makes_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import base64
    import secrets

    monkeypatch.setenv(keys.SEAL_KEY, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    assert keys.seal_key()


def test_a_project_keeps_its_secret_and_a_corpus_needs_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.SURROGATE_KEY, raising=False)
    first = keys.surrogate_key("document", tmp_path / "cache")
    assert first == keys.surrogate_key("document", tmp_path / "cache")
    assert first != keys.surrogate_key("document", tmp_path / "other")
    assert (tmp_path / "cache" / keys.SECRET_FILE).stat().st_mode & 0o077 == 0
    with pytest.raises(UserError, match="KDVERT_SURROGATE_KEY"):
        keys.surrogate_key("corpus", tmp_path / "cache")
    monkeypatch.setenv(keys.SURROGATE_KEY, "x" * 31)
    with pytest.raises(UserError, match="too short"):
        keys.surrogate_key("document", tmp_path / "cache")
    monkeypatch.setenv(keys.SURROGATE_KEY, "x" * 32)
    assert keys.surrogate_key("corpus", tmp_path / "cache") == b"x" * 32
