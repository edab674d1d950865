from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert.dossier import fields
from kdvert.dossier.lineage import Lineage
from kdvert.dossier.table import DOCUMENTS
from kdvert.errors import UserError


def test_an_open_field_says_who_must_fill_it() -> None:
    open_field = fields.value({}, "legal_basis")
    assert str(open_field) == "To be filled by: the data protection officer"
    assert fields.value({"legal_basis": "Consent."}, "legal_basis") == "Consent."


def test_filled_fields_leave_the_list() -> None:
    names = [row.field for row in fields.still_open({"funding": "Acme"}, settled=["student_license"])]
    assert "funding" not in names
    assert "student_license" not in names
    assert len(names) == len(fields.FIELDS) - 2


def test_answers_are_read_from_the_project(tmp_path: Path) -> None:
    (tmp_path / fields.FILE).write_text("provider_name: Acme GmbH\nfunding:\n", encoding="utf-8")
    assert fields.read(tmp_path) == {"provider_name": "Acme GmbH"}
    assert fields.read(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("provider_nam: Acme", "provider_name"),
        ("- a", "mapping"),
        ("funding: [a]", "must be text"),
        ("a: [", "YAML"),
        ("student_license: MIT", "is a setting"),
    ],
)
def test_wrong_answers_are_explained(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / fields.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said) as caught:
        fields.read(tmp_path)
    assert caught.value.hint


def test_every_field_stands_in_a_document_and_not_in_the_list_alone(
    gathered: Callable[..., Lineage], tmp_path: Path
) -> None:
    answers = {field.id: f"<<{field.id}>>" for field in fields.FIELDS if not field.setting}
    lineage = gathered(answers=answers)
    for document in DOCUMENTS:
        document.write(lineage, tmp_path)
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.*"))
    assert [name for name in answers if f"<<{name}>>" not in text.replace("\\", "")] == []
