"""The student writes: piece by piece, and stops when nobody wants to read on."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

from kdvert.errors import WorkFailed
from kdvert.serving.settings import Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Finish = Literal["stop", "length", "canceled"]


class Writing:
    """One answer while it is written. Iterate over its pieces; `cancel` ends it, from any thread.

    Attributes:
        tokens: how many tokens were written; 0 until the pieces are through.
        finish: ``stop`` at its own end, ``length`` where it was cut off, ``canceled``.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: Sequence[int], sampling: Sampling
    ) -> None:
        from transformers import TextIteratorStreamer

        self.tokens = 0
        self.finish: Finish = "canceled"
        self._model, self._tokenizer, self._prompt, self._sampling = model, tokenizer, list(prompt), sampling
        self._streamer: Any = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._enough = threading.Event()
        self._canceled = False

    def cancel(self) -> None:
        """Let the student stop at the next token; once it has ended, nothing changes."""
        self._canceled = True
        self._enough.set()

    def __iter__(self) -> Iterator[str]:
        """Yield the pieces of the answer.

        Raises:
            WorkFailed: memory does not suffice.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="kdvert-writing") as pool:
            written = pool.submit(self._generate)
            try:
                stopped = yield from _until(_tidy(self._streamer), self._sampling.stop)
            finally:
                self._enough.set()
        self._close(written.result(), stopped)

    def _generate(self) -> list[int]:
        """Return the tokens that were written; they go to the streamer one by one."""
        import torch
        from transformers import StoppingCriteriaList

        greedy = self._sampling.temperature == 0
        sampled = {} if greedy else {"temperature": self._sampling.temperature, "top_p": self._sampling.top_p}
        device = self._model.device
        generate: Any = self._model.generate  # typed as a tensor
        try:
            torch.manual_seed(self._sampling.seed)
            with torch.inference_mode():
                written = generate(
                    input_ids=torch.tensor([self._prompt], device=device),
                    attention_mask=torch.ones(1, len(self._prompt), dtype=torch.long, device=device),
                    max_new_tokens=self._sampling.max_new_tokens,
                    do_sample=not greedy,
                    pad_token_id=self._tokenizer.pad_token_id,
                    eos_token_id=self._tokenizer.eos_token_id,
                    streamer=self._streamer,
                    stopping_criteria=StoppingCriteriaList([self._is_enough]),
                    **sampled,
                )
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise WorkFailed("Memory does not suffice for this answer.", hint="Ask for fewer tokens.") from error
        finally:
            self._streamer.end()
        ids: list[int] = written[0, len(self._prompt) :].tolist()
        return ids

    def _is_enough(self, input_ids: Any, scores: Any, **more: Any) -> Any:
        import torch

        return torch.full((input_ids.shape[0],), self._enough.is_set(), device=input_ids.device)

    def _close(self, ids: list[int], stopped: bool) -> None:
        self.tokens = len(ids)
        if stopped or (ids and ids[-1] == self._tokenizer.eos_token_id):
            self.finish = "stop"
        else:
            self.finish = "canceled" if self._canceled else "length"


def _tidy(pieces: Iterator[str]) -> Iterator[str]:
    """Yield pieces without white space before the first word and behind the last."""
    held = ""
    begun = False
    for piece in pieces:
        text = held + (piece if begun else piece.lstrip())
        stripped = text.rstrip()
        held = text[len(stripped) :]
        if stripped:
            begun = True
            yield stripped


def _until(pieces: Iterator[str], stops: Sequence[str]) -> Generator[str, None, bool]:
    """Yield pieces up to the first of ``stops``, and return whether one came; what may begin one is held back."""
    if not stops:
        yield from pieces
        return False
    held, longest = "", max(map(len, stops))
    for piece in pieces:
        held += piece
        places = [place for stop in stops if (place := held.find(stop)) >= 0]
        if places:
            if min(places):
                yield held[: min(places)]
            return True
        safe = max(0, len(held) - longest + 1)
        if safe:
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held
    return False
