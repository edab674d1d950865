"""The vertical's own verifiers: a dose has its unit, a cited rule exists, a figure stands in the source."""

from __future__ import annotations

from collections.abc import Sequence

from kdvert.errors import WorkFailed
from kdvert.filters.contract import Material, verdict
from kdvert.records import Example, Verdict
from kdvert.verticals import Check


def apply(examples: Sequence[Example], material: Material) -> list[list[Verdict]]:
    """Judge each record by each verifier, as the check ``checks.<name>`` with the verifier's own reason codes.

    Raises:
        WorkFailed: a verifier broke; it is named.
    """
    return [
        [verdict(f"checks.{name}", _ask(name, check, example)) for name, check in material.checks.items()]
        for example in examples
    ]


def _ask(name: str, check: Check, example: Example) -> str | None:
    try:
        reasons = (check(question, answer, example.quote) for question, answer in example.exchanges)
        return next((reason for reason in reasons if reason), None)
    except Exception as error:  # code of a third party: say whose it is instead of a bare traceback
        raise WorkFailed(
            f"The vertical's check '{name}' broke on the record {example.id} ({type(error).__name__}).",
            hint=f"Correct {name} in the vertical's checks.py, or take it out of vertical.yaml.",
        ) from error
