"""What a row of a JSON-lines file says beside its license: an address of a license, a note on rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kdvert.licensing.detection.contract import Detected, Evidence
from kdvert.licensing.detection.markup import value_of
from kdvert.licensing.detection.names import identify

FIELDS = ("licence", "license_url", "license_name", "rights", "copyright", "usage_terms")
"""Fields of a row that speak of rights, beside ``license``, which is what the row declares."""


def rows(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the fields of a row say."""
    for name in FIELDS:
        if value := evidence.fields.get(name, "").strip():
            yield from value_of(value, "row-field", f"the row's field {name}", must_be_license="licen" in name)


def meant(license_: str) -> str:
    """Return the license that a row means in its field ``license``, which may hold a name or an address."""
    named = identify(license_)
    return named.license if named else license_


def named_in(fields: Mapping[str, str]) -> str | None:
    """Return what names the license of a row whose field ``license`` is empty."""
    return next((value for value in fields.values() if identify(value)), None)
