"""Sentences and addresses near the start or the end of a text that say under which license it stands.

Only the ends are read: what a document says about its own license stands on its first or last page, while its middle
may well speak about licenses of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdvert.licensing.detection.contract import ALL_RIGHTS_RESERVED, Confidence, Detected, Evidence
from kdvert.licensing.detection.names import Named, address, identify, named_at, without_version, words_of

WINDOW = 6_000
"""Characters at either end of a text that are read."""

_UNDER = re.compile(
    r"\b(?:licen[sc]ed|available|released|distributed|published|provided|shared|offered|made public|modify (?:this|it)|"
    r"article|document|work|book|content|material|chapter|dataset|data|use[ds]?)[ ,]{1,2}(?:[a-z]{2,12} ){0,4}?"
    r"(?:under|in accordance with|subject to)\b|\blicen[sc]ed(?= (?:as )?(?:cc|creative)\b)|"
    r"\bunder the terms (?:and conditions )?of\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:licen[sc]ed|distributed|released|available) under an? creative commons licen[sc]e\b", re.IGNORECASE
)
_BARE = re.compile(r"\bCC[ -]?(?:BY|0)\b(?:[ -](?:NC|SA|ND)\b){0,3}(?:[ -]v?\d\.\d)?(?: IGO)?")
_TERMS_OF = re.compile(r"(?:(?:the|an?|terms|conditions|and|of|open access|its|current|following) )+")
_SUBJECT = re.compile(
    r"\b(?:this|these|our|all|content|contents|text|texts|unless|except where|otherwise|textbook|book|article|document|"
    r"work|page|site|information|material|materials|data|dataset|chapter|paper|report|license|licence|copyright|permission|rights|reuse)\b|©",
    re.IGNORECASE,
)
_PICTURE = re.compile(
    r"\b(?:credit|image|images|photo|photograph|picture|figure|fig|illustration|icon|map|diagram|source code|software|"
    r"video|font|logo|adapted from|via wikimedia)\b",
    re.IGNORECASE,
)
_LINE = re.compile(r"^[ \t#>*_|-]{0,6}licen[sc]e(?:d under)?[*_ \t]{0,3}[:|][ \t*_]{0,4}([^\n]{2,160})$", re.I | re.M)
_URL = re.compile(r"https?://[^\s<>\"')\]}]{6,200}|creativecommons\.org/[^\s<>\"')\]}]{4,80}", re.IGNORECASE)
_RESERVED = re.compile(
    r"\ball rights (?:are )?reserved\b|\bno part of this (?:publication|book|document|work|report) may be\b",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|copyright|copr\.)[\s,]{0,3}(?:©|\(c\))?[\s,]{0,3}(?:19|20)\d\d\b", re.IGNORECASE)
_ENDORSED_PD = re.compile(
    r"\b(?:this|the) (?:[a-z]+ ){0,3}(?:is|are) (?:a work of the (?:u\.?s\.?|united states) government|"
    r"(?:in|dedicated to) the public domain)\b|\bdedicated this (?:[a-z]+ ){1,3}to the public domain\b|"
    r"\bthis (?:[a-z]+ ){1,3}has been (?:released|placed) in(?:to)? the public domain\b",
    re.IGNORECASE,
)
_BEFORE = 160  # characters before a license's name that must speak of the document
_NAME = 220  # characters after "licensed under" in which the name must start


def statements(evidence: Evidence) -> Iterator[Detected]:
    """Yield what a text says of its own license."""
    yield from of_text(evidence.text, "statement", "its text")


def of_text(text: str, method: str, place: str) -> Iterator[Detected]:
    """Yield what the ends of ``text`` say of its license; ``method`` and ``place`` name the detector and the text."""
    windows = {"the start": text[:WINDOW], "the end": text[WINDOW:][-WINDOW:]}
    found = [(end, *said) for end, window in windows.items() for said in _named(window)]
    stated = {without_version(named.license) for _, named, _ in found if named.exact}
    seen: set[str] = set()
    for end, named, confidence in found:
        told_better = not named.exact and without_version(named.license) in stated
        if named.license not in seen and not told_better:
            seen.add(named.license)
            where = f"{end} of {place}"
            yield Detected.of(named, method, where, confidence)
    vague = [end for end, window in windows.items() if _VAGUE.search(window)]
    if vague and not seen:
        yield Detected.of(None, method, f"{vague[0]} of {place}", "M")
    elif not seen:
        yield from _reserved(windows, place)


def _named(window: str) -> Iterator[tuple[Named, Confidence]]:
    yield from ((named, "M") for named in _after_verbs(window))
    for line in _LINE.finditer(window):
        if found := identify(line[1].strip(" .*_|")):
            yield found, "M"
    for url in _URL.finditer(window):
        if not _PICTURE.search(_sentence_before(window, url.start())) and (found := address(url[0].rstrip(".,;"))):
            yield found, "L"
    for bare in _BARE.finditer(window):
        before = window[max(0, bare.start() - _BEFORE) : bare.start()].rpartition("\n")[2]
        alone = not before.strip(" \t([#*_>-") and window[bare.end() : bare.end() + 2].lstrip(") .*_")[:1] in ("", "\n")
        if (
            (alone or _SUBJECT.search(before))
            and not _PICTURE.search(before)
            and (cc := named_at(words_of(bare[0]).split()))
        ):
            yield cc, "L"
    if found_pd := _ENDORSED_PD.search(window):
        us = "government" in found_pd[0].lower()
        yield Named("LicenseRef-US-Government-Work" if us else "LicenseRef-Public-Domain"), "L"


def _after_verbs(window: str) -> Iterator[Named]:
    for verb in _UNDER.finditer(window):
        before = _sentence_before(window, verb.start())
        if (before.strip() and not _SUBJECT.search(before + verb[0])) or _PICTURE.search(before + verb[0]):
            continue
        words = words_of(window[verb.end() : verb.end() + _NAME])
        opened = _TERMS_OF.match(words)
        for candidate in (words, words[opened.end() :] if opened else ""):
            if found := named_at(candidate.split()):
                yield found
                break


def _sentence_before(window: str, place: int) -> str:
    before = window[max(0, place - _BEFORE) : place]
    return re.split(r"[.!?]\s|\n\n", before)[-1]


def _reserved(windows: dict[str, str], place: str) -> Iterator[Detected]:
    for method, sign in (("all-rights-reserved", _RESERVED), ("copyright-line", _COPYRIGHT)):
        for end, window in windows.items():
            if sign.search(window):
                yield Detected.of((ALL_RIGHTS_RESERVED, True), method, f"{end} of {place}", "L")
                return
