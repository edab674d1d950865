"""Records whose answers a teacher is to read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdvert.records import Evidence, Example, Message, Provenance, Sampling, sha256_text


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Example]:
    """Return a function that makes an accepted record with evidence in one passage."""

    def make(number: int, answer: str | None = None, *, skill: str = "grounded_qa", turns: int = 1) -> Example:
        document = f"doc-{number % 3}"
        messages = []
        for turn in range(turns):
            messages.append(Message(role="user", content=f"What is fact {number}.{turn}?"))
            messages.append(Message(role="assistant", content=answer or f"Fact {number}.{turn} is {number * 7}."))
        provenance = Provenance(
            teacher="t", route="local", templates={}, request_ids=[f"q{number}", f"a{number}"],
            chunk_ids=[f"{document}@0-20"], document_ids=[document], licenses=["CC0-1.0"], terms=["Apache-2.0"],
            sampling=Sampling(), versions={},
        )  # fmt: skip
        evidence = [Evidence(chunk_id=f"{document}@0-20", start=0, end=4, quote_sha=sha256_text("Fact"))]
        return Example(
            id=f"r{number:02}-0", vertical="medicine", strategy="curation", skill=skill, messages=messages,
            evidence=evidence, quote="Fact", provenance=provenance,
        )  # fmt: skip

    return make
