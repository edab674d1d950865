"""A second look at the best passages: a cross-encoder reads question and passage together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdvert import hardware, weights
from kdvert.errors import UserError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

OFF = "off"


class Reranker:
    """A cross-encoder, loaded on first use.

    Args:
        ref: a model reference (`kdvert.weights`) of a model with one output, such as
            ``hf:cross-encoder/ms-marco-MiniLM-L6-v2``.
        root: the folder that relative paths start from.

    Raises:
        UserError: the reference names no model that can be used.
        WorkFailed: the model could not be fetched.
    """

    def __init__(self, ref: str, *, root: Path | None = None) -> None:
        self.ref = ref
        self._weights = weights.resolve(ref, root=root)

    @property
    def sha256(self) -> str:
        """The hash of the weights."""
        return self._weights.sha256

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers ``query``: between 0 and 1, comparable for one question only."""
        found: Any = self.model.predict([(query, text) for text in texts], show_progress_bar=False)
        return [float(score) for score in found]

    @cached_property
    def model(self) -> CrossEncoder:
        """The model.

        Raises:
            UserError: it is no cross-encoder with one output.
        """
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging as transformers_logging

        hint = f"Name a cross-encoder with safetensors weights, or set index.search.reranker: {OFF}."
        before = transformers_logging.get_verbosity()
        transformers_logging.set_verbosity(logging.ERROR)
        try:
            model = CrossEncoder(
                str(self._weights.path), device=hardware.probe().device, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise UserError(
                f"'{self.ref}' cannot be used as a reranker ({type(error).__name__}: {error}).", hint=hint
            ) from error
        finally:
            transformers_logging.set_verbosity(before)
        architectures = model.config.architectures or [""]
        if not architectures[0].endswith("ForSequenceClassification") or model.num_labels != 1:
            raise UserError(f"'{self.ref}' is no reranker: it gives no single score for a pair of texts.", hint=hint)
        return model
