"""``kdvert teacher show``: whose terms hold for what a model writes, and what they say."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from kdvert.cli.license import print_belief, print_verdicts, uses
from kdvert.cli.output import command
from kdvert.cli.uses import AS_OF, day
from kdvert.errors import GateBlocked


@click.group()
def teacher() -> None:
    """Say what kdvert believes of teachers: whether their outputs may train another model."""


@teacher.command()
@click.argument("name")
@click.option("--base-url", metavar="URL", help="Where the model is reached: the route decides which terms hold.")
@AS_OF
@command
def show(name: str, base_url: str | None, as_of: Any, console: Console) -> dict[str, Any]:
    """Show whose terms hold for the teacher NAME (such as openai:gpt-4o, hf:Qwen/Qwen3-8B, ollama:llama3.1:8b)."""
    from kdvert.licensing import beliefs
    from kdvert.licensing.models import standing

    today = day(as_of)
    found = standing(name, base_url)
    if found.unknown and not (found.licenses or found.routes):
        raise GateBlocked(f"{found.subject}: {found.unknown}", hint="Unknown means block: `kdvert check` says so too.")
    rows = beliefs.of_teacher(found)
    for belief in rows:
        print_belief(console, f"{found.subject}: {belief.title}", belief.role, belief.told(today))
        print_verdicts(console, {str(use): belief.terms.judge(belief.title, use, today) for use in uses()})
    remarks = [*found.notes, *found.doubts, *([found.unknown] if found.unknown else [])]
    for remark in remarks:
        console.print(f"  {remark}", markup=False)
    return {
        "teacher": found.subject, "beliefs": [b.plain(today, uses()) for b in rows],
        "notes": found.notes, "doubts": found.doubts, "unknown": found.unknown,
    }  # fmt: skip
