"""The study's results as tables of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def studied(rows: Sequence[dict[str, Any]], bases: Sequence[dict[str, Any]]) -> str:
    """Return the held-out loss of each run, and of the untrained base."""
    lines = ["| answers | objective | NLL a token | against sft | 95 % interval | by seed | tokens | seconds |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for passages in (False, True):
        found = [b for b in bases if b["passages"] is passages]
        if found:
            seeds = {b["seed"]: _nll(b["nll"]) for b in found}
            shown = "base, shown the passage (the teacher)" if passages else "base, untrained"
            mean = _nll({f"{b['seed']}{k}": v for b in found for k, v in b["nll"].items()})
            lines.append(f"| – | {shown} | {mean:.3f} | – | – | {_by_seed(seeds)} | 0 | – |")
    for row in rows:
        difference = f"{row['difference']:+.3f}" if row["run"] != "sft" else "–"
        interval = f"{row['low']:+.3f} to {row['high']:+.3f}" if row["run"] != "sft" else "–"
        lines.append(
            f"| {row['answers']} | {row['run']} | {row['nll']:.3f} | {difference} | {interval} | "
            f"{_by_seed(row['by_seed'])} | {row['tokens']:,} | {row['seconds']} |"
        )
    return "\n".join(lines)


def _by_seed(found: dict[Any, float]) -> str:
    return ", ".join(f"{value:.3f}" for value in found.values())


def _nll(found: dict[str, Any]) -> float:
    return float(sum(total for total, _ in found.values()) / sum(tokens for _, tokens in found.values()))
