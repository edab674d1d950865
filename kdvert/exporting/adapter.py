"""Target ``adapter``: the very weights that were evaluated, with what says where they come from."""

from __future__ import annotations

import shutil
from pathlib import Path

from kdvert.exporting.contract import Job, Made
from kdvert.students.trained import CONFIG, FACTS, WEIGHTS

_USAGE = """Load the base {held}, then put the adapter on it:

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer{imports}

base = AutoModelForCausalLM.from_pretrained("{base}"{options})
student = PeftModel.from_pretrained(base, "path/to/this/folder")
```

The base is `{ref}`; the SHA-256 of what that names is `{sha256}`."""
_NF4 = """,
    dtype=torch.float32,  # or bfloat16 on a GPU
    quantization_config=BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    ),
"""


def check(job: Job) -> None:
    """An adapter can always be handed on."""


def size(job: Job) -> int:
    """Return the size of the adapter's files."""
    return sum(path.stat().st_size for path in job.trained.folder.rglob("*") if path.is_file())


def write(job: Job, folder: Path) -> Made:
    """Copy the adapter as it was evaluated, and ``adapter.json`` beside it."""
    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(job.trained.folder / name, folder / name)
    shutil.copyfile(job.trained.folder.parent / FACTS, folder / FACTS)
    return Made(usage=usage(job))


def usage(job: Job) -> str:
    """Return how to load the adapter."""
    four_bit = job.trained.four_bit
    return _USAGE.format(
        held="in 4 bits (nf4 with double quantization), as in training" if four_bit else "in full precision",
        imports=", BitsAndBytesConfig\nimport torch" if four_bit else "",
        base=base_name(job),
        options=_NF4 if four_bit else "",
        ref=job.trained.weights.ref,
        sha256=job.trained.weights.sha256,
    )


def base_name(job: Job) -> str:
    """Return the base as transformers and vLLM take it: the Hub's name, or where to put a path."""
    ref = job.trained.weights.ref
    return ref.removeprefix("hf:").partition("@")[0] if ref.startswith("hf:") else "path/to/the/base"
