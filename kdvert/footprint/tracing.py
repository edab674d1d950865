"""Run one step of training without numbers, and note how many bytes of tensors are alive at each moment.

torch's fake tensors have shapes and die when the real ones would, but hold nothing; so a step of any model can be run
in a moment, whatever its size. What is counted is what training really does: the model's own code, PEFT's adapter,
TRL's loss, autograd's saved tensors. Layers are alike, so two short models say what a deep one takes.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kdvert.errors import UserError
from kdvert.footprint.skeleton import Adapter, build, shortened, silent, with_adapter
from kdvert.footprint.steps import Step

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PretrainedConfig

PHASES = ("forward", "loss", "backward")
KINDS = ("activations", "logits", "gradients", "gaps")
GAPS = 0.7
"""Bytes that lie free between tensors of a heap, for a byte of tensors that are kept for the way back.

A layer makes some three times what it keeps, and what it keeps comes to lie between what it lets go. The C library asks
for 96 bytes more than a tensor has, to align it, and small objects settle in the rest; so a hole seldom takes a tensor
of the size that left it. How seldom is chance: 0.3 to 0.95 in seven trainings of three models, 0.7 in the mean
(docs/results/memory.md). Were no hole ever used again, it would be 1.2; were all that fit, 0.2.
"""
_SHORT, _LONG = 1, 2  # layers of the two models that the rest is reckoned from

Moment = dict[str, float]
"""Bytes by kind at one moment."""


@dataclass(frozen=True)
class Computing:
    """How a step is computed.

    Attributes:
        base: dtype in which the base computes and activations flow.
        autocast: mixed precision, as trainers use it on a GPU.
        checkpointing: forget a layer's activations, and compute them again on the way back.
        in_place: the loss is folded by TRL's kernel for GPUs, which needs no tensors beside its tile.
        heap: tensors of fewer bytes lie in the C library's heap, with gaps between them; 0: none does.
    """

    base: torch.dtype
    autocast: bool
    checkpointing: bool
    in_place: bool
    heap: int = 0


@dataclass
class Tally:
    """Bytes alive by kind, and the fullest moment of each phase."""

    phase: str = "forward"
    alive: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    fullest: dict[str, Moment] = field(default_factory=dict)

    def add(self, kind: str, size: int) -> None:
        """Count ``size`` more bytes (fewer, if negative)."""
        self.alive[kind] += size
        before = self.fullest.get(self.phase)
        if before is None or sum(self.alive.values()) > sum(before.values()):
            self.fullest[self.phase] = dict(self.alive)


def trace(
    config: PretrainedConfig, ref: str, *, step: Step, adapter: Adapter, batch: int, length: int, computing: Computing
) -> dict[str, Moment]:
    """Return the fullest moment of each phase of a step, beyond weights, adapter and optimizer.

    Args:
        config: of the base.
        ref: what the user calls it.
        step: of the objective.
        adapter: that is trained.
        batch: records a step.
        length: tokens of each, padding included.
        computing: how.

    Raises:
        UserError: the model cannot be built, or does what cannot be followed without numbers.
    """
    layers = int(config.get_text_config().num_hidden_layers)
    if layers <= _LONG:
        return _traced(config, ref, step, adapter, batch, length, computing)
    short, long = (_traced(shortened(config, n), ref, step, adapter, batch, length, computing) for n in (_SHORT, _LONG))
    more = (layers - _SHORT) / (_LONG - _SHORT)
    return {
        phase: {kind: short[phase][kind] + more * (long[phase][kind] - short[phase][kind]) for kind in KINDS}
        for phase in PHASES
    }


def _traced(
    config: PretrainedConfig, ref: str, step: Step, adapter: Adapter, batch: int, length: int, computing: Computing
) -> dict[str, Moment]:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from trl.trainer.utils import add_fused_lm_head

    base = build(config, ref, dtype=computing.base)
    model = with_adapter(base, adapter)
    add_fused_lm_head(base, outputs=("log_probs", "entropy", "is_top1"))
    model.train()
    if computing.checkpointing:
        base.enable_input_require_grads()
        with silent():
            base.gradient_checkpointing_enable({"use_reentrant": False})
    rows = batch * step.sequences
    try:
        with FakeTensorMode(), ExitStack() as around:
            own = _faked(model)
            inputs = {n: torch.zeros((rows, length), dtype=torch.long) for n in ("input_ids", "labels")}
            inputs["attention_mask"] = torch.ones((rows, length), dtype=torch.long)
            if computing.in_place:
                around.enter_context(_folded_in_place())
            tally = around.enter_context(_counting(model, own, computing.heap))
            with torch.autocast("cpu", dtype=computing.base, enabled=computing.autocast):
                loss = step.loss(model, inputs)
            del inputs
            loss.backward()
    except (RuntimeError, NotImplementedError) as error:  # what fake tensors raise where numbers decide
        raise UserError(
            f"A step of '{ref}' cannot be followed without its numbers ({type(error).__name__}: "
            f"{str(error).splitlines()[0][:200]}).",
            hint="Its parameters can be counted all the same; the activations are not known. Mixtures of experts are "
            "such models.",
        ) from error
    return {phase: tally.fullest.get(phase, dict.fromkeys(KINDS, 0)) for phase in PHASES}


def _faked(model: PeftModel) -> set[int]:
    """Give ``model`` fake tensors of the processor for those of ``meta``; return the ids of their storages."""
    import torch

    made: dict[int, Any] = {}

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in made:
            new = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
            if isinstance(tensor, torch.nn.Parameter):
                new = torch.nn.Parameter(new, requires_grad=tensor.requires_grad)
            made[id(tensor)] = new, tensor  # the old one is held, so that no other gets its id
        found: torch.Tensor = made[id(tensor)][0]
        return found

    for module in model.modules():
        tables: tuple[dict[str, Any], ...] = (module._parameters, module._buffers, vars(module))  # type: ignore[arg-type]
        for held in tables:
            for name, value in list(held.items()):
                if isinstance(value, torch.Tensor):
                    held[name] = fake(value)
    return {id(new.untyped_storage()) for new, _ in made.values()}


class _Alive:
    """Knows the tensors that are alive, but for those of ``own``, by their storages."""

    def __init__(self, own: set[int], heap: int) -> None:
        self.own = own
        self.heap = heap
        self.tally = Tally()
        self.seen: dict[int, tuple[Any, str, int]] = {}
        self.gaps: dict[int, int] = {}

    def note(self, tensor: torch.Tensor) -> None:
        """Count a tensor that an operation gave, if its memory is new."""
        storage = tensor.untyped_storage()
        key = id(storage)
        if key in self.own or (key in self.seen and self.seen[key][0]() is storage):
            return
        kind, size = "logits" if self.tally.phase == "loss" else "activations", storage.nbytes()
        self.seen[key] = weakref.ref(storage, lambda _: self._gone(key)), kind, size
        self.tally.add(kind, size)
        if kind == "activations" and size < self.heap:
            self.gaps[key] = round(GAPS * size)
            self.tally.add("gaps", self.gaps[key])

    def is_gradient(self, parameter: torch.Tensor) -> None:
        """Take a parameter's gradient for what it is: until then it was one of the activations."""
        key = id(parameter.grad.untyped_storage()) if parameter.grad is not None else None
        if key in self.seen:
            reference, kind, size = self.seen[key]
            self.seen[key] = reference, "gradients", size
            self.tally.add(kind, -size)
            self.tally.add("gradients", size)

    def _gone(self, key: int) -> None:
        _, kind, size = self.seen.pop(key)
        self.tally.add(kind, -size)
        self.tally.add("gaps", -self.gaps.pop(key, 0))


@contextmanager
def _counting(model: PeftModel, own: set[int], heap: int) -> Iterator[Tally]:
    """Count in the block every tensor that is made and dies, but for those of ``own``, and gaps in a ``heap``."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    alive = _Alive(own, heap)

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            for tensor in tree_leaves(out):
                if isinstance(tensor, torch.Tensor):
                    alive.note(tensor)
            return out

    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.register_post_accumulate_grad_hook(alive.is_gradient)
    with _phases(model, alive.tally), Counting():
        yield alive.tally


@contextmanager
def _phases(model: PeftModel, tally: Tally) -> Iterator[None]:
    """Tell the body of the model, forward and backward, from what comes behind it: the output layer and the loss."""
    body: Any = model.get_base_model().base_model

    def begins(*_: Any) -> None:
        if tally.phase == "loss":  # not when a layer is computed again on the way back
            tally.phase = "forward"

    def ends(_module: Any, _inputs: Any, output: Any) -> None:
        tally.phase = "loss"
        hidden = output.last_hidden_state
        if hidden.requires_grad:
            hidden.register_hook(returns)

    def returns(_: Any) -> None:
        tally.phase = "backward"

    hooks = [body.register_forward_pre_hook(begins), body.register_forward_hook(ends)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _folded_in_place() -> Iterator[None]:
    """Let TRL's loss make no tensors beside its tile, as on a GPU, where a kernel folds the tile where it lies."""
    from unittest.mock import patch

    from trl.kernels import chunked_logprob

    def add(total: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
        total.add_(total)

    def fold(*_: Any, **__: Any) -> None:
        return None

    with (
        patch.object(chunked_logprob, "_forward_tile", fold),
        patch.object(chunked_logprob, "_backward_tile", fold),
        patch.object(chunked_logprob, "_addmm_fp32", add),
    ):
        yield
