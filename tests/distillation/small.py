"""What trainings of a tiny model are made of in these tests."""

from __future__ import annotations

from kdvert.records import Chunk

FAST = {"epochs": 2, "batch_size": 4, "learning_rate": 5e-3, "rank": 4, "checkpoint_steps": 2, "max_length": 256}


def passages(count=4):
    texts = [f"Fact {n} is {n * 7}. It stands in document {n}, which nobody reads twice." for n in range(count)]
    return [
        Chunk(id=f"d{n}@0-9", document_id=f"d{n}", start=0, end=len(text), title=f"Facts {n}", license="CC0-1.0", text=text)
        for n, text in enumerate(texts)
    ]  # fmt: skip


def adapter_of(tmp_path, name="adapter"):
    from safetensors.torch import load_file

    return load_file(tmp_path / name / "adapter_model.safetensors")


def losses(trained, name):
    return [row["loss"] for row in trained.history if row["objective"] == name and "loss" in row]
