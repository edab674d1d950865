"""Addresses, sites and organizations taken apart: what tells the place, and words that only say what kind it is."""

from __future__ import annotations

import re
from functools import cache

PLACES = frozenset({"CITY", "HEALTH_FACILITY", "LOCATION", "ORGANIZATION", "STREET_ADDRESS"})
"""Types whose surrogates are made of towns and family names."""

_KINDS = frozenset(
    "street st road rd avenue ave lane ln drive dr court ct boulevard blvd place pl square sq terrace way circle cir "
    "highway hwy parkway pkwy trail row close crescent apt apartment suite ste unit floor room building bldg box po "
    "p.o north south east west n s e w ne nw se sw hospital hospitals clinic medical center centre health care "
    "infirmary hospice nursing home general university college school institute department foundation association "
    "society company corporation corp inc llc ltd plc bank group of the and at for in upon de del la las el los y du "
    "des et le les a the calle avenida avda plaza paseo camino carretera ctra número nº piso puerta esc rue place "
    "boulevard chemin allée impasse quai route bis ter hôpital clinique centre école université hospital clínica "
    "centro colegio universidad ayuntamiento san santa".split()
)


def place_parts(value: str) -> list[tuple[str, bool]] | None:
    """Cut a value into parts, each with whether it tells the place; None if no part does."""
    parts = re.findall(r"[^\W_]+(?:[’'][^\W_]+)*|[\W_]+", value)
    told = [(part, _tells(part)) for part in parts]
    return told if any(t for _, t in told) else None


def _tells(part: str) -> bool:
    if not any(c.isalnum() for c in part):
        return False
    return part.casefold() not in _KINDS and part not in _states()


@cache
def _states() -> frozenset[str]:
    """Return the names and abbreviations of US states: they may stay under every regime."""
    from faker.providers.address.en_US import Provider

    return frozenset({*Provider.states, *Provider.states_abbr})
