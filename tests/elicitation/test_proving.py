"""Which sentences prove an answer, whatever the teacher cites."""

import pytest

from kdvert.elicitation.numbering import numbered
from kdvert.elicitation.proving import proof
from kdvert.knowledge import language

TEXT = (
    "Yeasts are single-celled fungi. Baker's yeast grows fastest at 30 degrees Celsius. Without oxygen it ferments sugar "
    "to ethanol and carbon dioxide. With oxygen it respires. Bread rises because of the carbon dioxide."
)


@pytest.fixture
def shown(chunks):
    return numbered([chunks[0].model_copy(update={"text": TEXT})], language.load("en"))


def proved(shown, answer, question, *claimed):
    return [s.number for s in proof(answer, question, shown, claimed, language.load("en"))]


@pytest.mark.parametrize("claimed", [(2,), (1,), (3,), (1, 2, 3), ()])
def test_the_sentence_that_holds_the_answer_is_found_whatever_is_cited(shown, claimed):
    assert proved(shown, "At 30 degrees Celsius.", "When does baker's yeast grow fastest?", *claimed) == [2]


def test_an_answer_may_rest_on_two_sentences(shown):
    answer = "It ferments sugar to ethanol and carbon dioxide, which makes bread rise."
    assert proved(shown, answer, "What does yeast do?", 3) == [3, 5]


def test_a_claim_stands_where_words_decide_nothing(shown):
    assert proved(shown, "Yes.", "Do yeasts respire with oxygen?", 4) == [4]
    assert proved(shown, "Zebras gallop.", "Who?", 1) == [1], "the filter refuses it, not the search"


def test_a_question_of_the_passage_proves_nothing(chunks):
    text = "Is the enzyme made by the virus? The enzyme copies RNA."
    shown = numbered([chunks[0].model_copy(update={"text": text})], language.load("en"))
    assert proved(shown, "The enzyme is made by the virus.", "Where does it come from?", 1) == [2]


def test_every_line_of_a_table_and_every_heading_has_a_number(chunks):
    text = "# Costs\n\n| item | 2023 |\n|---|---|\n| rent | 12 |\n\nRent rose. It is paid monthly."
    found = numbered([chunks[0].model_copy(update={"text": text})], language.load("en"))
    assert [s.text for s in found] == [
        "# Costs", "| item | 2023 |", "| rent | 12 |", "Rent rose.", "It is paid monthly.",
    ]  # fmt: skip
    assert [s.number for s in found] == [1, 2, 3, 4, 5]
