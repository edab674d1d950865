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


class Counted:
    """The scrubber, and what it was given to read."""

    def __init__(self, scrubber):
        self.scrubber = scrubber
        self.policy_sha = scrubber.policy_sha
        self.read = []

    def passage(self, words):
        self.read.append(words)
        return self.scrubber.passage(words)


def test_a_block_is_read_once_and_nothing_raw_is_kept(scrubber):
    gate = EgressGate(Counted(scrubber))
    for _ in range(3):
        assert gate([text("Seen by Dr. Alice Wexler.", scrubber.policy_sha)]) == PERSONAL_DATA
    assert len(gate.reader.read) == 1
    gate.reader.read = []
    assert "Wexler" not in repr(vars(gate))


def test_blocks_end_at_package_lines_marks_and_empty_lines(scrubber):
    gate = EgressGate(Counted(scrubber), frozenset({"Write one record."}), fences.LINE)
    mark = fences.fence(["one", "two"]).text
    prompt = (
        f"Topic: asthma\n\nWrite one record.\n{mark} passage 1\n(1) It is a disease.\n  (2) It is treated.\n{mark} end"
    )
    assert gate([text(prompt, "package")]) is None
    assert gate.reader.read == ["Topic: asthma", "(1) It is a disease.\n(2) It is treated."]
    assert gate([text(prompt.replace("asthma", "fever"), "package")]) is None
    assert gate.reader.read[2:] == ["Topic: fever"]


def test_what_runs_across_a_line_end_is_held_back(gate):
    assert gate([text("She lives at 1420 Maple\nStreet, Springfield, IL 62704.", "package")]) == PERSONAL_DATA
    assert gate([text("Her SSN is 219-09-\n9999.", "package")]) == PERSONAL_DATA


@pytest.mark.parametrize("order", [1, -1])
def test_the_verdict_does_not_depend_on_what_was_read_before(scrubber, order):
    first, second = "It was seen by Marsden.", "The patient is Mr. John Marsden.\nIt was seen by Marsden."
    gate = EgressGate(scrubber)
    verdicts = {words: gate([text(words, "package")]) for words in (first, second)[::order]}
    assert verdicts[second] == PERSONAL_DATA
    assert verdicts[first] == EgressGate(scrubber)([text(first, "package")])
