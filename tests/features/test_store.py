"""The store of token distributions: what goes in comes out, and what is damaged is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kdvert.features.coding import LEAST, id_bits, pack_ids, pack_logprobs, unpack_ids, unpack_logprobs
from kdvert.features.header import Header
from kdvert.features.store import HEADER, Distributions, FeaturesUnusable, Store, Writer
from kdvert.store import hash_tree

VOCABULARY = [bytes([n % 256]) * (1 + n // 256) for n in range(300)]
HEADER_FACTS = Header(
    teacher="t", teacher_identity="i", source="forced", tokenizer_sha256="a" * 64, vocabulary=300, k=4, samples=2,
    coding="float16", prompt_sha256="b" * 64, passages=True,
)  # fmt: skip


def distributions(seed: int, tokens: int, k: int = 4, m: int = 2) -> Distributions:
    rng = np.random.default_rng(seed)
    ids = np.stack([rng.choice(300, size=k + m, replace=False) for _ in range(tokens)])
    logprobs = -np.sort(rng.gamma(2.0, 1.5, size=(tokens, k + m)), axis=1)
    return Distributions(
        target=rng.integers(0, 300, tokens), target_logprobs=-rng.random(tokens), ids=ids[:, :k],
        logprobs=logprobs[:, :k], counts=np.full(tokens, k), tails=-rng.random(tokens), sampled_ids=ids[:, k:],
        sampled_logprobs=logprobs[:, k:], scales=rng.random(tokens),
    )  # fmt: skip


def filled(folder: Path, header: Header = HEADER_FACTS) -> Writer:
    writer = Writer(folder, header)
    for number in range(3):
        key = f"batch {number}"
        if not writer.has(key):
            records = [(f"r{number}-{i}", distributions(10 * number + i, 3 + i)) for i in range(2)]
            writer.write(key, records)
    writer.finish(VOCABULARY)
    return writer


@pytest.mark.parametrize("vocabulary", [2, 300, 49152, 65536, 151936])
@pytest.mark.parametrize("k", [0, 1, 7, 64])
def test_ids_take_no_more_bits_than_the_vocabulary_needs(vocabulary, k):
    ids = np.random.default_rng(0).integers(0, vocabulary, size=(5, k))
    packed = pack_ids(ids, id_bits(vocabulary))
    assert packed.shape[1] == -(-k * id_bits(vocabulary) // 8)
    assert (unpack_ids(packed, k, id_bits(vocabulary)) == ids).all()


def test_eight_bits_are_closest_where_a_token_is_likely():
    values = np.array([0.0, -0.01, -1.0, -10.0, -29.0, -99.0])
    back = unpack_logprobs(pack_logprobs(values, "uint8"), "uint8")
    assert np.abs(back - np.maximum(values, LEAST)).max() < 0.12
    assert abs(back[1] + 0.01) < 0.003
    assert abs(back[2] + 1.0) < 0.022
    half = unpack_logprobs(pack_logprobs(values, "float16"), "float16")
    assert np.abs(half - np.maximum(values, LEAST)).max() < 0.008


@pytest.mark.parametrize("coding", ["float16", "uint8"])
def test_what_goes_in_comes_out(tmp_path, coding):
    filled(tmp_path, HEADER_FACTS.model_copy(update={"coding": coding}))
    store = Store(tmp_path, tokenizer_sha256="a" * 64)
    assert sorted(store) == [f"r{n}-{i}" for n in range(3) for i in range(2)]
    assert (store.header.records, store.header.tokens) == (6, 21)
    for number in range(3):
        for i in range(2):
            got, want = store[f"r{number}-{i}"], distributions(10 * number + i, 3 + i)
            assert (got.ids == want.ids).all()
            assert (got.target == want.target).all()
            assert (got.sampled_ids == want.sampled_ids).all()
            assert np.abs(got.logprobs - want.logprobs).max() < (0.005 if coding == "float16" else 0.1)
            assert np.abs(got.tails - want.tails).max() < 0.001
            assert np.abs(got.scales - want.scales).max() < 0.001
    assert store.vocabulary == VOCABULARY
    store.check()


def test_a_run_that_was_killed_goes_on_and_writes_the_same_bytes(tmp_path):
    filled(tmp_path / "whole")
    writer = Writer(tmp_path / "killed", HEADER_FACTS)
    writer.write("batch 0", [(f"r0-{i}", distributions(i, 3 + i)) for i in range(2)])
    again = Writer(tmp_path / "killed", HEADER_FACTS)
    assert again.has("batch 0")
    assert not again.has("batch 1")
    with pytest.raises(FeaturesUnusable, match="features_missing"):
        Store(tmp_path / "killed")
    filled(tmp_path / "killed")
    assert hash_tree(tmp_path / "killed") == hash_tree(tmp_path / "whole")


def test_a_shard_of_other_settings_or_records_is_not_taken_over(tmp_path):
    filled(tmp_path)
    assert not Writer(tmp_path, HEADER_FACTS.model_copy(update={"coding": "uint8"})).has("batch 0")
    assert not Writer(tmp_path, HEADER_FACTS).has("another batch")
    shard = tmp_path / "shard-00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:40])
    assert not Writer(tmp_path, HEADER_FACTS).has("batch 0")


def test_shards_beyond_the_last_are_removed(tmp_path):
    filled(tmp_path)
    writer = Writer(tmp_path, HEADER_FACTS)
    assert writer.has("batch 0")
    writer.finish(VOCABULARY)
    assert sorted(p.name for p in tmp_path.glob("shard-*")) == ["shard-00000.safetensors"]
    assert list(Store(tmp_path)) == ["r0-0", "r0-1"]


def test_a_damaged_file_is_named_with_its_reason(tmp_path):
    filled(tmp_path)
    shard = tmp_path / "shard-00001.safetensors"
    data = shard.read_bytes()
    for broken, reason in (
        (data[:-1], "features_shard_truncated"),
        (data[:-1] + bytes([data[-1] ^ 1]), "features_shard_altered"),
        (None, "features_shard_missing"),
    ):
        shard.unlink() if broken is None else shard.write_bytes(broken)
        store = Store(tmp_path)
        assert len(store["r0-0"]) == 3  # the other shards are sound
        with pytest.raises(FeaturesUnusable, match="shard-00001") as error:
            store["r1-0"]
        assert error.value.reason == reason
        with pytest.raises(FeaturesUnusable, match=reason):
            store.check()


def test_a_wrong_tokenizer_and_another_format_are_refused(tmp_path):
    filled(tmp_path)
    with pytest.raises(FeaturesUnusable, match="another tokenizer: aaaaaaaaaaaa, and not cccccccccccc"):
        Store(tmp_path, tokenizer_sha256="c" * 64)
    with pytest.raises(FeaturesUnusable, match="features_record_missing"):
        Store(tmp_path)["nobody"]
    header = tmp_path / HEADER
    facts = json.loads(header.read_text())
    header.write_text(json.dumps({**facts, "format": 99}))
    with pytest.raises(FeaturesUnusable, match="features_other_format"):
        Store(tmp_path)
    header.write_text(json.dumps({**facts, "coding": "pickle"}))
    with pytest.raises(FeaturesUnusable, match="features_header_damaged"):
        Store(tmp_path)
    header.write_text(header.read_text()[:30])
    with pytest.raises(FeaturesUnusable, match="features_header_damaged"):
        Store(tmp_path)


def test_records_without_positions_are_left_out(tmp_path):
    writer = Writer(tmp_path, HEADER_FACTS)
    empty = Distributions(**{name: values[:0] for name, values in vars(distributions(0, 2)).items()})
    writer.write("one", [("empty", empty), ("full", distributions(1, 2))])
    writer.write("two", [])
    writer.finish(VOCABULARY)
    assert list(Store(tmp_path)) == ["full"]
    assert len(Store(tmp_path)["full"]) == 2
