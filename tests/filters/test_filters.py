"""Each filter by itself, and the table that runs them."""

import pytest

from kdvert.errors import UserError, WorkFailed
from kdvert.filters import checks, eval_overlap, evidence, exact_duplicate, language, length, near_duplicate
from kdvert.filters.contract import Material, Thresholds
from kdvert.filters.table import FILTERS, judge
from kdvert.filters.wording import locate, shingles, words
from kdvert.progress import Silent
from kdvert.records import Chunk, EvalItem, Evidence, Example, Message, Provenance, Sampling, Verdict, sha256_text

TEXT = "Some words first.\nHand  sanitizer should contain at least 60 percent alcohol. More words."
QUOTE = "Hand sanitizer should contain at least 60 percent alcohol."
START, END = TEXT.index("Hand"), TEXT.index(" More")
CHUNK = Chunk(id="c", document_id="d", start=0, end=len(TEXT), title="T", license="CC0-1.0", text=TEXT)


def example(question="What should hand sanitizer contain?", answer=QUOTE, number=0, **changes) -> Example:
    values = {
        "id": f"{number:03}", "vertical": "medicine", "strategy": "curation", "skill": "grounded_qa",
        "messages": [Message(role="user", content=question), Message(role="assistant", content=answer)],
        "evidence": [Evidence(chunk_id="c", start=START, end=END, quote_sha=sha256_text(TEXT[START:END]))],
        "quote": QUOTE,
        "provenance": Provenance(
            teacher="t", route="local", templates={}, request_ids=[], chunk_ids=["c"], document_ids=["d"],
            licenses=["CC0-1.0"], terms=["Apache-2.0"], sampling=Sampling(), versions={},
        ),
    }  # fmt: skip
    return Example(**(values | changes))


def material(**changes) -> Material:
    values = {"chunks": {"c": CHUNK}, "held_out": [], "languages": ["en"], "checks": {}, "thresholds": Thresholds()}
    return Material(**(values | changes))


def reasons(filter_module, *examples, **changes):
    return [[v.reason for v in verdicts] for verdicts in filter_module.apply(examples, material(**changes))]


def span(start, end, sha=None):
    return [Evidence(chunk_id="c", start=start, end=end, quote_sha=sha or sha256_text(TEXT[start:end]))]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"quote": QUOTE.upper()}, None),
        ({"evidence": []}, "no_evidence"),
        ({"quote": " "}, "no_evidence"),
        ({"evidence": [Evidence(chunk_id="x", start=0, end=1, quote_sha="")]}, "unknown_passage"),
        ({"quote": "Nobody wrote this."}, "quote_not_found"),
        ({"evidence": span(0, 10)}, "evidence_offsets_wrong"),
        ({"evidence": span(START, END - 5)}, "evidence_offsets_wrong"),
        ({"evidence": span(START, END, sha256_text("other"))}, "evidence_changed"),
        ({"evidence": [*span(START, END), *span(0, 3)]}, "evidence_offsets_wrong"),
    ],
)
def test_evidence(changes, reason):
    assert reasons(evidence, example(**changes)) == [[reason]]


def test_length():
    found = reasons(
        length,
        example(),
        example(question="What?"),
        example(answer=""),
        example(answer="word " * 301),
        example(question="what " * 61),
    )
    assert found == [[None], ["too_short"], ["too_short"], ["too_long"], ["too_long"]]


def test_language():
    german = example(
        question="Wie viel Alkohol soll ein Mittel zur Händedesinfektion enthalten?",
        answer="Ein Mittel zur Händedesinfektion soll mindestens 60 Prozent Alkohol enthalten.",
    )
    terms = example(question="What is HbA1c?", answer="6.5 %")
    assert reasons(language, example(), german, terms) == [[None], ["wrong_language"], [None]]
    assert reasons(language, german, languages=["en", "de"]) == [[None]]


def test_exact_duplicates_look_past_case_and_punctuation():
    copy = example(question="what should HAND sanitizer contain", number=1)
    assert reasons(exact_duplicate, example(), copy) == [[None], ["exact_duplicate"]]


def test_a_copy_of_a_rejected_record_is_no_duplicate():
    rejected = example(verdicts=[Verdict(check="length", passed=False, reason="too_short")])
    assert reasons(exact_duplicate, rejected, example(number=1)) == [[None], [None]]
    assert reasons(near_duplicate, rejected, example(number=1)) == [[None], [None]]


def test_near_duplicates():
    close = example(question="What should a hand sanitizer contain?", number=1)
    far = example(
        question="When does dehydration occur?", answer="When the body loses more than it takes in.", number=2
    )
    assert reasons(near_duplicate, example(), close, far) == [[None], ["near_duplicate"], [None]]
    assert reasons(near_duplicate, example(), close, thresholds=Thresholds(near_duplicate=0.95)) == [[None], [None]]


def item(question, answer="60 percent", **changes) -> EvalItem:
    return EvalItem(
        id="e", question=question, answer=answer, task="short_answer", source="s", license="CC0-1.0", **changes
    )


@pytest.mark.parametrize(
    ("held_out", "reason"),
    [
        ([], None),
        ([item("Which pressure is high in the clinic yet normal at home?")], None),
        ([item("What should hand sanitizer contain?")], "eval_overlap"),
        ([item("what hand sanitizer should contain?!")], "eval_overlap"),
        ([item("What should sanitizer contain?")], "eval_overlap"),
        # another wording, and the same answer word for word
        ([item("What must sanitizer hold?", answer=QUOTE)], "eval_overlap"),
        ([item("What must sanitizer hold?", rationale=f"Because: {QUOTE}")], "eval_overlap"),
        # the same answer to another question is knowledge, not a leak
        ([item("Why do surgeons scrub for minutes on end before they operate at night?", answer=QUOTE)], None),
    ],
)
def test_overlap_with_held_out_questions(held_out, reason):
    assert reasons(eval_overlap, example(), held_out=held_out) == [[reason]]


def test_the_verticals_checks_have_verdicts_of_their_own():
    table = {"fine": lambda q, a, e: None, "strict": lambda q, a, e: "no_unit" if e == QUOTE else None}
    (verdicts,) = checks.apply([example()], material(checks=table))
    assert [(v.check, v.passed, v.reason) for v in verdicts] == [
        ("checks.fine", True, None), ("checks.strict", False, "no_unit"),
    ]  # fmt: skip


def test_a_check_that_breaks_is_named():
    def broken(question, answer, evidence):
        raise ZeroDivisionError

    with pytest.raises(WorkFailed, match="'broken' broke on the record 000"):
        checks.apply([example()], material(checks={"broken": broken}))


def test_all_verdicts_of_a_reject_are_kept():
    (judged,) = judge([example(question="Was?", quote="Nobody wrote this.")], material(), list(FILTERS), Silent())
    assert [v.reason for v in judged.verdicts if not v.passed] == [
        "quote_not_found",
        "too_short",
        "answer_not_supported",
        "answer_recombines",
    ]
    assert {v.check for v in judged.verdicts} >= {"evidence", "length", "language", "eval_overlap", "near_duplicate"}


def test_filters_can_be_chosen_and_unknown_ones_are_named():
    (judged,) = judge([example(question="Was?")], material(), ["evidence"], Silent())
    assert [v.check for v in judged.verdicts] == ["evidence"]
    with pytest.raises(UserError, match="Unknown filter 'lenght'") as caught:
        judge([], material(), ["lenght"], Silent())
    assert "length" in str(caught.value)


@pytest.mark.parametrize("names", [[name] for name in FILTERS])
def test_filters_take_an_empty_list(names):
    assert judge([], material(held_out=[item("What?")]), names, Silent()) == []


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("at least 60", TEXT, "at least 60"),
        ("HAND SANITIZER", TEXT, "Hand  sanitizer"),
        ("first. Hand", TEXT, "first.\nHand"),
        ("it's “so”", 'Now it’s "so" here', 'it’s "so"'),
        ("strasse", "Die Straße", "Straße"),
        ("2-8", "between 2–8 degrees", "2–8"),
        ("a.c", "abc", None),
        ("", TEXT, None),
        ("nowhere", TEXT, None),
    ],
)
def test_a_quote_is_located(quote, text, found):
    place = locate(quote, text)
    assert (text[place[0] : place[1]] if place else None) == found


def test_words_and_runs():
    assert words("It’s 2.5 mg, Half-Life!") == ["it's", "2.5", "mg", "half-life"]
    assert shingles("a b c d", 3) == {("a", "b", "c"), ("b", "c", "d")}
    assert shingles("a b", 3) == {("a", "b")}
    assert shingles("", 3) == set()
