"""How records lie in a batch: padded to the longest, end to end without padding, or packed into rows of one length.

Without padding, a batch is one long row, and attention must keep records apart. Kernels with variable lengths do so
(flash attention); others are given a mask, and their work grows with the whole batch. ``padding_free`` changes no
number but that of tokens computed; ``packed`` makes steps of another size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from kdvert.errors import UserError
from kdvert.hardware import Hardware

if TYPE_CHECKING:
    from kdvert.distillation.objectives.contract import Row

Packing = Literal["none", "padding_free", "packed"]
Setting = Literal["auto", "none", "padding_free", "packed"]

LENGTHS = "seq_lengths"
"""How long the records are that a packed row is made of, as TRL's collator takes it."""


def choose(setting: Setting, hardware: Hardware) -> Packing:
    """Return how records lie in a batch on this machine.

    Raises:
        UserError: it is demanded, and attention on this machine cannot keep records apart, or not cheaply.
    """
    varlen = hardware.attention.startswith("flash_attention")
    if setting == "auto":
        return "padding_free" if varlen else "none"
    if setting == "padding_free" and hardware.device == "cpu":
        return setting  # by a mask: quicker where records are short and of many lengths
    if setting != "none" and not varlen:
        raise UserError(
            f"distill.packing: {setting} needs flash attention, and this machine computes attention by "
            f"{hardware.attention} ({hardware.device}).",
            hint="Set distill.packing: auto, which takes what the machine can do; on a GPU from Ampere on, "
            "pip install flash-attn.",
        )
    return setting


def laid(rows: Sequence[Row], packing: Packing, length: int) -> Sequence[Row]:
    """Return rows as they lie in batches: as they are, or packed into rows of at most ``length`` tokens.

    Rows that are packed are made of whole rows; none is cut (best fit, decreasing). A step then holds ``batch_size`` of
    the rows that are made.

    Args:
        rows: of ``input_ids`` and ``labels``, each at most ``length`` long.
        packing: what `choose` gave.
        length: of the rows that are made.
    """
    if packing != "packed":
        return rows
    from datasets import Dataset
    from trl import pack_dataset

    some = Dataset.from_list([{"input_ids": list(row["input_ids"]), "labels": list(row["labels"])} for row in rows])
    made = pack_dataset(
        some, length, "bfd", {"batch_size": len(some)}
    )  # all at once: batches of 1000 would be cut apart
    return [{name: list(row[name]) for name in ("input_ids", "labels", LENGTHS)} for row in made.with_format(None)]
