"""A teacher on this machine: any causal language model that transformers loads, computing in batches.

Prompts of a batch mostly begin alike (instructions, examples). What they share is computed once and its keys and
values are copied to each row, which saves most of the reading with few-shot prompts.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert import weights
from kdvert.errors import WorkFailed
from kdvert.hardware import probe
from kdvert.records import ScrubbedText, sha256_json
from kdvert.teachers.decoding import EndOfReply, SeededNoise
from kdvert.teachers.faults import Fault
from kdvert.teachers.protocol import RawReply, TeacherRequest

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CUT = "\n\n"  # shared beginnings end at a blank line, so that no word is split between beginning and rest


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
    _shared: tuple[str, Any] | None = None

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
        return len(self.tokenizer(request.prompt.text + continuation, add_special_tokens=False)["input_ids"])

    # --- writing -------------------------------------------------------------------------------------------------

    def _write(self, requests: Sequence[TeacherRequest]) -> list[RawReply]:
        from transformers import LogitsProcessorList, StoppingCriteriaList

        ids, mask, cache = self._inputs([r.prompt.text for r in requests])
        start = ids.shape[1]
        out = self.model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            max_new_tokens=max(r.sampling.max_tokens for r in requests),
            do_sample=False,  # `SeededNoise` samples
            temperature=None, top_p=None, top_k=None, repetition_penalty=1.0,
            logits_processor=LogitsProcessorList([SeededNoise(requests)]),
            stopping_criteria=StoppingCriteriaList([EndOfReply(self.tokenizer, requests, start)]),
            pad_token_id=self.tokenizer.pad_token_id,
        )  # fmt: skip
        tails = out[:, start:].tolist()
        return [self._reply(r, tail, int(mask[row].sum())) for row, (r, tail) in enumerate(zip(requests, tails))]

    def _reply(self, request: TeacherRequest, tokens: list[int], read: int) -> RawReply:
        ends = {self.tokenizer.eos_token_id, self.tokenizer.pad_token_id}
        limit = request.sampling.max_tokens
        length = next((i for i, t in enumerate(tokens) if t in ends), len(tokens))
        ended = length < len(tokens)
        text = str(self.tokenizer.decode(tokens[: min(length, limit)], skip_special_tokens=True))
        cut = min((i for i in (text.find(s) for s in request.stop) if i >= 0), default=None)
        return RawReply(
            request_id=request.id,
            text=text if cut is None else text[:cut],
            input_tokens=read,
            output_tokens=min(length, limit),
            truncated=cut is None and not (ended and length <= limit),
        )

    # --- scoring -------------------------------------------------------------------------------------------------

    def _score(self, requests: Sequence[TeacherRequest]) -> list[RawReply]:
        import torch

        continuations = [r.continuation.text if r.continuation else "" for r in requests]
        tails = [self.tokenizer(t, add_special_tokens=False)["input_ids"] for t in continuations]
        ids, mask, cache = self._inputs([r.prompt.text + t for r, t in zip(requests, continuations)])
        known = cache.get_seq_length() if cache is not None else 0
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, known:]
        longest = max(1, *map(len, tails))
        logits = self.model(
            input_ids=ids[:, known:], attention_mask=mask, position_ids=positions, past_key_values=cache,
            use_cache=True, logits_to_keep=longest + 1,
        ).logits  # fmt: skip
        log_odds = torch.log_softmax(logits[:, :-1].float(), dim=-1)
        picked = log_odds.gather(2, ids[:, -longest:].unsqueeze(2)).squeeze(2)
        return [
            RawReply(
                request_id=r.id,
                text="",
                input_tokens=int(mask[row].sum()),
                output_tokens=0,
                score=float(picked[row, -len(tail) :].mean()) if tail else 0.0,
            )
            for row, (r, tail) in enumerate(zip(requests, tails))
        ]

    # --- what prompts share --------------------------------------------------------------------------------------

    def _inputs(self, prompts: list[str]) -> tuple[Tensor, Tensor, Any]:
        """Return token ids, attention mask, and the keys and values of what all prompts begin with (or None).

        Rows are padded on the left of what is not shared; ids and mask cover the beginning too.
        """
        import torch

        beginning = shared_beginning(prompts)
        rest = self.tokenizer(
            [p[len(beginning) :] for p in prompts], return_tensors="pt", padding=True, add_special_tokens=not beginning
        ).to(self.model.device)
        if not beginning:
            return rest["input_ids"], rest["attention_mask"], None
        head, cache = self._beginning(beginning)
        cache = copy.deepcopy(cache)
        cache.batch_repeat_interleave(len(prompts))
        heads = head.expand(len(prompts), -1)
        ids = torch.cat([heads, rest["input_ids"]], dim=1)
        mask = torch.cat([torch.ones_like(heads), rest["attention_mask"]], dim=1)
        return ids, mask, cache

    def _beginning(self, text: str) -> tuple[Tensor, Any]:
        from transformers import DynamicCache

        if self._shared is None or self._shared[0] != text:
            ids = self.tokenizer(text, return_tensors="pt").to(self.model.device)["input_ids"]
            cache = DynamicCache(config=self.model.config)
            self.model(input_ids=ids, past_key_values=cache, use_cache=True)
            self._shared = (text, (ids, cache))
        found: tuple[Tensor, Any] = self._shared[1]
        return found


def shared_beginning(prompts: Sequence[str]) -> str:
    """Return what all ``prompts`` begin with, up to the last blank line; it leaves something of each."""
    first, last = min(prompts), max(prompts)
    length = next((i for i, (a, b) in enumerate(zip(first, last)) if a != b), min(len(first), len(last)))
    cut = first.rfind(_CUT, 0, min(length, min(map(len, prompts)) - 1))
    return first[: cut + len(_CUT)] if cut > 0 else ""
