"""What people did about the records of a run, and what they signed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kdvert.records import Record
from kdvert.reporting.inputs import Inputs
from kdvert.rulings import reading, sign_offs
from kdvert.rulings.sign_offs import Held
from kdvert.store import sha256_file


class Reviewed(Record):
    """What people did.

    Attributes:
        asked: what the policy asks to be looked at: ``nothing``, ``sample`` or ``all``.
        undecided: whether records that nobody decided about are kept.
        decided: records that somebody decided about; ``edited`` of those that are kept; ``refused`` of all.
        signs: whether training waits for a signature.
        sign_offs: the last one of each scope, with whether it holds.
    """

    asked: str
    undecided: str
    decided: int
    edited: int
    refused: int
    signs: bool
    sign_offs: list[Held]


def reviewed(
    inputs: Inputs, root: Path, configuration: Mapping[str, Any], *, scopes: Collection[str] = ("training",)
) -> Reviewed:
    """Return what people did about the records of a finished run.

    Args:
        root: the project's folder.
        scopes: of the sign-offs to show. A report cannot show the one that signs it.
    """
    summary, policy = inputs.json("review"), configuration.get("review") or {}
    dataset = sha256_file(inputs.path("review", "accepted.jsonl"))
    report = root / "work" / "report" / "report.html"
    held = sign_offs.judge(
        root, reading.read(root), dataset=dataset,
        report=sha256_file(report) if "release" in scopes and report.is_file() else None,
    )  # fmt: skip
    standing = [h for h in held if not any(lapse.code in ("unrecorded", "withdrawn") for lapse in h.lapses)]
    return Reviewed(
        asked=str(policy.get("look_at", "nothing")),
        undecided=str(policy.get("undecided", "keep")),
        decided=int(summary.get("decided") or 0),
        edited=int(summary.get("edited") or 0),
        refused=int(summary.get("rejected") or 0),
        signs=policy.get("sign_off", "none") != "none",
        sign_offs=list({h.sign_off.scope: h for h in standing if h.sign_off.scope in scopes}.values()),
    )
