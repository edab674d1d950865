"""``SPDX-License-Identifier:`` tags near the start or the end of a document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdvert.licensing.detection.contract import Detected, Evidence, ends
from kdvert.licensing.detection.names import identify

_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n\r]{1,200})")
_CLOSING = re.compile(r"(?:\*/|-->|--}}|#}|\*\)|['\"`]).*$")
_AS_TEXT = (".md", ".txt", ".html", ".htm", ".cnxml")


def tags(evidence: Evidence) -> Iterator[Detected]:
    """Yield what the tags say. Comments that a loader drops are read from the file itself."""
    whole = evidence.suffix in _AS_TEXT and not evidence.row
    parts = ends(evidence.path) if whole else (evidence.text[:64_000], evidence.text[64_000:][-16_000:])
    for value in dict.fromkeys(found for part in parts for found in _values(part)):
        yield Detected.of(identify(value), "spdx-tag", "an SPDX tag in the text", "H")


def in_text(text: str) -> list[str]:
    """Return the values of the tags in a text, as they are spelled."""
    return list(_values(text))


def _values(text: str) -> Iterator[str]:
    for found in _TAG.finditer(text):
        if value := _CLOSING.sub("", found[1]).strip():
            yield value
