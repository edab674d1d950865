"""Domain verifiers for answers about teaching, learning and student records."""

import re

from .items import answer_not_in_question as answer_not_in_question
from .items import choices_well_formed as choices_well_formed
from .items import misconceptions_marked as misconceptions_marked
from .reading import grade_levels_valid as grade_levels_valid
from .reading import reading_level_fits as reading_level_fits

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_FIGURE = re.compile(r"(?<![\w.,])\d+(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.,])\d++(?:\.\d+)?+(?!\w)")
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b)", re.IGNORECASE)
_SMALL_COUNT = 10
_MIN_CONTENT_WORDS = 5
_STOP_TEXT = (
    "a an and are as at be been being but by can could did do does for from had has have how if in into is it its "
    "may might more most must no not of on or should so than that the their them then there these they this those "
    "to was were what when where which who whom whose why will with would you your"
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())
_NUMBER_WORDS = {
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
    "fourteen": "14",
    "fifteen": "15",
    "sixteen": "16",
    "seventeen": "17",
    "eighteen": "18",
    "nineteen": "19",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
    "thousand": "1000",
}
_TENS = frozenset({"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"})
_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TENS_AND_UNIT = re.compile(rf"\b({'|'.join(sorted(_TENS))})[- ]({'|'.join(_UNITS)})\b")
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


def figures_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Reject a figure that neither the evidence nor the question contains.

    Bare whole numbers below ten are not checked, because they often count items that the evidence lists without a
    number. Figures written in words in the evidence are recognized.

    Args:
        question: The question as asked.
        answer: The answer to judge.
        evidence: The quoted source passage.

    Returns:
        `figure_not_in_evidence` if a figure has no support, else None.
    """
    supported = _figures(evidence) | _figures(question)
    for match in _FIGURE.finditer(answer):
        figure = _normal(match.group())
        small_count = figure.isdecimal() and int(figure) < _SMALL_COUNT and not _PERCENT.match(answer, match.end())
        if not small_count and figure not in supported:
            return "figure_not_in_evidence"
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


def _figures(text: str) -> set[str]:
    """Collect the figures of a text, written in digits or in words."""
    lowered = text.lower()
    found = {_normal(match.group()) for match in _FIGURE.finditer(text)}
    found |= {_NUMBER_WORDS[word] for word in _WORD.findall(lowered) if word in _NUMBER_WORDS}
    for tens, unit in _TENS_AND_UNIT.findall(lowered):
        found.add(str(int(_NUMBER_WORDS[tens]) + _UNITS.index(unit) + 1))
    found |= {str(value) for value, word in enumerate(_UNITS, start=1) if re.search(rf"\b{word}\b", lowered)}
    return found


def _normal(figure: str) -> str:
    """Drop thousands separators and trailing zeros after the decimal point."""
    plain = figure.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
