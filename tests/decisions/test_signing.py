"""Signatures: what they cover, and what each wrong key is told."""

from __future__ import annotations

import base64
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import yaml

from kdvert.decisions import ed25519, enrolling, signers, signing
from kdvert.decisions.signing import KEY, Signer
from kdvert.errors import UserError

NOW = datetime(2026, 5, 4, tzinfo=UTC)

PAYLOAD = {"reason": "Ünïcode", "until": "2027-01-01", "number": 3, "nothing": None}


def test_a_signature_holds_for_what_was_signed(tmp_path, jane):
    assert signing.flaw("override", PAYLOAD, jane.sign("override", PAYLOAD), signers.read(tmp_path)) is None


@pytest.mark.parametrize(
    ("kind", "change", "signature_change"),
    [
        ("tombstone", {}, {}),
        ("override", {"reason": "Unicode"}, {}),
        ("override", {"more": 1}, {}),
        ("override", {}, {"signer": "Jane Roe"}),
        ("override", {}, {"signature": base64.b64encode(bytes(64)).decode()}),
        ("override", {}, {"signature": "no base64"}),
        ("override", {}, {"signature": ""}),
    ],
)
def test_a_signature_does_not_hold_for_anything_else(tmp_path, jane, kind, change, signature_change):
    signature = jane.sign("override", PAYLOAD).model_copy(update=signature_change)
    assert signing.flaw(kind, PAYLOAD | change, signature, signers.read(tmp_path)) == "signature_wrong"


def test_the_order_of_keys_does_not_matter(tmp_path, jane):
    turned = dict(reversed(PAYLOAD.items()))
    assert signing.flaw("override", turned, jane.sign("override", PAYLOAD), signers.read(tmp_path)) is None


def test_nobody_is_believed_who_is_not_in_the_file(tmp_path, jane):
    signature = jane.sign("override", PAYLOAD)
    (tmp_path / signers.FILE).unlink()
    assert signing.flaw("override", PAYLOAD, signature, signers.read(tmp_path)) == "unknown_signer"


def test_another_persons_key_does_not_sign_for_jane(tmp_path, jane, enroll):
    joe = enroll("Joe Bloggs", "counsel")
    signature = joe.sign("override", PAYLOAD).model_copy(update={"key_id": jane.key_id, "signer": jane.name})
    assert signing.flaw("override", PAYLOAD, signature, signers.read(tmp_path)) == "signature_wrong"


@pytest.mark.parametrize(("field", "value"), [("role", "counsel"), ("name", "Jane Roe"), ("added", "2020-01-01")])
def test_a_row_changed_by_hand_is_not_believed(tmp_path, enroll, field, value):
    reviewer = enroll("Jane Doe", "reviewer")
    signature = reviewer.sign("override", PAYLOAD)
    path = tmp_path / signers.FILE
    rows = yaml.safe_load(path.read_text())
    rows["signers"][0][field] = value
    path.write_text(yaml.safe_dump(rows))
    assert signing.flaw("override", PAYLOAD, signature, signers.read(tmp_path)) == "signer_altered"


def test_the_environment_gives_the_signer(tmp_path, monkeypatch):
    signer, private = enrolling.enroll(tmp_path, name=" Jane Doe ", role="reviewer", now=NOW, fresh=True)
    monkeypatch.setenv(KEY, f" {private}\n")
    found = Signer.from_environment(tmp_path)
    assert (found.name, found.key_id, found.row.role) == ("Jane Doe", signer.key_id, "reviewer")
    assert private not in repr(found)


def test_no_key_says_how_to_make_one(tmp_path):
    with pytest.raises(UserError, match=f"{KEY} is not set.*") as caught:
        Signer.from_environment(tmp_path)
    assert "kdvert keys new" in caught.value.hint
    assert Signer.maybe_from_environment(tmp_path) is None


@pytest.mark.parametrize("value", ["hunter2-secret", base64.b64encode(b"short").decode(), "ä" * 44, "A" * 4000])
def test_a_malformed_key_is_refused_and_never_shown(tmp_path, monkeypatch, value):
    monkeypatch.setenv(KEY, value)
    for ask in (Signer.from_environment, Signer.maybe_from_environment):
        with pytest.raises(UserError, match="is not a private key of kdvert") as caught:
            ask(tmp_path)
        assert value not in str(caught.value)


def test_an_unknown_key_is_named_by_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, private := ed25519.new_private())
    with pytest.raises(UserError, match=r"is not in the project's signers\.yaml") as caught:
        Signer.from_environment(tmp_path)
    assert private not in str(caught.value)


def test_a_key_of_another_project_can_be_added(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    signer, private = enrolling.enroll(tmp_path / "a", name="Jane Doe", role="counsel", now=NOW, fresh=True)
    monkeypatch.setenv(KEY, private)
    same, shown = enrolling.enroll(tmp_path / "b", name="Jane Doe", role="counsel", now=NOW, fresh=False)
    assert (same.key_id, shown) == (signer.key_id, None)
    with pytest.raises(UserError, match=r"holds the key .* already"):
        enrolling.enroll(tmp_path / "b", name="Jane Doe", role="reviewer", now=NOW, fresh=False)


def test_the_private_key_is_written_nowhere(tmp_path):
    _, private = enrolling.enroll(tmp_path, name="Jane Doe", role="counsel", now=NOW, fresh=True)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {p.name for p in files} >= {"signers.yaml", "trail.jsonl"}
    raw = ed25519.decode(private)
    assert not [p for p in files if private.encode() in p.read_bytes() or raw in p.read_bytes()]


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "x" * 201, "a\x1b[31mred"])
def test_a_name_must_be_one_line(tmp_path, name):
    with pytest.raises(UserError, match="--name"):
        enrolling.enroll(tmp_path, name=name, role="counsel", now=NOW, fresh=True)
    assert not (tmp_path / signers.FILE).exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("signers: [", "not valid YAML"),
        ("signers: 3", "signers"),
        ("people: []", "unknown key 'people'"),
        ("signers:\n- {name: J, role: boss, key: x, added: 2026-01-01, signature: x}", "role"),
        ("signers:\n- {name: J, role: counsel, key: x, added: 2026-01-01, signature: x}", "base64"),
        ("- 1", "signers.yaml"),
    ],
)
def test_a_file_of_signers_that_does_not_fit_is_explained(tmp_path, text, message):
    (tmp_path / signers.FILE).write_text(text)
    with pytest.raises(UserError, match=message):
        signers.read(tmp_path)


def test_a_key_that_stands_twice_is_an_error(tmp_path, jane):
    path = tmp_path / signers.FILE
    rows = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({"signers": rows["signers"] * 2}))
    with pytest.raises(UserError, match="stands in it twice"):
        signers.read(tmp_path)


def test_only_the_role_may(tmp_path, enroll):
    reviewer = enroll("Joe Bloggs", "reviewer")
    reviewer.require("reviewer", "operator", to="erase")
    with pytest.raises(UserError, match=r"Only counsel may decide on an override.*role reviewer"):
        reviewer.require("counsel", to="decide on an override")


def test_reading_a_key_imports_cryptography_only_when_needed():
    code = "import sys, kdvert.decisions.trail; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
