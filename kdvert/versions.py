"""Versions of the packages that shape a result, for provenance, adapter and report."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from kdvert import __version__

PACKAGES = (
    "torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "datasets", "langchain-core",
    "langchain-chroma", "chromadb", "sentence-transformers", "presidio-analyzer", "spacy", "jinja2",
)  # fmt: skip


def installed(*names: str) -> dict[str, str]:
    """Return the installed version of each package in ``names`` (default: all that matter); missing ones left out."""
    found = {"kdvert": __version__, "python": platform.python_version()}
    for name in names or PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
