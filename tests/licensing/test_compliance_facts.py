"""Every fact file is of its closed model, and the rows hold together."""

from __future__ import annotations

import re
from datetime import date

import pytest
import yaml
from pydantic import ValidationError

from kdvert.content import compliance_facts
from kdvert.errors import UserError
from kdvert.licensing import facts
from kdvert.licensing.obligations import read_file
from kdvert.licensing.rulings import Terms
from kdvert.licensing.use import Use

FOLDER = compliance_facts()
DATA = sorted((FOLDER / "licenses").glob("*.yaml"))
MODELS = {
    "licenses.yaml": facts.ModelLicenseFile,
    "families.yaml": facts.FamilyFile,
    "routes.yaml": facts.RouteFile,
}

BY_USE = {"internal": "allow", "hosted": "ask-counsel", "distributed": "block"}
ALLOWED = {"verdict": "allow", "grant": "Yes.", "source": "Text", "read": "2026-11-24", "confidence": "H"}


@pytest.mark.parametrize("path", DATA, ids=lambda p: p.name)
def test_each_file_of_data_licenses_is_valid(path):
    assert read_file(path, facts.DataLicenseFile).licenses


def test_each_file_about_models_is_valid_and_there_is_no_other():
    assert sorted(p.name for p in (FOLDER / "models").glob("*.yaml")) == sorted(MODELS)
    for name, model in MODELS.items():
        read_file(FOLDER / "models" / name, model)


def all_terms():
    yield from ((name, row.terms) for name, (_, row) in facts.data_licenses().items())
    for name, row in facts.model_licenses().items():
        yield from ((f"{name} as teacher", row.teacher), (f"{name} as student", row.student))
    yield from ((name, row.terms) for name, row in facts.routes().items())


def test_every_fact_says_where_and_when_it_was_read():
    for name, terms in all_terms():
        assert terms.source, name
        assert terms.read == date(2026, 11, 24), name


def test_contract_terms_expire_and_licenses_do_not():
    assert all(row.terms.expires and row.terms.expires > row.terms.read for row in facts.routes().values())
    assert all(row.terms.expires is None for _, row in facts.data_licenses().values())


def test_general_knowledge_never_allows():
    for name, terms in all_terms():
        if terms.confidence == "L":
            for use in ("internal", "hosted", "distributed"):
                assert terms.judge("x", Use(distribution=use, commercial=False), date(2026, 11, 24)).verdict in (
                    "ask-counsel",
                    "block",
                ), name


def test_families_name_licenses_and_routes_that_exist():
    for row in facts.families():
        assert all(name.lower() in facts.model_licenses() for name in row.licenses), row.family
        assert row.route is None or row.route in facts.routes(), row.family
        assert row.route or row.publishers, row.family


@pytest.mark.parametrize("row", facts.families(), ids=lambda r: r.family)
def test_each_example_belongs_to_its_family_alone(row):
    for example in row.examples:
        name = re.sub(r"[\s_:]+", "-", example.lower())
        hit = [f.family for f in facts.families() if re.search(rf"(?<![a-z0-9])(?:{f.pattern})(?![a-z0-9]|\.\d)", name)]
        assert hit == [row.family], example


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": "L"}, "can only tighten"),
        ({"grant": None}, "give grant"),
        ({"commercial": False}, "give limit"),
        ({"verdict": BY_USE}, "give limit, uncertainty"),
        ({"verdict": "allow-with-duties"}, "verdict"),
        ({"note": "x"}, "Extra inputs"),
        ({"read": "yesterday"}, "read"),
    ],
)
def test_a_row_that_does_not_hold_together_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Terms.model_validate(ALLOWED | change)


def test_a_wrong_file_names_the_row(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({"licenses": [{"ids": ["A"], "title": "A", "term": ALLOWED}]}))
    with pytest.raises(UserError, match=r"licenses\.0\.term.*\n.*"):
        read_file(path, facts.DataLicenseFile)


def test_a_family_stands_under_licenses_or_a_route():
    row = {"family": "x", "pattern": "x", "examples": ["x"], "source": "s", "read": "2026-11-24", "confidence": "M"}
    with pytest.raises(ValidationError, match="either licenses or a route"):
        facts.Family.model_validate(row)
