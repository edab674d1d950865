"""``kdvert scrub --measure``: what scrubbing finds, misses and wrongly takes in texts that people marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kdvert.cli.output import RichProgress
from kdvert.filescrub.rulebook import everything, rulebook
from kdvert.privacy import detectors
from kdvert.privacy.measurement import COLUMNS, measure
from kdvert.privacy.scrubber import Scrubber, Settings
from kdvert.records import Finding


def measured(
    gold: Path, vertical: str | None, settings: Settings, *, mapping: Path | None, plot: Path | None, console: Console
) -> dict[str, Any]:
    """Measure a vertical's policy, or without one every type that kdvert can find; print the table.

    Raises:
        UserError: gold or mapping are wrong.
        GateBlocked: a type is found less often than the vertical's floor for it asks. Table and plot come first.
    """
    rules = rulebook(vertical) if vertical else everything()
    scrubber = Scrubber.for_vertical(rules, settings)
    scrubber.load()

    def find(text: str, language: str | None) -> list[Finding]:
        return scrubber.scrub("a text of the gold file", text).log.findings

    report = measure(
        gold,
        find,
        mapping,
        known=detectors.known_entities(scrubber.specs),
        targets=scrubber.policy.targets if vertical else None,
        progress=RichProgress(console),
    )
    console.print(_table(report.rows(), f"{gold.name}: {report.texts} texts, {report.characters:,} characters"))
    if plot:
        from kdvert.privacy.measurement_plot import plot as draw

        draw(report, plot)
        console.print(f"Plot: {plot}", markup=False)
    floors = rules.privacy.recall_floor
    if vertical and (unjudged := report.unjudged(floors)):
        console.print(f"No gold for these floors: {', '.join(unjudged)}", markup=False)
    if vertical:
        report.enforce(floors)
    return report.to_json()


def _table(rows: list[tuple[str, ...]], title: str) -> Table:
    table = Table(title=title, caption="95 % intervals in brackets")
    for number, name in enumerate(COLUMNS):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows[:-1]:
        table.add_row(*row)
    table.add_section()
    table.add_row(*rows[-1])
    return table
