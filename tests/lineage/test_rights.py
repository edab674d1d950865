"""What a record carries of the licenses and terms behind it."""

import pytest

from kdvert.licensing.models import standing
from kdvert.lineage.rights import UNKNOWN, model_terms, of_records
from kdvert.records import Example, Message, Provenance, Sampling


@pytest.mark.parametrize(
    ("model", "base_url", "terms"),
    [
        ("embedded", None, ["Apache-2.0"]),
        ("openai:gpt-4o", None, ["route:openai"]),
        ("gpt-4o", "https://api.openai.com/v1", ["route:openai"]),
        ("qwen2.5-7b-instruct", "http://127.0.0.1:8000/v1", ["Apache-2.0"]),
        ("a-model-nobody-knows", "http://127.0.0.1:8000/v1", [UNKNOWN]),
        ("anything", "https://api.unheard-of.example/v1", [UNKNOWN]),
    ],
)
def test_terms_follow_the_model_and_the_route(model, base_url, terms):
    assert model_terms(standing(model, base_url)) == terms


def test_every_model_that_wrote_counts():
    both = model_terms(standing("embedded"), standing("openai:gpt-4o"))
    assert both == ["Apache-2.0", "route:openai"]


def test_the_union_of_records():
    def record(number: int, documents: list[str], licenses: list[str], terms: list[str]) -> Example:
        origin = Provenance(
            teacher="t", route="local", templates={}, request_ids=[], chunk_ids=[f"{d}@0-9" for d in documents],
            document_ids=documents, licenses=licenses, terms=terms, sampling=Sampling(), versions={},
        )  # fmt: skip
        turns = [Message(role="user", content="Q?"), Message(role="assistant", content="A.")]
        return Example(id=f"{number}", vertical="medicine", strategy="curation", skill="grounded_qa", messages=turns,
                       evidence=[], quote="A.", provenance=origin)  # fmt: skip

    found = of_records(
        [
            record(1, ["doc-0002", "doc-0001"], ["MIT", "CC0-1.0"], ["Apache-2.0"]),
            record(2, ["doc-0002"], ["MIT"], ["route:openai"]),
        ]
    )
    assert found.teachers == ["t"]
    assert found.document_ids == ["doc-0001", "doc-0002"]
    assert found.licenses == ["CC0-1.0", "MIT"]
    assert found.terms == ["Apache-2.0", "route:openai"]
