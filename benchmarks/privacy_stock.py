"""Stock Presidio as `benchmarks/privacy.py` compares with it: its own defaults on the same spaCy model, offline."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from kdvert.privacy.gazetteer import MODEL
from kdvert.privacy.spans import Hit

LANGUAGE = "en"


def stock_finder(*, organizations: bool) -> Callable[[str], list[Hit]]:
    """Return a function that finds what Presidio finds by default, with all of its default recognizers.

    Args:
        organizations: take organizations too; the default configuration drops them.
    """
    engine = _engine(organizations)
    return lambda text: [Hit(r.entity_type, r.start, r.end, float(r.score)) for r in engine.analyze(text, LANGUAGE)]


def _engine(organizations: bool) -> Any:
    import importlib

    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    class Installed(SpacyNlpEngine):
        def load(self) -> None:
            self.nlp: Any = {LANGUAGE: importlib.import_module(MODEL).load()}

    # By default a list of domain suffixes is fetched on the first web address; this copy lies in the package.
    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    importlib.import_module("tldextract.tldextract").TLD_EXTRACTOR = offline  # type: ignore[attr-defined]
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    labels = NerModelConfiguration().labels_to_ignore or set()
    nlp = Installed(
        models=[{"lang_code": LANGUAGE, "model_name": MODEL}],
        ner_model_configuration=NerModelConfiguration(
            labels_to_ignore={
                *labels,
                "CARDINAL",
                "EVENT",
                "LANGUAGE",
                "LAW",
                "MONEY",
                "ORDINAL",
                "PERCENT",
                "PRODUCT",
                "QUANTITY",
                "WORK_OF_ART",
                *(() if organizations else ("ORGANIZATION",)),
            },
        ),
    )
    nlp.load()
    return AnalyzerEngine(nlp_engine=nlp, supported_languages=[LANGUAGE])
