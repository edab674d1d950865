"""Diagnosis codes: they must exist in ICD-10-CM and mean what the words beside them say."""

from __future__ import annotations

import re
from functools import lru_cache

_CODE = re.compile(r"(?<![\w.-])(?P<code>[A-TV-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4})?)(?![\w-])")
_CUE = re.compile(r"\bICD\b|\bICD-?10|\bdiagnos(?:is|tic) codes?\b", re.IGNORECASE)
_NO_CODE_BEFORE = re.compile(r"\b(?:fig(?:ure)?s?|tables?|vitamin|section|room|hemoglobin)\.?\s+$", re.IGNORECASE)
_BEHIND = re.compile(r"\s*(?:\((?P<bracket>[^)]{3,90})\)|(?:is|means|stands for|:|,|–|-)\s+(?P<told>[^.;,(]{3,90}))")
_BEFORE = re.compile(r"(?P<told>[^.;:(]{3,90}?)\s*[(,:]?\s*(?:ICD-?10(?:-CM)?\s*)?(?:code\s*)?:?\s*$", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{4,}")
_TYPE = re.compile(r"\btype\s+(1|2|i{1,2})\b")
_ROMAN = {"i": "1", "ii": "2"}
_FILLERS = frozenset(
    "code codes used with without unspecified other disease disorder disorders patient patients diagnosis uses stands "
    "assigned recorded coded documented would this that from have been listed classified under means which correct "
    "condition billing chart note".split()
)


def icd_codes_valid(question: str, answer: str, evidence: str) -> str | None:
    """Checks each ICD-10-CM code of the answer against the code list (release of simple-icd-10-cm).

    A code without a dot, such as B12, counts only where ICD is spoken of. A code that the evidence has passes.

    Args:
        question: The question.
        answer: The answer to check.
        evidence: The quoted passage.

    Returns:
        None, "icd_code_unknown", or "icd_code_means_other" if none of the words beside the code occur in its
        description, its inclusion terms or the headings above it.
    """
    spoken = _CUE.search(f"{question} {answer}") is not None
    for match in _CODE.finditer(answer):
        code = match["code"]
        said = "." in code or spoken
        if not said or code in evidence or _NO_CODE_BEFORE.search(answer[: match.start()]):
            continue
        import simple_icd_10_cm as icd

        if not icd.is_valid_item(code):
            return "icd_code_unknown"
        if not _fits(code, _beside(answer, match)):
            return "icd_code_means_other"
    return None


def _beside(answer: str, match: re.Match[str]) -> str:
    """Returns the words that say what the code means: in brackets or a statement behind it, else before it."""
    behind = _BEHIND.match(answer, match.end())
    if behind:
        return behind["bracket"] or behind["told"]
    before = _BEFORE.search(answer[: match.start()])
    return before["told"] if before else ""


@lru_cache(maxsize=1000)
def _meaning(code: str) -> tuple[str, str]:
    """Returns the description of a code, and all that it, its inclusion terms and the headings above it say."""
    import simple_icd_10_cm as icd

    family = [code, *icd.get_ancestors(code)]
    terms = [icd.get_description(c) for c in family] + [t for c in family for t in icd.get_inclusion_term(c)]
    return terms[0].lower(), " ".join(terms).lower()


def _fits(code: str, words: str) -> bool:
    description, meaning = _meaning(code)
    told = words.lower()
    kind, own = _TYPE.search(told), _TYPE.search(description)
    if kind and own and own[1] != _ROMAN.get(kind[1], kind[1]):
        return False
    content = {w for w in _WORD.findall(told) if w not in _FILLERS}
    return not content or any(w[:5] in meaning for w in content)
