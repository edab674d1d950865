"""A student whose own answers become records counts among the models that write training text."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kdvert.elicitation.strategies import STRATEGIES
from kdvert.licensing.project import STUDENT_WRITES, unlifted


def judge(root: Path, elicit: dict[str, Any]) -> list[str]:
    configuration = {
        "vertical": "law",
        "ingest": {"sources": [{"path": "sources/*", "license": "CC0-1.0"}]},
        "elicit": {"student": "hf:meta-llama/Llama-2-7b-hf", **elicit},
        "distill": {"student": "hf:Qwen/Qwen2.5-0.5B"},
    }
    report = unlifted(configuration, ingest=None, root=root, today=date(2026, 11, 24))
    return [link.code for link in report.links if link.kind == "writer"]


@pytest.mark.parametrize("elicit", [{"strategy": "curation"}, {"mix": [{"strategy": "labeling"}]}, {"mix": None}])
def test_a_student_that_writes_nothing_does_not_count(tmp_path: Path, elicit: dict[str, Any]) -> None:
    assert judge(tmp_path, elicit) == []


@pytest.mark.parametrize("elicit", [{"strategy": "feedback"}, {"mix": [{"strategy": "self_knowledge", "share": 1}]}])
def test_a_student_that_writes_counts(tmp_path: Path, elicit: dict[str, Any]) -> None:
    assert judge(tmp_path, elicit) == ["writer.forbidden"]


def test_the_strategies_are_those_of_the_table() -> None:
    assert {*STUDENT_WRITES} == {name for name, row in STRATEGIES.items() if row.student}
