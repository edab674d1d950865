"""Planted errors: each is one, nothing but the answer gives it away, and they are spread and repeatable."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from random import Random

import pytest

from kdvert.errors import UserError
from kdvert.records import Evidence, Example, Message, Provenance, Sampling, Verdict, sha256_text
from kdvert.rulings.alterations import english
from kdvert.rulings.false_figures import wrong_figure
from kdvert.rulings.opposites import negated
from kdvert.rulings.planting import ERRORS, plant

FACTS = [
    ("What should hand sanitizer contain?", "Hand sanitizer should contain at least 60 percent alcohol."),
    ("When may a claim be filed?", "A claim may be filed within 30 days, and the court is bound by the term."),
    ("What does the budget table list?", "The budget table lists every source of uncertainty with its size."),
    ("What is the usual dose of the drug?", "The usual dose of the drug is 0.3 mg, twice a day."),
    ("Why should gloves be changed?", "Gloves should be changed often, because they can leak."),
    ("What is a lease?", "A lease is a contract that gives the use of land for 1,200 dollars a month."),
    ("What does strength training do?", "Strength training reduces the risk of falls in older adults."),
    ("How are samples kept?", "Samples are kept at 4 degrees for three days before they are thrown away."),
    ("What must a bank publish?", "A bank must publish its balance sheet every year, with what it owes."),
    ("Why does dilution not stop the reaction?", "Dilution does not stop the reaction, because the catalyst remains."),
    ("What is the role of the auditor?", "The auditor is chosen by the owners and reports to them once a year."),
    ("What do enzymes do?", "Enzymes lower the energy that a reaction needs to start in a cell."),
]


def record(number, question, answer, *, skill="grounded_qa", before=()):
    request = sha256_text(question)
    turns = [Message(role="system", content="Answer from the passages."), *before]
    turns += [Message(role="user", content=question), Message(role="assistant", content=answer)]
    return Example(
        id=f"{request}-0", vertical="sample", strategy="curation", skill=skill, messages=turns,
        evidence=[Evidence(chunk_id=f"doc-{number}@0-99", start=0, end=len(answer), quote_sha=sha256_text(answer))],
        quote=answer, context=[f"A passage. {answer}"],
        provenance=Provenance(
            teacher="none", route="local", templates={}, request_ids=[request, sha256_text(answer)],
            chunk_ids=[f"doc-{number}@0-99"], document_ids=[f"doc-{number}"], licenses=["CC0-1.0"], terms=[],
            sampling=Sampling(), versions={},
        ),
        verdicts=[Verdict(check="support", passed=True, score=1.0)],
    )  # fmt: skip


KNOWN = [record(n, *fact, skill="grounded_qa" if n % 3 else "summary") for n, fact in enumerate(FACTS)]


def made(kind):
    """Every record that a kind of error can be made of, with several seeds, beside its original."""
    found = []
    for one in KNOWN:
        for seed in range(6):
            altered = ERRORS[kind].make(one, KNOWN, Random(seed))
            if altered:
                found.append((one, altered))
    return found


@pytest.mark.parametrize("kind", ERRORS)
def test_nothing_but_the_answer_gives_an_error_away(kind):
    pairs = made(kind)
    assert len(pairs) >= 20
    for one, altered in pairs:
        assert altered.answer != one.answer
        assert re.fullmatch(r"[0-9a-f]{64}-0", altered.id)
        assert altered.id not in {other.id for other in KNOWN}
        assert altered.provenance.request_ids[0] == altered.id[:-2], "a record's id is that of one of its requests"
        same = {"id": one.id, "messages": one.messages, "provenance": one.provenance}
        assert altered.model_copy(update=same) == one
        assert altered.messages[:-1] == one.messages[:-1]
        assert len(altered.provenance.request_ids) == len(one.provenance.request_ids)
        assert not re.search(r"  | [.,;]|\.\.|[.!?] [a-z]|^[a-z]|\{|\(\(|,,|\s$", altered.answer), altered.answer
        assert Example.model_validate_json(altered.model_dump_json()) == altered


def test_a_wrong_figure_stands_nowhere_in_the_record():
    for one, altered in made("wrong_figure"):
        assert one.answer != altered.answer
        old, new = changed(one.answer, altered.answer)
        assert len(old) == len(new) == 1
        figure = new[0].strip(".,")
        assert figure not in re.findall(r"[\w.,]*\w", f"{one.quote} {one.question}")
        assert re.sub(r"[1-9]", "0", figure)[-1:] == re.sub(r"[1-9]", "0", old[0].strip(".,"))[-1:] or figure.isalpha()


def test_a_negation_differs_in_exactly_the_word_that_turns_it():
    opposites = {("can", "cannot"), ("reduces", "increases"), ("before", "after"), ("least", "most")}
    opposites |= {("often,", "rarely,")}
    seen = set()
    for one, altered in made("negated"):
        old, new = changed(one.answer, altered.answer)
        seen.add((*old, "->", *new))
        turned = (old, new) == ([], ["not"]) or (old == ["does", "not", "stop"] and new == ["stops"])
        assert turned or (len(old) == len(new) == 1 and (old[0], new[0]) in opposites), (old, new)
    assert {("->", "not"), ("reduces", "->", "increases"), ("least", "->", "most")} <= seen


def test_a_made_up_person_is_somebody_of_whom_the_record_says_nothing():
    contacts = 0
    for one, altered in made("made_up_person"):
        _, new = changed(one.answer.rstrip("."), altered.answer.rstrip("."))
        names = re.findall(r"\b[A-ZÀ-Þ][\w'-]+ [A-ZÀ-Þ][\w'-]+", " ".join(new).replace("details, call ", ""))
        assert names, altered.answer
        assert not any(part in one.quote for name in names for part in name.split())
        for phone in re.findall(r"\d{3}-\d{3}-\d{4}", altered.answer):
            assert "-555-01" in phone
        for domain in re.findall(r"@([\w.]+\w)", altered.answer):
            assert domain in ("example.com", "example.net", "example.org")
        contacts += "@" in altered.answer or "555" in altered.answer
    assert contacts > 10


def test_another_answer_rests_on_another_document_and_skill_is_kept():
    for one, altered in made("other_answer"):
        lender = next(other for other in KNOWN if other.answer == altered.answer)
        assert lender.skill == one.skill
        assert not set(lender.provenance.document_ids) & set(one.provenance.document_ids)
        assert altered.answer not in one.quote


def test_an_unsupported_claim_is_one_more_sentence_of_somebody_else():
    for one, altered in made("unsupported_claim"):
        assert altered.answer.startswith(one.answer + " ")
        claim = altered.answer.removeprefix(one.answer).strip()
        assert claim not in one.quote
        assert any(other.answer.startswith(claim) for other in KNOWN if other.id != one.id)


def changed(old, new):
    """Return the words that went and those that came."""
    left, right = old.split(), new.split()
    steps = difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    gone = [word for tag, a, b, _, _ in steps if tag != "equal" for word in left[a:b]]
    came = [word for tag, _, _, a, b in steps if tag != "equal" for word in right[a:b]]
    return gone, came


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("It takes 0.05 mg.", r"It takes 0\.0[1-9] mg\."),
        ("It costs 1,200 dollars.", r"It costs [1-9],\d00 dollars\.|It costs [1-9],\d50 dollars\."),
        ("Er zahlt 1.234,56 Euro.", r"Er zahlt \d\.\d{3},\d\d Euro\."),
        ("It passed in 1987.", r"It passed in 19[78]\d\."),
        ("On 2021-03-04 it was so.", r"On (?:201\d|2020|2021)-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-2]) it was so\."),
        ("At 10:45 it was so.", r"At (?:[2-9]|1[0-2]):[0-5]\d it was so\."),
        ("Give 10–20 mg.", r"Give (?:[5-9]|1\d)–20 mg\.|Give 10–(?:1[1-9]|2\d|3[01]) mg\."),
        ("It is 97 % sure.", r"It is (?:\d\d|100) % sure\."),
        ("Take 5mg.", r"Take \d+mg\."),
        ("Wait three days.", r"Wait (?:two|four|five|six) days\."),
        ("Three judges sit.", r"(?:Two|Four|Five|Six) judges sit\."),
        ("1. Use 40 ml.", r"1\. Use \d\d ml\."),
        ("As [3] says, 25 of 40 held.", r"As \[3\] says, \d\d of 40 held\.|As \[3\] says, 25 of \d\d held\."),
    ],
)
def test_a_figure_keeps_its_format(text, possible):
    found = {wrong_figure(text, "", text, Random(seed), english=True) for seed in range(40)}
    assert len(found) > 2
    for one in found:
        assert re.fullmatch(possible, one), one
        assert one != text
    for low, high in (re.findall(r"\d+", one) for one in found if "–" in one):
        assert int(low) < int(high)


@pytest.mark.parametrize(
    "text",
    ["IL-6 and COVID-19 rise.", "A1c is measured.", "[PERSON_1] came.", "The 2nd one.", "Step 1: wash.", "1 day.",
     "Version 1.2.3 runs.", "Nothing to count.", "As shown [12]."],
)  # fmt: skip
def test_numbers_that_say_no_amount_are_left_alone(text):
    assert {wrong_figure(text, "", text, Random(seed), english=True) for seed in range(9)} == {None}


def test_a_number_of_the_question_is_left_alone():
    assert wrong_figure("Type 2 diabetes starts late.", "What of type 2 diabetes?", "", Random(1), english=True) is None
    assert wrong_figure("Type 2 diabetes starts late.", "What of diabetes?", "", Random(1), english=True) is not None
    text = "Two of five."
    assert wrong_figure(text, "", text, Random(1), english=False) is None


@pytest.mark.parametrize(
    ("text", "question", "possible"),
    [
        ("Honey should not be given.", "", {"Honey should be given."}),
        ("It can be seen.", "", {"It cannot be seen."}),
        ("They cannot be seen.", "", {"They can be seen."}),
        ("Gloves do not replace soap.", "", {"Gloves replace soap."}),
        ("It does not carry risk.", "", {"It carries risk."}),
        ("It does not wash off.", "", {"It washes off."}),
        ("It must never be stopped.", "", {"It must always be stopped."}),
        ("It lasts at least a day.", "", {"It lasts at most a day."}),
        ("An early sign.", "", {None}),  # "an late sign"
        ("Early signs and an increase.", "", {None}),
        ("It can no longer work.", "", {None}),
        ("It is not only a sign.", "", {None}),
        ("The reason why it is so.", "", {None}),
        ("People who cannot come lose.", "What of people who cannot come?", {None}),
        ("Is it so?", "", {None}),
        ("Pain, which is strong, returns after rest.", "", {"Pain, which is strong, returns before rest."}),
        ("It helps after rest.", "What helps after rest?", {None}),
    ],
)
def test_turning_a_sentence(text, question, possible):
    assert {negated(text, question, Random(seed)) for seed in range(12)} == possible


GERMAN = record(90, "Wie lange ist die Ware haltbar?", "Die Ware ist 30 Tage haltbar, was der Test zeigt.")
DUTCH = record(91, "Wat is de dosis?", "De dosis is 40 mg, en dat was in de test de norm.")


def test_few_words_are_enough_to_tell_english():
    assert english(record(95, "What relieves pain?", "Aspirin relieves pain."))
    assert english(record(96, "Name a pain reliever.", "Aspirin is one, and others have been found."))
    assert not english(record(97, "Qual é a dose?", "A dose do remédio é 40 mg."))


@pytest.mark.parametrize("foreign", [GERMAN, DUTCH])
def test_other_languages(foreign):
    assert not english(foreign)
    assert ERRORS["negated"].make(foreign, KNOWN, Random(1)) is None
    assert re.search(r"\d+", ERRORS["wrong_figure"].make(foreign, KNOWN, Random(1)).answer)
    for seed in range(9):
        answer = ERRORS["made_up_person"].make(foreign, KNOWN, Random(seed)).answer
        assert re.fullmatch(
            re.escape(foreign.answer[:-1]) + r" \(\w[\w' -]+(?:, [+\d ]+|, [\w.]+@example\.\w+)?\)\.", answer
        )
    both = [*KNOWN, GERMAN, DUTCH]
    assert all(english(one) for one in KNOWN)
    assert ERRORS["other_answer"].make(foreign, both, Random(1))


def test_labels_and_json_take_no_sentence():
    label = record(92, "Which of these topics is it?", "liability")
    data = record(93, "What are the fields?", '{"dose": "40 mg"}')
    for one in (label, data):
        assert ERRORS["made_up_person"].make(one, KNOWN, Random(1)) is None
        assert ERRORS["unsupported_claim"].make(one, KNOWN, Random(1)) is None
    assert re.fullmatch(r'\{"dose": "\d\d mg"\}', ERRORS["wrong_figure"].make(data, KNOWN, Random(1)).answer)


def test_only_the_last_answer_of_a_dialogue_is_altered():
    before = [
        Message(role="user", content="What is it?"),
        Message(role="assistant", content="It is a rule of 12 parts."),
    ]
    dialogue = record(94, "How long does it hold?", "It holds for 45 days, and then it ends.", before=before)
    for kind in ERRORS:
        altered = ERRORS[kind].make(dialogue, KNOWN, Random(3))
        if altered:
            assert altered.messages[:-1] == dialogue.messages[:-1]
            assert altered.answer != dialogue.answer


def test_errors_are_spread_over_kinds_and_skills():
    planted = plant(KNOWN, 10, seed=3)
    kinds = Counter(one.error for one in planted)
    assert set(kinds) == set(ERRORS)
    assert max(kinds.values()) - min(kinds.values()) <= 1
    assert {one.example.skill for one in planted} == {"grounded_qa", "summary"}
    assert len({one.original for one in planted}) == len(planted) == len({one.example.id for one in planted})
    assert {one.original for one in planted} <= {one.id for one in KNOWN}
    for one in planted:
        original = next(other for other in KNOWN if other.id == one.original)
        assert original.question == one.example.question
        assert original.answer != one.example.answer


def test_the_order_of_the_errors_says_nothing():
    planted = plant(KNOWN, 12, seed=3)
    assert [one.example.id for one in planted] == sorted(one.example.id for one in planted)
    assert [one.error for one in planted] != sorted(one.error for one in planted)


def test_planting_can_be_repeated_and_depends_on_the_seed():
    assert plant(KNOWN, 8, seed=3) == plant(KNOWN[::-1], 8, seed=3)
    assert not {one.example.id for one in plant(KNOWN, 8, 3)} & {one.example.id for one in plant(KNOWN, 8, 4)}
    assert plant(KNOWN, 0, seed=3) == []


def test_as_many_as_there_are_records_and_no_more():
    assert len(plant(KNOWN, len(KNOWN), seed=1)) == len(KNOWN)
    with pytest.raises(UserError, match="only 12 errors can be made, not 13"):
        plant(KNOWN, 13, seed=1)
    with pytest.raises(UserError, match="only 0 errors"):
        plant([], 1, seed=1)
    with pytest.raises(UserError, match="only 0 errors"):
        plant([record(92, "Which of these topics is it?", "liability")], 1, seed=1)


def test_no_answer_is_borrowed_twice():
    for seed in range(5):
        borrowed = []
        for one in plant(KNOWN, 12, seed):
            if one.error in ("other_answer", "unsupported_claim"):
                original = next(other for other in KNOWN if other.id == one.original)
                borrowed.append(one.example.answer.removeprefix(original.answer).strip())
        assert len(borrowed) == len(set(borrowed)) > 3
