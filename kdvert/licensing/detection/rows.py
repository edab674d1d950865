"""What a row of a JSON-lines file says beside its license: an address of a license, a note on rights."""

from __future__ import annotations

from collections.abc import Iterator

from kdvert.licensing.detection.contract import Detected, Evidence
from kdvert.licensing.detection.markup import value_of

FIELDS = ("licence", "license_url", "license_name", "rights", "copyright", "usage_terms")
"""Fields of a row that speak of rights, beside ``license``, which is what the row declares."""


def rows(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the fields of a row say."""
    for name in FIELDS:
        if value := evidence.fields.get(name, "").strip():
            yield from value_of(value, "row-field", f"the row's field {name}", must_be_license="licen" in name)
