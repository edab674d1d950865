"""Find personal data: patterns, Presidio's recognizers, a trained tagger, word lists and spaCy, all of it offline."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from kdvert.configuration import validate
from kdvert.content import compliance_facts
from kdvert.extras import require
from kdvert.privacy import (
    address_parts,
    addresses,
    citations,
    gazetteer,
    names,
    normalize,
    organizations,
    places,
    public_people,
    second_opinion,
    study_periods,
    tagged,
    tagger,
    weighing,
)
from kdvert.privacy.languages import SUPPORTED, language_of
from kdvert.privacy.matching import PatternMatcher, Span, StockMatcher, masked
from kdvert.privacy.spans import Hit, meeting
from kdvert.privacy.steps import Ask, Steps, alone, gathered
from kdvert.verticals import RecognizerFile, RecognizerSpec

WINDOW = 2_000
"""Characters after which a window ends at the next blank line."""
LONGEST_WINDOW = 20_000
"""Characters after which a window ends at the next space; far below the model's limit of a million."""
OVERLAP = 300
"""Characters that such a cut repeats, so that nothing is lost on it."""

SURE = 0.7
"""Score that a number across a line break must have."""
_COURT_RULES = re.compile(r"(?:Fed\.\s)?R\.\s?(?:App|Bankr|Civ|Crim|Evid)\b")
_ABBREVIATION = re.compile(r"[A-Z]{2,5}s|[A-Z][a-z]+[A-Z]")
_COURT_PAPER = re.compile(
    r"\b(?i:petitioners?|respondents?|appellants?|coram|plaintiffs?|defendants?|learned\scounsel)\b[\s\S]*?\b(?i:court|judge|justice)\b|"
    r"\b(?i:court|judge|justice)\b[\s\S]*?\b(?i:petitioners?|respondents?|appellants?|coram|plaintiffs?|defendants?|counsel)\b"
)
"""In papers of courts everybody has a title, bench, bar and parties: it tells nobody from anybody."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

STOCK = {
    "ABA_ROUTING_NUMBER": "AbaRoutingRecognizer",
    "CREDIT_CARD": "CreditCardRecognizer",
    "CRYPTO": "CryptoRecognizer",
    "EMAIL_ADDRESS": "EmailRecognizer",
    "IBAN_CODE": "IbanRecognizer",
    "IP_ADDRESS": "IpRecognizer",
    "MAC_ADDRESS": "MacAddressRecognizer",
    "MEDICAL_LICENSE": "MedicalLicenseRecognizer",
    "PHONE_NUMBER": "PhoneRecognizer",
    "UK_NHS": "NhsRecognizer",
    "UK_NINO": "UkNinoRecognizer",
    "UK_PASSPORT": "UkPassportRecognizer",
    "URL": "UrlRecognizer",
    "US_BANK_NUMBER": "UsBankRecognizer",
    "US_DRIVER_LICENSE": "UsLicenseRecognizer",
    "US_HEALTH_INSURANCE_MEMBER_ID": "UsHealthInsuranceMemberIdRecognizer",
    "US_ITIN": "UsItinRecognizer",
    "US_MBI": "UsMbiRecognizer",
    "US_NPI": "UsNpiRecognizer",
    "US_PASSPORT": "UsPassportRecognizer",
    "US_SSN": "UsSsnRecognizer",
    "UUID": "UuidRecognizer",
}
"""Presidio's own recognizers by the entity they find, among them several that its default configuration leaves off."""

PHONE_REGIONS = ("US", "GB")

TAGGED = (
    "PERSON", "LOCATION", "STREET_ADDRESS", "HEALTH_FACILITY", "REGION", "NRP", "ORGANIZATION", "OCCUPATION", "TITLE",
)  # fmt: skip
"""Entities that `weighing` finds by word lists, rules and the spaCy model."""

CUT = frozenset(
    {
        "CREDIT_CARD",
        "IBAN_CODE",
        "US_SSN",
        "UK_NHS",
        "PHONE_NUMBER",
        "FAX_NUMBER",
        "FINANCIAL_ACCOUNT",
        "US_MBI",
        "UNIQUE_ID",
    }
)
"""Types whose numbers are looked for across a line break."""


def generic_specs() -> list[RecognizerSpec]:
    """Return the recognizers of ``compliance/privacy/recognizers*.yaml``, which no domain owns."""
    files = sorted((compliance_facts() / "privacy").glob("recognizers*.yaml"))
    read = [(path, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files]
    return [spec for path, data in read for spec in validate(RecognizerFile, data, where=str(path)).recognizers]


def known_entities(specs: Iterable[RecognizerSpec]) -> set[str]:
    """Return every entity type that something here can find."""
    return {*STOCK, *TAGGED, *tagged.ENTITIES, *(spec.entity for spec in specs)}


@dataclass(frozen=True)
class Detector:
    """Finds personal data in text.

    Attributes:
        specs: recognizers as data, generic ones and the vertical's.
        targets: the entity types to look for.
        threshold: findings below this score are left out.
        languages: those that texts may be in, the likeliest first; each text's own is told from its words.
    """

    specs: Sequence[RecognizerSpec]
    targets: Sequence[str]
    threshold: float
    languages: Sequence[str] = SUPPORTED

    @property
    def recognizers(self) -> dict[str, list[str]]:
        """Names of the recognizers in use, by entity type."""
        found: dict[str, list[str]] = {entity: [] for entity in self.targets}
        for entity in self.targets:
            if entity in STOCK:
                found[entity].append(f"presidio {STOCK[entity]}")
            if entity in tagged.ENTITIES:
                found[entity].append("trained tagger")
            if entity in TAGGED:
                found[entity].append(f"word lists and spaCy {gazetteer.MODEL}")
        for spec in self.specs:
            if spec.entity in found:
                found[spec.entity].append(spec.name)
        return found

    def find(
        self, text: str, seen: dict[str, list[Hit]], fixed: Sequence[Span] = (), replaced: Sequence[Span] | None = None
    ) -> list[Hit]:
        """Return what `finding` gives, with the models' answers."""
        return alone(self.finding(text, seen, fixed, replaced))

    def finding(
        self, text: str, seen: dict[str, list[Hit]], fixed: Sequence[Span] = (), replaced: Sequence[Span] | None = None
    ) -> Steps[list[Hit]]:
        """Return the findings in ``text``, in no particular order.

        Args:
            text: text of any length; it is read in windows.
            seen: findings by window text, filled here, so that a second pass reads only what changed. It holds raw
                text: let it die with the document.
            fixed: what scrubbing wrote into the text (sorted, disjoint): spaCy is asked about no such sentence again.
            replaced: on a second pass, where the text was changed (sorted, disjoint): patterns are tried around there
                only, and not in what stands there now.
        """
        undone = normalize.plain(text)
        plain = undone.text if undone else text
        if undone:
            fixed = [undone.from_original(*span) for span in fixed]
            replaced = replaced and [undone.from_original(*span) for span in replaced]
        language = language_of(plain, self.languages)
        parts = list(windows(plain))
        new = {window: start for start, window in parts if window not in seen}
        readings = [
            _Reading(
                window,
                language,
                seen,
                _within(fixed, start, start + len(window)),
                None if replaced is None else _within(replaced, start, start + len(window)),
            )
            for window, start in new.items()
        ]
        found = yield from gathered([self._analyze(reading) for reading in readings])
        seen |= dict(zip(new, found, strict=True))
        hits = [Hit(h.entity, h.start + at, h.end + at, h.score) for at, window in parts for h in seen[window]]
        if undone is None:
            return hits
        return [Hit(h.entity, *undone.to_original(h.start, h.end), h.score) for h in hits if h.start < h.end]

    def load(self) -> None:
        """Load the model now (seconds) and not with the first text."""
        self._stock  # noqa: B018
        tagger.load()
        if "en" in self.languages:
            second_opinion.model()

    def _analyze(self, reading: _Reading) -> Steps[list[Hit]]:
        text, changed = reading.text, reading.changed
        if not text.strip():
            return []
        found = [
            *self._matchers[reading.language].find(text, changed),
            *self._stock.find(masked(text, changed or ())),
            *self._cut(reading),
        ]
        found += yield from self._named(reading, found)
        found += addresses.completed(text, {(h.start, h.end) for h in found if h.entity == "STREET_ADDRESS"})
        found += list(address_parts.widened(text, found))
        return list(self._plausible(text, found))

    def _plausible(self, text: str, found: Sequence[Hit]) -> Iterator[Hit]:
        is_public = _public_names(text, found)
        for hit in citations.without_cited(text, found):
            if hit.score < self.threshold or hit.entity not in self._targets:
                continue
            start, end = _trimmed(text, hit.start, hit.end, ".,;:" if hit.entity == "URL" else ",;:")
            if start < end and _is_plausible(hit.entity, text, start, end) and not is_public(hit.entity, start, end):
                yield Hit(hit.entity, start, end, round(hit.score, 4))

    def _cut(self, reading: _Reading) -> Iterator[Hit]:
        """Find numbers that a line break cuts in two."""
        whole = normalize.joined(masked(reading.text, reading.changed or ()))
        if whole is None:
            return
        for hit in (*self._matchers[reading.language].find(whole.text), *self._stock.find(whole.text)):
            if hit.entity in CUT and hit.score >= SURE and any(hit.start < joint < hit.end for joint in whole.joints):
                yield Hit(hit.entity, *whole.to_original(hit.start, hit.end), hit.score)

    def _named(self, reading: _Reading, patterns: Sequence[Hit]) -> Steps[list[Hit]]:
        """Find names and what else has no pattern; ``patterns`` is what patterns found."""
        language, text = reading.language, _LONE_SURROGATE.sub("\ufffd", reading.text)  # spaCy cannot hash them
        (labeled,) = yield [Ask(tagger.tag, language, text)]
        found = list(tagged.found(text, labeled, language))
        text = _cased(text)
        if language != "en":
            return [*found, *weighing.romance(text, language)]
        explained = [(h.start, h.end) for h in (*patterns, *found)]
        tags = yield from second_opinion.tags(text, explained, reading.fixed, reading.seen)
        return [*found, *weighing.english(text, tags, self._targets)]

    @cached_property
    def _targets(self) -> frozenset[str]:
        return frozenset(self.targets)

    @cached_property
    def _matchers(self) -> dict[str, PatternMatcher]:
        specs = [spec for spec in self.specs if spec.entity in self.targets]
        return {
            code: PatternMatcher([s for s in specs if not s.languages or code in s.languages])
            for code in self.languages
        }

    @cached_property
    def _stock(self) -> StockMatcher:
        return stock_matcher(self.targets)


@dataclass(frozen=True)
class _Reading:
    """A window that is read.

    Attributes:
        text: the window.
        language: two-letter code.
        seen: see `Detector.find`.
        fixed: what scrubbing wrote, by offsets in the window.
        changed: where it differs from an earlier reading; None on the first.
    """

    text: str
    language: str
    seen: dict[str, list[Hit]] = field(repr=False)
    fixed: Sequence[Span]
    changed: Sequence[Span] | None


def stock_matcher(entities: Iterable[str]) -> StockMatcher:
    """Return Presidio's own recognizers of these entities; others are passed over."""
    require("presidio_analyzer", install="presidio-analyzer", purpose="find personal data")
    from presidio_analyzer import predefined_recognizers

    _keep_offline()
    # Numbers that start with + are found for every country; others only in these countries' forms.
    options: dict[str, dict[str, Any]] = {"PHONE_NUMBER": {"supported_regions": PHONE_REGIONS}}
    return StockMatcher(
        [
            (entity, getattr(predefined_recognizers, STOCK[entity])(**options.get(entity, {})))
            for entity in entities
            if entity in STOCK
        ]
    )


def _within(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """Return ``spans`` as far as they lie between ``start`` and ``end``, counted from there."""
    return [(max(s, start) - start, min(e, end) - start) for s, e in meeting(spans, start, end)]


def windows(text: str) -> Iterator[tuple[int, str]]:
    """Cut ``text`` into windows: at blank lines, and in a long stretch without one at spaces, with an overlap.

    Yields:
        The offset of a window in ``text``, and its text.
    """
    start = 0
    while start < len(text):
        blank = text.find("\n\n", start + WINDOW, start + LONGEST_WINDOW)
        if blank >= 0:
            yield start, text[start : blank + 2]
            start = blank + 2
            continue
        if len(text) - start <= LONGEST_WINDOW:
            yield start, text[start:]
            return
        end = text.rfind(" ", start + LONGEST_WINDOW // 2, start + LONGEST_WINDOW)
        end = end if end > 0 else start + LONGEST_WINDOW
        yield start, text[start:end]
        space = text.find(" ", end - OVERLAP, end)
        start = space + 1 if space >= 0 else end - OVERLAP


def _cased(text: str) -> str:
    """Return a text without any capital with one on every word: names cannot be told otherwise."""
    if len(text) < 10 or text != text.lower():
        return text
    titled = re.sub(r"(?<![\w’'@.])[^\W\d_]", lambda m: m.group().upper(), text)
    return titled if len(titled) == len(text) else text


def _trimmed(text: str, start: int, end: int, marks: str) -> tuple[int, int]:
    """Leave blanks, and a sentence's punctuation behind, out of a finding."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in marks):
        end -= 1
    if text[start:end].startswith("(") and ")" not in text[start:end]:
        start += 1
    return start, end


def _public_names(text: str, found: Iterable[Hit]) -> Callable[[str, int, int], bool]:
    """Return a test of whether a finding is a name that ``text`` itself shows to be a scholar's or a firm's."""
    if not any(hit.entity == "PERSON" for hit in found):
        return lambda entity, start, end: False
    scholars, things = public_people.surnames(text), organizations.firms(text) | names.abbreviations(text)

    def test(entity: str, start: int, end: int) -> bool:
        return entity == "PERSON" and (text[start:end] in things or public_people.is_one(text, start, end, scholars))

    return test


def _is_plausible(entity: str, text: str, start: int, end: int) -> bool:
    """Rule out what patterns alone take too much of: decimals as telephone numbers, "Fed. R. Civ. P." as a name."""
    value = text[start:end]
    if entity == "PHONE_NUMBER":
        decimal = re.search(r"\d\.$", text[max(0, start - 2) : start]) or re.search(r"^\d?\.?\d*\.\d{5,}$", value)
        return sum(c.isdigit() for c in value) > 6 and not decimal
    if entity == "URL":
        marked = re.match(r"(?i)[\"']?(?:https?://|www\d{0,3}\.)", value)
        return bool(marked or (".." not in value and re.search(r"^[^/]*\.[a-z]{2,}(?:/|$)", value)))
    if entity == "TITLE":
        return not _COURT_PAPER.search(text)
    if entity == "DATE_TIME":
        return not study_periods.is_one(text, start, end)
    if entity == "CITY":
        return not places.is_region(value)
    if entity in ("PERSON", "LOCATION") and _ABBREVIATION.fullmatch(value):
        return False
    if entity == "PERSON":
        return not (_COURT_RULES.match(value) or names.is_cited(text, (start, end)))
    return True


def _keep_offline() -> None:
    """Let nothing be fetched, and nothing be logged that could hold a raw value."""
    import tldextract

    # The stock extractor downloads the list of public suffixes; this one reads the copy in its package.
    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    setattr(importlib.import_module("tldextract.tldextract"), "TLD_EXTRACTOR", offline)  # noqa: B010
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
