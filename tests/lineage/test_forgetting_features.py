"""Forgetting a source takes the teacher's distributions at its answers along: ids of tokens spell the answer too."""

from __future__ import annotations

import numpy as np

from kdvert.features.header import Header
from kdvert.features.store import Distributions, Store, Writer
from kdvert.records import Example
from kdvert.store import read_jsonl


def test_no_distribution_is_left(site, signer):
    records = read_jsonl(site.work / "filter/accepted.jsonl", Example)
    answers = {r.id: r.answer.encode() for r in records}
    header = Header(
        teacher="t", teacher_identity="i", source="forced", tokenizer_sha256="0" * 64, vocabulary=256, k=1, samples=0,
        coding="uint8", prompt_sha256=None, passages=True,
    )  # fmt: skip
    writer = Writer(site.work / "features/distributions", header)
    writer.write("all", [(name, spelled(text)) for name, text in answers.items()])
    writer.finish([bytes([n]) for n in range(256)])
    (site.work / "features.partial").mkdir()
    (site.work / "features.partial/shard-00000.safetensors").write_bytes(b"half")
    store = Store(site.work / "features/distributions")
    name = next(r.id for r in records if "zeppelin" in r.answer.lower() or "zeppelin" in r.quote.lower())
    assert b"".join(store.vocabulary[i] for i in store[name].target) == answers[name]

    planned = site.plan("sources/zeppelin.md")
    assert "features" in planned.job.stages
    site.forget("sources/zeppelin.md", signer)
    assert not (site.work / "features").exists()
    assert not (site.work / "features.partial").exists()
    assert list(site.root.rglob("shard-*")) == []


def spelled(text: bytes) -> Distributions:
    """Return the answer as tokens of one byte each."""
    ids = np.frombuffer(text, dtype=np.uint8).astype(np.int64)
    size = len(ids)
    flat, none = np.zeros(size), np.zeros((size, 0))
    return Distributions(
        target=ids, target_logprobs=flat, ids=ids[:, None], logprobs=flat[:, None], counts=np.ones(size), tails=flat - 9,
        sampled_ids=none, sampled_logprobs=none, scales=flat,
    )  # fmt: skip
