"""License expressions: aliases, combination, and what is unknown."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest

from kdvert.errors import GateBlocked
from kdvert.licensing.terms import data_license, known_licenses, validate_expression
from kdvert.licensing.use import Use

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        ("CC0-1.0", "CC0-1.0"),
        ("cc0-1.0", "CC0-1.0"),
        ("CC0", "CC0-1.0"),
        ("cc by 4.0", "CC-BY-4.0"),
        ("public-domain-us-gov", "LicenseRef-US-Government-Work"),
        ("LicenseRef-scancode-us-govt-public-domain", "LicenseRef-US-Government-Work"),
        (" MIT ", "MIT"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("mit or (apache-2.0 and cc-by-4.0)", "MIT OR (Apache-2.0 AND CC-BY-4.0)"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only"),
    ],
)
def test_spellings_come_to_one_expression(given, expression):
    terms = data_license(given)
    assert terms.expression == expression
    assert data_license(terms.expression) == terms


@pytest.mark.parametrize(
    ("expression", "use", "commercial", "verdict"),
    [
        ("CC0-1.0", "distributed", True, "allow"),
        ("public-domain-us-gov", "distributed", True, "allow"),
        ("CC-BY-4.0", "distributed", True, "allow-with-duties"),
        ("OGL-UK-3.0", "hosted", True, "allow-with-duties"),
        ("CDLA-Permissive-2.0", "distributed", True, "allow-with-duties"),
        ("CC-BY-SA-4.0", "internal", True, "allow-with-duties"),
        ("CC-BY-SA-4.0", "hosted", True, "ask-counsel"),
        ("ODbL-1.0", "internal", True, "allow-with-duties"),
        ("ODbL-1.0", "distributed", True, "ask-counsel"),
        ("CC-BY-ND-4.0", "internal", True, "allow-with-duties"),
        ("CC-BY-ND-4.0", "distributed", True, "ask-counsel"),
        ("CC-BY-ND-3.0", "internal", True, "ask-counsel"),
        ("CC-BY-NC-4.0", "internal", True, "block"),
        ("CC-BY-NC-4.0", "distributed", False, "allow-with-duties"),
        ("CC-BY-NC-SA-4.0", "internal", True, "block"),
        ("CC-BY-NC-SA-4.0", "internal", False, "allow-with-duties"),
        ("CC-BY-NC-SA-4.0", "distributed", False, "ask-counsel"),
        ("AGPL-3.0-only", "internal", True, "ask-counsel"),
        ("LicenseRef-Open-Justice-Licence", "internal", False, "block"),
        ("LicenseRef-arXiv-per-paper", "internal", False, "block"),
        ("LicenseRef-Client-Material", "internal", True, "ask-counsel"),
        ("LicenseRef-Own-Work", "distributed", True, "allow-with-duties"),
        ("CC0-1.0 AND CC-BY-NC-4.0", "internal", True, "block"),
        ("CC0-1.0 OR CC-BY-NC-4.0", "internal", True, "allow"),
        ("CC-BY-NC-4.0 OR CC-BY-NC-SA-4.0", "internal", True, "block"),
        ("CC-BY-4.0 AND (CC-BY-SA-4.0 OR MIT)", "distributed", True, "allow-with-duties"),
    ],
)
def test_verdicts(expression, use, commercial, verdict):
    judged = data_license(expression).judge(Use(distribution=use, commercial=commercial), DAY)
    assert judged.verdict == verdict
    assert judged.reason
    assert judged.facts


def test_and_unites_duties_and_says_which_part_decides():
    judged = data_license("CC-BY-4.0 AND ODbL-1.0").judge(Use(distribution="distributed", commercial=True), DAY)
    assert judged.verdict == "ask-counsel"
    assert len(judged.duties) == 4
    assert "derivative database" in judged.reason
    assert [f.partition(":")[0] for f in judged.facts] == ["CC-BY-4.0", "ODbL-1.0"]


def test_or_takes_the_choice_with_the_fewest_duties():
    assert data_license("CC-BY-4.0 OR CC0-1.0").judge(Use(distribution="hosted", commercial=True), DAY).duties == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("CC-BY-5.0", r"Unknown license 'CC-BY-5\.0'(.|\n)*nearest known: CC-BY-4\.0"),
        ("MIT OR nonsense", "'nonsense' in 'MIT OR nonsense'"),
        ("CC-BY-NC-SA", "CC-BY-NC-SA-4.0"),
        ("unspecified", "unknown means block"),
        ("proprietary", "LicenseRef-Own-Work"),
        ("LicenseRef-Foo", "Unknown license 'LicenseRef-Foo'"),
        ("CECILL-2.1", "Unknown license 'CECILL-2.1'"),
        ("", "empty"),
        ("  \n", "empty"),
        ("MIT AND", "not a license expression"),
        ("( ) OR", "not a license expression"),
        ("( AND + )", "not a license expression"),
        ("Copyright © 2024", "not a license expression"),
        ("Apache-2.0 WITH Commons-Clause", "Unknown exception 'Commons-Clause'"),
        ("CC-BY-4.0 WITH CC-BY-NC-4.0", "Unknown exception"),
    ],
)
def test_what_is_unknown_is_blocked_with_the_nearest_known(expression, message):
    with pytest.raises(GateBlocked, match=message):
        data_license(expression)


def test_no_text_makes_the_parser_crash():
    generator = random.Random(7)
    words = ["MIT", "AND", "OR", "WITH", "(", ")", "CC0-1.0", "foo", "+", "Classpath-exception-2.0", "\n", "é"]
    verdicts: Counter[str] = Counter()
    for _ in range(3000):
        text = " ".join(generator.choices(words, k=generator.randint(1, 7)))
        try:
            judged = data_license(text).judge(Use(distribution="hosted", commercial=True), DAY).verdict
        except GateBlocked as error:
            judged = "refused" if error.hint else f"refused without a hint: {text}"
        verdicts[judged] += 1
    assert {*verdicts} == {"allow", "allow-with-duties", "refused"}  # MIT and CC0 permit hosting; nothing else is known


def test_a_long_expression_is_judged_at_once():
    terms = data_license(" AND ".join(["(MIT OR CC0-1.0)"] * 40))
    assert terms.judge(Use(distribution="distributed", commercial=True), DAY).verdict == "allow"


def test_every_known_license_is_found_by_its_own_id():
    for name in known_licenses():
        assert data_license(name).licenses == [name]


@pytest.mark.parametrize("expression", ["CECILL-2.1", "LicenseRef-Anything AND MIT", "CC0", "public-domain-us-gov"])
def test_a_well_formed_expression_needs_no_facts(expression):
    assert validate_expression(expression) is None


@pytest.mark.parametrize("expression", ["CC-BY-5.0", "free to use", "", "MIT OR"])
def test_an_ill_formed_expression_is_told(expression):
    with pytest.raises(GateBlocked):
        validate_expression(expression)
