"""Records to train on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdvert.records import Example, Message, Provenance, Sampling


@pytest.fixture(scope="session")
def make_example() -> Callable[..., Example]:
    """Return a function that makes an accepted record resting on documents."""

    def make(number: int, *documents: str, answer: str | None = None, turns: int = 1) -> Example:
        messages = []
        for turn in range(turns):
            messages.append(Message(role="user", content=f"What is fact {number}.{turn}?"))
            text = answer if answer is not None else f"Fact {number}.{turn} is {number * 7}."
            messages.append(Message(role="assistant", content=text))
        provenance = Provenance(
            teacher="test", route="embedded", templates={}, request_ids=[f"r{number}"],
            chunk_ids=[f"{d}@0-9" for d in documents], document_ids=list(documents),
            licenses=["CC0-1.0"] * len(documents), terms=["Apache-2.0"], sampling=Sampling(), versions={},
        )  # fmt: skip
        return Example(
            id=f"r{number}-0", vertical="medicine", strategy="curation", skill="grounded_qa", messages=messages,
            evidence=[], quote="q", provenance=provenance,
        )  # fmt: skip

    return make
