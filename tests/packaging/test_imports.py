"""What loads when: ``kdvert --help`` must be instant, and nothing heavy may load before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kdvert.cli.main import COMMANDS
from kdvert.pipeline.table import NAMES

HEAVY = (
    "torch", "transformers", "trl", "peft", "datasets", "bitsandbytes", "accelerate", "langchain", "langchain_core",
    "langchain_openai", "chromadb", "presidio_analyzer",
    "spacy", "sentence_transformers", "matplotlib", "numpy", "scipy",
)  # fmt: skip


def loaded_after(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return {line.split(".")[0] for line in done.stdout.splitlines()} & set(HEAVY)


def test_help_imports_nothing_heavy():
    assert loaded_after("from kdvert.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass") == set()


def test_help_imports_no_command():
    code = "from kdvert.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    code += "\nimport sys; print([m for m in sys.modules if m.startswith('kdvert.cli.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "['kdvert.cli.main']"


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_module_is_light_to_import(stage):
    assert loaded_after(f"import kdvert.stages.{stage}") == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_module_is_light_to_import(command):
    assert loaded_after(f"import {COMMANDS[command][0].partition(':')[0]}") == set()
