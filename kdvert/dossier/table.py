"""The documents of the dossier: one row a document, in the order in which a reader meets them."""

from __future__ import annotations

from kdvert.dossier import (
    attribution,
    bom,
    cards,
    controls,
    croissant,
    datasheet,
    notices,
    page,
    signatures,
    training_summary,
)
from kdvert.dossier.documents import Document, Label

PAGE = Label(page.FILE, "The dossier", "Everything on one page, for whoever approves the student.")
"""The page is written last (`kdvert.dossier.job`), since it lists the files beside it."""

DOCUMENTS: tuple[Document, ...] = (
    Document(
        cards.MODEL_CARD, "Model card", cards.write_model_card,
        "Card of the student for the Hugging Face Hub: README.md of its repository.",
    ),
    Document(
        cards.DATASET_CARD, "Dataset card", cards.write_dataset_card,
        "Card of the records for the Hugging Face Hub: README.md of their repository.",
    ),
    Document(datasheet.FILE, "Datasheet", datasheet.write, "Why the records were made, what is in them, what is not."),
    Document(bom.FILE, "Bill of materials", bom.write, "CycloneDX 1.6 ML-BOM: what the student was made of."),
    Document(croissant.FILE, "Croissant", croissant.write, "The records for machines, with RAI fields."),
    Document(
        training_summary.JSON_FILE, "Summary of training content", training_summary.write,
        "By the sections of the EU AI Act's template, for machines.",
    ),
    Document(
        training_summary.TEXT_FILE, "Summary of training content", training_summary.write_text_file,
        "By the sections of the EU AI Act's template, for people.",
    ),
    Document(
        controls.JSON_FILE, "Controls", controls.write,
        "NIST AI RMF and ISO/IEC 42001, with the evidence for each row, for machines.",
    ),
    Document(
        controls.TEXT_FILE, "Controls", controls.write_text_file,
        "NIST AI RMF and ISO/IEC 42001, with the evidence for each row, for people.",
    ),
    Document(
        signatures.FILE, "Review and approval", signatures.write,
        "What people decided, and who approved training and release: for the files.",
    ),
    Document(notices.NOTICE, "Notice", notices.write_notice, "What licenses want printed: it goes with the student."),
    Document(f"{notices.LICENSES}/", "License", notices.write_licenses, "The text of every license of the chain."),
    Document(
        notices.RESTRICTIONS, "Use restrictions", notices.write_restrictions,
        "What receivers must not do, in the licenses' own words.",
    ),
    Document(
        attribution.ATTRIBUTION, "Attribution", attribution.write_attribution,
        "The sources whose licenses want them named.",
    ),
    Document(
        attribution.ATTRIBUTION_JSON, "Attribution", attribution.write_attribution_json,
        "The sources whose licenses want them named, for machines.",
    ),
)  # fmt: skip
"""Every document but the page."""
