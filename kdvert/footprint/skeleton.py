"""A model without numbers: built from its config alone, it says what parameters there are and how large they are."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kdvert.errors import UserError
from kdvert.students import structure

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PretrainedConfig, PreTrainedModel

Variant = Literal["lora", "rslora", "dora"]


@dataclass(frozen=True)
class Adapter:
    """The adapter that is trained: matrices of ``rank`` on every linear layer but the output."""

    rank: int = 16
    variant: Variant = "lora"


@dataclass(frozen=True)
class Sizes:
    """Numbers in a model.

    Attributes:
        linear: in linear layers, which 4 bits hold and the adapter is laid on.
        rest: in all other parameters: embeddings, norms, output layer, biases, and experts that are no linear layers.
        outside: of them those that are neither in the transformer's layers nor in embeddings of their own.
        largest: in the largest linear layer.
        matrices: linear layers.
        adapter: in the adapter; all of them are trained.
        layers: of the transformer.
        context: tokens that the model reads at most.
        vocabulary: tokens.
    """

    linear: int
    rest: int
    outside: int
    largest: int
    matrices: int
    adapter: int
    layers: int
    context: int
    vocabulary: int

    @property
    def base(self) -> int:
        """Numbers in the base."""
        return self.linear + self.rest


def read_config(folder: Path, ref: str) -> PretrainedConfig:
    """Return the config in ``folder``.

    Raises:
        UserError: it is missing, damaged, or of a kind that transformers does not know without running foreign code.
    """
    from transformers import AutoConfig

    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"The config.json of '{ref}' cannot be read ({type(error).__name__}: {str(error).splitlines()[0]}).",
            hint="It may be cut off, or of a model that needs code of its own, which kdvert never runs.",
        ) from error
    return config


def shortened(config: PretrainedConfig, layers: int) -> PretrainedConfig:
    """Return a copy of ``config`` with the first ``layers`` layers only."""
    short = copy.deepcopy(config)
    text = short.get_text_config()
    full = text.num_hidden_layers
    for name, value in vars(text).items():
        if isinstance(value, list) and len(value) == full:  # what is said of each layer
            setattr(text, name, value[:layers])
    text.num_hidden_layers = layers
    return short


def build(config: PretrainedConfig, ref: str, *, dtype: torch.dtype, attention: str = "sdpa") -> PreTrainedModel:
    """Return the model on torch's ``meta`` device: shapes without memory.

    Raises:
        UserError: it is no model that writes text, or its settings do not fit together.
    """
    import torch
    from transformers import AutoModelForCausalLM

    try:
        with torch.device("meta"), silent():
            model: PreTrainedModel = AutoModelForCausalLM.from_config(
                config, dtype=dtype, attn_implementation=attention
            )
    except (ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError, ZeroDivisionError) as error:
        raise UserError(
            f"No model can be built from the config.json of '{ref}' ({type(error).__name__}: "
            f"{str(error).splitlines()[0]}).",
            hint="A student is a causal language model of a kind that transformers knows, as Llama or Qwen2.",
        ) from error
    return model


def with_adapter(model: PreTrainedModel, adapter: Adapter) -> PeftModel:
    """Return ``model`` with an adapter as training lays it on, without numbers too."""
    from peft import LoraConfig, PeftModel, get_peft_model

    config = LoraConfig(
        r=adapter.rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        use_rslora=adapter.variant == "rslora",
        use_dora=adapter.variant == "dora",
    )
    with silent():
        adapted = get_peft_model(model, config, low_cpu_mem_usage=True)
    assert isinstance(adapted, PeftModel)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # as training holds it
    return adapted


def sizes(config: PretrainedConfig, ref: str, adapter: Adapter) -> Sizes:
    """Count a model's numbers.

    Raises:
        UserError: see `build`.
    """
    import torch

    model = build(config, ref, dtype=torch.float32)
    output = model.get_output_embeddings()
    matrices = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not output]
    linear = [m.weight.numel() for m in matrices]
    base = sum(p.numel() for p in model.parameters())
    text: Any = config.get_text_config()
    apart = [*structure.layers(model), *structure.own_embeddings(model)]
    adapted = with_adapter(model, adapter)
    return Sizes(
        linear=sum(linear),
        rest=base - sum(linear),
        outside=base - sum(p.numel() for module in apart for p in module.parameters()),
        largest=max(linear, default=0),
        matrices=len(linear),
        adapter=sum(p.numel() for p in adapted.parameters() if p.requires_grad),
        layers=int(text.num_hidden_layers),
        context=int(getattr(text, "max_position_embeddings", 0) or 0),
        vocabulary=int(text.vocab_size),
    )


@contextmanager
def silent() -> Iterator[None]:
    """Keep from the user what is warned of because there are no weights."""
    import warnings

    logger = logging.getLogger("transformers")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
