"""Prove a recognizer by its own cases, by its regular expressions alone and so in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

from kdvert.privacy import checksums
from kdvert.privacy.matching import FLAGS, TIME_LIMIT, PatternMatcher
from kdvert.verticals import PatternSpec, RecognizerSpec

THRESHOLD = 0.4
"""A finding below this score is not acted on."""


def problems(spec: RecognizerSpec) -> list[str]:
    """Say what is wrong with a recognizer.

    Args:
        spec: the recognizer with its matches and near misses.

    Returns:
        One sentence for each case that does not hold; empty if all do.
    """
    faults = [fault for pattern in spec.patterns if (fault := _compiles(pattern))]
    if faults:
        return [f"{spec.name}: {fault}" for fault in faults]
    try:
        return [*_missed(spec), *_wrong(spec)]
    except TimeoutError:
        return [f"{spec.name}: a case takes longer than {TIME_LIMIT:.0f} seconds; simplify the pattern"]


def _missed(spec: RecognizerSpec) -> Iterator[str]:
    for case in spec.matches:
        found = {case.text[start:end] for start, end, _ in _hits(spec, case.text)}
        if case.find not in found:
            yield f"{spec.name}: finds {sorted(found) or 'nothing'} instead of {case.find!r} in {case.text!r}"


def _wrong(spec: RecognizerSpec) -> Iterator[str]:
    for text in spec.near_misses:
        for start, end, score in _hits(spec, text):
            yield f"{spec.name}: wrongly finds {text[start:end]!r} (score {score:.2f}) in {text!r}"


def _hits(spec: RecognizerSpec, text: str) -> Iterator[tuple[int, int, float]]:
    for hit in PatternMatcher([spec]).find(text):
        if hit.score >= THRESHOLD:
            yield hit.start, hit.end, hit.score


def _compiles(pattern: PatternSpec) -> str | None:
    import regex

    try:
        compiled = regex.compile(pattern.regex, FLAGS)
    except regex.error as error:
        return f"pattern '{pattern.name}' is not a regular expression ({error})"
    if pattern.checksum and pattern.checksum not in checksums.names():
        allowed = ", ".join(checksums.names())
        return f"pattern '{pattern.name}' names an unknown checksum '{pattern.checksum}'; there are {allowed}"
    return f"pattern '{pattern.name}' matches the empty string" if compiled.fullmatch("") else None
