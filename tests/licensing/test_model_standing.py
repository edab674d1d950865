"""Whose terms local weights stand under: name, card, base."""

from __future__ import annotations

from datetime import date

import pytest

from kdvert.licensing import chain
from kdvert.licensing.models import standing
from kdvert.licensing.use import Use


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "my-model"
    made.mkdir()
    return made


def write(folder, *lines, config='{"model_type": "llama"}'):
    (folder / "config.json").write_text(config)
    if lines:
        (folder / "README.md").write_text("\n".join(["---", *lines, "---", "", "# A model"]))


def ids(found):
    return [row.id for row in found.licenses]


def test_an_unknown_folder_is_blocked_and_told_where_to_state_the_license(folder):
    write(folder)
    found = standing(str(folder))
    assert "license: apache-2.0" in found.unknown
    assert "my-model/README.md" in found.unknown
    cc0 = [chain.SourceUse(license="CC0-1.0")]
    checked = {"teacher": "embedded", "base_url": None, "use": Use(), "today": date(2026, 11, 24)}
    assert chain.check(sources=cc0, student=str(folder), **checked).verdict == "block"


def test_the_card_is_taken_at_its_word_and_the_report_says_so(folder):
    write(folder, "license: apache-2.0")
    found = standing(str(folder))
    assert ids(found) == ["Apache-2.0"]
    assert any("takes its word" in note for note in found.notes)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["license: llama3.1"], ["LicenseRef-Llama-3.1"]),
        (["license: gemma"], ["LicenseRef-Gemma-Terms-of-Use"]),
        (["license: [mit, apache-2.0]"], ["MIT", "Apache-2.0"]),
        (["license: other", "license_name: qwen-research"], ["LicenseRef-Qwen-Research"]),
        (["license: apache-2.0", "base_model: meta-llama/Llama-3.1-8B"], ["LicenseRef-Llama-3.1", "Apache-2.0"]),
    ],
)
def test_what_cards_declare(folder, lines, expected):
    write(folder, *lines)
    assert ids(standing(str(folder))) == expected


def test_a_license_without_facts_blocks(folder):
    write(folder, "license: openrail++")
    assert "'openrail++'" in standing(str(folder)).unknown


def test_an_unknown_base_asks_for_counsel(folder):
    write(folder, "license: mit", "base_model: someone/secret")
    found = standing(str(folder))
    assert found.unknown is None
    assert "someone/secret" in found.doubts[0]


def test_a_license_in_the_config_counts(folder):
    write(folder, config='{"license": "mit"}')
    assert ids(standing(str(folder))) == ["MIT"]


NO_CARDS = ["---\nlicense: [\n---\n", "---\nlicense: mit\n", "no card", "", "---\n- a\n---\n", "\x00\xff"]


@pytest.mark.parametrize("text", NO_CARDS)
def test_a_card_that_cannot_be_read_declares_nothing(folder, text):
    write(folder)
    (folder / "README.md").write_text(text, encoding="latin-1")
    assert standing(str(folder)).unknown


def test_a_name_beats_no_card_and_adds_to_one(tmp_path):
    folder = tmp_path / "Llama-3.1-8B-legal"
    folder.mkdir()
    write(folder, "license: mit")
    assert ids(standing(str(folder))) == ["LicenseRef-Llama-3.1", "MIT"]


def test_relative_paths_start_at_the_root(folder):
    write(folder, "license: mit")
    assert ids(standing("my-model", root=folder.parent)) == ["MIT"]
    assert standing("my-model").unknown


def test_a_gguf_file_uses_the_card_beside_it(folder):
    write(folder, "license: mit")
    (folder / "weights.gguf").write_bytes(b"GGUF")
    assert ids(standing(str(folder / "weights.gguf"))) == ["MIT"]
