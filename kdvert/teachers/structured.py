"""Holding a model on this machine to a JSON schema: at each token, those that the schema forbids are taken away.

llguidance (the extra ``structured``) knows which those are. Without it, or with a schema that it cannot take, the model
writes freely; the reply then carries the note ``schema_not_offered``, and its reader has to cope as with any other.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdvert.extras import have
from kdvert.teachers.protocol import TeacherRequest

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

_FORM: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""One way to write a value: a small model else fills its reply with spaces, which the schema would allow."""


class SchemaGuide:
    """Logits processor that holds the rows whose requests carry a schema to it. Build it with `guide`."""

    def __init__(self, matchers: Sequence[Any | None], vocabulary: int, end: int) -> None:
        self._matchers = matchers
        self._vocabulary = vocabulary
        self._end = end
        self._begun = False

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores with what is forbidden at minus infinity; shape (rows, vocabulary) as given."""
        if self._begun:
            for matcher, token in zip(self._matchers, input_ids[:, -1].tolist()):
                if matcher is not None and not matcher.is_stopped():
                    matcher.consume_token(token)
        self._begun = True
        for row, matcher in enumerate(self._matchers):
            if matcher is not None:
                scores[row] = self._allowed(matcher, scores[row])
        return scores

    def _allowed(self, matcher: Any, scores: Tensor) -> Tensor:
        import torch
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        allowed = torch.zeros(scores.shape[0], dtype=torch.bool)
        if matcher.is_stopped():
            allowed[self._end] = True
        else:
            bits = allocate_token_bitmask(1, self._vocabulary)
            fill_next_token_bitmask(matcher, bits)
            # bit n of word w stands for token 32 w + n
            words = torch.from_numpy(bits[0]).unsqueeze(1)
            flags = ((words >> torch.arange(32, dtype=torch.int32)) & 1).bool().flatten()
            width = min(len(flags), scores.shape[0])
            allowed[:width] = flags[:width]
        return scores.masked_fill(~allowed.to(scores.device), float("-inf"))


def guide(tokenizer: PreTrainedTokenizerBase, requests: Sequence[TeacherRequest]) -> SchemaGuide | None:
    """Return what holds ``requests`` to their schemas; None if none of them has one that can be held."""
    if not have("llguidance") or not any(r.schema for r in requests):
        return None
    matchers = [_matcher(tokenizer, r) if r.schema is not None else None for r in requests]
    if not any(matchers):
        return None
    return SchemaGuide(matchers, len(tokenizer), int(tokenizer.eos_token_id))  # type: ignore[arg-type]


def held(tokenizer: PreTrainedTokenizerBase, request: TeacherRequest) -> bool:
    """Whether `guide` holds a request to its schema."""
    return request.schema is not None and have("llguidance") and _grammar(_text(request)) is not None


def _text(request: TeacherRequest) -> str:
    return json.dumps(request.schema, sort_keys=True)


def _matcher(tokenizer: PreTrainedTokenizerBase, request: TeacherRequest) -> Any | None:
    from llguidance import LLMatcher

    grammar = _grammar(_text(request))
    return LLMatcher(_vocabulary(tokenizer), grammar) if grammar is not None else None


@functools.lru_cache(maxsize=32)
def _grammar(schema: str) -> str | None:
    """Return the grammar of a schema, or None if llguidance cannot take it."""
    from llguidance import LLMatcher

    try:
        grammar: str = LLMatcher.grammar_from_json_schema(schema, defaults=_FORM)
    except ValueError:
        return None
    return None if LLMatcher.validate_grammar(grammar) else grammar


@functools.lru_cache(maxsize=2)
def _vocabulary(tokenizer: PreTrainedTokenizerBase) -> Any:
    """Return the tokenizer as llguidance reads it; making it takes about a second."""
    from llguidance.hf import from_tokenizer

    fast: Any = tokenizer
    return from_tokenizer(fast, n_vocab=len(fast))
