"""Target ``ollama``: a GGUF file and the Modelfile that tells Ollama how to ask it.

Instructions and parameters: ollama/ollama, docs/modelfile.mdx and docs/template.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kdvert.dossier import notices
from kdvert.dossier.release import slug
from kdvert.exporting import agreement, gguf, merged
from kdvert.exporting.chat_form import ChatForm, chat_form
from kdvert.exporting.contract import Job, Made
from kdvert.licensing.texts import text_of
from kdvert.store import write_text
from kdvert.students.models import context_length, load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FILE = "Modelfile"
_LARGEST_CONTEXT = 8192  # Ollama keeps memory for all of it
_OWN_TEMPLATE = (
    "The chat template of this model does not put the same texts around each message, so the Modelfile leaves TEMPLATE "
    "out and Ollama takes what it knows of the GGUF file. Compare a few answers before relying on it."
)
_USAGE = """Where Ollama is installed, in this folder:

```
ollama create {name} -f {file}
ollama run {name}
```

The Modelfile holds the system message that the student was trained with, its chat template, and temperature 0.
Retrieval is not part of it: `kdvert serve` answers with the project's passages."""


def check(job: Job) -> None:
    """Refuse if the converter is not at hand, as `gguf` does."""
    gguf.check(job)


def size(job: Job) -> int:
    """Return what `gguf` takes."""
    return gguf.size(job)


def write(job: Job, folder: Path) -> Made:
    """Write the GGUF file and its Modelfile."""
    path, found, reason = gguf.convert(job, folder)
    tokenizer = load_tokenizer(job.trained.weights)
    form = chat_form(tokenizer)
    write_text(folder / FILE, modelfile(job, path.name, tokenizer, form))
    facts = {
        "gguf_type": job.gguf_type,
        "merged_into": merged.merged_into(job),
        "agreement": agreement.plain(found, reason),
        "template": "of the chat template" if form else "left to Ollama",
    }
    warnings = [*gguf.warnings(found, reason), *([] if form else [_OWN_TEMPLATE])]
    usage = _USAGE.format(name=slug(job.name), file=FILE)
    return Made(usage=usage, facts=facts, card=gguf.card(), warnings=warnings)


def modelfile(job: Job, gguf_name: str, tokenizer: PreTrainedTokenizerBase, form: ChatForm | None) -> str:
    """Return the text of the Modelfile."""
    context = min(context_length(job.trained.weights), _LARGEST_CONTEXT)
    lines = [f"# {line}" for line in (job.name, *job.displays)]
    lines += [f"FROM ./{gguf_name}", ""]
    if form:
        lines += [f"TEMPLATE {_quoted(form.go_template)}", ""]
    lines += [f"SYSTEM {_quoted(job.prompts.system()['content'])}", ""]
    lines += ["PARAMETER temperature 0", f"PARAMETER num_ctx {context}"]
    if tokenizer.eos_token:
        lines.append(f'PARAMETER stop "{tokenizer.eos_token}"')
    lines += ["", *(f"LICENSE {_quoted(text)}" for text in _licenses(job))]
    return "\n".join(lines) + "\n"


def _licenses(job: Job) -> list[str]:
    """Return what people must be shown: lines to display, the notice, and the texts of the base's licenses."""
    texts = [text.text for name in job.lineage.base.licenses if (text := text_of(name))]
    return [notices.notice(job.lineage).replace(notices.OWN_NOTICES, "base/"), *texts]


def _quoted(text: str) -> str:
    """Return a text as the Modelfile takes it: it has no way to write three quotes in a row inside one."""
    inner = text.replace('"""', "'''")
    return f'"""{inner}"""'
