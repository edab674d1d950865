"""Keep every dependency from phoning home or asking a hub: one table, applied before anything is imported."""

from __future__ import annotations

import logging
import os

VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "CHROMA_TELEMETRY_IMPL": "none",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "TRL_EXPERIMENTAL_SILENCE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONUTF8": "1",
}


def quiet() -> None:
    """Set the switches. A value the user set herself is left alone, so a hub can be reached on purpose."""
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
    # It warns on every import on a CPU that a kernel from the Hub could not be fetched; its own kernel then serves.
    logging.getLogger("bitsandbytes.backends.cpu").setLevel(logging.ERROR)
