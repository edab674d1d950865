"""Full texts of licenses, with what a text itself asks to have printed: ``compliance/texts`` and its manifest.

A text stands there unchanged, and its hash is checked when it is read. Where no text could be had, the manifest says
why, and who adds it.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from pydantic import Field

from kdvert.configuration import ConfigBase
from kdvert.content import compliance_facts
from kdvert.errors import WorkFailed
from kdvert.licensing.obligations import read_file
from kdvert.records import sha256_text

MANIFEST = "manifest.yaml"


class Passage(ConfigBase):
    """A part of a text: from the words ``start`` to before the words ``end``, or to the end of the text.

    ``last``: from the last place where the words stand, since a text may name its attachments beforehand.
    """

    start: str
    end: str | None = None
    last: bool = False

    def of(self, text: str) -> str:
        """Cut the passage out of ``text``.

        Raises:
            WorkFailed: its first or last words do not stand there.
        """
        first = text.rfind(self.start) if self.last else text.find(self.start)
        final = text.find(self.end, first) if self.end else len(text)
        if first < 0 or final < 0:
            raise WorkFailed(f"A license text no longer holds the words '{self.start}'.", hint="Correct its manifest.")
        return text[first:final].strip()


class TextRow(ConfigBase):
    """Where a text came from, and what it asks to have printed.

    Attributes:
        ids: the licenses it is the text of; also policies that licenses refer to.
        sha256: of the file's bytes.
        origin: where the text was taken from, with its version.
        url: the page of the license, for attributions.
        notice: the line that the license wants in a NOTICE file.
        statement: the words in which it wants sources named.
        blank: the part of ``statement`` that a source's name replaces.
        policy: id of the text that its use restrictions stand in.
        restrictions: where its own use restrictions stand.
    """

    ids: list[str] = Field(min_length=1)
    title: str
    file: str
    sha256: str
    origin: str
    read: date
    url: str | None = None
    notice: str | None = None
    statement: str | None = None
    blank: str | None = None
    policy: str | None = None
    restrictions: Passage | None = None


class MissingRow(ConfigBase):
    """A text that could not be had: why, and where whoever hands a student on finds it."""

    ids: list[str] = Field(min_length=1)
    title: str
    reason: str
    url: str


class Manifest(ConfigBase):
    """``compliance/texts/manifest.yaml``."""

    texts: list[TextRow]
    missing: list[MissingRow]


class LicenseText(ConfigBase):
    """The full text of a license and its row."""

    row: TextRow
    text: str

    @property
    def restrictions(self) -> str:
        """The use restrictions in the license's own words, those of a policy it refers to included; may be empty."""
        own = self.row.restrictions.of(self.text) if self.row.restrictions else ""
        policy = text_of(self.row.policy) if self.row.policy else None
        return "\n\n".join(part for part in (own, policy.text.strip() if policy else "") if part)


def text_of(license_id: str) -> LicenseText | None:
    """Return the full text of a license or policy, by its id in any case; None if there is none.

    Raises:
        WorkFailed: the file is not the one that the manifest was written for.
    """
    row = _rows().get(license_id.lower())
    return None if row is None else LicenseText(row=row, text=_read(compliance_facts() / "texts", row.file, row.sha256))


def missing(license_id: str) -> MissingRow | None:
    """Return why there is no text of a license, if the manifest says so."""
    return _missing().get(license_id.lower())


def manifest() -> Manifest:
    """Return what is known of all texts."""
    return _manifest(compliance_facts() / "texts" / MANIFEST)


def link_of(license_id: str) -> str | None:
    """Return an address under which a license can be read; None if none is known."""
    row = _rows().get(license_id.lower())
    if row and row.url:
        return row.url
    if license_id.upper().startswith("CC"):
        return _creative_commons(license_id)
    gone = missing(license_id)
    if gone:
        return gone.url
    return f"https://spdx.org/licenses/{row.ids[0]}.html" if row and not row.ids[0].startswith("LicenseRef-") else None


def _creative_commons(license_id: str) -> str | None:
    """Return the deed's address: ``CC-BY-NC-3.0-DE`` is ``licenses/by-nc/3.0/de``."""
    fixed = {"cc0-1.0": "publicdomain/zero/1.0", "cc-pdm-1.0": "publicdomain/mark/1.0"}
    parts = license_id.lower().split("-")[1:]
    version = next((i for i, part in enumerate(parts) if part[:1].isdigit()), None)
    if license_id.lower() in fixed:
        return f"https://creativecommons.org/{fixed[license_id.lower()]}/"
    if version is None:
        return None
    tail = "/".join(["-".join(parts[:version]), *parts[version:]])
    return f"https://creativecommons.org/licenses/{tail}/"


@cache
def _manifest(path: Path) -> Manifest:
    return read_file(path, Manifest)


@cache
def _rows() -> dict[str, TextRow]:
    return {name.lower(): row for row in manifest().texts for name in row.ids}


@cache
def _missing() -> dict[str, MissingRow]:
    return {name.lower(): row for row in manifest().missing for name in row.ids}


@lru_cache(maxsize=256)
def _read(folder: Path, name: str, sha256: str) -> str:
    path = folder / name
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if sha256_text(text) != sha256:
        raise WorkFailed(
            f"The license text {path} is missing or is not the one that {MANIFEST} names.",
            hint="Reinstall kdvert, or correct the hash if the text was replaced on purpose.",
        )
    return text
