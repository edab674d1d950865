"""Target ``gguf``: one file for llama.cpp, made from the merged model by llama.cpp's own converter.

The converter is not part of kdvert: it changes with llama.cpp, and a file must fit the version that reads it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert.dossier.release import slug
from kdvert.errors import UserError, WorkFailed
from kdvert.exporting import agreement, merged
from kdvert.exporting.agreement import Agreement
from kdvert.exporting.contract import Job, Made, Probe

if TYPE_CHECKING:
    from torch import Tensor

SCRIPT = "convert_hf_to_gguf.py"
VARIABLE = "LLAMA_CPP"
_BITS = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5}
_LEAST = {"q8_0": 0.9}
"""Share of likeliest tokens that must be the same, where rounding is asked for: the default student kept 0.97."""
_HOW = (
    f"Get llama.cpp (git clone https://github.com/ggml-org/llama.cpp, then pip install sentencepiece) and name its "
    f"folder in {VARIABLE}, or the script with --converter."
)
_USAGE = """With llama.cpp:

```
llama-server -m {file} --jinja
```

`system.txt` holds the system message that the student was trained with; send it first, and ask with temperature 0."""


def check(job: Job) -> None:
    """Refuse if the converter is not at hand.

    Raises:
        UserError: it is nowhere, or what was named is none; the message says how to get it.
    """
    converter(job)


def converter(job: Job) -> Path:
    """Return llama.cpp's converter: the one the user named, else that of ``LLAMA_CPP``, else one on the PATH."""
    named = job.converter or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        path = named.expanduser() / SCRIPT if named.expanduser().is_dir() else named.expanduser()
        if not path.is_file():
            raise UserError(f"There is no converter {path}.", hint=_HOW)
        return path.absolute()
    found = shutil.which(SCRIPT)
    if found is None:
        raise UserError(f"llama.cpp's {SCRIPT} is needed to write GGUF, and is not on this machine.", hint=_HOW)
    return Path(found)


def size(job: Job) -> int:
    """Return the bytes of the file and of the merged model that it is made from."""
    return merged.size(job) + int(merged.parameters(job.trained.weights.path) * _BITS[job.gguf_type] / 8 * 1.02)


def write(job: Job, folder: Path) -> Made:
    """Merge, convert, read the file back, and compare it with the student as it was evaluated."""
    path, found, reason = convert(job, folder)
    facts = {
        "gguf_type": job.gguf_type,
        "merged_into": merged.merged_into(job),
        "agreement": agreement.plain(found, reason),
    }
    return Made(usage=_USAGE.format(file=path.name), facts=facts, card=card(), warnings=warnings(found, reason))


def card() -> dict[str, object]:
    """Return what the card says of a GGUF file."""
    return {"library_name": "gguf", "base_model_relation": "quantized"}


def warnings(found: Agreement | None, reason: str) -> list[str]:
    """Say it if nothing shows that the file answers like the student that was evaluated."""
    return [] if found else [f"The GGUF file was not compared with the student that was evaluated: {reason}"]


def convert(job: Job, folder: Path) -> tuple[Path, Agreement | None, str]:
    """Write the GGUF file into ``folder``.

    Returns:
        the file, how it agrees with the student as it was evaluated, and why not if it could not be compared.

    Raises:
        WorkFailed: the converter fails, or the file does not answer like the student.
    """
    asked, evaluated = merged.reference(job)
    whole = folder / "merged"
    merged.save(job, whole)
    path = folder / f"{slug(job.name)}-{job.gguf_type}.gguf"
    _run(converter(job), whole, path, job)
    shutil.rmtree(whole)
    found, reason = _compared(path, asked, evaluated, job)
    if found:
        agreement.require(found, f"The GGUF file ({job.gguf_type})", _LEAST.get(job.gguf_type))
    return path, found, reason


def _run(script: Path, whole: Path, path: Path, job: Job) -> None:
    command = [sys.executable, str(script), str(whole), "--outfile", str(path), "--outtype", job.gguf_type]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode == 0 and path.is_file():
        return
    said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
    lacks = re.search(r"No module named '([\w.]+)'", said)
    hint = f"pip install {lacks.group(1)}" if lacks else f"Try another version of llama.cpp than that of {script}."
    raise WorkFailed(f"llama.cpp's converter failed: {said}", hint=hint)


def _compared(path: Path, asked: list[Probe], evaluated: list[Tensor], job: Job) -> tuple[Agreement | None, str]:
    """Read the file back with transformers, another reader than the program that wrote it, and compare."""
    from transformers import AutoModelForCausalLM

    try:
        with redirect_stderr(StringIO()):  # its bar, which nothing else turns off
            model: Any = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, dtype=job.hardware.torch_dtype, local_files_only=True,
                attn_implementation=job.hardware.attention,
            )  # fmt: skip
    except (ValueError, KeyError, OSError, RuntimeError) as error:
        return None, f"transformers cannot read it ({type(error).__name__}: {error})."
    exported = merged.answers(job, model.to(job.hardware.device).eval(), asked, "asking the GGUF file")
    return agreement.compare(evaluated, exported), ""
