"""The strategies of elicitation, by name: the only list of them."""

from __future__ import annotations

from typing import cast

from kdvert.elicitation.contract import Strategy
from kdvert.registry import lookup

STRATEGIES: dict[str, str] = {"curation": "kdvert.elicitation.curation:jobs"}


def strategy(name: str) -> Strategy:
    """Return the strategy ``name``.

    Raises:
        UserError: there is no such strategy.
    """
    return cast(Strategy, lookup("elicitation strategy", STRATEGIES, name))
