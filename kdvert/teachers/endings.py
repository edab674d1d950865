"""The errors that end a run, in words for its user."""

from __future__ import annotations

from kdvert.errors import KdvertError, UserError, WorkFailed
from kdvert.teachers.budget import Usage
from kdvert.teachers.faults import REASONS, Fault
from kdvert.teachers.protocol import Teacher


def budget_spent(spent: tuple[str, str], usage: Usage) -> WorkFailed:
    """Return the error of a spent budget; ``spent`` is what is spent and the setting that limits it."""
    what, setting = spent
    return WorkFailed(
        f"The teacher's budget is spent: {what} in this run. {usage.requests} replies are kept.",
        hint=f"Run again to go on with the same budget, or raise elicit.teacher.{setting}, or ask less "
        "(elicit.passages).",
    )


def nothing_worked(teacher: Teacher, usage: Usage, last: str) -> WorkFailed:
    """Return the error of a run in which no request succeeded."""
    reason = last.partition(":")[0]
    meaning = f" — {REASONS[reason]}" if reason in REASONS else ""
    return WorkFailed(
        f"None of the {usage.failed} requests to {teacher.where} succeeded. The last one: {last}{meaning}.",
        hint="Check the model's name and the endpoint's log, then run again."
        if usage.calls
        else "Nothing was sent. Take personal data out of the project's own templates, then run again.",
    )


def explain(fault: Fault, teacher: Teacher, model: str, usage: Usage) -> KdvertError:
    """Return the error of a fault that every call would meet.

    Args:
        fault: of the kind ``auth``, ``not_found`` or ``down``.
        teacher: the endpoint that was asked.
        model: the name of the model, as in the settings.
        usage: what the run used.
    """
    where = teacher.where
    if fault.kind == "auth":
        variable = teacher.key_variable
        held = f"the key in {variable}" if variable else "the request without a key of its own"
        return UserError(
            f"{where} refuses {held} ({fault.detail}).",
            hint="Set elicit.teacher.api_key_env to the name of the environment variable that holds the key.",
        )
    if fault.kind == "not_found":
        return UserError(
            f"{where} does not know the model '{model}', or the address is wrong ({fault.detail}).",
            hint="Check elicit.teacher.model and base_url; an OpenAI-compatible base_url mostly ends in /v1.",
        )
    return WorkFailed(
        f"The teacher at {where} cannot be reached ({fault.detail}). {usage.requests} replies are kept.",
        hint="Check that the server is running and the address is right, then run again: it goes on from here.",
    )
