"""Put together what a plan says of a training: parameters, memory by part, what fits on which machine."""

from __future__ import annotations

from functools import lru_cache

from kdvert.errors import UserError
from kdvert.footprint.estimate import Student, footprint
from kdvert.footprint.fitting import fit
from kdvert.footprint.machines import GPUS, Machine
from kdvert.footprint.records import Fit, Footprint, Parameters, TrainingPlan
from kdvert.footprint.steps import STEPS
from kdvert.records import sha256_json
from kdvert.students.models import FourBit, use_four_bit


@lru_cache(maxsize=16)
def plan(
    student: Student, machine: Machine, four_bit: FourBit, *, batch: int, length: int, gpus: int = 1
) -> TrainingPlan:
    """Return what training ``student`` takes.

    Args:
        student: base, adapter, objectives.
        machine: the one at hand.
        four_bit: as in the settings.
        batch: records a step.
        length: tokens of the longest record.
        gpus: how many of each common GPU, over which the base is sharded.

    Raises:
        UserError: the batch cannot be shared out over the GPUs; the model cannot be built from its config, or does not
            read so many tokens.
    """
    count = student.sizes
    if count.context and length > count.context:
        raise UserError(
            f"Records of {length} tokens: '{student.ref}' reads {count.context} at most.",
            hint="Lower the length (distill.max_length), or take another student.",
        )
    if gpus < 1 or batch % gpus:
        raise UserError(
            f"{batch} records a step cannot be shared out evenly over {gpus} GPUs.",
            hint="Take a multiple of the GPUs as the batch (distill.batch_size).",
        )
    here = use_four_bit(four_bit, machine.hardware)
    at_hand = footprint(student, machine, four_bit=here, batch=batch, length=length)
    fits: list[Fit] = []
    if not at_hand.unknown:
        machines = [(machine, here), *((gpu.times(gpus), use_four_bit(four_bit, gpu.hardware)) for gpu in GPUS)]
        fits = [fit(student, some, four_bit=bits, batch=batch, length=length) for some, bits in machines]
        fits[0] = fits[0].model_copy(update={"peak_bytes": at_hand.peak_bytes})
    return TrainingPlan(
        student=student.ref,
        config_sha256=sha256_json(student.config.to_dict()),
        parameters=Parameters(
            base=count.base,
            linear=count.linear,
            trainable=count.adapter,
            layers=count.layers,
            context=count.context,
            vocabulary=count.vocabulary,
        ),
        here=at_hand,
        fits=fits,
        notes=_notes(student, at_hand, gpus),
    )


def _notes(student: Student, at_hand: Footprint, gpus: int) -> list[str]:
    """Return what a reader must know of a plan, in sentences."""
    notes = []
    if at_hand.unknown:
        notes.append(f"The memory of a step is not known, only what is held all the time. {at_hand.unknown}")
    if at_hand.mapped_bytes >= 1e6:
        size = f"{at_hand.mapped_bytes / 1e6:,.0f} MB"
        notes.append(
            f"{size} of the weights' file stay mapped beside it, which the system takes back where it is short."
        )
    if gpus > 1:
        notes.append(
            f"Of {gpus} GPUs each takes {at_hand.batch // gpus} of {at_hand.batch} records, and a shard of the base "
            "(distill.shard); what one of them takes is shown. The host's memory holds the base while it is loaded."
        )
    if len(student.objectives) > 1:
        notes.append(f"Of {', '.join(student.objectives)} the memory is that of {at_hand.objective}, which takes most.")
    return [*notes, *(f"{n}: {STEPS[n].uncounted} is not counted." for n in student.objectives if STEPS[n].uncounted)]
