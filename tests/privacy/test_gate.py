"""The egress gate reads prompts with the real detectors."""

from __future__ import annotations

import pytest

from kdvert.elicitation import fences
from kdvert.privacy.gate import OTHER_POLICY, PERSONAL_DATA, EgressGate
from kdvert.records import ScrubbedText

CLEAN = "Asthma is a long-term disease in which the airways are inflamed.\n[PERSON_1] was seen in 2021."


@pytest.fixture
def gate(scrubber):
    return EgressGate(scrubber, frozenset({"Signed by Dr. Alice Wexler"}))


def text(words: str, policy: str) -> ScrubbedText:
    return ScrubbedText(words, policy)


@pytest.mark.parametrize("policy", ["own", "package", "package+own"])
def test_clean_text_passes(gate, policy):
    assert gate([text(CLEAN, policy.replace("own", gate.reader.policy_sha))]) is None


@pytest.mark.parametrize(
    "planted",
    ["Mr. John Marsden came in.", "SSN 219-09-9999", "Write to j.marsden@example.com", "MRN 48213377 was opened"],
)
def test_what_was_only_called_scrubbed_is_held_back(gate, planted):
    assert gate([text(CLEAN, "package"), text(f"{CLEAN}\n{planted}", gate.reader.policy_sha)]) == PERSONAL_DATA


def test_text_of_another_policy_is_held_back(gate):
    assert gate([text(CLEAN, "f" * 64)]) == OTHER_POLICY
    assert gate([text(CLEAN, f"{gate.reader.policy_sha}+{'f' * 64}")]) == OTHER_POLICY


def test_lines_of_the_package_are_nobodys_data_and_others_are_read(gate):
    assert gate([text("  Signed by Dr. Alice Wexler", "package")]) is None
    assert gate([text("Signed by Dr. Alice Wexler, Ohio", "package")]) == PERSONAL_DATA


def test_marks_between_texts_are_not_read_and_nothing_hides_beside_them(scrubber):
    gate = EgressGate(scrubber, marks=fences.LINE)
    mark = fences.fence(["one", "two"]).text
    assert gate([text(f"{mark} passage 1\nAsthma is a disease.\n{mark} end", "package")]) is None
    assert gate([text(f"{mark} passage 1 Dr. Alice Wexler", "package")]) == PERSONAL_DATA


def test_a_line_is_read_once_and_nothing_raw_is_kept(gate):
    calls = []

    class Counted:
        policy_sha = gate.reader.policy_sha

        def passage(self, words):
            calls.append(words)
            return gate.reader.passage(words)

    counted = EgressGate(Counted())
    for _ in range(3):
        assert counted([text("Seen by Dr. Alice Wexler.", counted.reader.policy_sha)]) == PERSONAL_DATA
    assert len(calls) == 1
    assert "Wexler" not in repr(vars(counted))
