from __future__ import annotations

import pytest

from kdvert import verticals
from kdvert.errors import UserError
from kdvert.privacy import detectors, policy
from kdvert.privacy.generalization import GENERALIZABLE
from kdvert.verticals import PrivacySpec

REGIMES = ["coppa", "common-rule", "ferpa", "frcp-5-2", "gdpr", "glba", "hipaa-safe-harbor", "pci-dss"]


def combined(*regimes: str, additions: dict[str, str] | None = None, **wishes: str) -> policy.Policy:
    spec = PrivacySpec(regimes=list(regimes), additions=additions or {})
    known = detectors.known_entities(detectors.generic_specs())
    return policy.combine(spec, extra_regimes=[], actions=wishes, known=known)


def test_all_regimes_are_there() -> None:
    assert sorted(policy.regime_files()) == sorted(REGIMES)


@pytest.mark.parametrize("name", REGIMES)
def test_a_regime_states_its_source_and_reasons(name: str) -> None:
    regime = policy.regime(name)
    assert regime.id == name
    assert regime.source
    assert regime.limits
    assert all(rule.reason for rule in regime.rules.values())


def test_every_type_a_regime_names_is_found_by_kdvert_or_a_vertical() -> None:
    specs = [*detectors.generic_specs(), *(s for v in verticals.discover().values() for s in v.recognizers)]
    known = detectors.known_entities(specs)
    for name in REGIMES:
        assert set(policy.regime(name).rules) <= known, name


@pytest.mark.parametrize("name", REGIMES)
def test_what_is_generalized_has_a_coarser_form(name: str) -> None:
    for entity, rule in policy.regime(name).rules.items():
        assert rule.action != "generalize" or entity in GENERALIZABLE, entity


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
