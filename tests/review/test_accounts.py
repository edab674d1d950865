"""Who may review: passphrases that open keys, invitations, and a file that proves nothing by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from kdvert.decisions import enrolling, trail
from kdvert.errors import UserError
from kdvert.review import accounts
from kdvert.review.accounts import FILE, VALID_FOR, Accounts, must_be_strong

from .place import NOW, PASSPHRASE


@pytest.fixture
def book(copied) -> Accounts:
    return Accounts(copied)


def test_a_passphrase_opens_its_own_key_alone(book):
    rita = book.open("Rita Roe", PASSPHRASE)
    assert (rita.name, rita.row.role) == ("Rita Roe", "reviewer")
    assert book.open("  rita   ROE ", PASSPHRASE).key_id == rita.key_id
    assert book.open("Abe Low", PASSPHRASE).key_id != rita.key_id
    for name, words in (("Rita Roe", PASSPHRASE.upper()), ("Rita Roe", ""), ("Rita", PASSPHRASE), ("", PASSPHRASE)):
        assert book.open(name, words) is None


def test_the_file_holds_neither_passphrase_nor_key_and_is_private(book):
    raw = book.path.read_text(encoding="utf-8")
    for name in ("Rita Roe", "Abe Low"):
        assert book.open(name, PASSPHRASE)._private not in raw
    assert PASSPHRASE not in raw
    assert book.path.stat().st_mode & 0o777 == 0o600
    assert book.path.parent.stat().st_mode & 0o077 == 0
    book.invite("New Person", "reviewer", NOW)
    assert book.path.stat().st_mode & 0o777 == 0o600


def test_two_people_with_one_passphrase_have_nothing_in_common(book):
    people = book.book().people
    assert len({p.salt for p in people}) == len({p.sealed for p in people}) == len(people)


def test_a_role_in_the_file_gives_no_powers(book):
    raw = yaml.safe_load(book.path.read_text(encoding="utf-8"))
    for person in raw["people"]:
        person["role"] = "approver"
    book.path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    assert book.open("Rita Roe", PASSPHRASE).row.role == "reviewer"


def test_a_sealed_key_under_another_name_does_not_open(book):
    raw = yaml.safe_load(book.path.read_text(encoding="utf-8"))
    abe, rita = (next(p for p in raw["people"] if p["name"] == name) for name in ("Abe Low", "Rita Roe"))
    rita["key_id"] = abe["key_id"]
    book.path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    assert book.open("Rita Roe", PASSPHRASE) is None


def test_a_row_of_signers_that_was_changed_by_hand_signs_nothing(book):
    path = book.root / "signers.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("role: reviewer", "role: approver"), encoding="utf-8")
    assert book.open("Rita Roe", PASSPHRASE) is None


def test_the_cost_of_a_passphrase_is_its_own(book, monkeypatch):
    monkeypatch.setattr(accounts, "_COST", {**accounts._COST, "n": 1 << 6})
    assert book.open("Rita Roe", PASSPHRASE)
    book.add("New Person", "reviewer", PASSPHRASE, NOW)
    assert {p.cost for p in book.book().people} == {1 << 4, 1 << 6}
    monkeypatch.undo()
    assert book.open("New Person", PASSPHRASE)


def test_what_people_get_is_stretched_as_long_as_the_module_says(root):
    """The other tests stretch for less long."""
    person = Accounts(root).add("Rita Roe", "reviewer", PASSPHRASE, NOW)
    assert (person.cost, accounts._COST) == (1 << 15, {"n": 1 << 15, "r": 8, "p": 1})


@pytest.mark.parametrize(
    "words", ["", "short words", "aaaaaaaaaaaaaaaaaaaa", "abababababababab", "rita roe maria", "Rita Roe Maria"]
)
def test_easy_passphrases(book, words):
    with pytest.raises(UserError, match="passphrase"):
        must_be_strong(words, "Rita Roe Maria")
    with pytest.raises(UserError, match="passphrase"):
        book.add("Rita Roe Maria", "reviewer", words, NOW)
    assert len(book.book().people) == 4


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b", "\u202eevil"])
def test_names_that_are_none(book, name):
    before = trail.path_of(book.root).read_bytes(), book.path.read_bytes()
    with pytest.raises(UserError):
        book.invite(name, "reviewer", NOW)
    with pytest.raises(UserError):
        book.add(name, "reviewer", PASSPHRASE, NOW)
    assert (trail.path_of(book.root).read_bytes(), book.path.read_bytes()) == before


def test_white_space_in_a_name_is_one_space(book):
    assert book.add(" New\n\tPerson ", "reviewer", PASSPHRASE, NOW).name == "New Person"


def test_a_name_is_taken_until_its_key_is_retired(book):
    for name in ("Rita Roe", "rita  roe"):
        with pytest.raises(UserError, match="already"):
            book.add(name, "reviewer", PASSPHRASE, NOW)
        with pytest.raises(UserError, match="already"):
            book.invite(name, "reviewer", NOW)
    rita = book.open("Rita Roe", PASSPHRASE)
    enrolling.retire(book.root, rita.key_id, signer=rita, now=NOW)
    assert book.open("Rita Roe", PASSPHRASE) is None
    assert not book.is_active(rita.key_id)
    book.add("Rita Roe", "approver", PASSPHRASE + " two", NOW)
    assert book.open("Rita Roe", PASSPHRASE + " two").row.role == "approver"
    assert book.open("Rita Roe", PASSPHRASE) is None


def test_an_invitation_is_taken_up_once(book):
    code = book.invite("New  Person", "approver", NOW)
    assert code not in book.path.read_text(encoding="utf-8")
    with pytest.raises(UserError, match="passphrase"):
        book.accept(code, "short", NOW)
    person = book.accept(code, PASSPHRASE, NOW)
    assert (person.name, person.role) == ("New Person", "approver")
    with pytest.raises(UserError, match="not valid"):
        book.accept(code, PASSPHRASE, NOW)
    assert book.book().invitations == []


def test_an_invitation_ends_and_a_second_one_replaces_it(book):
    first = book.invite("New Person", "reviewer", NOW)
    second = book.invite("new person", "approver", NOW)
    assert book.invited(first, NOW) is None
    assert book.invited(second, NOW + VALID_FOR - timedelta(seconds=1)).role == "approver"
    assert book.invited(second, NOW + VALID_FOR) is None
    assert book.invited("", NOW) is None


def test_a_file_that_is_none(book):
    for raw in ("people: [", "people: 3", "nobody: []"):
        book.path.write_text(raw, encoding="utf-8")
        with pytest.raises(UserError, match=str(FILE)):
            book.active()
    book.path.unlink()
    assert book.active() == []
