"""Questions as test items: the answer stays out of the question, choices are in order, misconceptions are marked."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_STOP = frozenset(
    "a an and are as at be by do does for from has have how in is it its of on or so than that the their them they "
    "this to was were what when which who why will with you your yes no true false not".split()
)
_ALTERNATIVE = re.compile(r"\bor\b|\bwhether\b|\bwhich of\b|\btrue\b|\bbetween\b|_{3,}", re.IGNORECASE)
_POLAR = re.compile(
    r"^\s*(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|must|may)\b", re.IGNORECASE
)
_FEWEST = 2
_LONGEST = 12

_OPTION = re.compile(
    r"(?:^|(?<=[\s;,:?.]))\(?(?P<letter>[A-Ha-h])[.)](?=\s|$)[ \t]*(?P<text>[^\n]*?)"
    r"(?=[ \t;,]+\(?[A-Ha-h][.)](?:\s|$)|[ \t]*$|\n)"
)
_CHOSEN = re.compile(
    r"^\s*(?:(?i:(?:the\s+)?(?:correct\s+|right\s+|best\s+)?(?:answer|option|choice)\s+(?:is\s+)?))?"
    r"\(?(?P<letter>[A-H])(?:[.):]|\s*$|\s+because\b)\s*(?P<rest>.*)",
    re.DOTALL,
)

_BELIEF = re.compile(
    r"(?:misconceptions?|myths?|mistaken(?:ly)?|wrongly|incorrectly|erroneous(?:ly)?|false belief|common error)\b"
    r"[^.;:]*?"
    r"(?:\b(?:is|are|believe[sd]?|thinks?|assumes?|that|holds?|hold)\b|:)\s+(?:that\s+)?(?P<claim>[^.;\n]{15,200})"
    r"|\b(?:believe|think|assume|hold)s?\s+(?:mistakenly|wrongly|incorrectly|falsely)\s+that\s+(?P<held>[^.;\n]{15,200})",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"misconception|myth|mistake|mistaken|wrong|incorrect|error|false|belie(?:f|ve)|think|assum|not\b|n't\b|never|"
    r"no evidence|contrary|instead|however|rather|actually",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_COVERED = 0.8
_FEWEST_CLAIM_WORDS = 4


def answer_not_in_question(question: str, answer: str, evidence: str) -> str | None:
    """Reject a short answer that stands word for word in its question.

    Questions that offer alternatives or can be answered by yes or no are left alone.

    Args:
        question: The question as asked.
        answer: The answer to judge.
        evidence: The quoted source passage, unused here.

    Returns:
        `answer_in_question` or None.
    """
    words = [w.lower() for w in _WORD.findall(answer)]
    content = [w for w in words if w not in _STOP]
    if len(content) < _FEWEST or len(words) > _LONGEST:
        return None
    if _ALTERNATIVE.search(question) or _POLAR.match(question) or _options(question):
        return None
    asked = [w.lower() for w in _WORD.findall(question)]
    runs = (asked[i : i + len(words)] for i in range(len(asked) - len(words) + 1))
    return "answer_in_question" if any(run == words for run in runs) else None


def choices_well_formed(question: str, answer: str, evidence: str) -> str | None:
    """Check a question that lists lettered choices, and that the answer is one of them.

    Args:
        question: The question as asked.
        answer: The answer to judge.
        evidence: The quoted source passage, unused here.

    Returns:
        `choices_out_of_order`, `choice_empty`, `choice_repeated`, `answer_not_a_choice`, `choice_letter_differs` (the
        letter and the text of the answer are two choices), or None.
    """
    options = _options(question)
    if not options:
        return None
    letters = [letter for letter, _ in options]
    texts = [_folded(text) for _, text in options]
    if letters != [chr(ord("A") + i) for i in range(len(letters))]:
        return "choices_out_of_order"
    if not all(texts):
        return "choice_empty"
    if len(set(texts)) < len(texts):
        return "choice_repeated"
    return _answer_fault(answer, dict(zip(letters, texts, strict=True)))


def misconceptions_marked(question: str, answer: str, evidence: str) -> str | None:
    """Reject an answer that states as a fact what the evidence calls a misconception.

    Args:
        question: The question as asked; one about misconceptions may be answered by them.
        answer: The answer to judge.
        evidence: The quoted source passage.

    Returns:
        `misconception_as_fact` or None.
    """
    if _MARK.search(question):
        return None
    claims = [_content(match["claim"] or match["held"]) for match in _BELIEF.finditer(evidence)]
    for sentence in _SENTENCE.split(answer):
        words = _content(sentence)
        for claim in claims:
            covered = len(claim & words) >= _COVERED * len(claim) and len(claim) >= _FEWEST_CLAIM_WORDS
            if covered and not _MARK.search(sentence):
                return "misconception_as_fact"
    return None


def _options(question: str) -> list[tuple[str, str]]:
    """Return the lettered choices of a question; one letter alone is none."""
    found = [(m["letter"].upper(), m["text"]) for m in _OPTION.finditer(question)]
    return found if len(found) > 1 and "A" in dict(found) else []


def _answer_fault(answer: str, options: dict[str, str]) -> str | None:
    chosen = _CHOSEN.match(answer)
    given = _folded(chosen["rest"] if chosen else answer)
    if chosen and chosen["letter"] not in options:
        return "answer_not_a_choice"
    if chosen:
        others = [text for letter, text in options.items() if letter != chosen["letter"]]
        return "choice_letter_differs" if given in others else None
    return None if any(text in given or given in text for text in options.values()) and given else "answer_not_a_choice"


def _content(text: str) -> set[str]:
    return {word[:6] for w in _WORD.findall(text) if (word := w.lower()) not in _STOP}


def _folded(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
