"""How a student is held in memory: the base in 4 bits where possible, and the same weights for base and student."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kdvert.errors import UserError, WorkFailed
from kdvert.hardware import Hardware
from kdvert.weights import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FourBit = Literal["auto"] | bool


def use_four_bit(setting: FourBit, hardware: Hardware) -> bool:
    """Return whether to hold the base in 4 bits.

    Raises:
        UserError: it is demanded and this machine cannot.
    """
    if setting is True and not hardware.four_bit:
        raise UserError(
            f"four_bit: true, and this machine cannot hold a model in 4 bits. {' '.join(hardware.notes)}",
            hint="Set four_bit: auto, or install bitsandbytes.",
        )
    return hardware.four_bit if setting == "auto" else setting


def precision(hardware: Hardware, *, four_bit: bool) -> str:
    """Return how the base is held, in words: ``nf4`` stands for 4-bit NormalFloat with double quantization."""
    return f"nf4, computed in {hardware.dtype}" if four_bit else hardware.dtype


def load_tokenizer(weights: Weights) -> PreTrainedTokenizerBase:
    """Return the tokenizer; it pads with the end-of-text token if it has no padding token of its own."""
    from transformers import AutoTokenizer

    with _loading(weights):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(weights.path, local_files_only=True)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def context_length(weights: Weights) -> int:
    """Return how many tokens the model reads at most."""
    from transformers import AutoConfig

    with _loading(weights):
        config = AutoConfig.from_pretrained(weights.path, local_files_only=True)
    return int(config.get_text_config().max_position_embeddings)


def load_base(weights: Weights, hardware: Hardware, *, four_bit: bool, to_shard: bool = False) -> PreTrainedModel:
    """Return the base model in nf4 or in the machine's dtype.

    Args:
        weights: of the model.
        hardware: what this machine can do.
        four_bit: hold linear layers in nf4.
        to_shard: load it so that it can be cut into shards (FSDP): into the host's memory, since one device alone need
            not hold it, and with packed weights in a dtype that can be cut and gathered.

    Returns:
        The model, on the machine's device unless it is to be sharded.

    Raises:
        UserError: the folder's model is of a kind that transformers does not know, or is damaged.
        WorkFailed: it does not fit into memory.
    """
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    options: dict[str, Any] = {"dtype": hardware.torch_dtype, "attn_implementation": hardware.attention}
    if four_bit:
        # it looks for a compiled kernel on the Hub, finds none, and warns of that at each start
        logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=hardware.torch_dtype,
            **({"bnb_4bit_quant_storage": hardware.torch_dtype} if to_shard else {}),
        )
    device = "cpu" if to_shard else hardware.device
    with _loading(weights):
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            weights.path, device_map={"": device}, local_files_only=True, use_safetensors=True, **options
        )
    if four_bit:
        _compute_as_told(model)
    return model


def unpacked(model: PreTrainedModel, hardware: Hardware) -> PreTrainedModel:
    """Make a base in 4 bits quick on a CPU, without changing what it computes.

    There bitsandbytes unpacks every weight again at every step: training takes a fifth longer, and writing an answer
    some ten times as long. So the unpacked weights are kept, if a quarter of the memory can hold them. The numbers
    are the same to the last bit: nf4 says how they are stored, and rounding to it has happened.
    """
    packed = getattr(model, "is_loaded_in_4bit", False)
    if packed and not stays_packed(model.num_parameters(), hardware):
        model = model.dequantize(hardware.torch_dtype)
    return model


def stays_packed(parameters: int, hardware: Hardware) -> bool:
    """Return whether a base of so many numbers in 4 bits is left so. See `unpacked`."""
    return hardware.device != "cpu" or parameters * hardware.torch_dtype.itemsize > hardware.memory_bytes / 4


def with_adapter(base: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """Return ``base`` with the adapter in ``folder``, merged if the base holds plain weights."""
    from peft import PeftModel

    plain = not getattr(base, "is_loaded_in_4bit", False)
    student: Any = PeftModel.from_pretrained(base, str(folder), local_files_only=True)
    student.eval()
    if plain:
        student.merge_adapter()
    answering: PreTrainedModel = student
    return answering


def _compute_as_told(model: PreTrainedModel) -> None:
    """Keep bitsandbytes from computing in bfloat16 on its own account.

    On processors with AVX512-BF16 it repacks 4-bit weights at the first call outside training and from then on
    multiplies in bfloat16, whatever compute dtype was asked for: evaluation would differ from machine to machine.
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


@contextmanager
def _loading(weights: Weights) -> Iterator[None]:
    import torch
    from safetensors import SafetensorError
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # kdvert shows its own
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise WorkFailed(
            f"The model '{weights.ref}' does not fit into memory.", hint="Take a smaller student, or four_bit: true."
        ) from error
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(
            f"The model '{weights.ref}' cannot be loaded from {weights.path} ({type(error).__name__}: {error}).",
            hint="The files may be cut off, or need code that is not part of transformers, which kdvert never runs.",
        ) from error
