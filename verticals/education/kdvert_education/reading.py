"""Grades and how hard an answer is to read for the grade that is asked about.

Of textstat only the formulas that count letters are used (automated readability index, Coleman-Liau): the ones that
count syllables would fetch a dictionary from the network.
"""

from __future__ import annotations

import re

_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_GRADE = re.compile(
    rf"\b(?:grades?\s+(?:level\s+)?(?P<number>\d{{1,2}})|(?P<ordinal>\d{{1,2}})(?:st|nd|rd|th)[\s-]grade(?:rs?)?|"
    rf"(?P<word>{'|'.join(_ORDINALS)})[\s-]grade(?:rs?)?)\b(?!\s?(?:%|percent|points?|out of|/))",
    re.IGNORECASE,
)
_STAGES = [
    (re.compile(r"\bkindergart(?:en|ners?)\b", re.IGNORECASE), 0),
    (re.compile(r"\b(?:elementary|primary)[\s-]school", re.IGNORECASE), 5),
    (re.compile(r"\bmiddle[\s-]school", re.IGNORECASE), 8),
    (re.compile(r"\bhigh[\s-]school", re.IGNORECASE), 12),
]
_FOR_READERS = re.compile(
    r"\b(?:explain|describe|tell|write|say|put|rewrite|summari[sz]e|define)\b[^.?!]*\b(?:to|for|so that)\b",
    re.IGNORECASE,
)
_LAST_GRADE = 12
_LEEWAY = 4.0  # grades; formulas of readability differ by two or three on one text
_FEWEST_WORDS = 25
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def reading_level_fits(question: str, answer: str, evidence: str) -> str | None:
    """Reject an answer that is written far above the grade it is meant for.

    Judged where the question asks to explain or write something for a named grade or school, and the answer has at
    least 25 words.

    Args:
        question: The question as asked.
        answer: The answer to judge.
        evidence: The quoted source passage, unused here.

    Returns:
        `too_hard_for_grade` if it reads more than four grades above, else None.
    """
    grade = _wanted_grade(question)
    if grade is None or len(_WORD.findall(answer)) < _FEWEST_WORDS:
        return None
    import textstat

    levels = (textstat.automated_readability_index(answer), textstat.coleman_liau_index(answer))
    return "too_hard_for_grade" if sum(levels) / len(levels) > max(grade, 2) + _LEEWAY else None


def grade_levels_valid(question: str, answer: str, evidence: str) -> str | None:
    """Reject a grade that no school has, and one that neither evidence nor question speaks of.

    Args:
        question: The question as asked.
        answer: The answer to judge.
        evidence: The quoted source passage; a grade in a range that it names ("grades 3 to 5") is known.

    Returns:
        `grade_level_unknown` for a grade above 12, `grade_level_not_in_evidence`, or None.
    """
    ground = f"{evidence}\n{question}"
    known = set(_grades(ground))
    numbers = {int(n) for n in re.findall(r"(?<![\w.,])\d{1,2}(?![\w,]|\.\d)", ground)}
    for grade in _grades(answer):
        if grade in known:
            continue
        if grade > _LAST_GRADE or grade == 0:
            return "grade_level_unknown"
        if not (known and known | numbers and min(known) <= grade <= max(known | numbers)):
            return "grade_level_not_in_evidence"
    return None


def _wanted_grade(question: str) -> int | None:
    if not _FOR_READERS.search(question):
        return None
    grades = _grades(question)
    stages = [grade for form, grade in _STAGES if form.search(question)]
    return max(grades or stages, default=None)


def _grades(text: str) -> list[int]:
    found = []
    for match in _GRADE.finditer(text):
        word = match["word"]
        found.append(_ORDINALS.index(word.lower()) + 1 if word else int(match["number"] or match["ordinal"]))
    return found
