"""Which sentences a question can be asked about, and how it may begin."""

import pytest

from kdvert.elicitation import sanity
from kdvert.elicitation.openings import english
from kdvert.elicitation.seeds import choose
from kdvert.knowledge import language
from kdvert.records import Chunk

ENGLISH = language.load("en")


def chunk(text: str, number: int = 0, title: str = "Health") -> Chunk:
    return Chunk(
        id=f"d@{number}", document_id="d", start=0, end=len(text), title=title, license="CC0-1.0", text=text
    )  # fmt: skip


def opening(sentence: str) -> str | None:
    (_, _, tokens), *_ = ENGLISH.sentences(sentence)
    found = english(tokens, frozenset({"asthma", "people", "honey"}))
    return found.text if found else None


@pytest.mark.parametrize(
    ("sentence", "begins"),
    [
        ("Asthma is a long-term disease in which the airways narrow.", "What is asthma"),
        ("Falls are the leading cause of injury among older adults.", "What is the leading cause of injury among older adults"),
        ("A rash that does not fade may be a sign of meningococcal disease.", "What may be a sign of meningococcal disease"),
        ("Honey should not be given to infants because of the risk of botulism.", "Why should honey not"),
        ("Antibiotic stewardship means using the right drug at the right dose.", "What does antibiotic stewardship mean"),
        ("Common colds are caused by viruses and do not improve with antibiotics.", "What are common colds caused by"),
        ("Hand sanitizer should contain at least 60 percent alcohol.", "What should hand sanitizer"),
        ("Statins lower the risk of stroke by reducing cholesterol.", "What do statins"),
        ("Dehydration occurs when the body loses more water than is taken in.", "When does dehydration"),
        ("A second dose of epinephrine can be given after 5 minutes.", "When can a second dose of epinephrine be given"),
        ("The limitation period of the code is three years.", "What is the limitation period of the code"),
        ("The minimum wage has been a matter of federal law since 1938.", None),
        ("The blood pressure was measured twice after the visit.", None),  # a story
        ("It is the most common cause of injury in older adults.", None),
        ("Egg allergy is no longer a reason to withhold influenza vaccine.", None),
        ("Sore arms, tiredness and fever are common reactions to vaccines.", "What are common reactions to vaccines"),
    ],
)  # fmt: skip
def test_openings(sentence, begins):
    found = opening(sentence)
    assert (found or "").casefold() == (begins or "").casefold()


TEXT = (
    "# Asthma care\n\n"
    "Asthma is a long-term disease in which the airways narrow too easily. It is common in children and adults alike.\n"
    "This disease needs regular treatment with a steroid inhaler. [PERSON_1] should carry a blue inhaler at all times.\n"
    "See https://example.org for a plan that helps people with asthma. Is asthma the most common disease of the lungs?\n\n"
    "- Spacers help more medicine reach the lungs of children.\n"
    "- Too short.\n\n"
    "| Drug | Dose should be small in all of the children |\n\n"
    "and narrow airways cause wheeze in people with asthma.\n"
    "The airways of people with asthma narrow when"
)


def test_only_sentences_that_stand_alone_are_quoted():
    seeds = choose([chunk(TEXT)], ENGLISH, 10)["d@0"]
    assert [s.quote for s in seeds] == [
        "Asthma is a long-term disease in which the airways narrow too easily.",
        "Spacers help more medicine reach the lungs of children.",
    ]
    assert all(" ".join(TEXT[s.start : s.end].split()) == s.quote for s in seeds)


def test_a_sentence_over_two_lines_keeps_its_offsets():
    text = "Some words before it.\n\n  Hand sanitizer should contain at\nleast 60 percent\talcohol."
    (seed,) = choose([chunk(text)], ENGLISH, 5)["d@0"]
    assert text[seed.start : seed.end] == "Hand sanitizer should contain at\nleast 60 percent\talcohol."
    assert seed.quote == "Hand sanitizer should contain at least 60 percent alcohol."


def test_a_sentence_of_two_passages_is_taken_once_and_the_limit_holds():
    text = (
        "Falls are the leading cause of injury among adults. Statins lower the risk of stroke in adults. "
        "Hand sanitizer should contain at least 60 percent alcohol."
    )
    chosen = choose([chunk(text, 0), chunk(text, 1)], ENGLISH, 2)
    assert [len(v) for v in chosen.values()] == [2, 1]
    assert choose([chunk(text, 0)], ENGLISH, 2)["d@0"] == chosen["d@0"]


def test_a_language_without_a_pipeline_has_no_openings():
    german = language.load("de")
    (seed,) = choose([chunk("Asthma ist eine lange Krankheit der Atemwege bei Kindern.")], german, 3)["d@0"]
    assert not german.parsed
    assert seed.opening is None
    assert "asthma" in seed.asked


def test_an_unknown_language_still_has_sentences():
    assert len(language.load("xy").sentences("One sentence here. Another one here.")) == 2


def seed_of(quote: str):
    return choose([chunk(quote)], ENGLISH, 1)["d@0"][0]


@pytest.mark.parametrize(
    ("quote", "question", "reason"),
    [
        ("Hand sanitizer should contain at least 60 percent alcohol.", "What should hand sanitizer contain?", None),
        (
            "Hand sanitizer should contain at least 60 percent alcohol.",
            "What should hand sanitizer contain at least 60 percent?",
            "question_gives_answer_away",
        ),
        ("Hand sanitizer should contain at least 60 percent alcohol.", "Who wrote the poem?", "question_off_topic"),
        (
            "Hand sanitizer should contain at least 60 percent alcohol.",
            "What should hand sanitizer do to viruses, bacteria and fungi?",
            "question_not_grounded",
        ),
        (
            "Statins lower the risk of stroke by reducing cholesterol in adults.",
            "What do statins lower the risk?",
            "question_ungrammatical",
        ),
        (
            "Cultures should be taken before the first antibiotic dose.",
            "When should cultures be taken before the first dose?",
            "question_gives_answer_away",
        ),
        (
            "People with asthma should carry a blue inhaler at all times.",
            "What should people with asthma with asthma with asthma carry?",
            "question_repeats_itself",
        ),
    ],
)
def test_a_question_must_fit_its_quote(quote, question, reason):
    assert sanity.fit(question, seed_of(quote), ENGLISH) == reason


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What is ice?", None),
        ("", "empty_reply"),
        ("Ice is cold.", "not_a_question"),
        ("Ice cold?", "question_too_short"),
        ("What does the passage say about ice?", "question_points_at_text"),
        ("According to the text, what is ice?", "question_points_at_text"),
        ("What did [PERSON_1] say?", "question_has_placeholder"),
    ],
)
def test_the_shape_of_a_question(question, reason):
    assert sanity.shape(question) == reason


def test_forms_of_a_word_have_one_key():
    keys = {ENGLISH.key(t) for t in ENGLISH.parse("carry carries carried carrying")}
    assert keys == {"carry"}
    assert {ENGLISH.key(t) for t in ENGLISH.parse("stop stops stopped stopping")} == {"stop"}
    assert ENGLISH.content("The cause of sepsis") == {"caus", "sepsis"}
