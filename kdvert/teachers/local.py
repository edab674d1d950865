"""A teacher on this machine: any causal language model that transformers loads, computing in batches.

Prompts of a batch mostly begin alike (instructions, examples). What they share is computed once and its keys and
values are copied to each row, which saves most of the reading with few-shot prompts.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert import weights
from kdvert.errors import WorkFailed
from kdvert.hardware import probe
from kdvert.records import ScrubbedText, sha256_json
from kdvert.teachers import structured
from kdvert.teachers.decoding import EndOfReply, Likelihoods, SeededNoise
from kdvert.teachers.faults import Fault
from kdvert.teachers.logprobs import TokenLogprobs
from kdvert.teachers.protocol import RawReply, TeacherRequest
from kdvert.teachers.settings import TeacherSettings

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SEAM = "\n\n"


@dataclass
class LocalTeacher:
    """Weights on this machine. Build it with `load`."""

    name: str
    identity: str
    batch_size: int
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    route: str = "local"
    local: bool = True
    where: str = "this machine"
    key_variable: str | None = None
    _shared: tuple[list[int], Any] | None = None

    @classmethod
    def load(cls, ref: str, *, batch_size: int, root: Path) -> LocalTeacher:
        """Load the model ``ref``, fetching it on first use.

        Args:
            ref: a model reference. See `kdvert.weights`.
            batch_size: prompts computed together.
            root: the folder that relative paths start from.

        Raises:
            UserError: the reference names no model.
            WorkFailed: it cannot be fetched, or is no causal language model.
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer

        found = weights.resolve(ref, root=root)
        hardware = probe()
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(found.path, padding_side="left", **options)
            model = AutoModelForCausalLM.from_pretrained(
                found.path, dtype=hardware.torch_dtype, attn_implementation=hardware.attention, **options
            )
        except (ValueError, OSError, KeyError) as error:
            raise WorkFailed(
                f"The teacher '{ref}' cannot be loaded ({type(error).__name__}: {error}).",
                hint="It must be a causal language model that transformers knows.",
            ) from error
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        identity = sha256_json({"model": ref, "weights": found.sha256, "route": "local", "dtype": hardware.dtype})
        model.to(hardware.device)  # type: ignore[arg-type]
        return cls(ref, identity, batch_size, model.eval(), tokenizer)

    async def complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        """Complete each prompt. See `kdvert.teachers.protocol.Teacher`.

        Raises:
            WorkFailed: the batch does not fit into memory.
        """
        import torch

        try:
            with torch.inference_mode():
                return self._complete(requests)
        except torch.OutOfMemoryError as error:
            raise WorkFailed(
                f"A batch of {len(requests)} prompts does not fit into the memory of {self.model.device}.",
                hint=f"Set elicit.teacher.batch_size below {self.batch_size}.",
            ) from error

    async def close(self) -> None:
        """Nothing is open."""

    def tokens(self, request: TeacherRequest) -> int:
        """Return how many tokens are read for ``request``."""
        return self._length(self._as_text(request))

    def _complete(self, requests: Sequence[TeacherRequest]) -> list[RawReply | Fault]:
        requests = [self._as_text(r) for r in requests]
        lengths = [self._length(r) for r in requests]
        room = int(getattr(self.model.config, "max_position_embeddings", 0) or 1 << 30)
        fits = [n + r.sampling.max_tokens <= room for n, r in zip(lengths, requests)]
        inside = [r for r, fit in zip(requests, fits) if fit]
        written = [r for r in inside if r.continuation is None]
        scored = [r for r in inside if r.continuation is not None]
        done: dict[str, RawReply] = {}
        if written:
            done |= {r.request_id: r for r in self._write(written)}
        if scored:
            done |= {r.request_id: r for r in self._score(scored)}
        too_long = "prompt and reply take more than {} tokens"
        return [done.get(r.id) or Fault("refused", "prompt_too_long", too_long.format(room)) for r in requests]

    def _as_text(self, request: TeacherRequest) -> TeacherRequest:
        """Put a message to a chat model into the model's own form of conversation."""
        if not request.chat or not self.tokenizer.chat_template:
            return request
        turns = [{"role": "user", "content": request.prompt.text}]
        text = str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        return replace(request, prompt=ScrubbedText(text, request.prompt.scrubbed_by))

    def _length(self, request: TeacherRequest) -> int:
        continuation = request.continuation.text if request.continuation else ""
        return len(self._encode(request.prompt.text + continuation)[0])

    # --- writing -------------------------------------------------------------------------------------------------

    def _write(self, requests: Sequence[TeacherRequest]) -> list[RawReply]:
        from transformers import LogitsProcessorList, StoppingCriteriaList

        ids, mask, cache = self._inputs([r.prompt.text for r in requests])
        start = ids.shape[1]
        likely = Likelihoods(self.tokenizer, requests) if any(r.top_logprobs for r in requests) else None
        guide = structured.guide(self.tokenizer, requests)
        steps: list[Any] = [likely.before if likely else None, guide, SeededNoise(requests)]
        out = self.model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            max_new_tokens=max(r.sampling.max_tokens for r in requests),
            do_sample=False,  # `SeededNoise` samples
            temperature=None, top_p=None, top_k=None, repetition_penalty=1.0,
            logits_processor=LogitsProcessorList([s for s in [*steps, likely and likely.after] if s]),
            stopping_criteria=StoppingCriteriaList([EndOfReply(self.tokenizer, requests, start)]),
            pad_token_id=self.tokenizer.pad_token_id,
        )  # fmt: skip
        tails = out[:, start:].tolist()
        return [
            self._reply(r, tail, int(mask[row].sum()), functools.partial(likely.of_row, row) if likely else None)
            for row, (r, tail) in enumerate(zip(requests, tails))
        ]

    def _reply(
        self, request: TeacherRequest, tokens: list[int], read: int, likely: Callable[[int], TokenLogprobs] | None
    ) -> RawReply:
        ends = {self.tokenizer.eos_token_id, self.tokenizer.pad_token_id}
        limit = request.sampling.max_tokens
        length = next((i for i, t in enumerate(tokens) if t in ends), len(tokens))
        ended = length < len(tokens)
        written = tokens[: min(length, limit)]
        text = str(self.tokenizer.decode(written, skip_special_tokens=True))
        cut = min((i for i in (text.find(s) for s in request.stop) if i >= 0), default=None)
        plain = request.schema is not None and not structured.held(self.tokenizer, request)
        return RawReply(
            request_id=request.id,
            text=text if cut is None else text[:cut],
            input_tokens=read,
            output_tokens=len(written),
            truncated=cut is None and not (ended and length <= limit),
            logprobs=likely(self._tokens_of(written, cut)) if likely and request.top_logprobs else None,
            notes=("schema_not_offered",) if plain else (),
        )

    def _tokens_of(self, tokens: list[int], cut: int | None) -> int:
        """Return how many of ``tokens`` the text before ``cut`` takes (None: all)."""
        if cut is None:
            return len(tokens)
        fits = (n for n in range(len(tokens) + 1) if len(self.tokenizer.decode(tokens[:n])) >= cut)
        return next(fits, len(tokens))

    # --- scoring -------------------------------------------------------------------------------------------------

    def _score(self, requests: Sequence[TeacherRequest]) -> list[RawReply]:
        import torch

        prompts = [r.prompt.text for r in requests]
        texts = [p + (r.continuation.text if r.continuation else "") for p, r in zip(prompts, requests)]
        tails = [sum(end > len(p) for _, end in self._encode(t)[1]) for p, t in zip(prompts, texts)]
        ids, mask, cache = self._inputs(texts)
        known = cache.get_seq_length() if cache is not None else 0
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, known:]
        longest = max(1, *tails)
        logits = self.model(
            input_ids=ids[:, known:], attention_mask=mask, position_ids=positions, past_key_values=cache,
            use_cache=True, logits_to_keep=longest + 1,
        ).logits  # fmt: skip
        log_odds = torch.log_softmax(logits[:, :-1].float(), dim=-1)
        picked = log_odds.gather(2, ids[:, -longest:].unsqueeze(2)).squeeze(2)
        return [
            RawReply(
                request_id=request.id,
                text="",
                input_tokens=int(mask[row].sum()),
                output_tokens=0,
                score=float(picked[row, -tail:].mean()) if tail else 0.0,
            )
            for row, (request, tail) in enumerate(zip(requests, tails))
        ]

    # --- what prompts share --------------------------------------------------------------------------------------

    def _encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return token ids and the span of each in ``text``."""
        encoded = self.tokenizer(text, return_offsets_mapping=True)
        return encoded["input_ids"], encoded["offset_mapping"]

    def _inputs(self, texts: list[str]) -> tuple[Tensor, Tensor, Any]:
        """Return token ids, attention mask, and the keys and values of what all texts begin with (or None).

        Rows are padded on the left of what is not shared; ids and mask cover the beginning too.
        """
        import torch

        rows = [self._encode(text) for text in texts]
        known = _shared_tokens(rows, len(shared_beginning(texts)))
        device = self.model.device
        longest = max(len(ids) for ids, _ in rows) - known
        head, pad = rows[0][0][:known], int(self.tokenizer.pad_token_id or 0)
        gaps = [longest - (len(ids) - known) for ids, _ in rows]
        padded = [head + [pad] * gap + ids[known:] for gap, (ids, _) in zip(gaps, rows)]
        seen = [[1] * known + [0] * gap + [1] * (longest - gap) for gap in gaps]
        cache = self._beginning(head, len(texts)) if known else None
        return torch.tensor(padded, device=device), torch.tensor(seen, device=device), cache

    def _beginning(self, ids: list[int], rows: int) -> Any:
        """Return the keys and values of ``ids`` for each of ``rows`` rows."""
        import torch
        from transformers import DynamicCache

        if self._shared is None or self._shared[0] != ids:
            cache = DynamicCache(config=self.model.config)
            self.model(input_ids=torch.tensor([ids], device=self.model.device), past_key_values=cache, use_cache=True)
            self._shared = (ids, cache)
        copied = copy.deepcopy(self._shared[1])
        copied.batch_repeat_interleave(rows)
        return copied


def opened(settings: TeacherSettings, root: Path) -> LocalTeacher:
    """Load the weights that ``settings`` name. See `kdvert.teachers.kinds.open_teacher`."""
    return LocalTeacher.load(settings.model, batch_size=settings.batch_size, root=root)


def shared_beginning(texts: Sequence[str]) -> str:
    """Return what all ``texts`` begin with, up to the last blank line; it leaves something of each.

    A beginning that ends where the text has a seam is the same for the next batch, so its keys and values are too.
    """
    first, last = min(texts), max(texts)
    length = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), min(len(first), len(last)))
    cut = first.rfind(_SEAM, 0, min(length, min(map(len, texts)) - 1))
    return first[: cut + len(_SEAM)] if cut > 0 else ""


def _shared_tokens(rows: Sequence[tuple[list[int], list[tuple[int, int]]]], characters: int) -> int:
    """Return how many tokens of the first ``characters`` characters are the same in all rows."""
    count = sum(end <= characters for _, end in rows[0][1]) if characters else 0
    while count and any(ids[:count] != rows[0][0][:count] for ids, _ in rows):
        count -= 1
    return count
