"""Shared fixtures. Nothing here replaces a real part; a tiny random model stands in where only speed matters."""

from __future__ import annotations

from kdvert.offline import quiet

quiet()

import os  # noqa: E402

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker a core: threads of each would wait for those of the others

import importlib.util  # noqa: E402
import json  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pytest  # noqa: E402

from kdvert import verticals  # noqa: E402
from kdvert.stages.contract import StageContext  # noqa: E402
from kdvert.templates import TemplateSet  # noqa: E402


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let workers share the tests file by file, and let one have all that look at the same finished run."""
    for item in items:
        place = item.path.relative_to(Path(__file__).parent)
        name = place.parts[0] if place.parts[0] == "end_to_end" else place.as_posix()
        if item.get_closest_marker("xdist_group") is None:  # the tests with a browser go to one worker
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope="session")
def vertical() -> verticals.Vertical:
    """The installed medicine vertical."""
    return verticals.load("medicine")


@pytest.fixture
def make_context(tmp_path: Path, vertical: verticals.Vertical) -> Callable[..., StageContext]:
    """Return a function that makes the context of one stage in a fresh project folder."""

    def make(stage: str, inputs: dict[str, Path] | None = None, **changes: Any) -> StageContext:
        out, cache = tmp_path / "work" / f"{stage}.partial", tmp_path / "work" / "cache" / stage
        out.mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "project": tmp_path,
            "name": "test-project",
            "vertical": vertical,
            "templates": TemplateSet(None, vertical.templates),
            "out": out,
            "inputs": inputs or {},
            "cache": cache,
        }
        return StageContext(**(values | changes))

    return make


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer Llama with the default student's tokenizer and chat template: trains in seconds."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from kdvert.weights import DEFAULT_MODEL, resolve

    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = AutoTokenizer.from_pretrained(resolve(DEFAULT_MODEL).path)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\nA random model for tests.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def make_student() -> Callable[..., Path]:
    """Return a function that makes a finished project with a real, tiny student and a real index."""
    return _module("students/finished_project.py").make


@pytest.fixture(scope="session")
def finished_student(
    tmp_path_factory: pytest.TempPathFactory, make_student: Callable[..., Path], vertical: verticals.Vertical,
    tiny_model: Path,
) -> Path:  # fmt: skip
    """A finished project; copy it before changing it."""
    return make_student(tmp_path_factory.mktemp("student") / "project", vertical, tiny_model)


@pytest.fixture(scope="session")
def read_lines() -> Callable[[Path], list[dict[str, Any]]]:
    """Return a function that reads a JSON-lines file as plain data."""
    return lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


@pytest.fixture
def endpoint() -> Iterator[Any]:
    """An OpenAI-compatible server that records what it receives and can misbehave."""
    made = _module("teachers/mock_endpoint.py").Endpoint()
    yield made
    made.stop()


def _module(name: str) -> Any:
    """Import a module that lies among the tests: the folders there are no packages."""
    path = Path(__file__).parent / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
