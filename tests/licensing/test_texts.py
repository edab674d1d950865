"""The vendored texts of licenses: unchanged, complete, and the lines that they ask for stand in them."""

from __future__ import annotations

import re

import pytest

from kdvert.content import compliance_facts
from kdvert.errors import WorkFailed
from kdvert.licensing import texts
from kdvert.licensing.facts import data_licenses, model_licenses

FOLDER = compliance_facts() / "texts"
ROWS = texts.manifest().texts
NO_TEXT = {
    # rights without a public license, and collections whose license differs by item
    "LicenseRef-Own-Work", "LicenseRef-Client-Material", "LicenseRef-arXiv-per-paper", "LicenseRef-PMC-OA-per-article",
    "LicenseRef-per-article", "LicenseRef-OpenStax-per-edition", "LicenseRef-SEC-EDGAR-filings",
    "LicenseRef-Public-Domain",
}  # fmt: skip


def squashed(text):
    return " ".join(text.split())


def test_every_license_of_the_facts_has_a_text_or_says_why_it_has_none():
    known = {name for name, _ in data_licenses().values()} | {row.id for row in model_licenses().values()}
    without = {name for name in known - NO_TEXT if not texts.text_of(name) and not texts.missing(name)}
    assert without == set()


def test_no_license_has_a_text_and_an_excuse():
    both = [name for row in ROWS for name in row.ids if texts.missing(name)]
    assert both == []


def test_the_folder_holds_the_files_of_the_manifest_and_no_other():
    assert sorted(path.name for path in FOLDER.glob("*.txt")) == sorted(row.file for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.ids[0])
def test_a_text_is_the_one_that_was_fetched(row):
    found = texts.text_of(row.ids[-1])
    assert found
    assert len(found.text) > 150
    assert not re.search(r"[\r\x00]", found.text)


@pytest.mark.parametrize("row", [r for r in ROWS if r.notice or r.statement], ids=lambda row: row.ids[0])
def test_the_lines_a_license_asks_for_stand_in_its_text(row):
    text = squashed(texts.text_of(row.ids[0]).text)
    for line in (row.notice, row.statement):
        assert line is None or squashed(line) in text
    assert row.blank is None or row.blank in row.statement


@pytest.mark.parametrize("row", [r for r in ROWS if r.restrictions or r.policy], ids=lambda row: row.ids[0])
def test_use_restrictions_are_cut_out_of_the_text_itself(row):
    found = texts.text_of(row.ids[0])
    assert len(found.restrictions) > 150
    if row.restrictions:
        assert found.restrictions.startswith(row.restrictions.start)
    if row.policy and not texts.missing(row.policy):
        assert texts.text_of(row.policy).text.strip() in found.restrictions


def test_attachments_are_taken_whole():
    deepseek = texts.text_of("LicenseRef-DeepSeek-1.0").restrictions
    assert "For military use in any way" in deepseek
    assert "legally protected characteristics" in deepseek
    assert "END OF TERMS" not in deepseek


def test_ids_are_found_in_any_case_and_unknown_ones_are_not():
    assert texts.text_of("cc-by-4.0").row.title.startswith("Creative Commons Attribution 4.0")
    assert texts.text_of("LicenseRef-Nobody") is None
    assert texts.missing("LicenseRef-Nobody") is None


def test_a_changed_text_is_refused(tmp_path):
    (tmp_path / "X.txt").write_text("changed\n")
    with pytest.raises(WorkFailed, match=r"is not the one that manifest\.yaml names"):
        texts._read(tmp_path, "X.txt", "0" * 64)


@pytest.mark.parametrize(
    ("license_id", "link"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-NC-SA-3.0-DE", "https://creativecommons.org/licenses/by-nc-sa/3.0/de/"),
        ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("OGL-UK-3.0", "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"),
        ("Apache-2.0", "https://spdx.org/licenses/Apache-2.0.html"),
        ("LicenseRef-Own-Work", None),
    ],
)
def test_a_license_is_linked_where_it_can_be_read(license_id, link):
    assert texts.link_of(license_id) == link


def test_the_folder_stays_small_enough_to_ship():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000
