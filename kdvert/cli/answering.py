"""The options that ``kdvert chat`` and ``kdvert serve`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--passages", type=click.IntRange(1, 20), help="Passages shown with a question (default: as evaluated)."
    ),
    click.option("--max-tokens", type=click.IntRange(1, 4096), help="The longest answer in tokens (default: 200)."),
    click.option(
        "--least",
        type=click.FloatRange(0, 1),
        help="Abstain if no passage is this near to the question (cosine similarity; 0: never abstain).",
    ),
)


def answer_options(function: F) -> F:
    """Give a command the options of how the assistant answers."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
