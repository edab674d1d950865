"""Records to train on, and trainings of a tiny model."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from kdvert.distillation import qlora
from kdvert.distillation.data import encode
from kdvert.distillation.objectives import objective, sft
from kdvert.distillation.objectives.contract import Material
from kdvert.distillation.settings import Settings
from kdvert.hardware import probe
from kdvert.progress import Silent
from kdvert.records import Evidence, Example, Message, Provenance, Sampling, sha256_text
from kdvert.students.models import load_tokenizer
from kdvert.students.prompts import Prompts
from kdvert.templates import TemplateSet
from kdvert.weights import resolve
from tests.distillation.small import FAST, passages


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


@pytest.fixture(scope="session")
def weights(tiny_model):
    return resolve(str(tiny_model))


@pytest.fixture(scope="session")
def tokenizer(weights):
    return load_tokenizer(weights)


@pytest.fixture(scope="session")
def prompts(vertical):
    return Prompts.for_vertical(TemplateSet(None, None), vertical)


@pytest.fixture(scope="session")
def records(make_example):
    """Twelve records on four documents, each with a wrong answer beside the right one."""
    found = []
    for n in range(12):
        chunk = passages()[n % 4]
        found.append(
            make_example(n, chunk.document_id).model_copy(
                update={
                    "evidence": [Evidence(chunk_id=chunk.id, start=0, end=4, quote_sha=sha256_text("Fact"))],
                    "rejected": [Message(role="assistant", content=f"Nobody knows fact {n}.")],
                }
            )
        )
    return found


@pytest.fixture
def material(records, tokenizer, prompts):
    def make(some=None, held_out=(), **settings):
        own = Settings(**(FAST | settings))
        train = encode(some or records, tokenizer, prompts, own.max_length)
        return Material(
            train, encode(held_out, tokenizer, prompts, own.max_length), tokenizer, prompts, own, passages()
        )

    return make


@pytest.fixture
def train(weights, tmp_path):
    def run(material, *names, progress=None, adapter="adapter"):
        phases = [objective(name).phase(material) for name in names]
        return qlora.train(
            phases, validation=sft.rows(material.validation), weights=weights, hardware=probe(),
            four_bit=probe().four_bit, settings=material.settings, checkpoints=tmp_path / "checkpoints",
            adapter=tmp_path / adapter, progress=progress or Silent(),
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def teacher(tiny_model, tmp_path_factory):
    """The folder of another random model with the student's tokenizer, wider than the student."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("teachers") / "wider"
    config = LlamaConfig.from_pretrained(tiny_model)
    torch.manual_seed(5)
    model = LlamaForCausalLM(LlamaConfig(**(config.to_dict() | {"hidden_size": 96, "head_dim": 24})))
    for parameter in model.model.layers.parameters():
        parameter.data.mul_(3)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\nA random model for tests.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def foreign(teacher, tmp_path_factory):
    """The teacher with another tokenizer, byte by byte."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = shutil.copytree(teacher, tmp_path_factory.mktemp("teachers") / "foreign")
    names = ["<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    made = Tokenizer(models.BPE({name: i for i, name in enumerate(names)}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    for old in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"):
        (folder / old).unlink(missing_ok=True)
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>").save_pretrained(folder)
    return folder
