"""Case citations: each must be one that a reporter could hold, and stand in the evidence.

Reporters and their spellings come from eyecite and reporters-db; both load only when a text holds what looks like a
citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# 550 U.S. 544, 12 F.3d 345, 550 U.S. at 570, 550 U.S. ___
_LIKE_CITATION = re.compile(
    r"\b\d{1,4}\s+(?P<reporter>[A-Z][A-Za-z0-9.&']*\.?(?:\s?[A-Z0-9][A-Za-z0-9.&']*){0,4}?),?\s+(?:at\s+)?(?:\d{1,5}\b|_{2,})"
)
_CASE_BEFORE = re.compile(r"\bv\.?\s[^.;]{0,60}(?:\.[^;]{0,30})?,\s*$|\b(?:In re|Ex parte)\s[^;]{1,60},\s*$")
_COURT_BEHIND = re.compile(r"\s*(?:,\s*\d+(?:[-–]\d+)?)?\s*\((?:[A-Z0-9][\w. ]{0,24}\s)?(?:1[6-9]|20)\d{2}\)")
_PARTY = r"[A-Z][\w'’&.-]*(?:\s(?:of|the|and|&|ex|rel\.|de|la|[A-Z][\w'’&.-]*)){0,6}"
_NAME = re.compile(rf"(?P<one>{_PARTY}),?\s(?:v|vs)\.?\s(?P<other>{_PARTY})")
_PARTY_WORD = re.compile(r"[^\W\d_][\w'’-]+")
_NO_PARTY = frozenset(
    "see in the of and co corp inc ltd llc llp lp no held under case court cf compare ex rel but also as while however "
    "like unlike since because after before citing".split()
)


def cases_in_evidence(question: str, answer: str, evidence: str) -> str | None:
    """Checks every case that the answer cites or names.

    A citation must have a reporter that reporters-db knows and a page, its year must fit the reporter, and volume,
    reporter and page must stand in the evidence in any spelling of the reporter (`550 US 544` is `550 U.S. 544`). A
    short form (`550 U.S. at 570`) needs a citation of the volume. A case that is only named (`Roe v. Wade`) must be
    named in evidence or question.

    Args:
      question: The question; it may name a case, and a citation in it proves nothing.
      answer: The answer to check.
      evidence: The quoted source passage.

    Returns:
      `unknown_reporter`, `citation_without_page`, `citation_year_impossible`, `case_not_in_evidence`, or None.
    """
    if not _names_known(answer, f"{evidence}\n{question}"):
        return "case_not_in_evidence"
    if not _LIKE_CITATION.search(answer):
        return None
    cited = _citations(answer)
    return _unknown(answer, cited) or _misshapen(cited) or _absent(cited, evidence)


def _citations(text: str) -> list[Any]:
    """Returns the citations of cases and journals that eyecite reads."""
    if not _LIKE_CITATION.search(text):
        return []
    from eyecite import get_citations
    from eyecite.models import FullCaseCitation, FullJournalCitation, FullLawCitation, ShortCaseCitation

    kinds = (FullCaseCitation, FullJournalCitation, FullLawCitation, ShortCaseCitation)
    return [citation for citation in get_citations(text) if isinstance(citation, kinds)]


def _unknown(answer: str, cited: list[Any]) -> str | None:
    """Looks for what is written as a case citation, and whose reporter nobody knows."""
    spans = [citation.span() for citation in cited]
    for match in _LIKE_CITATION.finditer(answer):
        read = any(start < match.end() and match.start() < end for start, end in spans)
        framed = _CASE_BEFORE.search(answer[: match.start()]) or _COURT_BEHIND.match(answer, match.end())
        if not read and framed and ("." in match["reporter"] or _CASE_BEFORE.search(answer[: match.start()])):
            return "unknown_reporter"
    return None


def _misshapen(cited: Iterable[Any]) -> str | None:
    for citation in cited:
        groups = citation.groups
        if "page" in groups and not groups["page"]:
            return "citation_without_page"
        year = getattr(citation.metadata, "year", None)
        editions = getattr(citation, "all_editions", None) or ()
        if year and "page" in groups and editions and not any(_in_print(e, int(year)) for e in editions):
            return "citation_year_impossible"
    return None


def _in_print(edition: Any, year: int) -> bool:
    """Tells whether the edition held cases of the year; one before it starts is let through, for dates overlap."""
    first, last = edition.start, edition.end
    return (first is None or first.year - 1 <= year) and (last is None or year <= last.year + 1)


def _absent(cited: Iterable[Any], evidence: str) -> str | None:
    known = [_key(citation) for citation in _citations(evidence)]
    volumes = {key[:2] for key in known}
    for citation in cited:
        key = _key(citation)
        short = type(citation).__name__.startswith("Short")
        if "page" in citation.groups and not (key[:2] in volumes if short else key in known):
            return "case_not_in_evidence"
    return None


def _key(citation: Any) -> tuple[str, str, str]:
    groups = citation.groups
    reporter = getattr(citation, "corrected_reporter", lambda: groups.get("reporter", ""))()
    return groups.get("volume") or "", "".join(reporter.lower().split()), groups.get("page") or ""


def _names_known(answer: str, ground: str) -> bool:
    """Tells whether of every case that the answer names, a word of both parties stands in the ground."""
    said = {word.lower() for word in _PARTY_WORD.findall(ground)}
    for match in _NAME.finditer(answer):
        for party in (match["one"], match["other"]):
            words = {word.lower() for word in _PARTY_WORD.findall(party)} - _NO_PARTY
            if words and not words & said:
                return False
    return True
