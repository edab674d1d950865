"""The default model as teacher of its own: passages make it surer, and the store's figures are near the whole ones."""

from __future__ import annotations

import pytest
import torch

from kdvert.features.divergence import Kept, divergence
from kdvert.features.forcing import Forcing, readings
from kdvert.features.header import Header
from kdvert.features.store import Store, Writer
from kdvert.records import Evidence, Message, sha256_text
from kdvert.students.prompts import Prompts
from kdvert.teachers.local import LocalTeacher
from kdvert.templates import TemplateSet
from kdvert.weights import DEFAULT_MODEL

ASKED = {
    "How much alcohol should hand sanitizer contain?": "Hand sanitizer should contain at least 60 percent alcohol.",
    "At what temperature are most vaccines kept?": "Most vaccines are kept between 2 and 8 degrees Celsius.",
    "What is the main treatment of venous leg ulcers?": "Compression therapy is the main treatment of venous leg ulcers.",
}


@pytest.mark.slow
def test_a_teacher_that_sees_the_passage_is_surer_and_the_store_stays_near(tmp_path, vertical, make_record):
    teacher = LocalTeacher.load(DEFAULT_MODEL, batch_size=2, root=tmp_path)
    prompts = Prompts.for_vertical(TemplateSet(None, vertical.templates), vertical)
    records = [
        make_record(n).model_copy(
            update={
                "messages": [Message(role="user", content=q), Message(role="assistant", content=a)],
                "evidence": [Evidence(chunk_id=f"p{n}", start=0, end=4, quote_sha=sha256_text(a[:4]))],
            }
        )
        for n, (q, a) in enumerate(ASKED.items())
    ]
    shown = {f"p{n}": answer for n, answer in enumerate(ASKED.values())}
    helped, _ = readings(records, teacher.tokenizer, prompts, passages=shown, longest=8192)
    alone, _ = readings(records, teacher.tokenizer, prompts, passages={}, longest=8192)
    work = Forcing(teacher.model, 0, 2, k=64, samples=24, power=0.75)
    found, bare = work.distributions(helped), work.distributions(alone)
    assert all(found[r.id].target_logprobs.mean() > bare[r.id].target_logprobs.mean() + 0.2 for r in records)

    header = Header(
        teacher="t", teacher_identity="i", source="forced", tokenizer_sha256=None, vocabulary=49152, k=64, samples=24,
        power=0.75, coding="uint8", prompt_sha256=None, passages=True,
    )  # fmt: skip
    writer = Writer(tmp_path / "store", header)
    writer.write("all", sorted(found.items()))
    tokens = writer.finish([b""]).tokens
    assert (writer.size - 4096) / tokens < 274
    store, got, exact = Store(tmp_path / "store"), [], []
    for with_passage, without in zip(helped, alone):
        whole = [_whole(teacher.model, one) for one in (with_passage, without)]
        exact.append((whole[0].exp() * (whole[0] - whole[1])).sum(1))
        got.append(divergence("forward", Kept.of(store[with_passage.record.id], power=0.75), whole[1]))
    assert torch.cat(got).mean() == pytest.approx(float(torch.cat(exact).mean()), rel=0.03)


def _whole(model, reading) -> torch.Tensor:
    places = [i - 1 for i, mine in enumerate(reading.tokens.trained) if mine]
    with torch.inference_mode():
        logits = model(torch.tensor([reading.tokens.ids])).logits[0]
    return torch.log_softmax(logits[places].float(), 1)
