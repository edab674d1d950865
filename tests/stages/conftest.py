"""A small real index, and the mock endpoint of the teacher tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdvert.knowledge.index import build
from kdvert.records import Chunk
from kdvert.store import write_json
from kdvert.weights import DEFAULT_EMBEDDER

PASSAGES = {
    "Hand hygiene": "Hand sanitizer should contain at least 60 percent alcohol. Soap and water must be used when hands "
    "are visibly soiled.",
    "Asthma": "Asthma is a long-term disease in which the airways are inflamed and narrow too easily. Sedatives should "
    "be avoided during an asthma attack because sedatives can depress breathing.",
    "Falls": "Falls are the leading cause of injury among older adults. Orthostatic hypotension is a drop in systolic "
    "blood pressure of at least 20 mmHg on standing.",
    "Stroke": "High blood pressure is the most important treatable risk factor for stroke. Statins lower the risk of a "
    "further ischemic stroke by reducing LDL cholesterol.",
    "Wounds": "Compression therapy is the main treatment for venous leg ulcers. Debridement removes dead tissue so that "
    "a wound can heal.",
    "Vaccines": "Most refrigerated vaccines must be kept between 2 and 8 degrees Celsius. The deltoid muscle of the "
    "upper arm is the usual injection site for adults.",
}


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six passages, embedded by the real model."""
    folder = tmp_path_factory.mktemp("index")
    chunks = [
        Chunk(
            id=f"{title}.md@0-{len(text)}", document_id=f"{title}.md", start=0, end=len(text), title=title,
            license="CC0-1.0", text=text,
        )
        for title, text in PASSAGES.items()
    ]  # fmt: skip
    build(chunks, folder, DEFAULT_EMBEDDER)
    return folder


@pytest.fixture
def scrub_output(tmp_path: Path) -> Path:
    """What the scrub stage says of its rules, with default settings and no surrogates."""
    folder = tmp_path / "work" / "scrub"
    write_json(folder / "settings.json", {})
    (folder / "ledger.jsonl").touch()
    return folder
