"""Fixtures of the knowledge tests: the real default embedder, documents made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdvert.knowledge.embeddings import Embedder
from kdvert.records import Chunk
from kdvert.weights import DEFAULT_EMBEDDER


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default embedder."""
    return Embedder(DEFAULT_EMBEDDER)


@pytest.fixture
def passages() -> Callable[..., list[Chunk]]:
    """Return a function that makes chunks of the texts it is given."""

    def make(*texts: str, title: str = "Notes") -> list[Chunk]:
        return [
            Chunk(id=f"sources/n.md@{i}-{i + len(text)}", document_id="sources/n.md", start=i, end=i + len(text),
                  title=title, license="CC0-1.0", text=text)
            for i, text in enumerate(texts)
        ]  # fmt: skip

    return make


@pytest.fixture
def write_pdf(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a PDF of several pages with running feet."""

    def write(*, paragraphs: int = 40, title: str = "Hand Hygiene Guide", **options: object) -> Path:
        from reportlab.lib.styles import getSampleStyleSheet
        from reportlab.platypus import Paragraph, SimpleDocTemplate

        styles = getSampleStyleSheet()
        text = "Clean hands prevent infection in every ward, so a nurse washes them before contact with a patient. "
        flow = [Paragraph("Why clean hands matter", styles["Heading1"])]
        flow += [Paragraph(f"Rule {i}. {text * 3}", styles["BodyText"]) for i in range(paragraphs)]

        def foot(page: object, document: object) -> None:
            page.drawString(60, 20, f"Ward handbook, page {document.page}")  # type: ignore[attr-defined]

        path = tmp_path / "guide.pdf"
        SimpleDocTemplate(str(path), title=title, **options).build(flow, onFirstPage=foot, onLaterPages=foot)
        return path

    return write


@pytest.fixture
def write_docx(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a Word document."""

    def write(name: str = "policy.docx", *, title: str = "Wound Care Policy") -> Path:
        import docx

        made = docx.Document()
        made.core_properties.title = title
        made.add_heading("Wound care", 0)
        made.add_heading("Cleaning", 1)
        made.add_paragraph("Rinse the wound with saline & keep *sterile* gloves_on.")
        made.add_paragraph("Warm the saline first.", style="List Bullet")
        table = made.add_table(2, 2)
        for cell, text in zip(table._cells, ("Drug", "Dose", "Ibuprofen", "400 mg"), strict=True):
            cell.text = text
        path = tmp_path / name
        made.save(str(path))
        return path

    return write
