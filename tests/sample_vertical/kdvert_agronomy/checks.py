"""Domain verifier for answers about growing crops."""

import re

_RATE = re.compile(
    r"(?<![\w.,])(?P<figure>\d+(?:[.,]\d+)*)\s*"
    r"(?:kg|kilograms?|t|tons?|tonnes?|l|liters?|lb|pounds?)\s*(?:/|per\s+)\s*(?:ha|hectare|ac|acre)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")


def rate_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Reject a rate per area whose figure the evidence does not contain.

    Args:
        question: The question as asked, unused here.
        answer: The answer to judge.
        evidence: The quoted source passage.

    Returns:
        `rate_not_in_evidence` if a rate has no support, else None.
    """
    supported = {figure.replace(",", "") for figure in _FIGURE.findall(evidence)}
    for match in _RATE.finditer(answer):
        if match.group("figure").replace(",", "") not in supported:
            return "rate_not_in_evidence"
    return None
