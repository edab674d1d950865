"""Target ``merged``: one whole model in safetensors, merged into the weights that the student was evaluated with.

A base in nf4 is rounded. The adapter learned on top of the rounded weights, so it is merged into these, unpacked, and
not into the weights that they were made from: that would be another model than the one that was evaluated.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.errors import WorkFailed
from kdvert.exporting import agreement
from kdvert.exporting.contract import Job, Made, Probe
from kdvert.progress import track
from kdvert.students import trained as students
from kdvert.students.models import load_base, load_tokenizer, use_four_bit

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_USAGE = """The adapter is merged: load the folder as any model.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

student = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
```

`system.txt` holds the system message that it was trained with; ask it with that."""


def check(job: Job) -> None:
    """Any adapter can be merged."""


def size(job: Job) -> int:
    """Return the bytes of all numbers of the base, in the precision that this machine computes in."""
    return math.ceil(parameters(job.trained.weights.path) * job.hardware.torch_dtype.itemsize * 1.02)


def write(job: Job, folder: Path) -> Made:
    """Merge, save, load what was saved, and compare it with the student as it was evaluated."""
    asked, evaluated = reference(job)
    save(job, folder)
    found = agreement.compare(evaluated, answers(job, _loaded(job, folder), asked, "asking the merged model"))
    agreement.require(found, "The merged model")
    facts = {"dtype": job.hardware.dtype, "merged_into": merged_into(job), "agreement": agreement.plain(found)}
    card: dict[str, Any] = {"library_name": "transformers", "base_model_relation": "finetune"}
    return Made(usage=_USAGE, facts=facts, card=card)


def reference(job: Job) -> tuple[list[Probe], list[Tensor]]:
    """Return the prompts that exports are compared on, and the logits of the student as it was evaluated."""
    asked = agreement.probes(job, load_tokenizer(job.trained.weights))
    return asked, answers(job, students.load(job.trained, job.hardware), asked, "asking the student as evaluated")


def answers(job: Job, model: PreTrainedModel, asked: list[Probe], label: str) -> list[Tensor]:
    """Return what `agreement.logits` gives, showing the count."""
    return agreement.logits(model, track(job.progress, label, asked))


def save(job: Job, folder: Path) -> None:
    """Write the merged model and its tokenizer into ``folder``.

    Raises:
        WorkFailed: the adapter does not fit its base.
    """
    from peft import PeftModel

    base = plain_base(job)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of PEFT's own use of transformers
            model: Any = PeftModel.from_pretrained(base, str(job.trained.folder), local_files_only=True)
            merged = model.merge_and_unload(safe_merge=True)
    except (RuntimeError, ValueError, KeyError) as error:
        raise WorkFailed(
            f"The adapter cannot be merged into its base ({type(error).__name__}: {error}).", hint=students.ANEW
        ) from error
    merged.save_pretrained(folder)
    load_tokenizer(job.trained.weights).save_pretrained(folder)


def plain_base(job: Job) -> PreTrainedModel:
    """Return the base with the weights that the student was evaluated with, as plain numbers."""
    four_bit = use_four_bit(job.trained.four_bit, job.hardware)
    base = load_base(job.trained.weights, job.hardware, four_bit=four_bit)
    return base.dequantize(job.hardware.torch_dtype) if four_bit else base


def merged_into(job: Job) -> str:
    """Return what the adapter was merged into, in words."""
    return "the base rounded to nf4, unpacked" if job.trained.four_bit else "the base"


def parameters(base: Path) -> int:
    """Return how many numbers a model holds, by the headers of its safetensors files."""
    from safetensors import safe_open

    total = 0
    for path in sorted(base.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as tensors:
            total += sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    return total


def _loaded(job: Job, folder: Path) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM

    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        folder, dtype=job.hardware.torch_dtype, device_map={"": job.hardware.device}, local_files_only=True,
        attn_implementation=job.hardware.attention,
    )  # fmt: skip
    return model.eval()
