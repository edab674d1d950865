"""Domain verifiers for answers about teaching, learning and student records."""

import re

from .items import answer_not_in_question as answer_not_in_question
from .items import choices_well_formed as choices_well_formed
from .items import misconceptions_marked as misconceptions_marked
from .reading import grade_levels_valid as grade_levels_valid
from .reading import reading_level_fits as reading_level_fits

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_MIN_CONTENT_WORDS = 5
_STOP_TEXT = (
    "a an and are as at be been being but by can could did do does for from had has have how if in into is it its "
    "may might more most must no not of on or should so than that the their them then there these they this those "
    "to was were what when where which who whom whose why will with would you your"
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())
_DIAGNOSIS = re.compile(
    r"(?P<before>\b\w+\s+)?\b(?:this|your)\s+(?:child|student|pupil|learner|son|daughter)\s+"
    r"(?:clearly\s+|probably\s+|definitely\s+|likely\s+|certainly\s+)?(?:has|suffers\s+from)\s+"
    r"(?:an?\s+)?(?:adhd|attention\s+deficit|autism|dyslexia|dyscalculia|dysgraphia|learning\s+disability|"
    r"language\s+disorder|depression|anxiety\s+disorder)\b",
    re.IGNORECASE,
)
_HEDGES = frozenset({"if", "whether", "when", "unless", "because", "suspect", "that", "once", "where", "say", "saying"})


def answer_adds_information(question: str, answer: str, evidence: str) -> str | None:
    """Reject an answer that only repeats the words of its question.

    Short answers and questions that offer alternatives are left alone, since the right answer to them is often
    made of the question's own words.

    Args:
        question: The question as asked.
        answer: The answer to judge.
        evidence: The quoted source passage, unused here.

    Returns:
        `repeats_question` if the answer adds no content word, else None.
    """
    question_words = _WORD.findall(question.lower())
    answer_words = _WORD.findall(answer.lower())
    if answer_words and answer_words == question_words:
        return "repeats_question"
    if "or" in question_words:
        return None
    content = {word for word in answer_words if word not in _STOP_WORDS}
    if len(content) >= _MIN_CONTENT_WORDS and content <= set(question_words):
        return "repeats_question"
    return None


def no_learner_diagnosis(question: str, answer: str, evidence: str) -> str | None:
    """Reject an answer that diagnoses the learner it is asked about.

    Conditional wording ("if your child has dyslexia") passes, and so does a statement found in the evidence.

    Args:
        question: The question as asked, unused here.
        answer: The answer to judge.
        evidence: The quoted source passage.

    Returns:
        `diagnoses_learner` if the answer asserts a diagnosis, else None.
    """
    for match in _DIAGNOSIS.finditer(answer):
        before = (match.group("before") or "").strip().lower()
        statement = match.group().removeprefix(match.group("before") or "")
        if before not in _HEDGES and statement.lower() not in evidence.lower():
            return "diagnoses_learner"
    return None
