"""Verifiers of legal answers: what the answer cites, counts or quotes must stand in the evidence."""

import re

from .cases import cases_in_evidence as cases_in_evidence

# 12(b)(6), 2-207, 4A, VII; possessive, so that a match never stops inside a number
_DESIGNATOR = r"(?:\d++[A-Za-z]?+(?:[-.:]\d++[A-Za-z]?+)*+|[IVXLC]+\b)(?:\([A-Za-z0-9]{1,5}\))*+"
_CUE = (
    r"(?:\b[Rr]ules?|\b[Ss]ections?|\b[Aa]rticles?|\b[Tt]itle|(?<![.\w])ss?\.|§{1,2}|"
    r"\bU\.?S\.?C\.?|\bC\.?F\.?R\.?|\bFed\.\s?R\.\s?(?:Civ|Evid|App|Crim)\.(?:\s?P\.)?|"
    r"\bF\.?R\.?C\.?P\.?|\bF\.?R\.?E\.?)"
)
# not the 14 of "Rule 54, 14 days"
_PROVISION = rf"{_DESIGNATOR}(?!\s*-?\s*(?:calendar\s|business\s)?(?:day|week|month|year))"
_CITATION = re.compile(
    rf"{_CUE}\s*(?:§{{1,2}}\s*|[Pp]art\s+)?"
    rf"({_PROVISION}(?:(?:,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+){_PROVISION})*)"
)
_TOKEN = re.compile(_DESIGNATOR)

# fmt: off
_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINAL_ONES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_ORDINALS = [
    *_ORDINAL_ONES, "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth", "twentieth",
]
# fmt: on

_WORDS = {word: value for value, word in enumerate(_SMALL)}
_WORDS |= {word: 10 * value for value, word in enumerate(_TENS, start=2)}
_WORD = "|".join(sorted([*_WORDS, "hundred"], key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3}){1,2}|\d{1,9}"
_NUMBER = re.compile(rf"\b(?:{_DIGITS}|(?:{_WORD})(?:(?:[- ]|\s+and\s+)(?:{_WORD})){{0,5}})\b", re.IGNORECASE)
_PERIOD = re.compile(
    rf"({_NUMBER.pattern})[-\s]+(?:(?:calendar|business|working|court|full|consecutive)\s+)?(day|week|month|year)s?\b",
    re.IGNORECASE,
)
_DAYS_OR_MONTHS = {"day": (1, "day"), "week": (7, "day"), "month": (1, "month"), "year": (12, "month")}

_ORDINALS += [f"twenty-{word}" for word in _ORDINAL_ONES[:7]]
_AMENDMENT = re.compile(
    rf"\b({'|'.join(sorted(_ORDINALS, key=len, reverse=True))}|\d{{1,2}}(?:st|nd|rd|th))\s+amendment", re.IGNORECASE
)

_QUOTATION = re.compile(r"[“\"]([^“”\"]+)[”\"]")
_GAP = re.compile(r"\[[^\]]*\]|\.{3}|…|\.\s\.\s\.")
_SHORTEST_QUOTATION = 4


def citations_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Checks that every rule, section, article or amendment the answer cites occurs in the evidence.

    A shorter form passes: `Rule 12` is borne out by `Rule 12(b)(6)`, but not the other way round.
    The word before the number is not compared, since `UCC 2-207` and `section 2-207` are one provision.

    Args:
      question: The question; unused, for a citation made up in a question proves nothing.
      answer: The answer to check.
      evidence: The quoted source passage.

    Returns:
      `citation_not_in_evidence`, or None if every citation is borne out.
    """
    known = {form for token in _TOKEN.findall(evidence) for form in _shorter_forms(token)}
    cited = (token for match in _CITATION.finditer(answer) for token in _TOKEN.findall(match[1]))
    if any(token.lower() not in known for token in cited):
        return "citation_not_in_evidence"
    if not _amendments(answer) <= _amendments(evidence):
        return "citation_not_in_evidence"
    return None


def periods_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Checks that every period of days, weeks, months or years in the answer occurs in the evidence.

    Numbers may be digits or words, and a year equals twelve months. A wrong deadline is the costliest
    slip in this field, so a period that the question alone supplies does not pass.

    Args:
      question: The question; unused.
      answer: The answer to check.
      evidence: The quoted source passage.

    Returns:
      `period_not_in_evidence`, or None if every period is borne out.
    """
    periods = {_length(number, unit) for number, unit in _PERIOD.findall(evidence)}
    periods |= {_length("one", unit) for unit in re.findall(r"\ba\s+(day|week|month|year)\b", evidence.lower())}
    numbers = {_value(number) for number in _NUMBER.findall(evidence)}
    for number, unit in _PERIOD.findall(answer):
        # "two or three years": the first number stands apart from its unit
        apart = _value(number) in numbers and unit.lower() in evidence.lower()
        if not apart and _length(number, unit) not in periods:
            return "period_not_in_evidence"
    return None


def quotations_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Checks that passages the answer puts in quotation marks stand word for word in the evidence.

    Terms of fewer than four words are let through; an ellipsis or a bracket splits a quotation.

    Args:
      question: The question; unused.
      answer: The answer to check.
      evidence: The quoted source passage.

    Returns:
      `quotation_not_in_evidence`, or None if every quotation is borne out.
    """
    source = _plain(evidence)
    for quotation in _QUOTATION.findall(answer):
        for part in _GAP.split(quotation):
            words = _plain(part)
            if len(words.split()) >= _SHORTEST_QUOTATION and words not in source:
                return "quotation_not_in_evidence"
    return None


def _shorter_forms(token: str) -> list[str]:
    """Returns `12(b)(6)`, `12(b)` and `12` for `12(b)(6)`, in lower case."""
    head, *rest = re.split(r"(?=\()", token.lower())
    return [head + "".join(rest[:count]) for count in range(len(rest) + 1)]


def _amendments(text: str) -> set[int]:
    found = (name.lower() for name in _AMENDMENT.findall(text))
    return {_ORDINALS.index(name) + 1 if name in _ORDINALS else int(name[:-2]) for name in found}


def _value(number: str) -> int:
    """Reads `1,250`, `twenty-one` or `one hundred eighty`."""
    if number[0].isdigit():
        return int(number.replace(",", ""))
    total = 0
    for word in re.findall(_WORD, number.lower()):
        total = max(total, 1) * 100 if word == "hundred" else total + _WORDS[word]
    return total


def _length(number: str, unit: str) -> tuple[int, str]:
    factor, base = _DAYS_OR_MONTHS[unit.lower()]
    return factor * _value(number), base


def _plain(text: str) -> str:
    """Lower case, straight apostrophes, single spaces, no punctuation at the ends."""
    return " ".join(text.lower().replace("’", "'").split()).strip(" .,;:!?")
