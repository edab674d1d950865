"""The table of detectors, and how a document is put through it."""

from __future__ import annotations

from collections.abc import Iterable

from kdvert.licensing.detection.contract import Detected, Detector, Evidence, Unreadable
from kdvert.registry import lookup

_HERE = "kdvert.licensing.detection"

INSIDE = {
    "spdx-tag": f"{_HERE}.spdx_tags:tags",
    "front-matter": f"{_HERE}.cards:front_matter",
    "row-field": f"{_HERE}.rows:rows",
    "html": f"{_HERE}.markup:html",
    "cnxml": f"{_HERE}.markup:cnxml",
    "pdf": f"{_HERE}.pdf:pdf",
    "statement": f"{_HERE}.statements:statements",
}
"""What a document says itself. ``statement`` also gives ``all-rights-reserved`` or ``copyright-line``."""

BESIDE = {
    "side-file": f"{_HERE}.companions:side_file",
    "reuse": f"{_HERE}.reuse:reuse",
    "license-file": f"{_HERE}.companions:license_files",
    "licenses-folder": f"{_HERE}.companions:licenses_folder",
    "package": f"{_HERE}.packages:packages",
    "card": f"{_HERE}.cards:cards",
    "collection": f"{_HERE}.markup:collection",
}
"""What lies beside a file: the same for every row in it."""

DETECTORS = INSIDE | BESIDE
"""Method to detector."""


def detect(evidence: Evidence, methods: Iterable[str] = DETECTORS) -> tuple[list[Detected], list[str]]:
    """Return every sign of a license that a document shows, each once, and the methods that could not read it.

    Nothing is fetched, no more than the ends of a large file is read, and a broken file is no error.
    """
    found: dict[tuple[str, str | None, str], Detected] = {}
    failed = []
    for method in methods:
        detector: Detector = lookup("detector", DETECTORS, method)
        try:
            for sign in detector(evidence):
                found.setdefault((sign.method, sign.license, sign.where), sign)
        except Unreadable:
            failed.append(method)
    return list(found.values()), failed
