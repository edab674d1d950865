"""Identifiers of securities and entities: their check digits, by python-stdnum."""

from __future__ import annotations

import importlib
import re

# name -> (module of stdnum, shape, whether the shape alone tells it from other words)
_KINDS: dict[str, tuple[str, str, bool]] = {
    "isin": ("stdnum.isin", r"[A-Z]{2}[A-Z0-9]{9}\d", True),
    "lei": ("stdnum.lei", r"[A-Z0-9]{18}\d{2}", True),
    "iban": ("stdnum.iban", r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", False),
    "cusip": ("stdnum.cusip", r"[A-Z0-9*@#]{8}\d", False),
    "sedol": ("stdnum.gb.sedol", r"[B-DF-HJ-NP-TV-Z0-9]{6}\d", False),
}
_LABELED = {
    name: re.compile(
        rf"\b{name}\b(?:\s+(?:codes?|numbers?|no\.?|is|of|for))*\s*[:#]?\s*({shape})(?![A-Z0-9])", re.IGNORECASE
    )
    for name, (_, shape, _) in _KINDS.items()
}
_ALONE = {
    name: re.compile(rf"(?<![A-Z0-9])({shape})(?![A-Z0-9])") for name, (_, shape, alone) in _KINDS.items() if alone
}


def identifiers_valid(question: str, answer: str, evidence: str) -> str | None:
    """Check the ISIN, LEI, IBAN, CUSIP and SEDOL codes of the answer.

    A code must stand in the evidence or the question. One that does may be wrong there on purpose, as an example of a
    wrong code, and passes.

    Args:
        question: the question.
        answer: the answer to test.
        evidence: the quoted source passage.

    Returns:
        None, ``isin_check_digit_wrong`` (or ``lei_…``, ``iban_…``, ``cusip_…``, ``sedol_…``), or
        ``identifier_not_in_evidence`` for a right code that nobody gave.
    """
    known = _compact(f"{evidence}\n{question}")
    for name, code in _codes(answer):
        if _compact(code) not in known:
            module = importlib.import_module(_KINDS[name][0])
            return "identifier_not_in_evidence" if module.is_valid(code) else f"{name}_check_digit_wrong"
    return None


def _codes(text: str) -> list[tuple[str, str]]:
    """Return what is called or shaped like a code, each once; a code has a digit."""
    found: dict[str, str] = {}
    for forms in (_LABELED, _ALONE):
        for name, form in forms.items():
            for code in form.findall(text):
                if any(c.isdigit() for c in code):
                    found.setdefault(code, name)
    return [(name, code) for code, name in found.items()]


def _compact(text: str) -> str:
    return "".join(text.upper().split())
