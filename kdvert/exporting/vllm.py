"""Target ``vllm``: the adapter, and the command with which vLLM serves it on top of its base.

What vLLM takes: vllm-project/vllm, ``vllm/config/lora.py`` (ranks) and ``vllm/lora/peft_helper.py`` (DoRA is refused),
as of 0.27; docs/features/quantization/bnb.md (quantization while loading).
"""

from __future__ import annotations

import shlex
from pathlib import Path

from kdvert.errors import UserError
from kdvert.exporting import adapter
from kdvert.exporting.contract import Job, Made
from kdvert.store import write_text

COMMAND = "serve.sh"
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_ROUNDED = (
    "The student was trained and evaluated on a base in nf4. `{command}` therefore lets vLLM round the base to 4 bits "
    "while it loads it (`--quantization bitsandbytes --load-format bitsandbytes`). Without these two options the "
    "adapter sits on weights that it never saw, and the student answers otherwise than the one that was evaluated. "
    "kdvert has not measured how near vLLM's rounding comes; `kdvert export --to merged` gives a model that needs none."
)


def check(job: Job) -> None:
    """Refuse adapters that vLLM does not load.

    Raises:
        UserError: it was trained with DoRA, or its rank is too high.
    """
    hint = "kdvert export --to merged gives a model that vLLM serves as any other."
    if job.trained.peft.get("use_dora"):
        raise UserError("The adapter was trained with DoRA, which vLLM does not serve.", hint=hint)
    if _rank(job) > _RANKS[-1]:
        raise UserError(f"The adapter has rank {_rank(job)}; vLLM serves at most {_RANKS[-1]}.", hint=hint)


def size(job: Job) -> int:
    """Return the size of the adapter's files."""
    return adapter.size(job)


def write(job: Job, folder: Path) -> Made:
    """Copy the adapter and write the command."""
    adapter.write(job, folder)
    write_text(folder / COMMAND, _script(job))
    (folder / COMMAND).chmod(0o755)
    rounded = _ROUNDED.format(command=COMMAND) if job.trained.four_bit else ""
    return Made(usage=_usage(job, rounded), facts={"max_lora_rank": _limit(job)}, warnings=[rounded] if rounded else [])


def _usage(job: Job, rounded: str) -> str:
    base = adapter.base_name(job)
    call = f"sh {COMMAND}" if job.trained.weights.ref.startswith("hf:") else f"sh {COMMAND} {base}"
    return f"""Where vLLM is installed, in this folder:

```
{call}
```

Then ask for the model `{job.name}` at `http://127.0.0.1:8000/v1`. `system.txt` holds the system message that
it was trained with; send it first. {rounded}""".strip()


def _script(job: Job) -> str:
    ref = job.trained.weights.ref
    hub = ref.startswith("hf:")
    revision = ref.partition("@")[2] if hub else ""
    first = f'BASE="${{1:-{adapter.base_name(job)}}}"' if hub else 'BASE="${1:?name the folder of the base}"'
    options = [
        'vllm serve "$BASE"', "--enable-lora", f'--lora-modules {shlex.quote(job.name)}="$HERE"',
        f"--max-lora-rank {_limit(job)}", "--host 127.0.0.1",
    ]  # fmt: skip
    if revision:
        options.append(f"--revision {shlex.quote(revision)}")
    if job.trained.four_bit:
        options.append("--quantization bitsandbytes --load-format bitsandbytes")
    command = " \\\n  ".join(options)
    return f"""#!/bin/sh
# Serves the student with vLLM. The base is {ref}
# (SHA-256 {job.trained.weights.sha256}).
set -e
HERE="$(cd "$(dirname "$0")" && pwd)"
{first}
exec {command}
"""


def _rank(job: Job) -> int:
    patterns = job.trained.peft.get("rank_pattern") or {}
    return max([int(job.trained.peft.get("r", 0)), *map(int, patterns.values())])


def _limit(job: Job) -> int:
    """Return the rank to announce: vLLM takes some numbers only."""
    return next(rank for rank in _RANKS if rank >= _rank(job))
