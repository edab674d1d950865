from __future__ import annotations

import dataclasses
import itertools
import re
from functools import cache

import pytest

from kdvert import verticals
from kdvert.errors import UserError
from kdvert.privacy import detectors, policy
from kdvert.privacy.generalization import FORMS, form
from kdvert.verticals import PrivacySpec

REGIMES = ["coppa", "common-rule", "ferpa", "frcp-5-2", "gdpr", "glba", "hipaa-safe-harbor", "pci-dss"]


@cache
def generic_types() -> frozenset[str]:
    return frozenset(detectors.known_entities(detectors.generic_specs()))


def combined(*regimes: str, additions: dict[str, str] | None = None, **wishes: str) -> policy.Policy:
    spec = PrivacySpec(regimes=list(regimes), additions=additions or {})
    return policy.combine(spec, extra_regimes=[], actions=wishes, known=generic_types())


def test_all_regimes_are_there() -> None:
    assert sorted(policy.regime_files()) == sorted(REGIMES)


@pytest.mark.parametrize("name", REGIMES)
def test_a_regime_states_its_source_and_reasons(name: str) -> None:
    regime = policy.regime(name)
    assert regime.id == name
    assert regime.source
    assert regime.limits
    assert all(rule.reason for rule in regime.rules.values())


def everything_found() -> set[str]:
    return detectors.known_entities(
        [*detectors.generic_specs(), *(s for v in verticals.discover().values() for s in v.recognizers)]
    )


NOT_TEXT = {"FACE_PHOTO", "PHOTO_OR_RECORDING", "HANDWRITING", "GENETIC_DATA", "SEX_LIFE"}
"""What regimes name and nothing looks for; the description of a policy lists it as without recognizer."""


def test_every_type_a_regime_names_is_found_by_kdvert_or_a_vertical_or_known_to_be_missing() -> None:
    named = {entity for name in REGIMES for entity in policy.regime(name).rules}
    assert named - everything_found() == NOT_TEXT


def test_every_generic_type_is_named_by_some_regime() -> None:
    named = {entity for name in REGIMES for entity in policy.regime(name).rules}
    assert generic_types() - named == {"ORGANIZATION", "OCCUPATION", "SEX"}


@pytest.mark.parametrize("name", REGIMES)
def test_a_rule_names_what_generalizing_or_masking_leaves(name: str) -> None:
    for entity, rule in policy.regime(name).rules.items():
        assert rule.generalization == form(entity, rule.action), entity
        assert not rule.generalization or rule.generalization in FORMS


@pytest.mark.parametrize(
    ("entity", "rule", "message"),
    [
        ("ZIP_CODE", {"action": "generalize", "reason": "r"}, "write `generalization: zip_area`"),
        ("ZIP_CODE", {"action": "replace", "reason": "r", "generalization": "zip_area"}, "leave `generalization` out"),
        ("US_SSN", {"action": "mask", "reason": "r", "generalization": "year"}, "write `generalization: last_four`"),
        ("US_SSN", {"action": "generalize", "reason": "r"}, "US_SSN cannot be generalized"),
    ],
)
def test_a_regime_that_names_another_form_is_refused(entity: str, rule: dict[str, str], message: str) -> None:
    whole = policy.regime("hipaa-safe-harbor").model_dump()
    with pytest.raises(ValueError, match=message):
        policy.Regime.model_validate({**whole, "rules": {entity: rule}})


def test_hipaa_covers_its_eighteen_items() -> None:
    reasons = " ".join(rule.reason for rule in policy.regime("hipaa-safe-harbor").rules.values())
    named = set(re.findall(r"item ([A-R])\b", reasons)) | set("IJ" if "items H to K" in reasons else "")
    assert named == set("ABCDEFGHIJKLMNOPQR")


def test_the_small_zip_areas_of_the_2000_census_are_listed() -> None:
    small = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split()
    assert set(small) <= set(policy.regime("hipaa-safe-harbor").zip3_small)


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(REGIMES, 2)))
def test_two_regimes_combine_to_the_stricter_of_each_type(first: str, second: str) -> None:
    both = combined(first, second)
    assert both == dataclasses.replace(combined(second, first), regimes=both.regimes, reasons=both.reasons)
    for entity, action in both.actions.items():
        rules = [policy.regime(name).rules.get(entity) for name in (first, second)]
        ranks = [policy.STRICTNESS[rule.action] for rule in rules if rule]
        assert policy.STRICTNESS[action] == max(ranks), entity
        assert len(both.reasons[entity]) == len(ranks)


def test_several_regimes_combine_to_the_strictest() -> None:
    both = combined("pci-dss", "glba")
    assert combined("pci-dss").actions["CREDIT_CARD"] == "mask"
    assert both.actions["CREDIT_CARD"] == "replace"
    assert both.actions["CARD_SECURITY_CODE"] == "drop"
    assert len(both.reasons["CREDIT_CARD"]) == 2


def test_a_verticals_additions_cannot_loosen_a_regime() -> None:
    assert combined("hipaa-safe-harbor", additions={"PERSON": "keep"}).actions["PERSON"] == "replace"


def test_a_project_may_tighten() -> None:
    assert combined("hipaa-safe-harbor", ZIP_CODE="drop").actions["ZIP_CODE"] == "drop"
    assert combined("gdpr", LOCATION="replace").actions["LOCATION"] == "replace"


def test_a_project_may_not_loosen() -> None:
    with pytest.raises(UserError, match="'keep' is looser than 'replace'") as caught:
        combined("hipaa-safe-harbor", PERSON="keep")
    assert "replace, drop" in str(caught.value)


@pytest.mark.parametrize(
    ("wishes", "message", "hint"),
    [
        ({"PERSN": "drop"}, "unknown type 'PERSN'", "PERSON"),
        ({"PERSON": "delete"}, "unknown action 'delete'", "drop"),
        ({"PHONE_NUMBER": "generalize"}, "cannot be generalized", "DATE_TIME"),
    ],
)
def test_wrong_wishes_are_explained(wishes: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        combined("gdpr", **wishes)
    assert hint in str(caught.value)


def test_an_unknown_regime_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="Unknown privacy regime 'hipaa'") as caught:
        combined("hipaa")
    assert "hipaa-safe-harbor" in str(caught.value)


def test_an_unknown_type_in_a_verticals_additions_is_named() -> None:
    with pytest.raises(UserError, match=r"privacy.yaml: additions: unknown type 'MEDICAL_RECORD_NUMBR'"):
        combined("hipaa-safe-harbor", additions={"MEDICAL_RECORD_NUMBR": "drop"})
