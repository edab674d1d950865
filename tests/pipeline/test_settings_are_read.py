"""No dead settings: each key of each stage's Config is read somewhere in the engine."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import kdvert
from kdvert.configuration import ConfigBase, _inner_model
from kdvert.pipeline.resolve import Head
from kdvert.pipeline.table import STAGES


def keys(model: type[ConfigBase], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        inner = _inner_model(field.annotation)
        found += keys(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return found


ALL = [f"{row.name}.{key}" for row in STAGES for key in keys(row.module.Config)] + keys(Head)


@cache
def attributes_read() -> set[str]:
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in Path(kdvert.__file__).parent.rglob("*.py")]
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}


@pytest.mark.parametrize("key", ALL)
def test_the_key_is_read(key):
    assert key.rpartition(".")[2] in attributes_read()
