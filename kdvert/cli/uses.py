"""The options that say what a student is made for, shared by the commands that judge licenses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from kdvert.licensing.use import Use

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--use", "distribution", type=click.Choice(["internal", "hosted", "distributed"]), help="Who gets the student."
    ),
    click.option("--commercial/--non-commercial", default=None, help="Whether it serves a commercial purpose."),
    click.option("--eu/--not-eu", default=None, help="Whether the licensee is domiciled in the European Union."),
    click.option("--field", help="The field the student answers in, such as medicine."),
    click.option("--monthly-users", type=click.IntRange(min=0), help="Active users a month of the licensee."),
    click.option(
        "--monthly-revenue", "monthly_revenue_usd", type=click.FloatRange(min=0), help="The licensee's, in US dollars."
    ),
    click.option("--student-license", "license", help="The license the student is handed on under."),
    click.option("--name", help="The name the student is offered under."),
)

AS_OF = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day to judge the facts on, such as 2026-11-24 (default: today).",
)


def use_options(function: F) -> F:
    """Give a command the options of `Use`; those not given are None."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def stated(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `Use` that were given."""
    return {key: options[key] for key in Use.model_fields if options.get(key) is not None}


def day(as_of: Any) -> date:
    """Return the day that ``--as-of`` names, or today."""
    found: date = as_of.date() if as_of else date.today()
    return found
