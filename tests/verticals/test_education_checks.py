"""Education: items, misconceptions, reading level, grades."""

import socket

import pytest
from kdvert_education.checks import (
    answer_not_in_question,
    choices_well_formed,
    grade_levels_valid,
    misconceptions_marked,
    reading_level_fits,
)


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        ("Why does spaced retrieval practice help memory?", "Spaced retrieval practice.", "answer_in_question"),
        ("Why does spaced practice help?", "It slows forgetting.", None),
        ("Is spaced practice or massed practice better?", "Spaced practice", None),
        ("Does spaced practice help memory?", "Spaced practice", None),
        ("Which word completes the sentence: massed practice is ____?", "massed practice", None),
    ],
)
def test_leaks(question, answer, code):
    assert answer_not_in_question(question, answer, "") == code


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        ("What helps? A) spacing B) cramming C) rereading", "A) spacing", None),
        ("What helps? A) spacing B) cramming C) rereading", "Spacing.", None),
        ("What helps? A) spacing B) cramming C) rereading", "The answer is A because it lasts.", None),
        ("What helps? A) spacing C) cramming", "A", "choices_out_of_order"),
        ("What helps? A) spacing B) Spacing.", "A", "choice_repeated"),
        ("What helps?\nA)\nB) spacing", "B", "choice_empty"),
        ("What helps? A) spacing B) cramming", "D) sleep", "answer_not_a_choice"),
        ("What helps? A) spacing B) cramming", "sleep", "answer_not_a_choice"),
        ("What helps? A) spacing B) cramming", "B) spacing", "choice_letter_differs"),
        ("What helps (e.g. spacing)?", "Spacing", None),
    ],
)
def test_choices(question, answer, code):
    assert choices_well_formed(question, answer, "") == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Seasons are caused by the changing distance of Earth from the sun.", "misconception_as_fact"),
        ("It is wrong that seasons are caused by the changing distance of Earth from the sun.", None),
        ("Seasons come from the tilt of the axis.", None),
    ],
)
def test_misconceptions(answer, code):
    evidence = "A common misconception is that the seasons are caused by the changing distance of Earth from the sun."
    assert misconceptions_marked("Why are there seasons?", answer, evidence) == code


HARD = (
    "Photosynthetic organisms transform electromagnetic radiation into biochemical energy by means of extraordinarily "
    "sophisticated macromolecular assemblies, incorporating atmospheric carbon dioxide into carbohydrates subsequently "
    "metabolized throughout interdependent physiological compartments."
)
EASY = "Plants use light to make food. " * 6


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        ("Explain photosynthesis to a grade 3 class.", HARD, "too_hard_for_grade"),
        ("Explain photosynthesis to a grade 3 class.", EASY, None),
        ("Explain photosynthesis for kindergarten.", HARD, "too_hard_for_grade"),
        ("Explain photosynthesis.", HARD, None),
        ("Explain photosynthesis to a grade 3 class.", "Photosynthetic macromolecular assemblies.", None),
    ],
)
def test_reading_levels_without_a_network(monkeypatch, question, answer, code):
    def refuse(*_):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert reading_level_fits(question, answer, "") == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("It is taught in grade 4.", None),
        ("It is taught to fifth-graders.", None),
        ("It is taught in grade 9.", "grade_level_not_in_evidence"),
        ("It is taught in grade 14.", "grade_level_unknown"),
        ("A grade of 90% is needed.", None),
    ],
)
def test_grades(answer, code):
    assert grade_levels_valid("When?", answer, "Fractions are taught in grades 3 to 5.") == code
