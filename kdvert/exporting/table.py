"""The targets of an export: one row a target."""

from __future__ import annotations

from dataclasses import dataclass

from kdvert.exporting.contract import TargetModule
from kdvert.registry import lookup


@dataclass(frozen=True)
class Target:
    """A form in which a student is handed on: its name, the module that writes it, a line about it."""

    name: str
    module: str
    about: str


TARGETS = (
    Target("adapter", "kdvert.exporting.adapter", "the LoRA adapter, for PEFT"),
    Target("merged", "kdvert.exporting.merged", "a whole model in safetensors, for transformers and vLLM"),
    Target("gguf", "kdvert.exporting.gguf", "one GGUF file, for llama.cpp"),
    Target("ollama", "kdvert.exporting.ollama", "a GGUF file and its Modelfile, for Ollama"),
    Target("vllm", "kdvert.exporting.vllm", "the adapter and the command that serves it, for vLLM"),
)


def module_of(name: str) -> TargetModule:
    """Return the module that writes target ``name``.

    Raises:
        UserError: there is no such target; the nearest one is named.
    """
    found: TargetModule = lookup("target", {row.name: row.module for row in TARGETS}, name)
    return found
