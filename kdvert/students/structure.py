"""Where a model's layers and embeddings are, whatever its family calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.nn import Module


def layers(model: Any) -> list[Module]:
    """Return the layers of a transformer; none if they cannot be told from the rest of it."""
    import torch

    depth = int(model.config.get_text_config().num_hidden_layers)
    lists = (module for module in model.modules() if isinstance(module, torch.nn.ModuleList))
    return next((list(one) for one in lists if len(one) == depth), [])


def own_embeddings(model: Any) -> list[Module]:
    """Return the embeddings of the input, unless the output layer shares their weights."""
    inputs, outputs = model.get_input_embeddings(), model.get_output_embeddings()
    shared = outputs is None or inputs.weight is outputs.weight
    return [] if shared else [inputs]
